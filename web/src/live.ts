// The live picture: keyed rows kept in step with the gateway by numbered frames. A
// gap or a lost connection resumes from the last number; nothing is lost or doubled.
export interface Market {
  instrument: string;
  book: string;
  fault: string;
  base?: string;
  quote?: string;
  price_digits?: number;
  quantity_digits?: number;
  tick?: string;
  lot?: string;
  bid: string | null;
  ask: string | null;
  bid_quantity: string | null;
  ask_quantity: string | null;
  as_of?: string;
  last_price?: string | null;
  last_quantity?: string | null;
  prediction?: { model: string; horizon: string; down: number; flat: number; up: number; drift: string; as_of: string };
}
export interface Feed {
  feed: string;
  state: string;
  detail: string;
  since: string;
}
export interface Proposal {
  proposal: number;
  state: "open" | "stale" | "approved" | "rejected";
  base_version: number;
  version: number;
  proposer: string;
  reason: string;
  time: string;
  decider: string | null;
  decider_reason: string | null;
  decided: string | null;
  changes: { scope: string; name: string; limit: string; before: string; after: string }[];
}
export interface Audited {
  id: string;
  time: string;
  person: string;
  action: string;
  about: string;
  reason: string;
  request_id: string;
  result: string;
  detail: string;
  client_order_id: string;
}
export interface Backtest {
  name: string;
  error?: string;
  made: string | null;
  build: string;
  decisions: string;
  summary: Record<string, string | number | null>;
}
export interface Signal {
  id: string;
  time: string;
  title: string;
  source: string;
  type: string;
  sentiment: number;
  confidence: number;
  novelty: number;
  relation: string;
  classifier: string;
  instruments: string[];
  latency_ms: number;
}
export interface Order {
  client_order_id: string;
  venue_order_id: string;
  account: string;
  strategy: string;
  instrument: string;
  side: string;
  type: string | null; // null: its intent was not heard
  price: string | null; // null: it has none, or not known
  stop_price: string | null;
  trailing_bps: number | null;
  quantity: string | null;
  filled: string | null;
  state: string;
  reason: string;
  detail: string;
  evidence: string;
  step: string;
  final: boolean;
  signal: string;
  model: string;
  venue_state: string | null;
  venue_time: string | null;
  venue_evidence: string;
  created: string;
  updated: string;
}
export interface Fill {
  id: string;
  time: string;
  client_order_id: string;
  account: string;
  strategy: string;
  instrument: string;
  side: string;
  price: string | null;
  quantity: string | null;
  fee: string;
  fee_asset: string;
  liquidity: string;
  trade_id: string;
  signal: string;
  model: string;
}
export interface Position {
  account: string;
  strategy: string;
  instrument: string;
  asset: string; // of the amounts
  net: string | null;
  average_price: string | null;
  realized_pnl: string;
  unrealized_pnl: string | null;
  fees: string;
  updated: string;
}
export interface Balance {
  account: string;
  venue: string;
  asset: string;
  free: string;
  locked: string;
}
export interface RiskState {
  scope: string;
  name: string;
  state: string;
  killed: boolean;
  reason: string;
  person: string;
  limit_version: number;
}
export interface Denial {
  id: string;
  time: string;
  client_order_id: string;
  strategy: string;
  instrument: string;
  side: string;
  type: string;
  price: string | null;
  quantity: string | null;
  control: string;
  failing: string[];
  detail: string;
  reason: string;
  signal: string;
}
export interface Profit {
  asset: string;
  total: string;
  realized: string;
  unrealized: string;
  fees: string;
  positions_without_price: number;
}
export interface Counters {
  [name: string]: number | Record<string, number>;
}
export interface Chart {
  type: "chart";
  instrument: string;
  t: number;
  fresh: boolean;
  book_state: string;
  book_age_ms: number;
  bids: [string, string][];
  asks: [string, string][];
  trades: [number, number, string, string, string][];
  bars: [number, string, string, string, string, string][];
}
export interface Tables {
  markets: Map<string, Market>;
  feeds: Map<string, Feed>;
  signals: Map<string, Signal>;
  orders: Map<string, Order>;
  fills: Map<string, Fill>;
  positions: Map<string, Position>;
  balances: Map<string, Balance>;
  risk: Map<string, RiskState>;
  denials: Map<string, Denial>;
  proposals: Map<string, Proposal>;
  audit: Map<string, Audited>;
  backtests: Map<string, Backtest>;
}
type Name = keyof Tables;
interface Message {
  type: string;
  epoch?: string;
  seq: number;
  t: number;
  platform?: { state: string; reasons: string[] };
  totals?: { profit: Profit[]; counters: Counters };
  rows?: Partial<Record<Name, Record<string, unknown>>>;
}

const SILENCE = 1_600; // ms without a word: the gateway speaks each second
const BEHIND = 2_000; // ms by which what comes is older than what came fastest
const BEHIND_FOR = 20_000; // ms; then another connection is tried, which begins with the newest
const KEPT: Partial<Record<Name, number>> = { signals: 200, fills: 500, denials: 300, audit: 1_000 };
const KEPT_CLOSED = 500;

// Goes on evenly where somebody sets the clock.
const steady = (): number => performance.timeOrigin + performance.now();

export type Status = "connecting" | "live" | "lost";
class Live {
  tables: Tables = this.fresh();
  platform = { state: "starting", reasons: [] as string[] };
  profit: Profit[] = [];
  counters: Counters = {};
  status: Status = "connecting";
  lastMessage = 0; // on this machine's clock
  lostAt = 0;
  frames = 0;
  resumes = 0;
  snapshots = 0;
  gaps = 0;
  private socket: WebSocket | null = null;
  private epoch = "";
  private seq = -1;
  private readonly versions: Partial<Record<Name, number>> = {};
  // What was made of tables is made again when one of them has changed.
  made<T>(from: Name[], make: () => T): () => T {
    let at = "-";
    let kept: T;
    return () => {
      const now = `${this.snapshots} ${from.map((name) => this.versions[name] ?? 0).join()}`;
      if (now !== at) {
        at = now;
        kept = make();
      }
      return kept;
    };
  }
  private offset = 0; // gateway's clock less ours, by the message that came fastest
  private first = true; // message of this gateway is still to come
  private lag = 0; // ms by which the newest message came later than that one
  private behindSince = 0;
  private focus = "";
  private wanted = false;
  private retry = 250;
  private timer = 0;
  private watchdog = 0;
  private listeners = new Set<() => void>();
  private charts = new Set<(chart: Chart) => void>();
  private pending = false;

  private fresh(): Tables {
    return {
      markets: new Map(),
      feeds: new Map(),
      signals: new Map(),
      orders: new Map(),
      fills: new Map(),
      positions: new Map(),
      balances: new Map(),
      risk: new Map(),
      denials: new Map(),
      proposals: new Map(),
      audit: new Map(),
      backtests: new Map(),
    };
  }
  now(): number {
    return steady() + this.offset;
  }
  // Of a link that brings messages later and later; 0 where it keeps up.
  get behind(): number {
    return this.lag > BEHIND ? this.lag : 0;
  }
  get sequence(): number {
    return this.seq;
  }

  start(): void {
    this.wanted = true;
    this.open();
    this.watchdog = window.setInterval(() => this.watch(), 250);
  }
  stop(): void {
    this.wanted = false;
    clearInterval(this.watchdog);
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
    this.tables = this.fresh();
    this.seq = -1;
    this.epoch = "";
    this.status = "connecting";
  }
  // At most once a frame of the screen, and never more than ten times a second.
  onChange(call: () => void): () => void {
    this.listeners.add(call);
    return () => this.listeners.delete(call);
  }
  onChart(call: (chart: Chart) => void): () => void {
    this.charts.add(call);
    return () => this.charts.delete(call);
  }
  setFocus(instrument: string): void {
    this.focus = instrument;
    if (instrument && this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ focus: instrument }));
  }
  // For tests of reconnection.
  drop(): void {
    this.socket?.close();
  }

  private open(): void {
    if (!this.wanted) return;
    this.behindSince = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const resume = this.seq >= 0 && this.epoch ? `?epoch=${this.epoch}&after=${this.seq}` : "";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/stream${resume}`);
    this.socket = socket;
    socket.onopen = () => {
      if (this.focus) socket.send(JSON.stringify({ focus: this.focus }));
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.take(String(event.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) {
        this.socket = null;
        this.lose();
      }
    };
  }
  private lose(): void {
    if (!this.wanted) return;
    if (this.status !== "lost") {
      this.status = "lost";
      this.lostAt = Date.now();
    }
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      void this.reopen();
    }, this.retry);
    this.retry = Math.min(this.retry * 2, 2_000);
    this.changed();
  }
  // A refused upgrade says nothing to a page: the session does.
  private async reopen(): Promise<void> {
    const { renewed } = await import("./api");
    try {
      await renewed();
    } catch {
      /* 401 signs out; otherwise try on */
    }
    this.open();
  }
  private watch(): void {
    const open = this.socket;
    if (!open || Date.now() - this.lastMessage <= SILENCE) return;
    if (this.status === "live") {
      this.socket = null;
      open.onclose = null;
      open.close();
      this.lose();
    } else if (Date.now() - this.lastMessage > 10_000 && Date.now() - this.lostAt > 10_000 && this.lostAt) {
      this.lostAt = Date.now();
      this.socket = null;
      open.onclose = null;
      open.close();
      this.lose();
    } else this.changed();
  }
  private take(text: string): void {
    const message = JSON.parse(text) as Message;
    this.lastMessage = Date.now();
    if (message.type === "snapshot" && message.epoch !== this.epoch) this.first = true;
    const offset = message.t - steady();
    this.offset = this.first ? offset : Math.max(this.offset, offset);
    this.first = false;
    this.lag = this.offset - offset;
    if (!this.behind) this.behindSince = 0;
    else if (!this.behindSince) this.behindSince = this.lastMessage;
    else if (this.lastMessage - this.behindSince > BEHIND_FOR) return this.drop();
    if (message.type === "chart") {
      for (const call of this.charts) call(message as unknown as Chart);
      return;
    }
    if (message.type === "snapshot") {
      this.tables = this.fresh();
      this.epoch = message.epoch ?? "";
      this.seq = message.seq;
      this.snapshots += 1;
    } else if (message.type === "resumed") {
      this.resumes += 1;
    } else if (message.type === "frame") {
      if (message.seq !== this.seq + 1) {
        this.gaps += 1;
        this.seq = -1;
        this.drop();
        return;
      }
      this.seq = message.seq;
      this.frames += 1;
    } else if (message.type === "beat" && message.seq !== this.seq) {
      this.gaps += 1;
      this.seq = -1;
      this.drop();
      return;
    }
    this.status = "live";
    this.retry = 250;
    if (message.platform) this.platform = message.platform;
    if (message.totals) {
      this.profit = message.totals.profit;
      this.counters = message.totals.counters;
    }
    for (const [name, rows] of Object.entries(message.rows ?? {})) this.merge(name as Name, rows ?? {});
    this.changed();
  }
  private merge(name: Name, rows: Record<string, unknown>): void {
    const table = this.tables[name] as Map<string, unknown> | undefined;
    if (!table) return;
    this.versions[name] = (this.versions[name] ?? 0) + 1;
    for (const [key, row] of Object.entries(rows)) {
      if (row === null) table.delete(key);
      else table.set(key, row);
    }
    const kept = KEPT[name];
    if (kept && table.size > kept + 50) this.trim(table as Map<string, { time: string }>, kept);
    if (name === "orders") this.trimOrders();
  }
  private trim(table: Map<string, { time: string }>, kept: number): void {
    const keys = [...table.entries()].sort((a, b) => (a[1].time < b[1].time ? 1 : -1)).slice(kept);
    for (const [key] of keys) table.delete(key);
  }
  private trimOrders(): void {
    const closed = [...this.tables.orders.values()].filter((o) => o.final);
    if (closed.length <= KEPT_CLOSED + 50) return;
    closed.sort((a, b) => (a.updated < b.updated ? 1 : -1));
    for (const order of closed.slice(KEPT_CLOSED)) this.tables.orders.delete(order.client_order_id);
  }
  private changed(): void {
    if (this.pending) return;
    this.pending = true;
    window.setTimeout(() => {
      this.pending = false;
      for (const call of this.listeners) call();
    }, 90);
  }
}
export const live = new Live();
