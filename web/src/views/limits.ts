// Limits and what is used of them.
import { empty, h } from "../dom";
import { get } from "../api";
import { Table } from "../table";
import { decimal, percent, words } from "../format";

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
export const loadLimits = (): Promise<Limit[]> => get<Limit[]>("/api/v1/limits");
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
