// Proposals of other limits: what would change, who wants it, who decided. One person
// proposes, another approves.
import { empty, h } from "../dom";
import * as api from "../api";
import { ask, facts } from "../dialog";
import { Table } from "../table";
import { moment, parse, plural, words } from "../format";
import { live, type Proposal } from "../live";

interface Settled {
  proposal: number;
  detail: string;
  request_id: string;
}
const scopeOf = (c: Proposal["changes"][number]): string => (c.name ? `${c.scope} ${c.name}` : c.scope);

// Old to new, a row a limit.
function diff(p: Proposal): HTMLElement {
  return h(
    "table",
    { class: "diff", "aria-label": `Changes of proposal ${p.proposal}` },
    h("thead", null, h("tr", null, ...["Scope", "Limit", "Now", "Then"].map((t) => h("th", { scope: "col" }, t)))),
    h(
      "tbody",
      null,
      ...p.changes.map((c) =>
        h(
          "tr",
          null,
          h("td", null, scopeOf(c)),
          h("td", null, words(c.limit)),
          h("td", { class: "num old" }, c.before || "–"),
          h("td", { class: "num new" }, c.after || "–"),
        ),
      ),
    ),
  );
}

function settle(p: Proposal, approves: boolean): void {
  ask({
    title: `${approves ? "Approve" : "Reject"} proposal ${p.proposal}`,
    act: approves ? "Approve limits" : "Reject proposal",
    danger: !approves,
    reason: "",
    what: [
      h(
        "p",
        null,
        approves
          ? `Limits version ${p.version} are in force at once, for every order from then on.`
          : "The limits stay as they are.",
      ),
      h("p", { class: "muted" }, `${p.proposer} wants it: ${p.reason}`),
      diff(p),
    ],
    run: async (reason, request_id) => {
      const done = await api.post<Settled>(`/api/v1/limits/${approves ? "approve" : "reject"}`, {
        proposal: p.proposal,
        reason,
        request_id,
      });
      return [
        h("p", { class: "verified", role: "status" }, `✓ ${done.detail}.`),
        facts([["Request", done.request_id]]),
      ];
    },
  });
}

async function propose(): Promise<void> {
  const held = await api.get<{ version: number; file: string }>("/api/v1/limits/file");
  const text = h("textarea", { rows: "18", spellcheck: "false", class: "code", required: true });
  text.value = held.file.replace(/^version: *\d+/m, `version: ${held.version + 1}`);
  const names = h("input", { type: "checkbox" });
  const shown = ask({
    title: "Propose other limits",
    act: "Propose",
    reason: "",
    what: [
      h("p", null, `The file in force, version ${held.version}, with its version raised. Another person approves it.`),
      h("label", { class: "field" }, h("span", null, "Limits file"), text),
      h("label", { class: "check" }, names, h("span", null, "Names that nothing was heard of are meant")),
    ],
    run: async (reason, request_id) => {
      const done = await api.post<Settled>("/api/v1/limits/propose", {
        file: text.value,
        reason,
        new_names: names.checked,
        request_id,
      });
      return [
        h("p", { class: "verified", role: "status" }, `✓ ${done.detail}.`),
        facts([["Request", done.request_id]]),
      ];
    },
  });
  shown.element.classList.add("wide");
  shown.element.id = "propose-dialog";
}

const STATES: Record<Proposal["state"], string> = {
  open: "▲ waits",
  stale: "out of date",
  approved: "✓ approved",
  rejected: "✕ rejected",
};

export function proposals(): { element: HTMLElement; update: () => void } {
  const mine = api.may("risk");
  const table = new Table<Proposal>(
    "Proposals of other limits",
    [
      { title: "No.", num: true, cell: (p) => String(p.proposal) },
      { title: "Version", num: true, cls: "wide", cell: (p) => `v${p.base_version} → v${p.version}` },
      { title: "State", cell: (p) => ({ text: STATES[p.state], cls: p.state === "open" ? "warn" : "" }) },
      { title: "Proposed", cls: "wide", cell: (p) => moment(parse(p.time)) },
      { title: "By", cell: (p) => ({ text: p.proposer, tip: p.reason }) },
      { title: "Decided by", cls: "wide", cell: (p) => ({ text: p.decider ?? "–", tip: p.decider_reason ?? "" }) },
      { title: "Why", cls: "text wide", cell: (p) => p.decider_reason ?? p.reason },
      {
        title: "Changes",
        cls: "text",
        make: (p) => h("details", null, h("summary", null, plural(p.changes.length, "change")), diff(p)),
        mark: (p) => String(p.proposal),
      },
      ...(mine
        ? [
            {
              title: "",
              make: (p: Proposal): Node =>
                p.state === "open" || p.state === "stale"
                  ? h(
                      "span",
                      { class: "buttons" },
                      p.state === "open"
                        ? h("button", { type: "button", class: "small", onclick: () => settle(p, true) }, "Approve")
                        : null,
                      h("button", { type: "button", class: "small", onclick: () => settle(p, false) }, "Reject"),
                    )
                  : h("span"),
              mark: (p: Proposal) => p.state,
            },
          ]
        : []),
    ],
    (p) => String(p.proposal),
    empty(
      "Proposals of other limits appear here, with what would change.",
      "Propose them here or with ",
      "gannet limits propose FILE",
    ),
  );
  const element = h(
    "div",
    { class: "proposals" },
    mine
      ? h(
          "div",
          { class: "toolbar" },
          h("button", { type: "button", onclick: () => void propose() }, "Propose other limits"),
        )
      : null,
    table.element,
  );
  return {
    element,
    update: () => table.update([...live.tables.proposals.values()].sort((a, b) => b.proposal - a.proposal)),
  };
}
