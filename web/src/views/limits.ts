// Limits and what is used of them.
import { empty, h, setText } from "../dom";
import { get } from "../api";
import { Table } from "../table";
import { age, decimal, percent, words } from "../format";

export interface Limit {
  scope: string;
  name: string;
  by_default: boolean;
  limit: string;
  value: string;
  asset: string;
  unit: string;
  used: string | null;
  unpriced: number;
  version: number;
}
const PERIOD = 2_000; // ms
const OLD = 6_000; // ms since what is shown was asked for: said

// The limits as the gateway knows them, asked for again and again; `note` says so where what is
// shown is old, as the answers do not come.
export interface LimitPoll {
  note: HTMLElement;
  rows: () => Limit[];
  update: () => void;
  close: () => void;
}
export function pollLimits(): LimitPoll {
  const note = h("p", { class: "error pad", role: "status", hidden: true });
  let rows: Limit[] = [];
  let asked = performance.now(); // of what is shown
  let why = "";
  const load = (): void => {
    const at = performance.now();
    get<Limit[]>("/api/v1/limits")
      .then((answer) => {
        if (at < asked) return; // a later question was answered before
        rows = answer;
        asked = at;
        why = "";
      })
      .catch((problem: unknown) => {
        why = problem instanceof Error ? problem.message : String(problem);
      });
  };
  load();
  const timer = window.setInterval(load, PERIOD);
  return {
    note,
    rows: () => rows,
    update() {
      const old = performance.now() - asked;
      note.hidden = old <= OLD;
      if (!note.hidden) setText(note, `◷ As of ${age(old)} ago, and not what is used now: ${why || "no answer"}`);
    },
    close: () => clearInterval(timer),
  };
}
export const shareOf = (l: Limit): number =>
  l.used === null || Number(l.value) === 0 ? 0 : Number(l.used) / Number(l.value);
export const limitName = (l: Limit): string => words(l.limit.replace(/^max_/, ""));

export const scopeOf = (l: Limit): string => (l.name ? `${l.scope} ${l.name}` : l.scope);
const amount = (text: string | null, l: Limit): string => decimal(text, l.asset ? 0 : undefined, true);

// How much of a limit is used: bar and share; a mark beside the colour from four fifths on.
function meter(l: Limit): HTMLElement {
  const share = shareOf(l);
  const level = share >= 1 ? "over" : share >= 0.8 ? "high" : "";
  const fill = h("div");
  fill.style.width = `${Math.min(100, share * 100)}%`;
  const bar = h("div", { class: "bar " + level, role: "meter", "aria-label": `${scopeOf(l)} ${limitName(l)}` }, fill);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.setAttribute("aria-valuenow", String(Math.min(100, Math.round(share * 100))));
  bar.setAttribute("aria-valuetext", percent(share, 1));
  const mark = level === "over" ? "✕ " : level === "high" ? "! " : "";
  return h("div", { class: "meter " + level }, bar, h("span", { class: "num" }, mark + percent(share, 1)));
}

export function limitTable(label: string): Table<Limit> {
  return new Table<Limit>(
    label,
    [
      { title: "Scope", cls: "wide", cell: scopeOf },
      {
        title: "Limit",
        make: (l) => h("div", null, limitName(l), h("small", { class: "narrow muted" }, scopeOf(l))),
        mark: () => "",
      },
      {
        title: "Used",
        num: true,
        cell: (l) => ({
          text: amount(l.used, l),
          ...(l.unpriced ? { cls: "warn", tip: `${l.unpriced} positions and orders without a price are not in it` } : {}),
        }),
      },
      { title: "Of", num: true, cell: (l) => amount(l.value, l) },
      { title: "Unit", cls: "wide", cell: (l) => l.asset || "orders" },
      { title: "In use", cls: "meter-cell", make: meter, mark: (l) => (shareOf(l) * 100).toFixed(1) },
    ],
    (l) => `${l.scope}|${l.name}|${l.limit}`,
    empty("Limits appear here with what is used of them.", "They stand in ", "config/limits.yaml"),
  );
}

const SCOPES = ["firm", "account", "venue", "strategy", "instrument"];
// Those with a use that is known, scope by scope.
export function usedLimits(limits: Limit[]): Limit[] {
  return limits
    .filter((l) => l.used !== null)
    .map((l, i) => ({ l, rank: SCOPES.indexOf(l.scope) * 1_000_000 + i }))
    .sort((a, b) =>
      a.l.scope === b.l.scope && a.l.name !== b.l.name ? (a.l.name < b.l.name ? -1 : 1) : a.rank - b.rank,
    )
    .map((row) => row.l);
}
