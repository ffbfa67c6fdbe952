import { empty, h, panel, replace, setText } from "../dom";
import { get } from "../api";
import { save, saveFrom } from "../save";
import { Table } from "../table";
import { amount, count, gain, gainTone, symbol, venue } from "../format";
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
// Amounts of different assets do not add up: a group has one.
function groups(by: (p: { instrument: string; strategy: string }) => string): Group[] {
  const out = new Map<string, Group>();
  const of = (name: string, instrument: string): Group => {
    const asset = live.tables.markets.get(instrument)?.quote ?? "";
    const key = `${name}|${asset}`;
    let g = out.get(key);
    if (!g) {
      g = {
        name,
        orders: 0,
        fills: 0,
        realized: 0,
        open: 0,
        fees: 0,
        asset,
        unpriced: 0,
      };
      out.set(key, g);
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
  const money = (g: Group, n: number) => ({ text: gain(n.toFixed(8), g.asset), cls: gainTone(n.toFixed(8), g.asset) });
  return new Table<Group>(
    label,
    [
      { title: first, cell: (g) => ({ text: symbol(g.name), tip: g.name }) },
      ...(first === "Instrument" ? [{ title: "Venue", cls: "wide", cell: (g: Group) => venue(g.name) }] : []),
      { title: "Result", num: true, cell: (g) => money(g, g.realized + g.open) },
      { title: "Realised", num: true, cls: "wide", cell: (g) => money(g, g.realized) },
      { title: "Open", num: true, cls: "wide", cell: (g) => (g.unpriced ? "no price" : money(g, g.open)) },
      { title: "Fees", num: true, cell: (g) => amount(g.fees.toFixed(8), g.asset) },
      { title: "Orders", num: true, tip: "that the page still holds", cell: (g) => String(g.orders) },
      { title: "Fills", num: true, tip: "that the page still holds", cell: (g) => String(g.fills) },
      { title: "Asset", cls: "wide", cell: (g) => g.asset },
    ],
    (g) => `${g.name}|${g.asset}`,
    empty(
      "The result by " + first.toLowerCase() + " appears here after the first fill.",
      "Strategies warm up about 30 s.",
    ),
  );
}
const quote = (v: unknown): string => {
  let s = v === null || v === undefined ? "" : String(v);
  if (/^[=+\-@\t\r]/.test(s) && !/^-?[\d.]+$/.test(s)) s = "'" + s;
  return /[",\r\n]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
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
  save(new Blob([text], { type: format === "csv" ? "text/csv" : "application/json" }), `gannet-${what}.${format}`);
}

// A report over any time, made by the gateway from the store.
function reportForm(): { element: HTMLElement; update: () => void } {
  const account = h("select", { name: "account" });
  const day = (name: string): HTMLInputElement =>
    h("input", { name, placeholder: "yyyy-mm-dd", maxlength: "20", autocomplete: "off", inputmode: "numeric" });
  const from = day("from");
  const to = day("to");
  const returns = h(
    "select",
    { name: "returns" },
    ["day", "hour", "minute"].map((r) => h("option", { value: r }, r)),
  );
  const said = h("p", { class: "muted", role: "status" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const buttons = (["pdf", "xlsx", "json"] as const).map((format) => {
    const button = h(
      "button",
      { type: "button", ...(format === "pdf" ? { class: "primary" } : {}) },
      format.toUpperCase(),
    );
    button.addEventListener("click", () => {
      const ask = new URLSearchParams({ format, account: account.value, returns: returns.value });
      if (from.value.trim()) ask.set("from", from.value.trim());
      if (to.value.trim()) ask.set("to", to.value.trim());
      error.hidden = true;
      setText(said, `Making the ${format.toUpperCase()} …`);
      buttons.forEach((b) => (b.disabled = true));
      saveFrom(`/api/v1/report?${ask.toString()}`, `gannet-${account.value.replace(/[^\w.-]/g, "-")}.${format}`)
        .then((bytes) => setText(said, `✓ ${format.toUpperCase()} saved, ${count(Math.ceil(bytes / 1024))} kB.`))
        .catch((problem: unknown) => {
          setText(said, "");
          error.hidden = false;
          setText(error, problem instanceof Error ? problem.message : String(problem));
        })
        .finally(() => buttons.forEach((b) => (b.disabled = false)));
    });
    return button;
  });
  const field = (name: string, input: HTMLElement): HTMLElement =>
    h("label", { class: "field" }, h("span", null, name), input);
  const element = h(
    "form",
    { class: "pad report-form" },
    h(
      "p",
      { class: "muted" },
      "Equity, drawdown, ratios with their definitions, fills, fees, signal quality, use of limits.",
    ),
    h(
      "div",
      { class: "fields" },
      field("Account", account),
      field("Returns per", returns),
      field("From, UTC (30 days back when empty)", from),
      field("To, not included (now when empty)", to),
    ),
    h("div", { class: "actions left" }, buttons),
    said,
    error,
    h("p", { class: "muted" }, "On a schedule, or as CSV: ", h("code", null, "gannet report --help")),
  );
  element.addEventListener("submit", (event) => event.preventDefault());
  let names = "";
  return {
    element,
    update() {
      const accounts = [...new Set([...live.tables.balances.values()].map((b) => b.account))].sort();
      if (accounts.join() === names) return;
      names = accounts.join();
      replace(
        account,
        accounts.map((a) => h("option", { value: a }, a)),
      );
    },
  };
}

export function reports(): View {
  const instruments = table("Result by instrument", "Instrument"),
    strategies = table("Result by strategy", "Strategy");
  const form = reportForm();
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
      panel("Report to hand out", form.element),
      panel(
        "Tables as they are now",
        h(
          "p",
          { class: "muted pad" },
          "What the gateway keeps of the newest rows; the store and the journal hold all.",
        ),
        h("div", { class: "downloads" }, files),
        error,
      ),
    ),
  );
  element.dataset["view"] = "reports";
  return {
    element,
    update() {
      form.update();
      instruments.update(groups((p) => p.instrument));
      strategies.update(groups((p) => p.strategy));
    },
  };
}
