// Who did what, when, and what came of it.
import { empty, h, panel, replace, setText } from "../dom";
import * as api from "../api";
import { Table } from "../table";
import { clock, date, moment, parse, words, zone } from "../format";
import { live, type Audited } from "../live";
import { facts, dialog } from "../dialog";
import { openTrail } from "./trail";
import type { View } from "../view";

const RESULTS: Record<string, { text: string; cls: string }> = {
  APPLIED: { text: "✓ done", cls: "" },
  REFUSED: { text: "✕ refused", cls: "bad" },
  RECORDED: { text: "… not answered", cls: "warn" },
};
const who = (a: Audited): string => a.person || "(nobody known)";
const why = (a: Audited): string => [a.reason, a.detail].filter(Boolean).join(" · ") || "–";

function open(a: Audited): void {
  if (a.client_order_id) return openTrail(a.client_order_id, `${words(a.action)} by ${who(a)}`);
  dialog(`${words(a.action)} by ${who(a)}`, [
    facts([
      ["When", `${moment(parse(a.time))} ${zone()}`],
      ["Of", a.about || "–"],
      ["Result", RESULTS[a.result]?.text ?? a.result],
      ["Reason", a.reason || "–"],
      ["Answer", a.detail || "–"],
      ["Request", a.request_id || "–"],
      ["Event", a.id],
    ]),
  ]);
}

export function audit(rest: string): View {
  const person = h("input", {
    type: "search",
    placeholder: "Who",
    "aria-label": "Only what this person did",
    value: rest,
    maxlength: "64",
  });
  const action = h("select", { "aria-label": "Only this" }, h("option", { value: "" }, "everything"));
  const day = (label: string): HTMLInputElement =>
    h("input", { placeholder: "yyyy-mm-dd", "aria-label": label, maxlength: "30", class: "day" });
  const from = day("From this day or time on, UTC");
  const to = day("Before this day or time, UTC");
  const error = h("p", { class: "error pad", role: "alert", hidden: true });
  const table = new Table<Audited>(
    "Audit",
    [
      {
        title: "Time",
        num: true,
        make: (a) =>
          h("span", { title: a.id }, h("span", { class: "wide" }, date(parse(a.time)) + " "), clock(parse(a.time))),
        mark: zone,
      },
      { title: "Who", cell: (a) => ({ text: who(a), cls: a.person ? "" : "muted" }) },
      { title: "What", cell: (a) => words(a.action) },
      { title: "Of", cls: "wide text", cell: (a) => a.about || "–" },
      { title: "Result", cell: (a) => RESULTS[a.result] ?? a.result },
      { title: "Why, and what was answered", cls: "wide text", cell: why },
    ],
    (a) => a.id,
    empty(
      "Each act of a person appears here: orders by hand, cancels, kills, resumes, limits, sign-ins, users.",
      "In a terminal: ",
      "gannet audit",
    ),
    { open, limit: 1_000, openLabel: (a) => `${words(a.action)} by ${who(a)}: all of it` },
  );
  const note = h("p", { class: "more" }, "");
  const element = h(
    "div",
    { class: "view" },
    panel(
      "Audit",
      h("div", { class: "toolbar" }, person, action, from, h("span", { class: "muted" }, "to"), to),
      error,
      h("div", { class: "tall" }, table.element),
      note,
    ),
  );
  element.dataset["view"] = "audit";

  // What was asked for, and what has come since over the stream.
  let asked = new Map<string, Audited>();
  let question = 0;
  let closed = false;
  let actions = "";
  const filtered = (): boolean => Boolean(from.value.trim() || to.value.trim());
  const load = (): void => {
    const mine = ++question;
    const query = new URLSearchParams({ limit: "1000" });
    const given: [string, string][] = [
      ["person", person.value.trim()],
      ["action", action.value],
      ["from", from.value.trim()],
      ["to", to.value.trim()],
    ];
    for (const [name, value] of given) if (value) query.set(name, value);
    api
      .get<Audited[]>("/api/v1/audit?" + query.toString())
      .then((rows) => {
        if (closed || mine !== question) return;
        error.hidden = true;
        asked = new Map(rows.map((a) => [a.id, a]));
        update();
      })
      .catch((problem: unknown) => {
        if (closed || mine !== question) return;
        error.hidden = false;
        setText(error, problem instanceof Error ? problem.message : String(problem));
      });
  };
  const matches = (a: Audited): boolean =>
    (!person.value.trim() || a.person === person.value.trim()) && (!action.value || a.action === action.value);
  const update = (): void => {
    const rows = new Map(asked);
    // A time that was asked for is the gateway's to judge.
    for (const a of live.tables.audit.values())
      if (matches(a) && (rows.has(a.id) || !filtered())) rows.set(a.id, a);
    const all = [...rows.values()].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
    const names = [...new Set([...all.map((a) => a.action), action.value].filter(Boolean))].sort();
    if (!action.value && names.join() !== actions) {
      actions = names.join();
      replace(
        action,
        h("option", { value: "" }, "everything"),
        names.map((name) => h("option", { value: name }, words(name))),
      );
    }
    table.update(all);
    setText(note, "What is kept here are the newest 2,000; the journal has all: gannet journal dump.");
  };
  for (const input of [person, action, from, to]) input.addEventListener("change", load);
  load();
  return {
    element,
    update,
    go(name) {
      person.value = name;
      load();
    },
    close() {
      closed = true;
    },
  };
}
