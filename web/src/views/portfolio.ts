// What the firm's portfolio could lose, as risk works it out at every interval.
import { empty, h, replace, setText, type Child } from "../dom";
import { get } from "../api";
import { age, count, decimal, parse, percent } from "../format";
import { live } from "../live";

interface Limit {
  value: string;
  unit: string;
}
interface Portfolio {
  state: "off" | "elsewhere" | "waiting" | "ready";
  note: string;
  as_of?: string;
  currency: string;
  confidence: number;
  horizon: string;
  observations: number;
  minimum: number;
  instruments: number;
  uncovered: number;
  gross: string;
  limits: Record<string, Limit>;
  methods: {
    name: string;
    value_at_risk: string | null;
    expected_shortfall: string | null;
    problem: string;
  }[];
  stress: { name: string; worst_loss: string; worst_step: number; loss: string }[];
  volatility: number | null;
  kelly: number | null;
  largest: string;
  largest_share: number | null;
  effective: number | null;
  backtest: { observations: number; exceptions: number; zone: string } | null;
  signals: { name: string; value: number | null; threshold: number; up: boolean; detail: string }[];
  broken: string[];
}

const amount = (text: string | null | undefined): string => decimal(text ?? null, 2, true);
const share = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : percent(value, 2);

function table(label: string, heads: string[], rows: [string, ...Child[]][]): HTMLElement {
  return h(
    "table",
    { "aria-label": label },
    h("thead", null, h("tr", null, heads.map((t, i) => h("th", { scope: "col", class: i ? "num" : "" }, t)))),
    h(
      "tbody",
      null,
      rows.map((row) => h("tr", null, row.map((cell, i) => h("td", { class: i ? "num" : "" }, cell)))),
    ),
  );
}

export function portfolio(): { element: HTMLElement; update: () => void; close: () => void } {
  const said = h("p", { class: "muted pad", role: "status" });
  const body = h("div", { class: "portfolio" });
  const element = h("div", { id: "portfolio" }, said, body);
  let newest: Portfolio | null = null;
  let closed = false;
  const limit = (p: Portfolio, name: string): string => {
    const held = p.limits[name];
    if (!held) return "–";
    return held.unit === "ppm" ? percent(Number(held.value) / 1e6, 2) : amount(held.value);
  };
  const draw = (p: Portfolio): void => {
    if (p.state === "off" || p.state === "elsewhere") {
      return replace(body, empty("What the whole portfolio could lose stands here.", p.note + "."));
    }
    if (!p.as_of) return replace(body);
    replace(
      body,
      p.broken.map((text) => h("p", { class: "error pad" }, "✕ Beyond: " + text)),
      h(
        "div",
        { class: "columns" },
        table(
          "Value at risk",
          ["Method", "VaR", "Expected shortfall"],
          [
            ...p.methods.map((m): [string, ...Child[]] => [
              m.name,
              h("span", { title: m.problem }, amount(m.value_at_risk)),
              amount(m.expected_shortfall),
            ]),
            ["limit", limit(p, "max_var"), limit(p, "max_expected_shortfall")],
          ],
        ),
        table(
          "Stress",
          ["Stress path", "Worst loss", "At the end"],
          [
            ...p.stress.map((s): [string, ...Child[]] => [s.name, amount(s.worst_loss), amount(s.loss)]),
            ["limit", limit(p, "max_stress_loss"), ""],
          ],
        ),
        table(
          "Sizes",
          ["Size", "Figure", "Limit"],
          [
            ["gross", amount(p.gross), ""],
            ["volatility a year, of capital", share(p.volatility), limit(p, "target_volatility")],
            [
              p.largest ? `largest part of the risk: ${p.largest}` : "largest part of the risk",
              share(p.largest_share),
              limit(p, "max_risk_share"),
            ],
            ["as equal positions", p.effective === null ? "–" : p.effective.toFixed(2), ""],
            [
              "losses beyond the VaR",
              p.backtest
                ? `${count(p.backtest.exceptions)} of ${count(p.backtest.observations)}, ${p.backtest.zone} zone`
                : "–",
              "",
            ],
          ],
        ),
        table(
          "Alarms",
          ["Alarm", "Value", "Up at"],
          p.signals.map((s) => [
            (s.up ? "✕ " : "") + s.name,
            h("span", { class: s.up ? "bad" : "", title: s.detail }, share(s.value)),
            share(s.threshold),
          ]),
        ),
      ),
    );
  };
  const load = (): void => {
    get<Portfolio>("/api/v1/risk/portfolio")
      .then((p) => {
        if (closed) return;
        newest = p;
        draw(p);
        update();
      })
      .catch(() => undefined);
  };
  const update = (): void => {
    const p = newest;
    said.hidden = !p || p.state === "off" || p.state === "elsewhere";
    if (!p || said.hidden) return;
    const of = p.as_of ? `as of ${age(live.now() - parse(p.as_of))} ago` : "";
    setText(
      said,
      p.state === "ready"
        ? `${share(p.confidence)} in ${p.horizon}, ${p.currency}, from ${count(p.observations)} returns of ${p.instruments} instruments${p.uncovered ? `; NOT COVERED: ${p.uncovered} held` : ""}; ${of}`
        : `${p.note}${of ? "; " + of : ""}`,
    );
  };
  load();
  const timer = window.setInterval(load, 3_000);
  return {
    element,
    update,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
