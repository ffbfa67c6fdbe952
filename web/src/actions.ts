// What people do: each asks once, names what will happen, and shows the end state
// that the gateway has verified.
import { h, type Child } from "./dom";
import * as api from "./api";
import { ask, facts } from "./dialog";
import { live, type Order } from "./live";
import { openOrders, orderPrice } from "./derive";
import { decimal, positive, symbol, venue, words } from "./format";

interface Outcome {
  verified: boolean;
  unheard: boolean; // nothing has that name
  orders_before: number;
  still_open: number;
  open_orders: number;
  open_positions: number;
  closed: string; // by execution, in its words; empty: not at an end yet
  unknown_orders: number;
  reached: string;
  detail: string;
  request_id: string;
  risk: { state: string; killed: boolean } | null;
}

function inScope(scope: string, name: string): Order[] {
  return openOrders().filter(
    (o) =>
      scope === "firm" ||
      (scope === "account" && o.account === name) ||
      (scope === "strategy" && o.strategy === name) ||
      (scope === "venue" && venue(o.instrument) === name) ||
      (scope === "instrument" && o.instrument === name),
  );
}
const called = (scope: string, name: string): string => (scope === "firm" ? "the whole firm" : `${scope} ${name}`);
function what(orders: Order[]): string {
  const venues = [...new Set(orders.map((o) => venue(o.instrument)))];
  return orders.length
    ? `${orders.length} open order${orders.length === 1 ? "" : "s"} at ${venues.join(", ")} will be cancelled.`
    : "No order is open there now.";
}
const unheard =
  "Not known: nothing of that name has been heard of, and nothing was stopped. Check the spelling; it is recorded, and holds for what appears under it.";
function seen(o: Outcome, kill: boolean, flatten = false): Child[] {
  return [
    h(
      "p",
      { class: o.verified ? "verified" : "error", role: "status" },
      o.verified
        ? "✓ Verified: this is the state afterwards."
        : o.unheard
          ? unheard
          : flatten && o.still_open === 0
            ? o.closed
              ? "Not flat: some of it could not be closed."
              : "Not flat yet. Closing goes on until nothing is left or the switch is lifted; watch Orders and Positions."
            : "Not verified yet. Watch Orders and Risk; orders whose fate is not known stay reserved.",
    ),
    facts([
      ...(kill
        ? [
            ["Trading state", o.risk ? `${o.risk.state}${o.risk.killed ? ", killed" : ""}` : "not heard of"] as [
              string,
              string,
            ],
          ]
        : []),
      ["Open orders before", String(o.orders_before)],
      ["Of these still open", String(o.still_open), o.still_open ? "bad" : ""],
      ["Open orders now", String(o.open_orders)],
      ...(flatten
        ? ([
            ["Open positions now", String(o.open_positions), o.open_positions ? "bad" : ""],
            [
              "At the venue",
              h("div", null, ...(o.closed || "being closed").split("; ").map((row) => h("div", null, row))),
              "",
            ],
          ] as [string, Child, string][])
        : []),
      ["Orders of unknown fate", String(o.unknown_orders), o.unknown_orders ? "bad" : ""],
      ["Request", o.request_id],
    ]),
  ];
}

export function killSwitch(scope: string, name: string): void {
  const orders = inScope(scope, name);
  const flatten = h("input", { type: "checkbox", id: "kill-flatten" });
  const shown = ask({
    title: `Kill switch: ${called(scope, name)}`,
    danger: true,
    act: "Stop trading and cancel",
    reason: "stopped by hand",
    what: [
      h("p", null, `All trading of ${called(scope, name)} stops at once. ${what(orders)}`),
      h("label", { class: "check", for: "kill-flatten" }, flatten, "Close positions too"),
      h(
        "p",
        { class: "muted" },
        "Otherwise they stay as they are. What the venue proves to be held is closed near its own bid and ask, which costs fees.",
      ),
      h("p", { class: "muted" }, "Lifting it takes the role risk or admin, and a reason."),
    ],
    run: async (reason, request_id) =>
      seen(
        await api.post<Outcome>("/api/v1/risk/kill", {
          scope,
          ...(name ? { name } : {}),
          ...(flatten.checked ? { flatten: true } : {}),
          reason,
          request_id,
        }),
        true,
        flatten.checked,
      ),
  });
  shown.element.id = "kill-dialog";
}
export function resume(scope: string, name: string): void {
  ask({
    title: `Resume: ${called(scope, name)}`,
    act: "Resume trading",
    reason: "",
    what: [
      h(
        "p",
        null,
        scope === "model" || scope === "service"
          ? `Orders that need ${called(scope, name)} may pass again at once, within their limits.`
          : `Trading of ${called(scope, name)} becomes ACTIVE. Strategies may send orders at once, within their limits.`,
      ),
    ],
    run: async (reason, request_id) => {
      const o = await api.post<Outcome>("/api/v1/risk/resume", {
        scope,
        ...(name ? { name } : {}),
        reason,
        request_id,
      });
      return [
        h(
          "p",
          { class: o.verified ? "verified" : "error", role: "status" },
          o.verified ? "✓ Verified: trading is active." : "Not verified: the state did not change; see Risk.",
        ),
        facts([
          ["Trading state", o.risk ? o.risk.state : "not heard of"],
          ["Request", o.request_id],
        ]),
      ];
    },
  });
}
export function setState(scope: string, name: string, state: string): void {
  ask({
    title: `${words(state)}: ${called(scope, name)}`,
    act: "Set " + words(state),
    reason: "",
    what: [
      h(
        "p",
        null,
        state === "REDUCING"
          ? "Only orders that reduce a position will pass."
          : state === "CANCEL_ONLY"
            ? "No new orders; cancels pass."
            : "No orders and no new quotes; open orders stay until cancelled.",
      ),
    ],
    run: async (reason, request_id) => {
      const o = await api.post<Outcome>("/api/v1/risk/state", {
        scope,
        ...(name ? { name } : {}),
        state,
        reason,
        request_id,
      });
      return [
        h(
          "p",
          { class: o.verified ? "verified" : "error", role: "status" },
          o.verified ? "✓ Verified." : o.unheard ? unheard : "Not verified: see Risk.",
        ),
        facts([
          ["Trading state", o.risk ? o.risk.state : "not heard of"],
          ["Request", o.request_id],
        ]),
      ];
    },
  });
}
export function cancelAll(scope: string, name: string): void {
  const orders = inScope(scope, name);
  ask({
    title: `Cancel all: ${called(scope, name)}`,
    danger: true,
    act: "Cancel orders",
    reason: "cancelled by hand",
    what: [
      h("p", null, `${what(orders)} Trading goes on: strategies may quote again. To stop them, use the kill switch.`),
    ],
    run: async (reason, request_id) =>
      seen(
        await api.post<Outcome>("/api/v1/orders/cancel-all", {
          scope,
          ...(name ? { name } : {}),
          reason,
          request_id,
        }),
        false,
      ),
  });
}
// As it is now: the button in a row keeps the order that the row was first drawn with.
const asOfNow = (o: Order): Order => live.tables.orders.get(o.client_order_id) ?? o;
export function cancelOrder(row: Order): void {
  const o = asOfNow(row);
  ask({
    title: "Cancel order",
    danger: true,
    act: "Cancel order",
    what: [
      h(
        "p",
        null,
        `${o.side} ${decimal(o.quantity)} ${symbol(o.instrument)}, ${orderPrice(o)}, filled ${decimal(o.filled)}, at ${venue(o.instrument)}.`,
      ),
      facts([
        ["Order", o.client_order_id],
        ["Strategy", o.strategy],
      ]),
    ],
    run: async (_, request_id) => {
      const r = await api.post<Outcome>("/api/v1/orders/cancel", {
        client_order_id: o.client_order_id,
        request_id,
      });
      const now = live.tables.orders.get(o.client_order_id);
      return [
        h(
          "p",
          { class: r.verified ? "verified" : "error", role: "status" },
          r.verified ? "✓ Verified: the order is done." : "The cancel is on its way; the row shows the venue's answer.",
        ),
        facts([
          ["State", now ? words(now.state) : "gone from view"],
          ["Request", r.request_id],
        ]),
      ];
    },
  });
}
export function amendOrder(row: Order): void {
  const o = asOfNow(row);
  const price = h("input", { type: "text", inputmode: "decimal", value: o.price ?? "", maxlength: "40" });
  const quantity = h("input", { type: "text", inputmode: "decimal", value: o.quantity, maxlength: "40" });
  ask({
    title: "Change order",
    act: "Change order",
    what: [
      h(
        "p",
        null,
        `${o.side} ${symbol(o.instrument)} at ${venue(o.instrument)}, filled ${decimal(o.filled)}. It is changed in place and keeps its id. Binance spot makes orders smaller and changes nothing else.`,
      ),
      h("label", { class: "field" }, h("span", null, "Price"), price),
      h("label", { class: "field" }, h("span", null, "Quantity, what is filled included"), quantity),
      facts([
        ["Order", o.client_order_id],
        ["Strategy", o.strategy],
      ]),
    ],
    run: async (_, request_id) => {
      const [p, q] = [price.value.trim(), quantity.value.trim()];
      const repriced = o.price !== null && p !== o.price;
      const resized = q !== o.quantity;
      if (repriced && !positive(p)) throw new Error("Price must be a positive decimal.");
      if (resized && !positive(q)) throw new Error("Quantity must be a positive decimal, such as 0.01.");
      const r = await api.post<Outcome>("/api/v1/orders/amend", {
        client_order_id: o.client_order_id,
        ...(repriced ? { price: p } : {}),
        ...(resized ? { quantity: q } : {}),
        request_id,
      });
      const denied = r.reached === "DENIED";
      return [
        h(
          "p",
          { class: denied ? "error" : "verified", role: "status" },
          denied ? `Not changed: ${r.detail}` : "The change is on its way; the row shows the venue's answer.",
        ),
        facts([["Request", r.request_id]]),
      ];
    },
  });
}
