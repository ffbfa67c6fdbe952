import { empty, h, panel, replace, setClass, setText } from "../dom";
import { get } from "../api";
import { Table } from "../table";
import { LineChart } from "../charts";
import { age, amount, clock, count, decimal, gain, gainTone, parse, plural, signed, symbol, tone, words } from "../format";
import { live, type Feed, type Fill, type Profit, type Signal } from "../live";
import {
  alerts,
  digits,
  feedOk,
  marketClass,
  openOrders,
  quantityDigits,
  STALE,
  unknownOrders,
  tally,
  newestFills,
  newestSignals,
} from "../derive";
import { limitTable, pollLimits, usedLimits } from "./limits";
import { openTrail } from "./trail";
import type { View } from "../view";

const plain = (text: string, asset: string): string => gain(text, asset).replace(/^[▲▼ ]+/, "");
interface Point {
  t: number;
  asset: string;
  total: string;
}

function tile(title: string): { element: HTMLElement; value: HTMLElement; note: HTMLElement } {
  const value = h("div", { class: "tile-value num" }),
    note = h("div", { class: "tile-note muted" });
  return { element: h("div", { class: "tile" }, h("h3", null, title), value, note), value, note };
}

export function overview(): View {
  const result = tile("Result"),
    position = tile("Realised · open"),
    unknown = tile("Orders of unknown fate"),
    flow = tile("Orders"),
    news = tile("Headlines · predictions"),
    feeds = tile("Feeds and books");
  const chartHost = h("div", { class: "chart" });
  const chartEmpty = empty(
    "The result over time appears here as soon as the first fill is booked.",
    "Strategies warm up about 30 s after ",
    "gannet run",
  );
  const chart = new LineChart(chartHost, "");
  const alarmList = h("ul", { class: "alerts" });
  const limitRows = limitTable("Exposure against limits");
  const limits = pollLimits();
  const feedTable = new Table<Feed>(
    "Feeds",
    [
      { title: "Feed", cell: (f) => f.feed },
      {
        title: "Truth",
        cell: (f) => ({ text: feedOk(f) ? "✓ connected" : "✕ " + f.state, cls: feedOk(f) ? "" : "bad", tip: f.detail }),
      },
      { title: "For", num: true, cell: (f) => age(live.now() - parse(f.since)) },
      {
        title: "Newest data",
        num: true,
        cell: (f) => {
          let at = NaN;
          for (const m of live.tables.markets.values())
            if (m.instrument.startsWith(f.feed + ":") && m.as_of)
              at = Number.isNaN(at) ? parse(m.as_of) : Math.max(at, parse(m.as_of));
          if (f.feed.startsWith("rss"))
            for (const s of live.tables.signals.values())
              at = Number.isNaN(at) ? parse(s.time) : Math.max(at, parse(s.time));
          if (Number.isNaN(at)) return { text: "–", cls: "muted" };
          const silent = live.now() - at;
          const late = !f.feed.startsWith("rss") && silent > STALE;
          return { text: (late ? "◷ " : "") + age(silent), cls: late ? "warn" : "muted" };
        },
      },
    ],
    (f) => f.feed,
    empty(
      "Market data and news sources appear here with their state and age.",
      "They are named under ingest in the configuration; without any: ",
      "gannet run",
    ),
  );
  const signalTable = new Table<Signal>(
    "Newest headlines",
    [
      { title: "Age", num: true, cell: (s) => ({ text: age(live.now() - parse(s.time)), cls: "muted" }) },
      { title: "Type", cell: (s) => words(s.type) },
      { title: "Headline", cls: "text", cell: (s) => ({ text: s.title, tip: s.source }) },
      {
        title: "Sentiment",
        num: true,
        cell: (s) => ({ text: signed(s.sentiment.toFixed(2)), cls: tone(s.sentiment.toFixed(2), 0.1) }),
      },
    ],
    (s) => s.id,
    empty(
      "Headlines that were read and classified appear here.",
      "The simulator prints a newspaper; other sources go under ingest: feeds.",
    ),
    { open: (s) => openTrail(s.id, s.title), limit: 7 },
  );
  const fillTable = new Table<Fill>(
    "Newest fills",
    [
      { title: "Time", num: true, cell: (f) => clock(parse(f.time)) },
      { title: "Instrument", cell: (f) => symbol(f.instrument) },
      {
        title: "Side",
        cell: (f) => ({ text: f.side === "buy" ? "▲ buy" : "▼ sell", cls: f.side === "buy" ? "up" : "down" }),
      },
      { title: "Quantity", num: true, cell: (f) => decimal(f.quantity, quantityDigits(f.instrument)) },
      { title: "Price", num: true, cell: (f) => decimal(f.price, digits(f.instrument)) },
      { title: "Strategy", cls: "wide", cell: (f) => f.strategy },
    ],
    (f) => f.id,
    empty(
      "Fills appear here, newest first.",
      "Strategies warm up for about 30 s. Livelier: ",
      "gannet run --market-speed 5",
    ),
    { open: (f) => openTrail(f.client_order_id, `${f.side} ${symbol(f.instrument)}`), limit: 8 },
  );
  const element = h(
    "div",
    { class: "view overview" },
    h(
      "div",
      { class: "tiles" },
      result.element,
      position.element,
      flow.element,
      unknown.element,
      news.element,
      feeds.element,
    ),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        { class: "stack" },
        panel("Result over time", chartHost, chartEmpty),
        panel("Newest fills", fillTable.element),
        panel("Feed health", feedTable.element),
      ),
      h(
        "div",
        { class: "stack" },
        panel("Alerts", alarmList),
        panel("Exposure against limits", limits.note, limitRows.element),
        panel("Newest headlines", signalTable.element),
      ),
    ),
  );
  element.dataset["view"] = "overview";

  let points: [number, number][] = [],
    asset = "",
    loaded = 0,
    alarmsNow = "",
    lastPoint = 0;
  const load = (): void => {
    get<Point[]>("/api/v1/profit")
      .then((rows) => {
        asset = rows.length ? rows[rows.length - 1]!.asset : "";
        points = rows.filter((r) => r.asset === asset).map((r) => [r.t / 1000, Number(r.total)]);
        lastPoint = points.length ? points[points.length - 1]![0] : 0;
      })
      .catch(() => undefined);
  };
  load();
  return {
    element,
    update(all) {
      const profits: Profit[] = live.profit;
      const main = profits.find((p) => p.asset === asset) ?? profits[0];
      setText(result.value, main ? `${gain(main.total, main.asset)} ${main.asset}` : "–");
      const doubtful = [...live.tables.positions.values()].filter((p) => {
        const m = live.tables.markets.get(p.instrument);
        return Number(p.net) !== 0 && (!m || marketClass(m) !== "");
      }).length;
      setClass(result.value, "tile-value num " + gainTone(main?.total, main?.asset ?? ""));
      setClass(position.value, "tile-value pair num" + (doubtful ? " invalid" : ""));
      setText(
        result.note,
        main
          ? `fees ${amount(main.fees, main.asset)} ${main.asset}${profits.length > 1 ? `, and ${profits.length - 1} more assets` : ""}`
          : "no fill yet",
      );
      setText(position.value, main ? `${plain(main.realized, main.asset)} · ${plain(main.unrealized, main.asset)}` : "–");
      setText(
        position.note,
        main?.positions_without_price
          ? `${plural(main.positions_without_price, "position")} without a price left out`
          : doubtful
            ? `${plural(doubtful, "position")} at prices that are not fresh`
            : "open ones at the mid",
      );
      const lost = unknownOrders();
      setText(unknown.value, String(lost.length));
      setClass(unknown.value, "tile-value num " + (lost.length ? "bad" : ""));
      setText(
        unknown.note,
        lost.length
          ? `oldest ${age(live.now() - parse(lost[lost.length - 1]!.updated))}`
          : "every order's fate is known",
      );
      const open = openOrders().length;
      setText(flow.value, `${open} open`);
      setText(
        flow.note,
        `${count(tally("orders"))} sent, ${count(tally("fills"))} fills, ${count(tally("denied"))} refused by risk`,
      );
      setText(news.value, `${count(tally("signals"))} · ${count(tally("predictions"))}`);
      setText(news.note, "since this start");
      const markets = [...live.tables.markets.values()];
      const fine = markets.filter((m) => marketClass(m) === "").length;
      setText(feeds.value, `${fine} of ${markets.length}`);
      setClass(feeds.value, "tile-value num " + (fine < markets.length ? "warn" : ""));
      setText(feeds.note, "books valid and fresh");
      asset ||= main?.asset ?? ""; // one line, one asset
      if (main && main.asset === asset && live.status === "live") {
        const now = Math.floor(live.now() / 1000);
        if (now > lastPoint) {
          lastPoint = now;
          points.push([now, Number(main.total)]);
          if (points.length > 3_600) points.shift();
          loaded = 0;
        }
      }
      chartEmpty.hidden = points.length > 1;
      chartHost.hidden = points.length <= 1;
      if (points.length > 1 && (all || loaded !== points.length)) {
        loaded = points.length;
        chart.set(
          points.map((p) => p[0]),
          points.map((p) => p[1]),
        );
      }
      const list = alerts();
      const said = JSON.stringify(list);
      if (said !== alarmsNow) {
        alarmsNow = said;
        replace(
          alarmList,
          list
            .slice(0, 12)
            .map((a) =>
              h("li", { class: a.level }, h("a", { href: a.href }, (a.level === "bad" ? "✕ " : "! ") + a.text)),
            ),
          list.length === 0 ? h("li", { class: "fine" }, "✓ Nothing needs attention.") : null,
        );
      }
      limits.update();
      limitRows.update(usedLimits(limits.rows()).filter((l) => l.scope === "firm" || l.scope === "account"));
      feedTable.update([...live.tables.feeds.values()].sort((a, b) => (a.feed < b.feed ? -1 : 1)));
      signalTable.update(newestSignals().slice(0, 7));
      fillTable.update(newestFills().slice(0, 8));
    },
    close() {
      limits.close();
    },
  };
}
