import { empty, h, panel, setClass, setText } from "../dom";
import { may } from "../api";
import { Table } from "../table";
import { PriceChart } from "../price_chart";
import { age, clock, decimal, fee, parse, signed, symbol, tone, venue, words } from "../format";
import { live, type Fill, type Market, type Order, type Signal } from "../live";
import { lean, marketClass, mid, openOrders, orderPrice, quoteAge, STALE, newestFills, newestSignals } from "../derive";
import { truthColumns } from "../truth";
import { cancelOrder } from "../actions";
import { bookView } from "./book";
import { orderTicket } from "./ticket";
import { openTrail } from "./trail";
import type { View } from "../view";

const INTERVALS: [number, string][] = [
  [1, "1s"],
  [5, "5s"],
  [15, "15s"],
  [60, "1m"],
  [300, "5m"],
  [900, "15m"],
  [3600, "1h"],
];
const FIRST = "binance-spot:BTCUSDT"; // shown when nothing was asked for and it is there

function instrumentList(focus: () => string): Table<Market> {
  return new Table<Market>(
    "Instruments",
    [
      { title: "Instrument", cell: (m) => ({ text: symbol(m.instrument), tip: venue(m.instrument) }) },
      { title: "Last", num: true, cell: (m) => decimal(m.last_price, m.price_digits) },
      {
        title: "Spread",
        num: true,
        tip: "in basis points of the mid",
        cell: (m) => {
          const middle = mid(m);
          return middle ? `${(((Number(m.ask) - Number(m.bid)) / middle) * 10_000).toFixed(1)} bp` : "–";
        },
      },
      { title: "Model", num: true, tip: "probability of up less that of down", cell: lean },
      {
        title: "As of",
        num: true,
        cell: (m) =>
          m.book === "VALID"
            ? { text: age(quoteAge(m)), cls: "muted", tip: "age of the newest quote" }
            : { text: "INVALID", cls: "bad", tip: `the book is not proven continuous: ${words(m.fault)}` },
      },
    ],
    (m) => m.instrument,
    empty(
      "Instruments appear here with last price, spread, model and age.",
      "Without a venue of your own: ",
      "gannet run",
    ),
    {
      open: (m) => {
        location.hash = "#/market/" + encodeURIComponent(m.instrument);
      },
      rowClass: (m) => [marketClass(m), m.instrument === focus() ? "selected" : ""].join(" ").trim(),
      openLabel: (m) => `Chart of ${symbol(m.instrument)}`,
    },
  );
}

function newsList(): Table<Signal> {
  return new Table<Signal>(
    "News on this instrument",
    [
      { title: "Age", num: true, cell: (s) => ({ text: age(live.now() - parse(s.time)), cls: "muted" }) },
      { title: "Headline", cls: "text", cell: (s) => ({ text: s.title, tip: `${words(s.type)}, ${s.source}` }) },
      {
        title: "Sentiment",
        num: true,
        cell: (s) => ({ text: signed(s.sentiment.toFixed(2)), cls: tone(s.sentiment.toFixed(2), 0.1) }),
      },
    ],
    (s) => s.id,
    empty("Headlines on this instrument appear here and as dots in the chart.", "None is kept now."),
    { open: (s) => openTrail(s.id, s.title), openLabel: (s) => `What followed from: ${s.title}`, limit: 12 },
  );
}

const side = (o: { side: string }) => ({
  text: o.side === "buy" ? "▲ buy" : "▼ sell",
  cls: o.side === "buy" ? "up" : "down",
});

function ownOrders(current: () => Market | undefined): Table<Order> {
  const cancel = {
    title: "",
    make: (o: Order) =>
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
    mark: () => "",
  };
  return new Table<Order>(
    "Own orders in this instrument",
    [
      { title: "Side", cell: side },
      { title: "Price", num: true, cell: (o) => orderPrice(o, current()?.price_digits) },
      { title: "Quantity", num: true, cell: (o) => decimal(o.quantity, current()?.quantity_digits) },
      { title: "Filled", num: true, cls: "wide", cell: (o) => decimal(o.filled, current()?.quantity_digits) },
      { title: "Why", cls: "wide", cell: (o) => words(o.reason) },
      { title: "Strategy", cls: "wide", cell: (o) => o.strategy },
      ...truthColumns(),
      ...(may("trader") ? [cancel] : []),
    ],
    (o) => o.client_order_id,
    empty(
      "Your working orders in this instrument appear here and as lines in the chart.",
      "Strategies place them; by hand, with the ticket.",
    ),
    { open: (o) => openTrail(o.client_order_id, `${o.side} ${symbol(o.instrument)}`), limit: 50 },
  );
}

function ownFills(current: () => Market | undefined): Table<Fill> {
  return new Table<Fill>(
    "Own fills in this instrument",
    [
      { title: "Time", num: true, cell: (f) => clock(parse(f.time)) },
      { title: "Side", cell: side },
      { title: "Price", num: true, cell: (f) => decimal(f.price, current()?.price_digits) },
      { title: "Quantity", num: true, cell: (f) => decimal(f.quantity, current()?.quantity_digits) },
      { title: "Fee", num: true, cls: "wide", cell: (f) => `${fee(f.fee)} ${f.fee_asset}` },
      { title: "Liquidity", cls: "wide", cell: (f) => f.liquidity },
      { title: "Strategy", cls: "wide", cell: (f) => f.strategy },
    ],
    (f) => f.id,
    empty("Fills in this instrument appear here and as arrows in the chart.", "None is kept now."),
    { open: (f) => openTrail(f.client_order_id, `${f.side} ${symbol(f.instrument)}`), limit: 8 },
  );
}

export function market(rest: string): View {
  let focus = rest;
  const current = (): Market | undefined => live.tables.markets.get(focus);
  const stored = Number(localStorage.getItem("gannet.interval") ?? "0");
  const chosen = INTERVALS.some(([s]) => s === stored) ? stored : null;
  const studies = {
    ema: localStorage.getItem("gannet.ema") !== "off",
    vwap: localStorage.getItem("gannet.vwap") === "on",
    news: true,
    own: true,
  };

  const press = (seconds: number): void =>
    intervals.forEach((b, i) => b.setAttribute("aria-pressed", String(INTERVALS[i]![0] === seconds)));
  const chart = new PriceChart(chosen, studies, press);
  const intervals = INTERVALS.map(([seconds, name]) => {
    const choose = (): void => {
      localStorage.setItem("gannet.interval", String(seconds));
      press(seconds);
      chart.choose(seconds);
    };
    return h("button", { type: "button", class: "seg", onclick: choose }, name);
  });
  press(chart.interval);
  const toggle = (name: keyof typeof studies, text: string): HTMLElement => {
    const button = h("button", { type: "button", class: "seg", "aria-pressed": String(studies[name]) }, text);
    button.addEventListener("click", () => {
      studies[name] = !studies[name];
      button.setAttribute("aria-pressed", String(studies[name]));
      if (name === "ema" || name === "vwap") localStorage.setItem("gannet." + name, studies[name] ? "on" : "off");
      chart.redraw();
    });
    return button;
  };

  const title = h("h2", { class: "instrument" });
  const quote = h("div", { class: "quote num" });
  const badge = h("span", { class: "chip", id: "book-state" });
  const list = instrumentList(() => focus);
  const news = newsList();
  const book = bookView(current);
  const orders = ownOrders(current);
  const fills = ownFills(current);
  const ticket = orderTicket();
  const element = h(
    "div",
    { class: "view market" },
    h(
      "div",
      { class: "list-column" },
      panel("Instruments", list.element),
      panel("News on this instrument", news.element),
    ),
    h(
      "section",
      { class: "panel chart-panel", "aria-label": "Chart" },
      h("div", { class: "chart-head" }, title, quote, badge),
      h(
        "div",
        { class: "toolbar" },
        h("div", { class: "segments", role: "group", "aria-label": "Interval" }, intervals),
        h(
          "div",
          { class: "segments", role: "group", "aria-label": "Shown" },
          toggle("ema", "EMA 20·50"),
          toggle("vwap", "VWAP"),
          toggle("news", "News"),
          toggle("own", "Own"),
        ),
      ),
      chart.element,
    ),
    h("div", { class: "side-column" }, book.elements),
    h(
      "div",
      { class: "below" },
      h(
        "div",
        { class: "stack" },
        panel("Own orders in this instrument", orders.element),
        panel("Own fills in this instrument", fills.element),
      ),
      ticket.element,
    ),
  );
  element.dataset["view"] = "market";

  let top: [string, string] | null = null; // of the book that is shown
  const stopChart = live.onChart((message) => {
    if (message.instrument !== focus) return;
    top = message.bids[0] && message.asks[0] ? [message.bids[0][0], message.asks[0][0]] : null;
    chart.take(message);
    book.take(message);
  });
  const setFocus = (instrument: string): void => {
    focus = instrument;
    top = null;
    book.clear();
    live.setFocus(focus);
    ticket.setInstrument(focus);
    chart.show(focus);
  };
  const describe = (m: Market): void => {
    const state = marketClass(m);
    const [bid, ask] = state === "" && top ? top : [m.bid, m.ask];
    setText(quote, `${decimal(bid, m.price_digits)} / ${decimal(ask, m.price_digits)} ${m.quote ?? ""}`);
    setClass(quote, "quote num " + state);
    setText(
      badge,
      m.book !== "VALID"
        ? `✕ book INVALID: ${words(m.fault)}`
        : state === "stale"
          ? `◷ STALE · ${age(quoteAge(m))} (limit ${STALE / 1000} s)`
          : `✓ book VALID · ${age(quoteAge(m))}`,
    );
    setClass(badge, "chip " + (state === "" ? "ok" : state === "invalid" ? "bad invalid" : "warn"));
    book.mark(state);
  };
  if (focus) setFocus(focus);
  return {
    element,
    go(instrument) {
      if (instrument && instrument !== focus) setFocus(instrument);
      this.update(false);
    },
    update(all) {
      if (!focus) {
        const first = live.tables.markets.get(FIRST) ?? [...live.tables.markets.values()][0];
        if (first) setFocus(first.instrument);
      }
      list.update([...live.tables.markets.values()].sort((a, b) => (a.instrument < b.instrument ? -1 : 1)));
      setText(title, focus ? symbol(focus) : "Market");
      const m = current();
      if (m) describe(m);
      news.update(newestSignals().filter((s) => s.instruments.includes(focus)));
      orders.update(openOrders().filter((o) => o.instrument === focus));
      fills.update(newestFills().filter((f) => f.instrument === focus));
      ticket.update();
      if (all) chart.redraw();
      else chart.update();
    },
    close() {
      stopChart();
      live.setFocus("");
      chart.close();
    },
  };
}
