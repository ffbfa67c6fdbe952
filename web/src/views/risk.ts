import { empty, h, panel, replace } from "../dom";
import { may } from "../api";
import { Table } from "../table";
import { age, clock, count, parse, percent, symbol, words } from "../format";
import { live, type Denial, type RiskState } from "../live";
import { newestDenials } from "../derive";
import { cancelAll, killSwitch, resume, setState } from "../actions";
import { limitTable, pollLimits, scopeOf, usedLimits, type Limit } from "./limits";
import { proposals } from "./proposals";
import { portfolio } from "./portfolio";
import { openTrail } from "./trail";
import type { View } from "../view";

// An amount with its unit; of a limit that is no amount what it says ("paper").
function amountOf(l: Limit): string {
  const number = count(Number(l.value));
  if (l.asset) return `${number} ${l.asset}`;
  if (l.unit === "ppm") return percent(Number(l.value) / 1e6, 2);
  return l.unit === "" || l.unit === "s" || /^(in|of) /.test(l.unit) ? `${number} ${l.unit}`.trim() : l.unit;
}

export function risk(): View {
  const strategies = (): string[] =>
    [
      ...new Set(
        [...live.tables.orders.values()]
          .map((o) => o.strategy)
          .concat([...live.tables.positions.values()].map((p) => p.strategy)),
      ),
    ].sort();
  const states = new Table<RiskState>(
    "Trading states",
    [
      { title: "Scope", cell: (s) => (s.name ? `${s.scope} ${s.name}` : s.scope) },
      {
        title: "State",
        cell: (s) => ({
          text: s.killed ? "■ killed" : s.state === "ACTIVE" ? "✓ active" : "▲ " + words(s.state),
          cls: s.killed ? "bad" : s.state === "ACTIVE" ? "" : "warn",
        }),
      },
      { title: "Reason", cls: "text", cell: (s) => s.reason || "–" },
      { title: "Who", cell: (s) => s.person || "the engine" },
      { title: "Limits", num: true, cls: "wide", tip: "version in force", cell: (s) => `v${s.limit_version}` },
      ...(may("risk")
        ? [
            {
              title: "",
              make: (s: RiskState): Node =>
                // A service that is not heard goes on by itself.
                (s.state === "ACTIVE" && !s.killed) || (s.scope === "service" && s.state !== "HALTED")
                  ? h("span")
                  : h("button", { type: "button", class: "small", onclick: () => resume(s.scope, s.name) }, "Resume"),
              mark: (s: RiskState) => s.state + String(s.killed),
            },
          ]
        : []),
    ],
    (s) => `${s.scope}|${s.name}`,
    empty(
      "The trading state of firm, accounts, strategies, venues and instruments, and of the models and services that orders need.",
      "Risk states the firm's at its start.",
    ),
  );
  const scope = h("select", { "aria-label": "Scope" });
  let scopes = "";
  const chosen = (): [string, string] => {
    const [kind = "firm", ...name] = scope.value.split("|");
    return [kind, name.join("|")];
  };
  const controls = h(
    "div",
    { class: "toolbar" },
    h("label", { class: "field inline" }, h("span", null, "For"), scope),
    may("trader", "risk")
      ? h("button", { type: "button", class: "danger", onclick: () => killSwitch(...chosen()) }, "Kill switch")
      : null,
    may("trader", "risk")
      ? h("button", { type: "button", onclick: () => cancelAll(...chosen()) }, "Cancel all orders")
      : null,
    may("risk")
      ? [
          h("button", { type: "button", onclick: () => setState(...chosen(), "HALTED") }, "Halt"),
          h("button", { type: "button", onclick: () => setState(...chosen(), "REDUCING") }, "Reduce only"),
          h("button", { type: "button", onclick: () => resume(...chosen()) }, "Resume"),
        ]
      : null,
    may("trader", "risk") ? null : h("p", { class: "muted" }, "Stopping takes the role trader, risk or admin."),
  );
  const used = limitTable("Limits and what is used of them");
  const limits = pollLimits();
  const stated = new Table<Limit>(
    "Limits of single orders and losses",
    [
      { title: "Scope", cls: "wide", cell: scopeOf },
      {
        title: "Limit",
        make: (l) => h("div", null, words(l.limit), h("small", { class: "narrow muted" }, scopeOf(l))),
        mark: () => "",
      },
      { title: "Value", num: true, cell: amountOf },
      { title: "Version", num: true, cls: "wide", cell: (l) => `v${l.version}` },
    ],
    (l) => `${l.scope}|${l.name}|${l.limit}`,
    empty("Limits appear here.", "They stand in config/limits.yaml."),
  );
  const wanted = proposals();
  const whole = portfolio();
  const fired = h("div", { class: "fired" });
  const denials = new Table<Denial>(
    "Controls that fired",
    [
      { title: "Time", num: true, cell: (d) => clock(parse(d.time)) },
      { title: "Age", num: true, cls: "wide", cell: (d) => ({ text: age(live.now() - parse(d.time)), cls: "muted" }) },
      { title: "Control", cell: (d) => ({ text: words(d.control), cls: "bad" }) },
      { title: "Detail", cls: "text", cell: (d) => d.detail || "–" },
      { title: "Order", cell: (d) => `${d.side} ${symbol(d.instrument)}` },
      { title: "Strategy", cls: "wide", cell: (d) => d.strategy },
    ],
    (d) => d.id,
    empty(
      "Each intent that a control refused appears here with limit, value and scope.",
      "None so far. The controls: docs/risk-controls.md.",
    ),
    { open: (d) => openTrail(d.client_order_id, `Refused: ${words(d.control)}`), limit: 100 },
  );
  const element = h(
    "div",
    { class: "view" },
    panel("Trading state", controls, states.element),
    h(
      "div",
      { class: "grid wide-left" },
      panel("Limits and what is used of them", limits.note, used.element),
      panel("Limits of single orders and losses", stated.element),
    ),
    panel("What the portfolio could lose", whole.element),
    panel("Proposals of other limits", wanted.element),
    panel("Controls that fired", fired, denials.element),
  );
  element.dataset["view"] = "risk";
  let firedNow = "";
  return {
    element,
    update() {
      states.update([...live.tables.risk.values()].sort((a, b) => (a.scope + a.name < b.scope + b.name ? -1 : 1)));
      const accounts = [...new Set([...live.tables.balances.values()].map((b) => b.account))].sort(),
        venues = [...new Set([...live.tables.markets.keys()].map((m) => m.split(":")[0]!))].sort();
      const all = [
        "firm|",
        ...accounts.map((a) => "account|" + a),
        ...strategies().map((s) => "strategy|" + s),
        ...venues.map((v) => "venue|" + v),
        ...[...live.tables.markets.keys()].sort().map((m) => "instrument|" + m),
      ];
      if (all.join() !== scopes) {
        scopes = all.join();
        const before = scope.value;
        replace(
          scope,
          all.map((s) => h("option", { value: s }, s.replace("|", " ").trim())),
        );
        // What was chosen stays chosen, heard of or not: never another scope by itself.
        if (before && !all.includes(before))
          scope.append(h("option", { value: before }, `${before.replace("|", " ")} (not heard of now)`));
        if (before) scope.value = before;
      }
      wanted.update();
      whole.update();
      limits.update();
      used.update(usedLimits(limits.rows()));
      stated.update(limits.rows().filter((l) => l.used === null));
      const by = live.counters["denials"];
      const reasons = by && typeof by === "object" ? Object.entries(by).sort((a, b) => b[1] - a[1]) : [];
      const said = reasons.map(([name, n]) => `${words(name)} ${n}`);
      if (said.join() !== firedNow) {
        firedNow = said.join();
        replace(
          fired,
          said.map((text) => h("span", { class: "chip bad" }, text)),
        );
      }
      denials.update(newestDenials());
    },
    close() {
      whole.close();
      limits.close();
    },
  };
}
