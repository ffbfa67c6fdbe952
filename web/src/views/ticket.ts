// An order by hand: says what it costs before it is sent, and needs consent to the
// risk disclaimer.
import { h, panel } from "../dom";
import * as api from "../api";
import { ask, facts } from "../dialog";
import { decimal, isLocal, moment, parse, positive, symbol, venue, words, zone } from "../format";
import { live } from "../live";
import { disclaimer } from "../welcome";

interface Answer {
  reached: string;
  detail: string;
  client_order_id: string;
  request_id: string;
  verified?: boolean;
}

const refused = (a: Answer): boolean => ["DENIED", "REJECTED", "RECORDED"].includes(a.reached);
const said = (a: Answer): string =>
  a.reached === "RECORDED"
    ? "Recorded, and nobody has answered yet: look for it among the orders before you give another."
    : `Reached: ${a.reached}`;

// "1.5" per cent in basis points; 0: no distance that risk takes.
function basisPoints(percentage: string): number {
  const points = /^\d{1,2}(\.\d{1,2})?$/.test(percentage) ? Math.round(Number(percentage) * 100) : 0;
  return points <= 2_000 ? points : 0;
}

export function orderTicket(): { element: HTMLElement; setInstrument: (i: string) => void; update: () => void } {
  let instrument = "";
  const heading = h("p", { class: "muted" });
  const account = h("select", { "aria-label": "Account" });
  const type = h(
    "select",
    { "aria-label": "Type" },
    ["LIMIT", "MARKET", "TRAILING_STOP"].map((t) => h("option", { value: t }, words(t))),
  );
  const tif = h(
    "select",
    null,
    ["GTC", "IOC", "FOK", "POST_ONLY", "GTD"].map((t) => h("option", { value: t }, words(t))),
  );
  const price = h("input", { inputmode: "decimal", autocomplete: "off", maxlength: "40" });
  const quantity = h("input", { inputmode: "decimal", autocomplete: "off", maxlength: "40" });
  const trail = h("input", { inputmode: "decimal", autocomplete: "off", maxlength: "6", placeholder: "1.5" });
  const from = h("input", { inputmode: "decimal", autocomplete: "off", maxlength: "40", placeholder: "at once" });
  const until = h("input", { type: "datetime-local", step: "60" });
  const reduce = h("input", { type: "checkbox" });
  const estimate = h("p", { class: "estimate muted num" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const priceField = h("label", { class: "field" }, h("span", null, "Price"), price);
  const tifField = h("label", { class: "field" }, h("span", null, "In force"), tif);
  const untilName = h("span", null, "Good till");
  const untilField = h("label", { class: "field", hidden: true }, untilName, until);
  // The field knows no zones: it is read in that of the page.
  const untilMs = (): number => Date.parse(until.value + (isLocal() ? "" : "Z"));
  const trailField = h("label", { class: "field", hidden: true }, h("span", null, "Trails by (%)"), trail);
  const fromField = h("label", { class: "field", hidden: true }, h("span", null, "From price on"), from);
  const buy = h("button", { type: "button", class: "buy" }, "▲ Buy"),
    sell = h("button", { type: "button", class: "sell" }, "▼ Sell");
  const form = h(
    "form",
    { class: "ticket" },
    heading,
    h(
      "div",
      { class: "fields" },
      h("label", { class: "field" }, h("span", null, "Account"), account),
      h("label", { class: "field" }, h("span", null, "Type"), type),
      priceField,
      h("label", { class: "field" }, h("span", null, "Quantity"), quantity),
      tifField,
      untilField,
      trailField,
      fromField,
      h("label", { class: "check" }, reduce, " reduce only"),
    ),
    estimate,
    error,
    h("div", { class: "actions" }, buy, sell),
  );
  form.addEventListener("submit", (e) => e.preventDefault());
  const endsByDate = (): boolean => type.value === "LIMIT" && tif.value === "GTD";
  const show = (): void => {
    priceField.hidden = tifField.hidden = type.value !== "LIMIT";
    untilField.hidden = !endsByDate();
    trailField.hidden = fromField.hidden = type.value !== "TRAILING_STOP";
  };
  type.addEventListener("change", show);
  tif.addEventListener("change", show);
  const send = (side: "buy" | "sell"): void => {
    error.hidden = true;
    const limit = type.value === "LIMIT",
      trails = type.value === "TRAILING_STOP";
    const distance = basisPoints(trail.value.trim());
    const wrong = !positive(quantity.value.trim())
      ? "Quantity must be a positive decimal, such as 0.01."
      : limit && !positive(price.value.trim())
        ? "Price must be a positive decimal."
        : endsByDate() && !(untilMs() > Date.now())
          ? "Good till must be a time to come."
          : trails && !distance
            ? "Trails by must be a percentage of 0.01 to 20, such as 1.5."
            : trails && from.value.trim() !== "" && !positive(from.value.trim())
              ? "From price on must be a positive decimal, or empty: at once."
              : !instrument
                ? "Choose an instrument."
                : !account.value
                  ? "Choose an account."
                  : "";
    if (wrong) {
      error.hidden = false;
      error.textContent = wrong;
      return;
    }
    const session = api.current();
    if (session?.consent_needed) {
      disclaimer(() => undefined);
      return;
    }
    // What is asked is what is sent: the form may change behind the dialog.
    const order = {
      account: account.value,
      instrument,
      side,
      type: type.value,
      quantity: quantity.value.trim(),
      reduce_only: reduce.checked,
      ...(limit ? { price: price.value.trim(), time_in_force: tif.value } : {}),
      ...(endsByDate() ? { good_till: new Date(untilMs()).toISOString() } : {}),
      ...(trails ? { trailing_bps: distance } : {}),
      ...(trails && from.value.trim() ? { stop_price: from.value.trim() } : {}),
      reason: "by hand",
    };
    const m = live.tables.markets.get(order.instrument);
    const at = (text: string): string => `${decimal(text, m?.price_digits)} ${m?.quote ?? ""}`;
    const best = side === "sell" ? "below the highest" : "above the lowest";
    ask({
      title: `${side} ${decimal(order.quantity)} ${symbol(order.instrument)}`,
      act: `Send the ${side} order`,
      danger: side === "sell",
      what: [
        facts([
          ["Account", order.account],
          ["Venue", venue(order.instrument)],
          ["Type", words(order.type)],
          ["Price", order.price ? at(order.price) : "market"],
          ...(order.trailing_bps
            ? ([
                ["Trails", `${order.trailing_bps / 100} % ${best} price`],
                ["From", order.stop_price ? `${at(order.stop_price)} on` : "now on"],
              ] as [string, string][])
            : []),
          ["Market now", m ? `${decimal(m.bid, m.price_digits)} / ${decimal(m.ask, m.price_digits)}` : "not known"],
          ["Quantity", `${decimal(order.quantity)} ${m?.base ?? ""}`],
          ["In force", order.time_in_force ? words(order.time_in_force) : "–"],
          ...(order.good_till ? ([["Good till", `${moment(parse(order.good_till))} ${zone()}`]] as [string, string][]) : []),
          ["Reduce only", order.reduce_only ? "yes" : "no"],
        ]),
        h("p", { class: "muted" }, "It takes the path of every order: risk checks it against all limits first."),
      ],
      run: async (_, request_id) => {
        const a = await api.post<Answer>("/api/v1/orders", { ...order, request_id });
        return [
          h("p", { class: refused(a) ? "error" : "verified", role: "status" }, said(a)),
          facts([
            ["Order", a.client_order_id || "–"],
            ["Detail", a.detail || "–"],
            ["Request", a.request_id],
          ]),
        ];
      },
    });
  };
  buy.addEventListener("click", () => send("buy"));
  sell.addEventListener("click", () => send("sell"));
  const element = panel(
    "Order by hand",
    api.may("trader") ? form : h("p", { class: "muted pad" }, "Orders by hand take the role trader."),
  );
  element.classList.add("ticket-panel");
  let accounts = "";
  let chosen = "";
  account.addEventListener("change", () => {
    chosen = account.value;
  });
  return {
    element,
    setInstrument(i) {
      instrument = i;
      price.value = "";
    },
    update() {
      untilName.textContent = `Good till (${zone()})`;
      const m = live.tables.markets.get(instrument);
      heading.textContent = m
        ? `${symbol(instrument)} · tick ${m.tick ?? "–"} · lot ${m.lot ?? "–"}`
        : "Choose an instrument";
      if (m && price.value === "" && document.activeElement !== price && m.bid) price.value = m.bid;
      const names = [...new Set([...live.tables.balances.values()].map((b) => b.account))].sort();
      if (names.join() !== accounts) {
        accounts = names.join();
        account.replaceChildren(...names.map((n) => h("option", { value: n }, n)));
        chosen ||= account.value;
        account.value = chosen; // none where it is gone: never another by itself
      }
      const p = type.value === "LIMIT" ? Number(price.value) : Number(m?.ask ?? NaN);
      const value = p * Number(quantity.value || "0");
      estimate.textContent =
        Number.isFinite(value) && value > 0 ? `about ${decimal(value.toFixed(2))} ${m?.quote ?? ""}` : "";
    },
  };
}
