import {
  createChart,
  ColorType,
  CrosshairMode,
  LineStyle,
  type CandlestickData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { empty, h, panel, setClass, setText } from "../dom";
import { get } from "../api";
import { Table } from "../table";
import { colour } from "../charts";
import { age, clock, decimal, isLocal, parse, percent, signed, symbol, venue, words } from "../format";
import { live, type Chart, type Market, type Order } from "../live";
import { marketClass, mid, openOrders, quoteAge, STALE } from "../derive";
import { truthColumns } from "../truth";
import { cancelOrder } from "../actions";
import { orderTicket } from "./ticket";
import { may } from "../api";
import type { View } from "../view";

type Bar = [number, string, string, string, string, string];
interface OwnBar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}
const INTERVALS: [number, string][] = [
  [1, "1s"],
  [5, "5s"],
  [15, "15s"],
  [60, "1m"],
  [300, "5m"],
  [900, "15m"],
  [3600, "1h"],
];

export function market(rest: string): View {
  let focus = rest;
  let interval = Number(localStorage.getItem("gannet.interval") ?? "5");
  if (!INTERVALS.some(([s]) => s === interval)) interval = 5;
  const studies = {
    ema: localStorage.getItem("gannet.ema") !== "off",
    vwap: localStorage.getItem("gannet.vwap") === "on",
    news: true,
    own: true,
  };

  const list = new Table<Market>(
    "Instruments",
    [
      { title: "Instrument", cell: (m) => ({ text: symbol(m.instrument), tip: venue(m.instrument) }) },
      { title: "Last", num: true, cell: (m) => decimal(m.last_price, m.price_digits) },
      {
        title: "Spread",
        num: true,
        tip: "in basis points of the mid",
        cls: "wide",
        cell: (m) => {
          const x = mid(m);
          return x && m.ask && m.bid ? `${(((Number(m.ask) - Number(m.bid)) / x) * 10_000).toFixed(1)} bp` : "–";
        },
      },
      {
        title: "Model",
        num: true,
        tip: "probability of up less that of down",
        cell: (m) => {
          const p = m.prediction;
          if (!p) return "–";
          const s = p.up - p.down;
          return {
            text: signed(s.toFixed(2)),
            cls: s > 0.1 ? "up" : s < -0.1 ? "down" : "muted",
            tip: `${p.model} over ${p.horizon}: up ${percent(p.up)}, flat ${percent(p.flat)}, down ${percent(p.down)}; drift ${p.drift}`,
          };
        },
      },
      {
        title: "As of",
        num: true,
        cell: (m) => ({
          text: m.book !== "VALID" ? "INVALID" : age(quoteAge(m)),
          cls: "muted",
          tip: m.book !== "VALID" ? `the book is not proven continuous: ${m.fault}` : "age of the newest quote",
        }),
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
      rowClass: (m) => [marketClass(m), m.instrument === focus ? "selected" : ""].join(" ").trim(),
      openLabel: (m) => `Chart of ${symbol(m.instrument)}`,
    },
  );

  const title = h("h2", { class: "instrument" }),
    quote = h("div", { class: "quote num" }),
    bookBadge = h("span", { class: "chip" });
  const host = h("div", { class: "candles", role: "img", "aria-label": "Candles and volume" });
  const note = h("p", { class: "chart-note muted", hidden: true });
  const intervalButtons = INTERVALS.map(([s, name]) =>
    h(
      "button",
      {
        type: "button",
        class: "seg",
        "aria-pressed": s === interval ? "true" : "false",
        onclick: () => setInterval_(s),
      },
      name,
    ),
  );
  const toggle = (name: "ema" | "vwap" | "news" | "own", text: string): HTMLElement => {
    const b = h("button", { type: "button", class: "seg", "aria-pressed": String(studies[name]) }, text);
    b.addEventListener("click", () => {
      studies[name] = !studies[name];
      b.setAttribute("aria-pressed", String(studies[name]));
      if (name === "ema" || name === "vwap") localStorage.setItem("gannet." + name, studies[name] ? "on" : "off");
      redraw();
    });
    return b;
  };
  const book = h("div", { class: "book" });
  const bookLines: { row: HTMLElement; price: HTMLElement; quantity: HTMLElement; depth: HTMLElement }[] = [];
  const spread = h("div", { class: "spread num muted" });
  const DEPTH = 8;
  for (let i = 0; i < DEPTH * 2; i += 1) {
    const price = h("span", { class: "num " + (i < DEPTH ? "down" : "up") }),
      quantity = h("span", { class: "num" }),
      depth = h("div", { class: "depth " + (i < DEPTH ? "ask" : "bid") });
    const row = h("div", { class: "level" }, depth, price, quantity);
    bookLines.push({ row, price, quantity, depth });
    if (i === DEPTH) book.append(spread);
    book.append(row);
  }
  const tape = new Table<[number, number, string, string, string]>(
    "Trades",
    [
      { title: "Time", num: true, cell: (t) => clock(t[1]) },
      {
        title: "Price",
        num: true,
        cell: (t) => ({
          text: (t[4] === "buy" ? "▲ " : "▼ ") + decimal(t[2], current()?.price_digits),
          cls: t[4] === "buy" ? "up" : "down",
          tip: `taker ${t[4] === "buy" ? "bought" : "sold"}`,
        }),
      },
      { title: "Quantity", num: true, cell: (t) => decimal(t[3], current()?.quantity_digits) },
    ],
    (t) => String(t[0]),
    empty("Trades of the market appear here.", "Choose an instrument."),
    { limit: 40 },
  );
  const own = new Table<Order>(
    "Own orders here",
    [
      {
        title: "Side",
        cell: (o) => ({ text: o.side === "buy" ? "▲ buy" : "▼ sell", cls: o.side === "buy" ? "up" : "down" }),
      },
      { title: "Price", num: true, cell: (o) => (o.price ? decimal(o.price, current()?.price_digits) : "market") },
      { title: "Quantity", num: true, cell: (o) => decimal(o.quantity, current()?.quantity_digits) },
      { title: "Filled", num: true, cell: (o) => decimal(o.filled, current()?.quantity_digits) },
      { title: "Why", cls: "wide", cell: (o) => o.reason },
      { title: "Strategy", cls: "wide", cell: (o) => o.strategy },
      ...truthColumns(),
      ...(may("trader")
        ? [
            {
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
            },
          ]
        : []),
    ],
    (o) => o.client_order_id,
    empty(
      "Your working orders in this instrument appear here and as lines in the chart.",
      "Strategies place them; by hand in the ticket.",
    ),
    { limit: 50 },
  );
  const ticket = orderTicket();

  const element = h(
    "div",
    { class: "view market" },
    panel("Instruments", list.element),
    h(
      "section",
      { class: "panel chart-panel", "aria-label": "Chart" },
      h("div", { class: "chart-head" }, title, quote, bookBadge, h("span", { class: "gap" })),
      h(
        "div",
        { class: "toolbar" },
        h("div", { class: "segments", role: "group", "aria-label": "Interval" }, intervalButtons),
        h(
          "div",
          { class: "segments", role: "group", "aria-label": "Shown" },
          toggle("ema", "EMA 20·50"),
          toggle("vwap", "VWAP"),
          toggle("news", "News"),
          toggle("own", "Own"),
        ),
      ),
      host,
      note,
    ),
    h("div", { class: "side-column" }, panel("Book", book), panel("Trades", tape.element)),
    h("div", { class: "below" }, panel("Own orders in this instrument", own.element), ticket.element),
  );
  element.dataset["view"] = "market";

  const current = (): Market | undefined => live.tables.markets.get(focus);
  let chart: IChartApi | null = null;
  let candles: ISeriesApi<"Candlestick">,
    volume: ISeriesApi<"Histogram">,
    fast: ISeriesApi<"Line">,
    slow: ISeriesApi<"Line">,
    vwap: ISeriesApi<"Line">;
  let bars: OwnBar[] = [],
    trades: Chart["trades"] = [],
    lines: IPriceLine[] = [],
    linesMark = "",
    markersMark = "",
    lastChart: Chart | null = null,
    loading = 0;

  const make = (): void => {
    chart?.remove();
    chart = createChart(host, {
      autoSize: true,
      layout: {
        background: { type: ColorType.Solid, color: colour("panel") },
        textColor: colour("muted"),
        fontSize: 11,
        fontFamily: "system-ui, sans-serif",
        attributionLogo: false,
      },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderColor: colour("line"), scaleMargins: { top: 0.08, bottom: 0.24 } },
      timeScale: {
        borderColor: colour("line"),
        timeVisible: true,
        secondsVisible: interval < 60,
        rightOffset: 4,
        tickMarkFormatter: (t: Time) => clock(Number(t) * 1000).slice(0, interval < 60 ? 8 : 5),
      },
      localization: {
        timeFormatter: (t: Time) => clock(Number(t) * 1000) + (isLocal() ? "" : " UTC"),
        priceFormatter: (p: number) => decimal(p.toFixed(current()?.price_digits ?? 2)),
      },
    });
    const tick = Number(current()?.tick ?? "0.01") || 0.01;
    candles = chart.addCandlestickSeries({
      upColor: colour("up"),
      downColor: colour("down"),
      borderVisible: false,
      wickUpColor: colour("up"),
      wickDownColor: colour("down"),
      priceFormat: { type: "price", precision: current()?.price_digits ?? 2, minMove: tick },
    });
    volume = chart.addHistogramSeries({
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    const line = (c: string): ISeriesApi<"Line"> =>
      chart!.addLineSeries({
        color: colour(c),
        lineWidth: 1,
        lastValueVisible: false,
        priceLineVisible: false,
        crosshairMarkerVisible: false,
      });
    fast = line("accent");
    slow = line("blue");
    vwap = line("violet");
    lines = [];
    linesMark = "";
    markersMark = "";
  };
  const candleOf = (b: OwnBar): CandlestickData => ({
    time: b.time as UTCTimestamp,
    open: b.open,
    high: b.high,
    low: b.low,
    close: b.close,
  });
  const volumeOf = (b: OwnBar) => ({
    time: b.time as UTCTimestamp,
    value: b.volume,
    color: b.close >= b.open ? colour("up-soft") : colour("down-soft"),
  });
  const average = (n: number): { time: UTCTimestamp; value: number }[] => {
    let e = NaN;
    const k = 2 / (n + 1);
    return bars
      .map((b, i) => {
        e = i === 0 ? b.close : b.close * k + e * (1 - k);
        return { time: b.time as UTCTimestamp, value: e };
      })
      .slice(Math.min(n, bars.length));
  };
  const weighted = (): { time: UTCTimestamp; value: number }[] => {
    let v = 0,
      pv = 0;
    return bars.map((b) => {
      v += b.volume;
      pv += b.volume * ((b.high + b.low + b.close) / 3);
      return { time: b.time as UTCTimestamp, value: v ? pv / v : b.close };
    });
  };
  const redraw = (): void => {
    if (!chart) return;
    candles.setData(bars.map(candleOf));
    volume.setData(bars.map(volumeOf));
    drawStudies();
    markersMark = "";
    linesMark = "";
    marks();
  };
  const drawStudies = (): void => {
    fast.setData(studies.ema ? average(20) : []);
    slow.setData(studies.ema ? average(50) : []);
    vwap.setData(studies.vwap ? weighted() : []);
  };
  // Own fills and news on the bars, own working orders as lines.
  const marks = (): void => {
    if (!chart || !bars.length) return;
    const from = bars[0]!.time;
    const slot = (ms: number): UTCTimestamp => {
      const s = Math.floor(ms / 1000);
      return (s - (s % interval)) as UTCTimestamp;
    };
    const marked: SeriesMarker<Time>[] = [];
    if (studies.own)
      for (const f of live.tables.fills.values())
        if (f.instrument === focus && slot(parse(f.time)) >= from)
          marked.push({
            time: slot(parse(f.time)),
            position: f.side === "buy" ? "belowBar" : "aboveBar",
            shape: f.side === "buy" ? "arrowUp" : "arrowDown",
            color: f.side === "buy" ? colour("up") : colour("down"),
            size: 1,
          });
    if (studies.news)
      for (const s of live.tables.signals.values())
        if (s.instruments.includes(focus) && slot(parse(s.time)) >= from)
          marked.push({
            time: slot(parse(s.time)),
            position: "aboveBar",
            shape: "circle",
            color: colour("accent"),
            text: words(s.type),
            size: 1,
          });
    marked.sort((a, b) => Number(a.time) - Number(b.time));
    const mark = marked.map((m) => `${String(m.time)}${m.shape}`).join();
    if (mark !== markersMark) {
      markersMark = mark;
      candles.setMarkers(marked);
    }
    const working = studies.own ? openOrders().filter((o) => o.instrument === focus && o.price) : [];
    const linesNow = working.map((o) => o.client_order_id + o.price).join();
    if (linesNow === linesMark) return;
    linesMark = linesNow;
    for (const line of lines) candles.removePriceLine(line);
    lines = working
      .slice(0, 20)
      .map((o) =>
        candles.createPriceLine({
          price: Number(o.price),
          color: o.side === "buy" ? colour("up") : colour("down"),
          lineWidth: 1,
          lineStyle: LineStyle.Dashed,
          axisLabelVisible: false,
          title: `${o.side} ${decimal(o.quantity)}`,
        }),
      );
  };
  const toBar = (b: Bar): OwnBar => ({
    time: b[0],
    open: Number(b[1]),
    high: Number(b[2]),
    low: Number(b[3]),
    close: Number(b[4]),
    volume: Number(b[5]),
  });
  const load = (): void => {
    const asked = ++loading;
    const of = focus;
    if (!of) return;
    get<{ bars: Bar[] }>(`/api/v1/candles?instrument=${encodeURIComponent(of)}&interval=${interval}`)
      .then((answer) => {
        if (asked !== loading || of !== focus) return;
        bars = answer.bars.map(toBar);
        seconds.clear();
        base = bars.length ? bars[bars.length - 1]! : null;
        baseTime = base ? base.time : 0;
        note.hidden = bars.length > 0;
        setText(note, "No trade has been seen in this instrument yet; candles are made from trades as they come.");
        make();
        redraw();
        chart!.timeScale().applyOptions({ barSpacing: 7 });
      })
      .catch((problem: unknown) => {
        note.hidden = false;
        setText(note, problem instanceof Error ? problem.message : String(problem));
      });
  };
  // Bars of a second come live; the candle they belong to is made of them.
  const seconds = new Map<number, OwnBar>();
  let base: OwnBar | null = null,
    baseTime = 0;
  const grow = (sent: Bar[]): void => {
    if (!chart || !sent.length) return;
    let fresh = false;
    for (const b of sent) {
      const one = toBar(b);
      const time = one.time - (one.time % interval);
      const last = bars[bars.length - 1];
      if (last && time < last.time) continue;
      const before = seconds.get(one.time);
      seconds.set(one.time, one);
      if (!last || time > last.time) {
        bars.push({ ...one, time });
        fresh = true;
        if (bars.length > 1_200) bars.shift();
        continue;
      }
      if (time === baseTime && !before && base && interval > 1) {
        // part of the candle that was loaded: it may hold this second already
        last.high = Math.max(last.high, one.high);
        last.low = Math.min(last.low, one.low);
        last.close = one.close;
        continue;
      }
      last.high = Math.max(last.high, one.high);
      last.low = Math.min(last.low, one.low);
      last.close = one.close;
      last.volume += one.volume - (before?.volume ?? 0);
    }
    for (const key of seconds.keys())
      if (seconds.size > 4_000) seconds.delete(key);
      else break;
    const last = bars[bars.length - 1]!;
    candles.update(candleOf(last));
    volume.update(volumeOf(last));
    if (fresh) drawStudies();
    marks();
  };
  const drawBook = (c: Chart): void => {
    const asks = c.asks.slice(0, DEPTH),
      bids = c.bids.slice(0, DEPTH);
    const most = Math.max(1e-12, ...asks.map((l) => Number(l[1])), ...bids.map((l) => Number(l[1])));
    const m = current();
    bookLines.forEach((line, i) => {
      const level = i < DEPTH ? asks[DEPTH - 1 - i] : bids[i - DEPTH];
      setText(line.price, level ? decimal(level[0], m?.price_digits) : "");
      setText(line.quantity, level ? decimal(level[1], m?.quantity_digits) : "");
      line.depth.style.width = level ? `${(Number(level[1]) / most) * 100}%` : "0";
    });
    const ask = asks[0],
      bid = bids[0];
    setText(
      spread,
      ask && bid
        ? `spread ${decimal((Number(ask[0]) - Number(bid[0])).toFixed(m?.price_digits ?? 2))} · ${(((Number(ask[0]) - Number(bid[0])) / Number(bid[0])) * 10_000).toFixed(1)} bp`
        : "one side is empty",
    );
  };
  const stopChart = live.onChart((c) => {
    if (c.instrument !== focus) return;
    lastChart = c;
    trades = (c.fresh ? c.trades : [...c.trades, ...trades]).slice(0, 40);
    if (!c.fresh) grow(c.bars);
    drawBook(c);
    tape.update(trades);
  });
  const setFocus = (instrument: string): void => {
    focus = instrument;
    bars = [];
    trades = [];
    lastChart = null;
    tape.update([]);
    live.setFocus(focus);
    ticket.setInstrument(focus);
    load();
  };
  function setInterval_(s: number): void {
    interval = s;
    localStorage.setItem("gannet.interval", String(s));
    intervalButtons.forEach((b, i) => b.setAttribute("aria-pressed", String(INTERVALS[i]![0] === s)));
    load();
  }
  if (focus) setFocus(focus);
  return {
    element,
    go(instrument) {
      if (instrument && instrument !== focus) setFocus(instrument);
      this.update(false);
    },
    update(all) {
      if (!focus) {
        const first = live.tables.markets.get("binance-spot:BTCUSDT") ?? [...live.tables.markets.values()][0];
        if (first) setFocus(first.instrument);
      }
      list.update([...live.tables.markets.values()].sort((a, b) => (a.instrument < b.instrument ? -1 : 1)));
      const m = current();
      setText(title, focus ? symbol(focus) : "Market");
      if (m) {
        setText(quote, `${decimal(m.bid, m.price_digits)} / ${decimal(m.ask, m.price_digits)} ${m.quote ?? ""}`);
        const c = marketClass(m);
        setText(
          bookBadge,
          c === ""
            ? `✓ book VALID · ${age(quoteAge(m))}`
            : c === "invalid"
              ? `✕ book INVALID: ${m.fault}`
              : `stale · ${age(quoteAge(m))} (limit ${STALE / 1000} s)`,
        );
        setClass(bookBadge, "chip " + (c === "" ? "ok" : c === "invalid" ? "bad invalid" : "warn"));
        setClass(book, "book " + c);
        setClass(quote, "quote num " + c);
      }
      own.update(openOrders().filter((o) => o.instrument === focus));
      ticket.update();
      if (all && chart) {
        make();
        redraw();
        if (lastChart) drawBook(lastChart);
      } else marks();
    },
    close() {
      stopChart();
      live.setFocus("");
      chart?.remove();
      chart = null;
    },
  };
}
