// From headline or prediction over verdict to order and fills, in a panel at the side.
import { h, type Child } from "../dom";
import { get } from "../api";
import { dialog, facts } from "../dialog";
import { age, clock, decimal, latency, parse, percent, signed, symbol, words, zone } from "../format";
import { digits, orderPrice } from "../derive";
import type { Denial, Fill, Order, Signal } from "../live";

interface Prediction {
  id: string;
  time: string;
  instrument: string;
  model: string;
  horizon: string;
  down: number;
  flat: number;
  up: number;
  drift: string;
}
interface Trail {
  id: string;
  signal: Signal | null;
  prediction: Prediction | null;
  orders: Order[];
  denials: Denial[];
  fills: Fill[];
}

const step = (kind: string, time: string, title: string, ...body: Child[]): HTMLElement =>
  h(
    "li",
    { class: "step" },
    h(
      "div",
      { class: "step-head" },
      h("span", { class: "tag" }, kind),
      h("time", { class: "num muted" }, `${clock(parse(time), true)} ${zone()}`),
    ),
    h("p", { class: "step-title" }, title),
    ...body,
  );

const since = (ms: number): string => (ms < 1_000 ? (ms < 1 ? "< 1 ms" : `${Math.round(ms)} ms`) : age(ms));

export function openTrail(id: string, title: string): void {
  const list = h("ol", { class: "trail" }, h("li", { class: "muted" }, "Loading …"));
  dialog(title, [list], { side: true });
  get<Trail>("/api/v1/trail?id=" + encodeURIComponent(id))
    .then((t) => {
      const items: { time: string; element: HTMLElement }[] = [];
      if (t.signal) {
        const s = t.signal;
        items.push({
          time: s.time,
          element: step(
            "headline",
            s.time,
            s.title,
            facts([
              ["Type", words(s.type)],
              ["Sentiment", signed(String(s.sentiment), 2)],
              ["Confidence", percent(s.confidence)],
              ["Novelty", percent(s.novelty)],
              ["Latency", latency(s.latency_ms)],
              ["Source", s.source],
              ["Classifier", s.classifier],
            ]),
          ),
        });
      }
      if (t.prediction) {
        const p = t.prediction;
        items.push({
          time: p.time,
          element: step(
            "prediction",
            p.time,
            `${symbol(p.instrument)} over ${p.horizon}: up ${percent(p.up)}, flat ${percent(p.flat)}, down ${percent(p.down)}`,
            facts([
              ["Model", p.model],
              ["Drift", p.drift],
            ]),
          ),
        });
      }
      for (const d of t.denials)
        items.push({
          time: d.time,
          element: step(
            "refused by risk",
            d.time,
            `${d.side} ${decimal(d.quantity)} ${symbol(d.instrument)}: ${words(d.control)}`,
            facts([
              ["Detail", d.detail || "–"],
              ["Reason of the intent", d.reason],
              ["All that failed", d.failing.map(words).join(", ")],
              ["Intent", d.client_order_id],
            ]),
          ),
        });
      for (const o of t.orders) {
        items.push({
          time: o.created,
          element: step(
            "permitted, order",
            o.created,
            `${o.side} ${decimal(o.quantity)} ${symbol(o.instrument)}, ${orderPrice(o, digits(o.instrument))}`,
            facts([
              ["Why", o.reason || "–"],
              ["Strategy", o.strategy],
              ["Model", o.model || "–"],
              ["State", words(o.state)],
              ["Filled", decimal(o.filled)],
              ...(o.detail ? [["Detail", o.detail] as [string, string]] : []),
              ["Evidence", o.evidence || "none yet"],
              ["Order", o.client_order_id],
              ["At the venue", o.venue_order_id || "–"],
            ]),
          ),
        });
        if (t.signal)
          items[items.length - 1]!.element.append(
            h("p", { class: "muted" }, `${since(parse(o.created) - parse(t.signal.time))} after the headline`),
          );
      }
      for (const f of t.fills)
        items.push({
          time: f.time,
          element: step(
            "fill",
            f.time,
            `${f.side} ${decimal(f.quantity)} at ${decimal(f.price, digits(f.instrument))}`,
            facts([
              ["Fee", `${decimal(f.fee)} ${f.fee_asset}`],
              ["Liquidity", f.liquidity],
              ["Trade", f.trade_id],
            ]),
          ),
        });
      items.sort((a, b) => (a.time < b.time ? -1 : 1));
      list.replaceChildren(...items.map((i) => i.element));
      if (t.signal && !t.orders.length && !t.denials.length)
        list.append(h("li", { class: "muted" }, "No order rested on this headline: no playbook asked for one."));
      list.append(
        h(
          "li",
          { class: "muted" },
          "The gateway keeps the newest of these. The whole record: ",
          h("code", null, "gannet journal dump"),
        ),
      );
    })
    .catch((problem: unknown) =>
      list.replaceChildren(h("li", { class: "error" }, problem instanceof Error ? problem.message : String(problem))),
    );
}
