// Candles and volume of one instrument with averages, own fills, working orders and
// news. Bars of a second come live; the candle they belong to is made of them.
import {
  createChart,
  ColorType,
  CrosshairMode,
  LineStyle,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type LineData,
  type MouseEventParams,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { h, setText } from "./dom";
import { get } from "./api";
import { colour } from "./charts";
import { clock, decimal, isLocal, parse, signed, words } from "./format";
import { live, type Chart, type Fill, type Market, type Signal } from "./live";
import { openOrders } from "./derive";

type SentBar = [number, string, string, string, string, string];
interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}
export interface Studies {
  ema: boolean;
  vwap: boolean;
  news: boolean;
  own: boolean;
}
interface Slot {
  buys: Fill[];
  sells: Fill[];
  news: Signal[];
}

const KEPT_BARS = 1_200;
const KEPT_SECONDS = 4_000;
const FEW_BARS = 24; // fewer than these in five seconds: begin with one second
const RETRY = 2_000; // ms
const LABEL_GAP = 14; // candles between two labels that do not overlap

const toBar = (b: SentBar): Bar => ({
  time: b[0],
  open: Number(b[1]),
  high: Number(b[2]),
  low: Number(b[3]),
  close: Number(b[4]),
  volume: Number(b[5]),
});
const at = (bar: Bar): UTCTimestamp => bar.time as UTCTimestamp;

function average(bars: Bar[], length: number): LineData[] {
  const weight = 2 / (length + 1);
  let value = NaN;
  const line = bars.map((bar, i) => {
    value = i === 0 ? bar.close : bar.close * weight + value * (1 - weight);
    return { time: at(bar), value };
  });
  return line.slice(Math.min(length, bars.length));
}
function weighted(bars: Bar[]): LineData[] {
  let volume = 0;
  let value = 0;
  return bars.map((bar) => {
    volume += bar.volume;
    value += bar.volume * ((bar.high + bar.low + bar.close) / 3);
    return { time: at(bar), value: volume ? value / volume : bar.close };
  });
}

export class PriceChart {
  readonly element: HTMLElement;
  interval: number;
  private instrument = "";
  private bars: Bar[] = [];
  private slots = new Map<number, Slot>();
  private seconds = new Map<number, Bar>();
  private base: Bar | null = null; // the candle that was under way when the history was loaded
  private asked = 0;
  private loading = false;
  private chart: IChartApi | null = null;
  private candles!: ISeriesApi<"Candlestick">;
  private volume!: ISeriesApi<"Histogram">;
  private fast!: ISeriesApi<"Line">;
  private slow!: ISeriesApi<"Line">;
  private vwap!: ISeriesApi<"Line">;
  private lines: IPriceLine[] = [];
  private linesMark = "";
  private markersMark = "";
  private pointed: number | null = null; // time of the candle under the pointer
  private readonly host = h("div", { class: "candles", role: "img" });
  private readonly legend = h("p", { class: "legend num" });
  private readonly events = h("p", { class: "legend" });
  private readonly note = h("p", { class: "chart-note muted", hidden: true });

  constructor(
    chosen: number | null,
    private readonly studies: Studies,
    private readonly onInterval: (seconds: number) => void,
  ) {
    this.interval = chosen ?? 5;
    this.free = chosen === null;
    this.element = h("div", { class: "chart-body" }, this.legend, this.events, this.host, this.note);
  }
  private free: boolean; // nobody chose an interval: the page may

  show(instrument: string): void {
    this.instrument = instrument;
    this.clear();
    this.host.setAttribute("aria-label", `Candles and volume of ${instrument}`);
    this.load();
  }
  choose(seconds: number): void {
    this.free = false;
    this.interval = seconds;
    this.load();
  }
  take(message: Chart): void {
    if (!message.fresh) this.grow(message.bars);
    else if (!this.loading) this.load(); // back after a loss: the candles between
  }
  // At each change of the live picture.
  update(): void {
    if (!this.chart || !this.bars.length) return;
    this.collect();
    this.drawMarkers();
    this.drawLines();
    this.drawLegend();
  }
  redraw(): void {
    if (!this.chart) return;
    this.make();
    this.fill();
  }
  close(): void {
    this.asked += 1;
    this.chart?.remove();
    this.chart = null;
  }

  private market(): Market | undefined {
    return live.tables.markets.get(this.instrument);
  }
  private slotOf(ms: number): number {
    const second = Math.floor(ms / 1000);
    return second - (second % this.interval);
  }

  // Nothing of one instrument stands under the name of another.
  private clear(): void {
    this.bars = [];
    this.slots.clear();
    this.seconds.clear();
    this.base = null;
    setText(this.legend, "");
    setText(this.events, "");
    this.note.hidden = true;
    this.chart?.remove();
    this.chart = null;
  }
  private load(): void {
    if (!this.instrument) return;
    const asked = ++this.asked;
    this.loading = true;
    get<{ bars: SentBar[] }>(
      `/api/v1/candles?instrument=${encodeURIComponent(this.instrument)}&interval=${this.interval}`,
    )
      .then((answer) => {
        if (asked !== this.asked) return;
        if (this.free && this.interval > 1 && answer.bars.length < FEW_BARS) {
          this.interval = 1;
          this.onInterval(1);
          this.load();
          return;
        }
        this.free = this.loading = false;
        this.bars = answer.bars.map(toBar);
        this.seconds.clear();
        this.base = this.bars[this.bars.length - 1] ?? null;
        this.note.hidden = this.bars.length > 0;
        setText(this.note, "No trade has been seen in this instrument yet; candles are made from trades as they come.");
        this.make();
        this.fill();
        const room = this.host.clientWidth * 0.85;
        this.chart!.timeScale().applyOptions({ barSpacing: Math.min(14, Math.max(6, room / (this.bars.length + 6))) });
      })
      .catch((problem: unknown) => {
        if (asked !== this.asked) return;
        this.loading = false;
        this.note.hidden = false;
        setText(this.note, `No candles now, asking again: ${problem instanceof Error ? problem.message : String(problem)}`);
        window.setTimeout(() => {
          if (asked === this.asked) this.load();
        }, RETRY);
      });
  }

  private make(): void {
    this.chart?.remove();
    const chart = createChart(this.host, {
      autoSize: true,
      layout: {
        background: { type: ColorType.Solid, color: colour("panel") },
        textColor: colour("muted"),
        fontSize: 11,
        fontFamily: "system-ui, sans-serif",
        attributionLogo: false,
      },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderColor: colour("line"), scaleMargins: { top: 0.1, bottom: 0.24 } },
      timeScale: {
        borderColor: colour("line"),
        timeVisible: true,
        secondsVisible: this.interval < 60,
        rightOffset: 4,
        tickMarkFormatter: (t: Time) => clock(Number(t) * 1000).slice(0, this.interval < 60 ? 8 : 5),
      },
      localization: {
        timeFormatter: (t: Time) => clock(Number(t) * 1000) + (isLocal() ? "" : " UTC"),
        priceFormatter: (p: number) => this.price(p),
      },
    });
    const tick = Number(this.market()?.tick ?? "0.01") || 0.01;
    this.candles = chart.addCandlestickSeries({
      upColor: colour("up"),
      downColor: colour("down"),
      borderVisible: false,
      wickUpColor: colour("up"),
      wickDownColor: colour("down"),
      priceFormat: { type: "price", precision: this.market()?.price_digits ?? 2, minMove: tick },
    });
    this.volume = chart.addHistogramSeries({
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    const line = (name: string): ISeriesApi<"Line"> =>
      chart.addLineSeries({
        color: colour(name),
        lineWidth: 1,
        lastValueVisible: false,
        priceLineVisible: false,
        crosshairMarkerVisible: false,
      });
    this.fast = line("accent");
    this.slow = line("blue");
    this.vwap = line("violet");
    chart.subscribeCrosshairMove((move: MouseEventParams) => {
      this.pointed = move.time === undefined ? null : Number(move.time);
      this.drawLegend();
    });
    this.chart = chart;
    this.lines = [];
  }
  private fill(): void {
    this.candles.setData(this.bars.map((bar) => this.candleOf(bar)));
    this.volume.setData(this.bars.map((bar) => this.volumeOf(bar)));
    this.drawStudies();
    this.markersMark = this.linesMark = "-";
    this.update();
  }
  private candleOf(bar: Bar): CandlestickData {
    return { time: at(bar), open: bar.open, high: bar.high, low: bar.low, close: bar.close };
  }
  private volumeOf(bar: Bar): HistogramData {
    return { time: at(bar), value: bar.volume, color: colour(bar.close >= bar.open ? "up-soft" : "down-soft") };
  }
  private drawStudies(): void {
    this.fast.setData(this.studies.ema ? average(this.bars, 20) : []);
    this.slow.setData(this.studies.ema ? average(this.bars, 50) : []);
    this.vwap.setData(this.studies.vwap ? weighted(this.bars) : []);
  }

  // Own fills and headlines by the candle they fell in.
  private collect(): void {
    this.slots.clear();
    const from = this.bars[0]!.time;
    const slot = (time: string): Slot | null => {
      const key = this.slotOf(parse(time));
      if (key < from) return null;
      let found = this.slots.get(key);
      if (!found) this.slots.set(key, (found = { buys: [], sells: [], news: [] }));
      return found;
    };
    if (this.studies.own)
      for (const f of live.tables.fills.values())
        if (f.instrument === this.instrument) slot(f.time)?.[f.side === "buy" ? "buys" : "sells"].push(f);
    if (this.studies.news)
      for (const s of live.tables.signals.values())
        if (s.type !== "NONE" && s.instruments.includes(this.instrument)) slot(s.time)?.news.push(s);
  }
  private drawMarkers(): void {
    const marked: SeriesMarker<Time>[] = [];
    let labelled = -Infinity;
    for (const [time, slot] of [...this.slots].sort((a, b) => a[0] - b[0])) {
      const on = { time: time as UTCTimestamp, size: 1 };
      if (slot.buys.length) marked.push({ ...on, position: "belowBar", shape: "arrowUp", color: colour("up") });
      if (slot.sells.length) marked.push({ ...on, position: "aboveBar", shape: "arrowDown", color: colour("down") });
      if (!slot.news.length) continue;
      const text = slot.news.length === 1 ? words(slot.news[0]!.type) : `${slot.news.length} news`;
      const room = time - labelled >= LABEL_GAP * this.interval;
      marked.push({ ...on, position: "aboveBar", shape: "circle", color: colour("accent"), ...(room ? { text } : {}) });
      if (room) labelled = time;
    }
    const mark = marked.map((m) => `${String(m.time)}${m.shape}${m.text ?? ""}`).join();
    if (mark === this.markersMark) return;
    this.markersMark = mark;
    this.candles.setMarkers(marked);
  }
  private drawLines(): void {
    const working = this.studies.own ? openOrders().filter((o) => o.instrument === this.instrument && o.price) : [];
    const mark = working.map((o) => `${o.client_order_id} ${o.price} ${o.quantity}`).join();
    if (mark === this.linesMark) return;
    this.linesMark = mark;
    for (const line of this.lines) this.candles.removePriceLine(line);
    this.lines = working.slice(0, 20).map((o) =>
      this.candles.createPriceLine({
        price: Number(o.price),
        color: colour(o.side === "buy" ? "up" : "down"),
        lineWidth: 1,
        lineStyle: LineStyle.Dashed,
        axisLabelVisible: false,
        title: `${o.side} ${decimal(o.quantity)}${o.stop_price ? ` from ${decimal(o.stop_price)}` : ""}`,
      }),
    );
  }

  private price(value: number): string {
    return decimal(value.toFixed(this.market()?.price_digits ?? 2));
  }
  // The candle under the pointer, or the newest, and what fell in it.
  private drawLegend(): void {
    const newest = this.bars[this.bars.length - 1];
    const bar = this.pointed === null ? newest : (this.bars.find((b) => b.time === this.pointed) ?? newest);
    if (!bar) return;
    const change = ((bar.close - bar.open) / bar.open) * 100;
    const volume = bar.volume.toFixed(this.market()?.quantity_digits ?? 2);
    setText(
      this.legend,
      `${clock(bar.time * 1000)}   O ${this.price(bar.open)}   H ${this.price(bar.high)}   L ${this.price(bar.low)}` +
        `   C ${this.price(bar.close)}   ${signed(change.toFixed(2))} %   V ${decimal(volume)}`,
    );
    const slot = this.slots.get(bar.time);
    const said: string[] = [];
    for (const [side, fills] of [
      ["bought", slot?.buys ?? []],
      ["sold", slot?.sells ?? []],
    ] as [string, Fill[]][]) {
      const total = fills.reduce((sum, f) => sum + Number(f.quantity ?? 0), 0);
      const digits = this.market()?.quantity_digits ?? 2;
      if (fills.length)
        said.push(`${side} ${decimal(total.toFixed(digits))} in ${fills.length} fill${fills.length > 1 ? "s" : ""}`);
    }
    for (const s of slot?.news ?? []) said.push(`● ${words(s.type)}: ${s.title}`);
    setText(
      this.events,
      said.join("   ") ||
        (this.pointed === null ? "● news   ▲▼ own fills   ┄ own orders" : "nothing of ours in this candle"),
    );
  }

  private grow(sent: SentBar[]): void {
    if (!this.chart || !sent.length) return;
    let fresh = false;
    for (const one of sent.map(toBar)) {
      const time = one.time - (one.time % this.interval);
      const last = this.bars[this.bars.length - 1];
      if (last && time < last.time) continue;
      const before = this.seconds.get(one.time);
      this.seconds.set(one.time, one);
      if (!last || time > last.time) {
        this.bars.push({ ...one, time });
        fresh = true;
        if (this.bars.length > KEPT_BARS) this.bars.shift();
        continue;
      }
      last.high = Math.max(last.high, one.high);
      last.low = Math.min(last.low, one.low);
      last.close = one.close;
      // The candle that was loaded may hold the first sight of a second already.
      const loaded = last === this.base && !before && this.interval > 1;
      if (this.interval === 1) last.volume = one.volume;
      else if (!loaded) last.volume += one.volume - (before?.volume ?? 0);
    }
    for (const key of this.seconds.keys()) {
      if (this.seconds.size <= KEPT_SECONDS) break;
      this.seconds.delete(key);
    }
    const last = this.bars[this.bars.length - 1]!;
    this.candles.update(this.candleOf(last));
    this.volume.update(this.volumeOf(last));
    this.note.hidden = true;
    if (fresh) this.drawStudies();
    this.update();
  }
}
