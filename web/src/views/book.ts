// The book of one instrument, and the trades of its market.
import { empty, h, panel, setClass, setText } from "../dom";
import { Table } from "../table";
import { clock, decimal } from "../format";
import type { Chart, Market } from "../live";

const DEPTH = 8;
const KEPT_TRADES = 40;
type Trade = Chart["trades"][number];

export interface BookView {
  elements: HTMLElement[];
  clear: () => void;
  take: (message: Chart) => void;
  mark: (state: string) => void; // "", "stale" or "invalid"
}

export function bookView(current: () => Market | undefined): BookView {
  const lines = Array.from({ length: DEPTH * 2 }, (_, i) => {
    const ask = i < DEPTH;
    const price = h("span", { class: "num " + (ask ? "down" : "up") });
    const quantity = h("span", { class: "num" });
    const depth = h("div", { class: "depth " + (ask ? "ask" : "bid") });
    return { row: h("div", { class: "level" }, depth, price, quantity), price, quantity, depth };
  });
  const spread = h("div", { class: "spread num muted" });
  const rows = lines.map((line) => line.row);
  const book = h("div", { class: "book" }, rows.slice(0, DEPTH), spread, rows.slice(DEPTH));
  const tape = new Table<Trade>(
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
    empty("Trades of the market appear here.", "None has been seen since this page looks at the instrument."),
    { limit: KEPT_TRADES },
  );
  let trades: Trade[] = [];

  const draw = (c: Chart): void => {
    const asks = c.asks.slice(0, DEPTH);
    const bids = c.bids.slice(0, DEPTH);
    const most = Math.max(1e-12, ...[...asks, ...bids].map((level) => Number(level[1])));
    const m = current();
    lines.forEach((line, i) => {
      const level = i < DEPTH ? asks[DEPTH - 1 - i] : bids[i - DEPTH];
      setText(line.price, level ? decimal(level[0], m?.price_digits) : "");
      setText(line.quantity, level ? decimal(level[1], m?.quantity_digits) : "");
      line.depth.style.width = level ? `${(Number(level[1]) / most) * 100}%` : "0";
    });
    const ask = Number(asks[0]?.[0] ?? NaN);
    const bid = Number(bids[0]?.[0] ?? NaN);
    const gap = ask - bid;
    setText(
      spread,
      c.book_state !== "VALID"
        ? `${c.book_state}: not shown until it is proven again`
        : Number.isFinite(gap)
          ? `spread ${decimal(gap.toFixed(m?.price_digits ?? 2))} · ${((gap / bid) * 10_000).toFixed(1)} bp`
          : "one side is empty",
    );
  };
  return {
    elements: [panel("Book", book), panel("Trades", tape.element)],
    clear() {
      trades = [];
      tape.update(trades);
      for (const line of lines) {
        setText(line.price, "");
        setText(line.quantity, "");
        line.depth.style.width = "0";
      }
      setText(spread, "");
    },
    take(message) {
      trades = (message.fresh ? message.trades : [...message.trades, ...trades]).slice(0, KEPT_TRADES);
      draw(message);
      tape.update(trades);
    },
    mark(state) {
      setClass(book, "book " + state);
    },
  };
}
