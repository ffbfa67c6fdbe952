// What several views read from the live tables.
import { live, type Feed, type Market, type Order } from "./live";
import { age, parse, signed, symbol, words } from "./format";

export const STALE = 15_000; // ms without a quote, as in limits.yaml
export const quoteAge = (m: Market): number => live.now() - parse(m.as_of);
export function marketClass(m: Market): string {
  if (live.status !== "live") return "stale";
  if (m.book !== "VALID") return "invalid";
  return !m.as_of || quoteAge(m) > STALE ? "stale" : "";
}
export const feedOk = (f: Feed): boolean => f.state === "connected";
export const openOrders = (): Order[] =>
  [...live.tables.orders.values()].filter((o) => !o.final).sort((a, b) => (a.created < b.created ? 1 : -1));
export const unknownOrders = (): Order[] => openOrders().filter((o) => o.state === "UNKNOWN");
export const newest = <T extends { time: string }>(rows: Iterable<T>): T[] =>
  [...rows].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
export const firm = () => live.tables.risk.get("firm|");
export const tradingState = (): string => {
  const f = firm();
  return f ? (f.killed ? "KILLED" : f.state) : "UNKNOWN";
};
export const mid = (m: Market): number | null => (m.bid && m.ask ? (Number(m.bid) + Number(m.ask)) / 2 : null);
export const digits = (instrument: string): number | undefined => live.tables.markets.get(instrument)?.price_digits;
export const quantityDigits = (instrument: string): number | undefined =>
  live.tables.markets.get(instrument)?.quantity_digits;
export const tally = (name: string): number => Number(live.counters[name] ?? 0);
export const resultText = (): string =>
  live.profit.length ? live.profit.map((p) => `${signed(p.total)} ${p.asset}`).join("  ") : "–";

export interface Alert {
  level: "bad" | "warn";
  text: string;
  href: string;
}
export function alerts(): Alert[] {
  const out: Alert[] = [];
  for (const reason of live.platform.reasons)
    out.push({ level: live.platform.state === "serving" ? "warn" : "bad", text: reason, href: "#/settings" });
  for (const state of live.tables.risk.values()) {
    const scope = state.name ? `${state.scope} ${state.name}` : state.scope;
    if (state.killed)
      out.push({
        level: "bad",
        text: `Kill switch is on for ${scope}: ${state.reason || "no reason given"} (${state.person || "the engine"})`,
        href: "#/risk",
      });
    else if (state.state !== "ACTIVE")
      out.push({ level: "warn", text: `${scope} is ${words(state.state)}: ${state.reason}`, href: "#/risk" });
  }
  const unknown = unknownOrders();
  if (unknown.length)
    out.push({
      level: "bad",
      text: `${unknown.length} order(s) whose fate is not known, oldest ${age(live.now() - parse(unknown[unknown.length - 1]!.updated))}`,
      href: "#/orders",
    });
  for (const f of live.tables.feeds.values())
    if (!feedOk(f))
      out.push({
        level: "bad",
        text: `Feed ${f.feed} is ${f.state}${f.detail ? ": " + f.detail : ""}`,
        href: "#/market",
      });
  for (const m of live.tables.markets.values()) {
    if (m.book !== "VALID")
      out.push({
        level: "warn",
        text: `Book of ${symbol(m.instrument)} is ${m.book}: ${m.fault}`,
        href: "#/market/" + encodeURIComponent(m.instrument),
      });
    else if (m.as_of && quoteAge(m) > STALE)
      out.push({
        level: "warn",
        text: `No quote of ${symbol(m.instrument)} for ${age(quoteAge(m))}`,
        href: "#/market/" + encodeURIComponent(m.instrument),
      });
    if (m.prediction && m.prediction.drift === "drifted")
      out.push({
        level: "warn",
        text: `Model ${m.prediction.model} has drifted on ${symbol(m.instrument)}`,
        href: "#/models",
      });
  }
  if (tally("illegal_events"))
    out.push({
      level: "bad",
      text: `${tally("illegal_events")} event(s) that the state table of orders does not allow`,
      href: "#/orders",
    });
  return out;
}
