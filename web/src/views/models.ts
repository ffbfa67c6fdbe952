import { empty, h, panel, replace } from "../dom";
import { get } from "../api";
import { facts } from "../dialog";
import { Table } from "../table";
import { age, count, parse, percent, signed, symbol } from "../format";
import { live, type Market } from "../live";
import { lean, marketClass } from "../derive";
import type { View } from "../view";

interface Score {
  name: string;
  model: number;
  class_prior: number;
  persistence: number;
}
interface Card {
  name: string;
  version: string;
  aliases: string[];
  error?: string;
  features?: string[];
  horizon_ns?: number;
  brier_skill?: { value: number; low_95: number | null; high_95: number | null } | null;
  walk_forward?: Score[] | null;
  training?: { on: string; rows: number; first: string; last: string } | null;
  parity?: { max_difference: number; rows: number } | null;
  code_version?: string;
  model_sha256?: string;
}
const better = (s: Score, of: number): boolean => (s.name === "accuracy" ? s.model > of : s.model < of);

const plain = (value: number): string => signed(value.toFixed(3), 3).replace(/^[▲▼ ]+/, "");
// Down, flat and up as parts of one bar; the numbers stand beside it.
function split(m: Market): HTMLElement {
  const p = m.prediction!;
  const bar = h("div", { class: "split", "aria-hidden": "true" });
  for (const [cls, share] of [
    ["down", p.down],
    ["flat", p.flat],
    ["up", p.up],
  ] as [string, number][]) {
    const part = h("div", { class: cls });
    part.style.width = `${share * 100}%`;
    bar.append(part);
  }
  return bar;
}

function card(c: Card): HTMLElement {
  if (c.error)
    return h(
      "article",
      { class: "card" },
      h("h3", null, `${c.name} version ${c.version}`),
      h("p", { class: "error" }, c.error),
    );
  const skill = c.brier_skill;
  // What the interval shows: 1 better, -1 worse, 0 neither.
  const shown = (skill?.low_95 ?? 0) > 0 ? 1 : (skill?.high_95 ?? 0) < 0 ? -1 : 0;
  const rows = (c.walk_forward ?? []).map((s) =>
    h(
      "tr",
      null,
      h("td", null, s.name.replace("_", " ")),
      h("td", { class: "num" }, s.model.toFixed(4)),
      h("td", { class: "num" }, `${better(s, s.class_prior) ? "✓" : "✕"} ${s.class_prior.toFixed(4)}`),
      h("td", { class: "num" }, `${better(s, s.persistence) ? "✓" : "✕"} ${s.persistence.toFixed(4)}`),
      h("td", { class: "num muted wide" }, s.name === "accuracy" ? "higher" : "lower"),
    ),
  );
  return h(
    "article",
    { class: "card" },
    h(
      "h3",
      null,
      `${c.name} version ${c.version} `,
      c.aliases.map((a) => h("span", { class: "chip ok" }, a)),
    ),
    skill
      ? h(
          "p",
          { class: "skill" },
          h(
            "strong",
            { class: "num " + (shown > 0 ? "up" : shown < 0 ? "down" : "") },
            signed(skill.value.toFixed(3), 3),
          ),
          " Brier skill against the class prior, ",
          skill.low_95 === null || skill.high_95 === null
            ? "which says nothing: too few rows to give an interval"
            : `95 % interval ${plain(skill.low_95)} to ${plain(skill.high_95)}: ` +
                (shown > 0 ? "better than the prior" : shown < 0 ? "worse than the prior" : "no skill shown"),
        )
      : null,
    rows.length
      ? h(
          "div",
          { class: "table-wrap", tabindex: "0", role: "region", "aria-label": `Scores of ${c.name} ${c.version}` },
          h(
            "table",
            null,
            h("caption", { class: "hidden" }, "Walk-forward scores"),
            h(
              "thead",
              null,
              h(
                "tr",
                null,
                ["Walk-forward", "Model", "Class prior", "Persistence", "Better is"].map((t, i) =>
                  h("th", { scope: "col", class: i === 4 ? "num wide" : i ? "num" : "" }, t),
                ),
              ),
            ),
            h("tbody", null, rows),
          ),
        )
      : null,
    facts([
      ["Horizon", c.horizon_ns ? `${c.horizon_ns / 1e9} s` : "–"],
      ["Trained on", c.training ? `${c.training.on}; ${count(c.training.rows)} rows` : "–"],
      ["Features", (c.features ?? []).join(", ")],
      [
        "Parity with training",
        c.parity ? `${c.parity.max_difference.toExponential(1)} at most over ${count(c.parity.rows)} rows` : "–",
      ],
      ["Code", c.code_version ?? "–"],
      ["SHA-256", c.model_sha256?.slice(0, 16) ?? "–"],
    ]),
  );
}

export function models(): View {
  const cards = h("div", { class: "cards" }, h("p", { class: "muted pad" }, "Loading …"));
  const now = new Table<Market>(
    "Predictions now",
    [
      { title: "Instrument", cell: (m) => symbol(m.instrument) },
      { title: "Model", cls: "wide", cell: (m) => m.prediction?.model ?? "–" },
      { title: "Horizon", num: true, cls: "wide", cell: (m) => m.prediction?.horizon ?? "–" },
      { title: "Down", num: true, cell: (m) => percent(m.prediction!.down) },
      { title: "Flat", num: true, cls: "wide", cell: (m) => percent(m.prediction!.flat) },
      { title: "Up", num: true, cell: (m) => percent(m.prediction!.up) },
      {
        title: "Lean",
        num: true,
        tip: "up less down",
        cell: lean,
      },
      {
        title: "Down · flat · up",
        cls: "wide split-cell",
        make: split,
        mark: (m) => `${m.prediction!.down.toFixed(2)} ${m.prediction!.up.toFixed(2)}`,
      },
      {
        title: "Drift",
        cell: (m) => {
          const d = m.prediction!.drift;
          return {
            text: d === "ok" ? "✓ ok" : d === "drifted" ? "✕ drifted" : d === "warning" ? "! warning" : "? " + d,
            cls: d === "ok" ? "" : d === "drifted" ? "bad" : "warn",
          };
        },
      },
      {
        title: "As of",
        num: true,
        cell: (m) => ({ text: age(live.now() - parse(m.prediction!.as_of)), cls: "muted" }),
      },
    ],
    (m) => m.instrument,
    empty(
      "What the model says of each instrument appears here once a second.",
      "It needs a minute of market data to warm up. Without a model: set ml-inference in config/gannet.yaml, or ",
      "gannet train --simulate 1",
    ),
    { rowClass: marketClass },
  );
  const element = h(
    "div",
    { class: "view" },
    panel("Predictions now", now.element),
    panel("Versions in the registry, beside their baselines", cards),
  );
  element.dataset["view"] = "models";
  get<Card[]>("/api/v1/models")
    .then((list) =>
      replace(
        cards,
        list.length
          ? list.map(card)
          : empty(
              "Model versions appear here with their scores beside the class prior and persistence.",
              "Train one: ",
              "gannet train --simulate 1,2 --alias champion",
            ),
      ),
    )
    .catch((problem: unknown) =>
      replace(cards, h("p", { class: "error pad" }, problem instanceof Error ? problem.message : String(problem))),
    );
  return {
    element,
    update() {
      now.update(
        [...live.tables.markets.values()]
          .filter((m) => m.prediction)
          .sort((a, b) => (a.instrument < b.instrument ? -1 : 1)),
      );
    },
  };
}
