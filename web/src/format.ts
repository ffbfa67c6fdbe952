// Numbers and times as people read them: exact decimals stay text, digits line up.
let local = localStorage.getItem("gannet.time") === "local";
export const isLocal = (): boolean => local;
export function setLocal(value: boolean): void {
  local = value;
  localStorage.setItem("gannet.time", value ? "local" : "utc");
}
const two = (n: number): string => String(n).padStart(2, "0");

export function date(ms: number): string {
  const d = new Date(ms);
  return local ? `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}` : d.toISOString().slice(0, 10);
}
export function clock(ms: number, millis = false): string {
  const d = new Date(ms);
  const text = local
    ? `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
    : d.toISOString().slice(11, 19);
  return millis ? `${text}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : text;
}
export const zone = (): string => (local ? "local" : "UTC");
export const moment = (ms: number): string => `${date(ms)} ${clock(ms)}`;
// "2026-11-21T08:05:43.971670342Z", with or without a fraction, in milliseconds.
export const parse = (text: string | null | undefined): number => (text ? Date.parse(text.replace(/(\.\d{3})\d+Z$/, "$1Z")) : NaN);

export function age(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) ms = 0;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.floor(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

// What a person typed, taken as it stands or not at all: "0,5" is no five.
export const positive = (text: string): boolean => /^\d{1,18}(\.\d{1,18})?$/.test(text) && Number(text) > 0;
// At `digits` behind the point: filled up, never cut below what is there unless `cut`.
export function decimal(text: string | null | undefined, digits?: number, cut = false): string {
  if (text === null || text === undefined || text === "" || text === "?") return "–";
  const negative = text.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  let rest = fraction;
  if (digits !== undefined) rest = cut && rest.length > digits ? rest.slice(0, digits) : rest.padEnd(digits, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return (negative ? "−" : "") + grouped + (rest ? "." + rest : "");
}
export const sign = (text: string | null | undefined): number =>
  !text || /^-?0*\.?0*$/.test(text) ? 0 : text.startsWith("-") ? -1 : 1;
// With sign and arrow, so that colour is never the only mark.
export function signed(text: string | null | undefined, digits = 2): string {
  if (text === null || text === undefined) return "–";
  const body = decimal(text.replace(/^-/, ""), digits, true);
  const s = sign(body) === 0 ? 0 : sign(text); // what is shown as 0.00 has no direction
  return s > 0 ? `▲ +${body}` : s < 0 ? `▼ −${body}` : `  ${body}`;
}
// Of an amount in an asset: money has cents, a coin may be worth very much.
const places = (asset: string): number => (/USD|EUR|GBP|JPY|TRY|BRL|DAI/.test(asset) ? 2 : 8);
export const amount = (text: string | null | undefined, asset: string): string => decimal(text, places(asset), true);
export const gain = (text: string | null | undefined, asset: string): string => signed(text, places(asset));
export const gainTone = (text: string | null | undefined, asset: string): string => tone(text, 10 ** -places(asset));
// Direction as a colour; nothing below `least`, which at two digits is shown as 0.00.
export const tone = (text: string | null | undefined, least = 0.01): string =>
  !text || Math.abs(Number(text)) < least ? "" : sign(text) > 0 ? "up" : "down";
// Fees are small: at least four digits behind the point, never cut to nothing.
export const fee = (text: string): string => decimal(text, Math.abs(Number(text)) < 0.01 ? 8 : 4, true);
export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;
export const latency = (ms: number): string => (ms < 0.1 ? "< 0.1 ms" : `${ms.toFixed(1)} ms`);
export const symbol = (instrument: string): string => instrument.slice(instrument.indexOf(":") + 1);
export const venue = (instrument: string): string => instrument.slice(0, Math.max(0, instrument.indexOf(":")));
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
export const count = (n: number): string => n.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
export const words = (name: string): string => name.replace(/_/g, " ").toLowerCase();
