// Runs of `gannet replay`: what they were, what came of them, two beside each other.
import { empty, h, panel, replace, setText, type Child } from "../dom";
import * as api from "../api";
import { Table } from "../table";
import { LineChart } from "../charts";
import { facts } from "../dialog";
import { count, decimal, moment, parse, percent, signed, symbol, tone, words } from "../format";
import { live, type Backtest } from "../live";
import type { View } from "../view";

interface Figure {
  label: string;
  kind: string;
  value: string | number | null;
  definition: string;
  absent: string;
}
interface Sheet {
  title: string;
  columns: { key: string; title: string; kind: string }[];
  rows: Record<string, string | number | null>[];
}
interface Run extends Backtest {
  parameters: Record<string, unknown>;
  refusals: { control: string; count: number; first: string }[];
  orders: { total: number; rows: Record<string, string>[] };
  report: { asset: string; figures: Record<string, Figure>; tables: Record<string, Sheet>; notes: string[] } | null;
}

const plain = (value: unknown): string => {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(plain).join(", ") || "–";
  if (typeof value === "object") {
    const file = value as { path?: string; sha256?: string | null };
    return file.path ? `${file.path} (${(file.sha256 ?? "not there").slice(0, 12)})` : JSON.stringify(value);
  }
  return String(value);
};
function shown(figure: Figure | undefined): string {
  if (!figure || figure.value === null) return "–";
  const text = String(figure.value);
  if (figure.kind === "amount") return decimal(text, 2, true);
  if (figure.kind === "fraction") return percent(Number(text), 2);
  if (figure.kind === "ratio") return Number(text).toFixed(2);
  if (figure.kind === "count") return count(Number(text));
  if (figure.kind === "time") return moment(parse(text));
  return text;
}
// Second less first, in the figure's own unit.
function difference(a: Figure | undefined, b: Figure | undefined): { text: string; cls: string } {
  if (!a || !b || a.value === null || b.value === null) return { text: "–", cls: "muted" };
  if (!["amount", "fraction", "ratio", "count", "decimal"].includes(a.kind)) return { text: "", cls: "" };
  const by = Number(b.value) - Number(a.value);
  if (by === 0) return { text: "=", cls: "muted" };
  const text = a.kind === "fraction" ? `${(by * 100).toFixed(2)} %` : by.toFixed(a.kind === "count" ? 0 : 2);
  return { text: (by > 0 ? "+" : "") + text.replace("-", "−"), cls: "" };
}

function grid(label: string, heads: string[], rows: Child[][], numeric: number): HTMLElement {
  return h(
    "div",
    { class: "table-wrap", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      null,
      h("caption", { class: "hidden" }, label),
      h(
        "thead",
        null,
        h("tr", null, heads.map((t, i) => h("th", { scope: "col", class: i >= numeric ? "num" : "" }, t))),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h("tr", null, row.map((cell, i) => h("td", { class: i >= numeric ? "num" : i === 0 ? "" : "text" }, cell))),
        ),
      ),
    ),
  );
}

function curve(run: Run): HTMLElement {
  const host = h("div", { class: "chart", role: "img", "aria-label": `Result over time of ${run.name}` });
  const points = run.report?.tables["equity_curve"]?.rows ?? [];
  if (points.length < 2) return empty("No result over time.", "Nothing was traded, or for less than two samples.");
  const chart = new LineChart(host, run.report?.asset ?? "");
  requestAnimationFrame(() =>
    chart.set(
      points.map((p) => parse(String(p["time"])) / 1000),
      points.map((p) => Number(p["result"] ?? 0)),
    ),
  );
  return host;
}

function orderRows(run: Run): HTMLElement {
  if (run.orders.rows.length === 0) return empty("No orders.", "No strategy proposed any, or risk refused all.");
  const rows = run.orders.rows.slice(0, 200);
  return h(
    "div",
    null,
    grid(
      `Orders of ${run.name}`,
      ["Made", "Instrument", "Side", "Strategy", "State", "Price", "Quantity", "Filled"],
      rows.map((o) => [
        moment(parse(o["created"])),
        symbol(o["instrument"] ?? ""),
        o["side"] === "buy" ? "▲ buy" : "▼ sell",
        o["strategy"],
        words(o["state"] ?? ""),
        decimal(o["price"]),
        decimal(o["quantity"]),
        decimal(o["filled"]),
      ]),
      5,
    ),
    run.orders.total > rows.length
      ? h("p", { class: "more" }, `The newest ${rows.length} of ${count(run.orders.total)}; orders.csv has all.`)
      : null,
  );
}

function describe(run: Run): Child[] {
  return [
    facts([
      ["Decisions", h("code", null, run.decisions)],
      ["Made", run.made ? moment(parse(run.made)) : "–"],
      ["By", run.build],
      ...Object.entries(run.parameters).map(([name, value]): [string, Child] => [words(name), plain(value)]),
    ]),
  ];
}

function single(run: Run): HTMLElement[] {
  const figures = Object.values(run.report?.figures ?? {}).filter((f) => f.value !== null);
  return [
    h(
      "div",
      { class: "grid" },
      panel(`${run.name}: result over time${run.report ? `, ${run.report.asset}` : ""}`, curve(run)),
      panel("What it was", h("div", { class: "pad" }, describe(run))),
    ),
    h(
      "div",
      { class: "grid" },
      panel(
        "Figures",
        figures.length
          ? grid(
              "Figures",
              ["Figure", "Value"],
              figures.map((f) => [h("span", { title: f.definition }, f.label), shown(f)]),
              1,
            )
          : empty("No figures.", "Nothing was traded."),
      ),
      panel(
        "Refused by risk",
        run.refusals.length
          ? grid(
              "Refused by risk",
              ["Control", "First", "Times"],
              run.refusals.map((r) => [words(r.control), r.first, count(r.count)]),
              2,
            )
          : empty("Nothing was refused.", "Every intent was within its limits."),
      ),
    ),
    panel("Orders", orderRows(run)),
  ];
}

function comparison(a: Run, b: Run): HTMLElement[] {
  const keys = [...new Set([...Object.keys(a.report?.figures ?? {}), ...Object.keys(b.report?.figures ?? {})])];
  const names = [...new Set([...Object.keys(a.parameters), ...Object.keys(b.parameters)])];
  const differ = names.filter((n) => JSON.stringify(a.parameters[n]) !== JSON.stringify(b.parameters[n]));
  const same = a.decisions === b.decisions;
  return [
    panel(
      `${a.name} beside ${b.name}`,
      h(
        "div",
        { class: "pad" },
        h(
          "p",
          { class: same ? "verified" : "" },
          same
            ? "✓ The same decisions: every intent, verdict and report is equal."
            : "≠ Other decisions: their hashes differ.",
        ),
      ),
      grid(
        "What differs in what they were given",
        ["Given", a.name, b.name],
        (differ.length ? differ : ["–"]).map((n) =>
          n === "–" ? ["nothing differs", "", ""] : [words(n), plain(a.parameters[n]), plain(b.parameters[n])],
        ),
        9,
      ),
    ),
    h("div", { class: "grid" }, panel(`Result over time: ${a.name}`, curve(a)), panel(`Result over time: ${b.name}`, curve(b))),
    panel(
      "Figures",
      keys.length
        ? grid(
            "Figures beside each other",
            ["Figure", a.name, b.name, "Difference"],
            keys
              .map((k) => [a.report?.figures[k], b.report?.figures[k]] as const)
              .filter(([x, y]) => x?.value != null || y?.value != null)
              .map(([x, y]) => [
                h("span", { title: (x ?? y)!.definition }, (x ?? y)!.label),
                shown(x),
                shown(y),
                h("span", { class: difference(x, y).cls }, difference(x, y).text),
              ]),
            1,
          )
        : empty("No figures.", "Neither run traded."),
    ),
  ];
}

export function backtests(rest: string): View {
  const chosen: string[] = rest.split("~").filter(Boolean).slice(0, 2);
  const details = h("div", { class: "view" });
  const error = h("p", { class: "error pad", role: "alert", hidden: true });
  const choose = (name: string): void => {
    const at = chosen.indexOf(name);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push(name);
    if (chosen.length > 2) chosen.shift();
    location.hash = "#/backtests/" + encodeURIComponent(chosen.join("~"));
  };
  const sum = (b: Backtest, name: string): string | null => {
    const value = b.summary?.[name];
    return value === null || value === undefined ? null : String(value);
  };
  const share = (b: Backtest, name: string): string => {
    const text = sum(b, name);
    return text === null ? "–" : percent(Number(text), 2);
  };
  const table = new Table<Backtest>(
    "Backtests",
    [
      {
        title: "",
        make: (b) =>
          h("input", {
            type: "checkbox",
            checked: chosen.includes(b.name),
            disabled: Boolean(b.error),
            "aria-label": `Show ${b.name}`,
            onclick: () => choose(b.name),
          }),
        mark: (b) => String(chosen.includes(b.name)),
      },
      { title: "Run", cell: (b) => ({ text: b.name, ...(b.error ? { cls: "bad", tip: b.error } : {}) }) },
      { title: "Made", num: true, cls: "wider", cell: (b) => (b.made ? moment(parse(b.made)) : "–") },
      { title: "Market from", num: true, cls: "wide", cell: (b) => moment(parse(sum(b, "first"))) },
      { title: "to", num: true, cls: "wider", cell: (b) => moment(parse(sum(b, "last"))) },
      {
        title: "Result",
        num: true,
        cell: (b) => {
          if (b.error) return { text: "cannot be read", cls: "bad", tip: b.error };
          const text = sum(b, "result");
          return { text: text === null ? "–" : `${signed(text)} ${sum(b, "asset") ?? ""}`, cls: tone(text) };
        },
      },
      { title: "Return", num: true, cls: "wide", cell: (b) => share(b, "total_return") },
      { title: "Drawdown", num: true, cls: "wide", cell: (b) => share(b, "max_drawdown") },
      {
        title: "Sharpe",
        num: true,
        cls: "wider",
        cell: (b) => (sum(b, "sharpe") === null ? "–" : Number(sum(b, "sharpe")).toFixed(2)),
      },
      { title: "Intents", num: true, cls: "wide", cell: (b) => count(Number(sum(b, "intents") ?? 0)) },
      { title: "Fills", num: true, cell: (b) => count(Number(sum(b, "fills") ?? 0)) },
      { title: "Decisions", cls: "wide", cell: (b) => ({ text: (b.decisions ?? "").slice(0, 12), tip: b.decisions }) },
    ],
    (b) => b.name,
    empty(
      "Runs of recorded markets through the same engines appear here: result, figures, orders, and two beside each other.",
      "Write one into the folder backtests of the data folder: ",
      "gannet replay FILE… --out gannet-data/backtests/NAME",
    ),
    { open: (b) => !b.error && choose(b.name), rowClass: (b) => (chosen.includes(b.name) ? "selected" : "") },
  );
  const element = h("div", { class: "view" }, panel("Backtests", table.element), error, details);
  element.dataset["view"] = "backtests";
  let asked = 0;
  let closed = false;
  const load = (): void => {
    const mine = ++asked;
    if (!chosen.length) return replace(details);
    Promise.all(chosen.map((name) => api.get<Run>("/api/v1/backtests/run?name=" + encodeURIComponent(name))))
      .then(([a, b]) => {
        if (closed || mine !== asked) return;
        error.hidden = true;
        replace(details, a && b ? comparison(a, b) : a ? single(a) : null);
      })
      .catch((problem: unknown) => {
        if (closed || mine !== asked) return;
        error.hidden = false;
        setText(error, problem instanceof Error ? problem.message : String(problem));
      });
  };
  load();
  const update = (): void =>
    table.update(
      [...live.tables.backtests.values()].sort((a, b) =>
        (a.made ?? "") < (b.made ?? "") ? 1 : (a.made ?? "") > (b.made ?? "") ? -1 : a.name < b.name ? -1 : 1,
      ),
    );
  return {
    element,
    update,
    go(names) {
      chosen.splice(0, chosen.length, ...names.split("~").filter(Boolean).slice(0, 2));
      update();
      load();
    },
    close() {
      closed = true;
    },
  };
}
