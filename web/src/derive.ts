// What several views read from the live tables.
import { live, type Feed, type Market, type Order } from "./live";
import type { Cell } from "./table";
import { age, gain, decimal, parse, percent, plural, signed, symbol, tone, words } from "./format";

export const STALE = 15_000; // ms without a quote, as in limits.yaml
export const quoteAge = (m: Market): number => live.now() - parse(m.as_of);
export function marketClass(m: Market): string {
  if (live.status !== "live" || live.behind) return "stale";
  if (m.book !== "VALID") return "invalid";
  return !m.as_of || quoteAge(m) > STALE ? "stale" : "";
}
export const feedOk = (f: Feed): boolean => f.state === "connected";
export const openOrders = live.made(["orders"], (): Order[] =>
  [...live.tables.orders.values()].filter((o) => !o.final).sort((a, b) => (a.created < b.created ? 1 : -1)),
);
export const unknownOrders = (): Order[] => openOrders().filter((o) => o.state === "UNKNOWN");
export const newest = <T extends { time: string }>(rows: Iterable<T>): T[] =>
  [...rows].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
export const newestFills = live.made(["fills"], () => newest(live.tables.fills.values()));
export const newestSignals = live.made(["signals"], () => newest(live.tables.signals.values()));
export const newestDenials = live.made(["denials"], () => newest(live.tables.denials.values()));
export const firm = () => live.tables.risk.get("firm|");
export const tradingState = (): string => {
  const f = firm();
  return f ? (f.killed ? "KILLED" : f.state) : "UNKNOWN";
};
export const mid = (m: Market): number | null => (m.bid && m.ask ? (Number(m.bid) + Number(m.ask)) / 2 : null);
// What the model leans to, as a cell.
export function lean(m: Market): Cell {
  const p = m.prediction;
  if (!p) return { text: "–", cls: "muted" };
  const text = (p.up - p.down).toFixed(2);
  return {
    text: signed(text),
    cls: tone(text, 0.1) || "muted",
    tip: `${p.model} over ${p.horizon}: up ${percent(p.up)}, flat ${percent(p.flat)}, down ${percent(p.down)}; drift ${p.drift}`,
  };
}
export const digits = (instrument: string): number | undefined => live.tables.markets.get(instrument)?.price_digits;
export const quantityDigits = (instrument: string): number | undefined =>
  live.tables.markets.get(instrument)?.quantity_digits;
export const tally = (name: string): number => Number(live.counters[name] ?? 0);
export const resultText = (): string =>
  live.profit.length ? live.profit.map((p) => `${gain(p.total, p.asset)} ${p.asset}`).join("  ") : "–";

export interface Alert {
  level: "bad" | "warn";
  text: string;
  href: string;
}
// One line a cause: ten instruments with the same trouble are one alert that names them.
class Grouped {
  private readonly groups = new Map<string, string[]>();
  add(cause: string, name: string): void {
    const names = this.groups.get(cause);
    if (names) names.push(name);
    else this.groups.set(cause, [name]);
  }
  into(out: Alert[], level: Alert["level"], href: (names: string[]) => string): void {
    for (const [cause, names] of this.groups) {
      const text =
        names.length === 1
          ? `${cause} ${symbol(names[0]!)}`
          : `${cause} ${names.length} instruments: ${names.map(symbol).join(", ")}`;
      out.push({ level, text, href: href(names) });
    }
  }
}
export function alerts(): Alert[] {
  const out: Alert[] = [];
  const add = (level: Alert["level"], text: string, href: string): void => void out.push({ level, text, href });
  for (const state of live.tables.risk.values()) {
    const scope = state.name ? `${state.scope} ${state.name}` : state.scope;
    const by = `${state.reason || "no reason given"} (${state.person || "the engine"})`;
    if (state.killed) add("bad", `Kill switch is on for ${scope}: ${by}`, "#/risk");
    else if (state.state !== "ACTIVE") add("warn", `${scope} is ${words(state.state)}: ${by}`, "#/risk");
  }
  const unknown = unknownOrders();
  if (unknown.length) {
    const oldest = age(live.now() - parse(unknown[unknown.length - 1]!.updated));
    add("bad", `${plural(unknown.length, "order")} whose fate is not known, oldest ${oldest}`, "#/orders/unknown");
  }
  for (const f of live.tables.feeds.values())
    if (!feedOk(f)) add("bad", `Feed ${f.feed} is ${words(f.state)}${f.detail ? ": " + f.detail : ""}`, "#/market");
  const invalid = new Grouped();
  const silent = new Grouped();
  const drifted = new Grouped();
  for (const m of [...live.tables.markets.values()].sort((a, b) => (a.instrument < b.instrument ? -1 : 1))) {
    if (m.book !== "VALID") invalid.add(`Book INVALID (${words(m.fault)}):`, m.instrument);
    else if (m.as_of && quoteAge(m) > STALE) silent.add(`No quote for more than ${STALE / 1000} s:`, m.instrument);
    if (m.prediction?.drift === "drifted") drifted.add(`Model ${m.prediction.model} has drifted on`, m.instrument);
  }
  const toMarket = (names: string[]): string => "#/market/" + encodeURIComponent(names[0]!);
  invalid.into(out, "bad", toMarket);
  silent.into(out, "warn", toMarket);
  drifted.into(out, "warn", () => "#/models");
  // What services say of themselves, less what stands above with more detail.
  for (const reason of live.platform.reasons)
    if (!/books INVALID|are UNKNOWN/.test(reason))
      add(live.platform.state === "serving" ? "warn" : "bad", reason, "#/settings");
  const illegal = tally("illegal_events");
  if (illegal) add("bad", `${plural(illegal, "event")} that the state table of orders does not allow`, "#/orders");
  return out;
}
// At which price an order trades, and what sets it off.
export function orderPrice(o: Order, digits?: number): string {
  const price = o.price ? decimal(o.price, digits) : "?";
  const stop = o.stop_price ? decimal(o.stop_price, digits) : "?";
  switch (o.type) {
    case "MARKET":
      return "market";
    case "STOP":
      return `stop ${stop}`;
    case "STOP_LIMIT":
      return `${price}, stop ${stop}`;
    case "TAKE_PROFIT":
      return `take profit ${stop}`;
    case "TAKE_PROFIT_LIMIT":
      return `${price}, take profit ${stop}`;
    case "TRAILING_STOP":
      return `trail ${(o.trailing_bps ?? 0) / 100} %${o.stop_price ? ` from ${stop}` : ""}`;
    default:
      return price;
  }
}
