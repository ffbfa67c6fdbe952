import { empty, h, panel } from "../dom";
import { get } from "../api";
import { Table } from "../table";
import { decimal, signed, symbol, tone } from "../format";
import { live } from "../live";
import type { View } from "../view";

interface Group {
  name: string;
  orders: number;
  fills: number;
  realized: number;
  open: number;
  fees: number;
  asset: string;
  unpriced: number;
}
// Read from positions as they stand; the exact accounts are those of `gannet report`.
function groups(by: (p: { instrument: string; strategy: string }) => string): Group[] {
  const out = new Map<string, Group>();
  const of = (name: string, instrument: string): Group => {
    let g = out.get(name);
    if (!g) {
      g = {
        name,
        orders: 0,
        fills: 0,
        realized: 0,
        open: 0,
        fees: 0,
        asset: live.tables.markets.get(instrument)?.quote ?? "",
        unpriced: 0,
      };
      out.set(name, g);
    }
    return g;
  };
  for (const p of live.tables.positions.values()) {
    const g = of(by(p), p.instrument);
    g.realized += Number(p.realized_pnl);
    g.open += Number(p.unrealized_pnl ?? 0);
    g.fees += Number(p.fees);
    if (p.unrealized_pnl === null && Number(p.net) !== 0) g.unpriced += 1;
  }
  for (const o of live.tables.orders.values()) of(by(o), o.instrument).orders += 1;
  for (const f of live.tables.fills.values()) of(by(f), f.instrument).fills += 1;
  return [...out.values()].sort((a, b) => b.realized + b.open - (a.realized + a.open));
}
function table(label: string, first: string): Table<Group> {
  const money = (n: number) => ({ text: signed(n.toFixed(2)), cls: tone(n.toFixed(2)) });
  return new Table<Group>(
    label,
    [
      { title: first, cell: (g) => g.name },
      { title: "Result", num: true, cell: (g) => money(g.realized + g.open) },
      { title: "Realised", num: true, cls: "wide", cell: (g) => money(g.realized) },
      { title: "Open", num: true, cls: "wide", cell: (g) => (g.unpriced ? "no price" : money(g.open)) },
      { title: "Fees", num: true, cell: (g) => decimal(g.fees.toFixed(2)) },
      { title: "Orders", num: true, tip: "that the page still holds", cell: (g) => String(g.orders) },
      { title: "Fills", num: true, tip: "that the page still holds", cell: (g) => String(g.fills) },
      { title: "Asset", cls: "wide", cell: (g) => g.asset },
    ],
    (g) => g.name,
    empty(
      "The result by " + first.toLowerCase() + " appears here after the first fill.",
      "Strategies warm up about 30 s.",
    ),
  );
}
const quote = (v: unknown): string => {
  let s = v === null || v === undefined ? "" : String(v);
  if (/^[=+\-@]/.test(s) && !/^-?[\d.]+$/.test(s)) s = "'" + s;
  return /[",\n]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
};
async function download(what: "orders" | "fills" | "positions" | "signals", format: "csv" | "json"): Promise<void> {
  const rows = await get<Record<string, unknown>[]>("/api/v1/" + what);
  let text = JSON.stringify(rows, null, 1);
  if (format === "csv") {
    const names = Object.keys(rows[0] ?? {});
    text =
      [
        names.join(","),
        ...rows.map((r) =>
          names.map((n) => quote(Array.isArray(r[n]) ? (r[n] as unknown[]).join(" ") : r[n])).join(","),
        ),
      ].join("\n") + "\n";
  }
  const url = URL.createObjectURL(new Blob([text], { type: format === "csv" ? "text/csv" : "application/json" }));
  const link = h("a", { href: url, download: `gannet-${what}.${format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}

export function reports(): View {
  const instruments = table("Result by instrument", "Instrument"),
    strategies = table("Result by strategy", "Strategy");
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const files = (["orders", "fills", "positions", "signals"] as const).map((what) =>
    h(
      "div",
      { class: "download" },
      h("span", null, what),
      (["csv", "json"] as const).map((format) =>
        h(
          "button",
          {
            type: "button",
            class: "small",
            "aria-label": `${what} as ${format.toUpperCase()}`,
            onclick: () => {
              download(what, format).catch((p: unknown) => {
                error.hidden = false;
                error.textContent = p instanceof Error ? p.message : String(p);
              });
            },
          },
          format.toUpperCase(),
        ),
      ),
    ),
  );
  const element = h(
    "div",
    { class: "view" },
    h(
      "div",
      { class: "grid" },
      panel("Result by instrument", instruments.element),
      panel("Result by strategy", strategies.element),
    ),
    h(
      "div",
      { class: "grid" },
      panel("Download what the page holds", h("div", { class: "downloads" }, files), error),
      panel(
        "Reports to hand out",
        h(
          "div",
          { class: "pad" },
          h(
            "p",
            null,
            "Performance, drawdown, fees, signal quality and risk utilisation over any time, from the store, are made on the command line:",
          ),
          h(
            "pre",
            { tabindex: "0", "aria-label": "Commands" },
            "gannet report --from 2026-01-01 --to 2026-02-01\ngannet run --out report    # orders, fills, positions at the end of a run",
          ),
          h(
            "p",
            { class: "muted" },
            "This page shows the positions as they stand now, all time, by exact amounts of the journal.",
          ),
        ),
      ),
    ),
  );
  element.dataset["view"] = "reports";
  return {
    element,
    update() {
      instruments.update(groups((p) => symbol(p.instrument)));
      strategies.update(groups((p) => p.strategy));
    },
  };
}
