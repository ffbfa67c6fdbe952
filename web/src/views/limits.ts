// Limits and what is used of them.
import { h } from "../dom";
import { get } from "../api";
import { decimal, percent, words } from "../format";

export interface Limit {
  scope: string;
  name: string;
  by_default: boolean;
  limit: string;
  value: string;
  asset: string;
  used: string | null;
  unpriced: number;
  version: number;
}
export const loadLimits = (): Promise<Limit[]> => get<Limit[]>("/api/v1/limits");
export const shareOf = (l: Limit): number =>
  l.used === null || Number(l.value) === 0 ? 0 : Number(l.used) / Number(l.value);
export const limitName = (l: Limit): string => words(l.limit.replace(/^max_/, ""));

export function bar(l: Limit): HTMLElement {
  const share = shareOf(l);
  const level = share >= 1 ? "over" : share >= 0.8 ? "high" : "";
  const digits = l.asset ? 0 : undefined;
  const meter = h("div", {
    class: "bar " + level,
    role: "meter",
    "aria-label": `${l.scope} ${l.name} ${limitName(l)}`,
  });
  const fill = h("div");
  fill.style.width = `${Math.min(100, share * 100)}%`;
  meter.append(fill);
  for (const name of ["valuenow", "valuemin", "valuemax"])
    meter.setAttribute(
      "aria-" + name,
      name === "valuenow" ? String(Math.round(share * 100)) : name === "valuemin" ? "0" : "100",
    );
  return h(
    "div",
    { class: "bar-row" },
    h("span", { class: "bar-name" }, `${l.scope}${l.name ? " " + l.name : ""} · ${limitName(l)}`),
    h(
      "span",
      { class: "num bar-text" },
      `${decimal(l.used, digits, true)} of ${decimal(l.value, digits, true)} ${l.asset || ""} · ${level === "over" ? "✕ " : level === "high" ? "! " : ""}${percent(share)}${l.unpriced ? ` (${l.unpriced} without a price)` : ""}`,
    ),
    meter,
  );
}
