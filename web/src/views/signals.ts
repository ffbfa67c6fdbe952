import { empty, h, panel } from "../dom";
import { Table } from "../table";
import { age, clock, date, latency, parse, percent, plural, signed, symbol, tone, words, zone } from "../format";
import { live, type Signal } from "../live";
import { newestSignals } from "../derive";
import { openTrail } from "./trail";
import type { View } from "../view";

export function signals(rest: string): View {
  let open = rest;
  const caused = new Map<string, { orders: number; fills: number; denials: number }>();
  const filter = h("input", { type: "search", placeholder: "Filter headlines", "aria-label": "Filter headlines" });
  const type = h(
    "select",
    { "aria-label": "Event type" },
    h("option", { value: "" }, "all types"),
    ["HACK", "REGULATION", "PARTNERSHIP", "FED_SPEECH", "POLITICAL_POST", "TECHNICAL", "NONE"].map((t) =>
      h("option", { value: t }, words(t)),
    ),
  );
  const table = new Table<Signal>(
    "Signals",
    [
      {
        title: "Time",
        num: true,
        cls: "wide",
        cell: (s) => ({ text: clock(parse(s.time)), tip: date(parse(s.time)) }),
      },
      { title: "Age", num: true, cls: "wide", cell: (s) => ({ text: age(live.now() - parse(s.time)), cls: "muted" }) },
      { title: "Type", cls: "wide", cell: (s) => ({ text: words(s.type), cls: s.type === "NONE" ? "muted" : "" }) },
      {
        title: "Headline",
        cls: "text",
        make: (s) =>
          h(
            "div",
            { title: `${s.source}, ${s.classifier}` },
            (s.relation === "original" ? "" : `[${s.relation}] `) + s.title,
            h("small", { class: "narrow muted" }, `${words(s.type)} · ${clock(parse(s.time))}`),
          ),
        mark: (s) => zone() + s.relation,
      },
      {
        title: "Sentiment",
        num: true,
        tip: "from −1 to +1",
        cell: (s) => ({ text: signed(s.sentiment.toFixed(2)), cls: tone(s.sentiment.toFixed(2), 0.1) }),
      },
      {
        title: "Confidence",
        num: true,
        cls: "wide",
        tip: "calibrated probability that the type is right",
        cell: (s) => percent(s.confidence),
      },
      { title: "Novelty", num: true, cls: "wide", cell: (s) => percent(s.novelty) },
      {
        title: "Latency",
        num: true,
        cls: "wide",
        tip: "from reception to signal",
        cell: (s) => latency(s.latency_ms),
      },
      { title: "Instruments", cls: "wide", cell: (s) => s.instruments.map(symbol).join(" ") || "–" },
      {
        title: "Caused",
        num: true,
        cls: "wrap",
        tip: "orders, fills, and what risk refused; open the row for the way",
        cell: (s) => {
          const c = caused.get(s.id);
          if (!c) return { text: "–", cls: "muted" };
          const refused = c.denials ? `${c.denials} refused` : "";
          return [c.orders && plural(c.orders, "order"), c.fills && plural(c.fills, "fill"), refused]
            .filter(Boolean)
            .join(", ");
        },
      },
    ],
    (s) => s.id,
    empty(
      "Each headline that was read appears here: event type, sentiment, confidence, latency, and what it caused.",
      "The simulator's newspaper prints some a minute. Try a feed of your own: ",
      "gannet news ingest FILE|URL",
    ),
    { open: (s) => openTrail(s.id, s.title), openLabel: (s) => `What followed from: ${s.title}` },
  );
  const element = h(
    "div",
    { class: "view tall" },
    panel("Signals", h("div", { class: "toolbar" }, filter, type), table.element),
  );
  element.dataset["view"] = "signals";
  const update = (): void => {
    caused.clear();
    const of = (id: string) => {
      let c = caused.get(id);
      if (!c) {
        c = { orders: 0, fills: 0, denials: 0 };
        caused.set(id, c);
      }
      return c;
    };
    for (const o of live.tables.orders.values())
      if (o.signal && live.tables.signals.has(o.signal)) of(o.signal).orders += 1;
    for (const f of live.tables.fills.values())
      if (f.signal && live.tables.signals.has(f.signal)) of(f.signal).fills += 1;
    for (const d of live.tables.denials.values())
      if (d.signal && live.tables.signals.has(d.signal)) of(d.signal).denials += 1;
    const text = filter.value.trim().toLowerCase();
    table.update(
      newestSignals().filter(
        (s) => (!type.value || s.type === type.value) && (!text || s.title.toLowerCase().includes(text)),
      ),
    );
    if (open && live.tables.signals.has(open)) {
      const id = open;
      open = "";
      openTrail(id, live.tables.signals.get(id)!.title);
    }
  };
  filter.addEventListener("input", update);
  type.addEventListener("change", update);
  return {
    element,
    update,
    go(id) {
      open = id;
      update();
    },
  };
}
