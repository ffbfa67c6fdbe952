import { empty, h, panel } from "../dom";
import { current, may } from "../api";
import { Table, type Cell } from "../table";
import { age, amount, clock, date, decimal, fee, gain, gainTone, parse, symbol, venue, words } from "../format";
import { live, type Balance, type Denial, type Fill, type Order, type Position } from "../live";
import { digits, marketClass, orderPrice, quantityDigits, newestFills, newestDenials } from "../derive";
import { orderTruth, truthColumns } from "../truth";
import { amendOrder, cancelAll, cancelOrder } from "../actions";
import { openTrail } from "./trail";
import type { View } from "../view";

// What the venue holds of the base asset, and how that moved beside our position
// since both were first seen: a difference is money that one side does not know of.
const first = new Map<string, { venue: number; local: number }>();
function positionTruth(p: Position): { venue: string; verdict: string; cls: string } {
  const m = live.tables.markets.get(p.instrument);
  const balance = m?.base ? live.tables.balances.get(`${p.account}|${venue(p.instrument)}|${m.base}`) : undefined;
  if (!balance) {
    const told = [...live.tables.balances.keys()].some((k) => k.startsWith(`${p.account}|${venue(p.instrument)}|`));
    return { venue: "–", verdict: told ? "not in its balances" : "no word of the venue yet", cls: "muted" };
  }
  const held = Number(balance.free) + Number(balance.locked);
  let local = 0;
  for (const q of live.tables.positions.values())
    if (q.account === p.account && q.instrument === p.instrument) local += Number(q.net ?? 0);
  const key = `${p.account}|${p.instrument}`;
  const start = first.get(key) ?? { venue: held, local };
  first.set(key, start);
  const difference = held - start.venue - (local - start.local);
  const lot = Number(m?.lot ?? "0");
  const text = `${decimal(balance.free)} free, ${decimal(balance.locked)} locked`;
  return Math.abs(difference) <= Math.max(lot, Math.abs(local) * 0.003)
    ? { venue: text, verdict: "✓ moves agree", cls: "" }
    : { venue: text, verdict: `… differs by ${decimal(difference.toFixed(6))}`, cls: "warn" };
}
// Open ones first, newest first.
const sorted = live.made(["orders"], () =>
  [...live.tables.orders.values()].sort(
    (a, b) =>
      Number(a.final) - Number(b.final) ||
      (a.created < b.created ? 1 : a.created > b.created ? -1 : a.client_order_id < b.client_order_id ? 1 : -1),
  ),
);
const side = (s: string): Cell => ({ text: s === "buy" ? "▲ buy" : "▼ sell", cls: s === "buy" ? "up" : "down" });

export function orders(rest: string): View {
  const filter = h("input", {
    type: "search",
    placeholder: "Filter: instrument, strategy, state, id",
    "aria-label": "Filter orders",
    value: rest,
  });
  const closed = h("input", { type: "checkbox", checked: true });
  const orderTable = new Table<Order>(
    "Orders",
    [
      {
        title: "Time",
        num: true,
        cls: "wide",
        cell: (o) => ({ text: clock(parse(o.created)), tip: date(parse(o.created)) }),
      },
      { title: "Instrument", cell: (o) => ({ text: symbol(o.instrument), tip: venue(o.instrument) }) },
      { title: "Side", cell: (o) => side(o.side) },
      { title: "Price", num: true, cell: (o) => orderPrice(o, digits(o.instrument)) },
      { title: "Quantity", num: true, cls: "wide", cell: (o) => decimal(o.quantity, quantityDigits(o.instrument)) },
      { title: "Filled", num: true, cls: "wide", cell: (o) => decimal(o.filled, quantityDigits(o.instrument)) },
      { title: "Strategy", cls: "wide", cell: (o) => o.strategy },
      {
        title: "Why",
        cls: "wide clip",
        cell: (o) => ({ text: o.detail ? `${words(o.reason)}: ${o.detail}` : words(o.reason), tip: o.detail }),
      },
      ...truthColumns(),
      ...(may("trader")
        ? [
            {
              title: "",
              make: (o: Order): Node =>
                o.final
                  ? h("span")
                  : h(
                      "span",
                      { class: "row-actions" },
                      // Nobody else's: position and result of an order are its strategy's.
                      o.price && o.strategy === `manual/${current()?.user}`
                        ? h(
                            "button",
                            {
                              type: "button",
                              class: "small",
                              "aria-label": `Change ${o.side} ${symbol(o.instrument)}`,
                              onclick: () => amendOrder(o),
                            },
                            "Change",
                          )
                        : null,
                      h(
                        "button",
                        {
                          type: "button",
                          class: "small",
                          "aria-label": `Cancel ${o.side} ${symbol(o.instrument)}`,
                          onclick: () => cancelOrder(o),
                        },
                        "Cancel",
                      ),
                    ),
              mark: (o: Order) => String(o.final),
            },
          ]
        : []),
    ],
    (o) => o.client_order_id,
    empty(
      "Orders appear here with their state, the reason they were made for, and the truth column.",
      "Strategies warm up about 30 s. Livelier: ",
      "gannet run --market-speed 5",
    ),
    {
      open: (o) => openTrail(o.client_order_id, `${o.side} ${symbol(o.instrument)}`),
      rowClass: (o) => (o.state === "UNKNOWN" ? "unknown" : o.final ? "done" : ""),
      openLabel: (o) => `${o.side} ${symbol(o.instrument)} ${words(o.state)}: where it comes from`,
    },
  );
  const positionTable = new Table<Position>(
    "Positions",
    [
      { title: "Instrument", cell: (p) => symbol(p.instrument) },
      { title: "Strategy", cls: "wide", cell: (p) => p.strategy },
      { title: "Account", cls: "wider", cell: (p) => p.account },
      { title: "Net", num: true, cell: (p) => decimal(p.net) },
      {
        title: "Average price",
        num: true,
        cls: "wide",
        cell: (p) => decimal(p.average_price, digits(p.instrument), true),
      },
      {
        title: "Realised",
        num: true,
        cls: "wide",
        cell: (p) => ({ text: gain(p.realized_pnl, p.asset), cls: gainTone(p.realized_pnl, p.asset) }),
      },
      {
        title: "Open",
        num: true,
        tip: "at the mid",
        cell: (p) => ({ text: gain(p.unrealized_pnl, p.asset), cls: gainTone(p.unrealized_pnl, p.asset) }),
      },
      { title: "Fees", num: true, cls: "wide", cell: (p) => amount(p.fees, p.asset) },
      { title: "Asset", cls: "wide", tip: "of result and fees", cell: (p) => p.asset || "–" },
      {
        title: "Venue holds",
        num: true,
        cls: "truth wide",
        tip: "of the base asset, all strategies",
        cell: (p) => positionTruth(p).venue,
      },
      {
        title: "Truth",
        cls: "truth",
        tip: "how the venue's balance and our position moved since this page was opened",
        cell: (p) => {
          const t = positionTruth(p);
          return { text: t.verdict, cls: t.cls };
        },
      },
      {
        title: "As of",
        num: true,
        cls: "truth wide",
        cell: (p) => ({ text: age(live.now() - parse(p.updated)), cls: "muted" }),
      },
    ],
    (p) => `${p.account}|${p.strategy}|${p.instrument}`,
    empty(
      "Positions appear here after the first fill: what we hold beside what the venue says.",
      "Nothing is held now.",
    ),
    {
      rowClass: (p) => {
        const m = live.tables.markets.get(p.instrument);
        return m ? marketClass(m) : "stale";
      },
    },
  );
  const fillTable = new Table<Fill>(
    "Fills",
    [
      { title: "Time", num: true, cell: (f) => clock(parse(f.time)) },
      { title: "Instrument", cell: (f) => symbol(f.instrument) },
      { title: "Side", cell: (f) => side(f.side) },
      { title: "Quantity", num: true, cell: (f) => decimal(f.quantity, quantityDigits(f.instrument)) },
      { title: "Price", num: true, cell: (f) => decimal(f.price, digits(f.instrument)) },
      { title: "Fee", num: true, cls: "wide", cell: (f) => `${fee(f.fee)} ${f.fee_asset}` },
      { title: "Liquidity", cls: "wide", cell: (f) => f.liquidity },
      { title: "Strategy", cls: "wide", cell: (f) => f.strategy },
    ],
    (f) => f.id,
    empty("Fills appear here as the venue reports them.", "None yet."),
    { open: (f) => openTrail(f.client_order_id, `${f.side} ${symbol(f.instrument)}`), limit: 60 },
  );
  const balanceTable = new Table<Balance>(
    "Balances",
    [
      { title: "Asset", cell: (b) => b.asset },
      { title: "Venue", cls: "wide", cell: (b) => b.venue },
      { title: "Account", cls: "wide", cell: (b) => b.account },
      { title: "Free", num: true, cell: (b) => decimal(b.free) },
      { title: "Locked", num: true, cell: (b) => decimal(b.locked) },
    ],
    (b) => `${b.account}|${b.venue}|${b.asset}`,
    empty("What the venue says each account holds.", "It is asked at the start and after each fill."),
  );
  const denialTable = new Table<Denial>(
    "Refused by risk",
    [
      { title: "Time", num: true, cell: (d) => clock(parse(d.time)) },
      { title: "Instrument", cell: (d) => symbol(d.instrument) },
      { title: "Side", cell: (d) => side(d.side) },
      { title: "Quantity", num: true, cell: (d) => decimal(d.quantity) },
      { title: "Control", cell: (d) => ({ text: words(d.control), cls: "bad" }) },
      { title: "Detail", cls: "text", cell: (d) => d.detail },
      { title: "Strategy", cls: "wide", cell: (d) => d.strategy },
    ],
    (d) => d.id,
    empty(
      "Intents that a risk control refused appear here, with the limit and the value.",
      "None so far: every order was within its limits.",
    ),
    { open: (d) => openTrail(d.client_order_id, `Refused: ${words(d.control)}`), limit: 60 },
  );
  const element = h(
    "div",
    { class: "view" },
    panel(
      "Orders",
      h(
        "div",
        { class: "toolbar" },
        filter,
        h("label", { class: "check" }, closed, " closed ones too"),
        h("span", { class: "gap" }),
        may("trader", "risk")
          ? h("button", { type: "button", class: "danger-quiet", onclick: () => cancelAll("firm", "") }, "Cancel all")
          : null,
      ),
      orderTable.element,
    ),
    panel("Positions", positionTable.element),
    h(
      "div",
      { class: "grid" },
      panel("Fills", fillTable.element),
      panel("Balances at the venue", balanceTable.element),
    ),
    panel("Refused by risk", denialTable.element),
  );
  element.dataset["view"] = "orders";
  const update = (): void => {
    const text = filter.value.trim().toLowerCase();
    const rows = sorted().filter(
      (o) =>
        (closed.checked || !o.final) &&
        (!text ||
          [o.instrument, o.strategy, o.state, o.client_order_id, o.venue_order_id, o.side, orderTruth(o).verdict].some(
            (v) => v.toLowerCase().includes(text),
          )),
    );
    orderTable.update(rows);
    positionTable.update(
      [...live.tables.positions.values()].sort((a, b) =>
        a.instrument + a.strategy < b.instrument + b.strategy ? -1 : 1,
      ),
    );
    fillTable.update(newestFills());
    balanceTable.update([...live.tables.balances.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1)));
    denialTable.update(newestDenials());
  };
  filter.addEventListener("input", update);
  closed.addEventListener("change", update);
  return {
    element,
    update,
    go(id) {
      filter.value = id;
      update();
    },
  };
}
