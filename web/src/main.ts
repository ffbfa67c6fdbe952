// The shell: sign-in, navigation, what is always in sight, keyboard.
import { h, replace, setClass, setText } from "./dom";
import * as api from "./api";
import { dialog, facts } from "./dialog";
import { age, clock, date, isLocal, plural, setLocal, zone } from "./format";
import { live } from "./live";
import { alerts, openOrders, resultText, tradingState, unknownOrders } from "./derive";
import { killSwitch } from "./actions";
import { disclaimer, tour } from "./welcome";
import type { View } from "./view";
import { overview } from "./views/overview";
import { market } from "./views/market";
import { signals } from "./views/signals";
import { orders } from "./views/orders";
import { risk } from "./views/risk";
import { models } from "./views/models";
import { backtests } from "./views/backtests";
import { reports } from "./views/reports";
import { audit } from "./views/audit";
import { settings } from "./views/settings";

interface Entry {
  name: string;
  title: string;
  key: string;
  make: (rest: string) => View;
  trading?: boolean;
}
const ENTRIES: Entry[] = [
  { name: "overview", title: "Overview", key: "o", make: overview, trading: true },
  { name: "market", title: "Market", key: "m", make: market, trading: true },
  { name: "signals", title: "Signals", key: "s", make: signals, trading: true },
  { name: "orders", title: "Orders and positions", key: "p", make: orders, trading: true },
  { name: "risk", title: "Risk", key: "r", make: risk, trading: true },
  { name: "models", title: "Models", key: "d", make: models, trading: true },
  { name: "backtests", title: "Backtests", key: "b", make: backtests, trading: true },
  { name: "reports", title: "Reports", key: "e", make: reports, trading: true },
  { name: "audit", title: "Audit", key: "a", make: audit },
  { name: "settings", title: "Settings", key: "t", make: settings },
];
const SHORT: Record<string, string> = { orders: "Orders" };
const app = document.getElementById("app")!;

export function applyTheme(): void {
  const theme = localStorage.getItem("gannet.theme") ?? "system";
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function signInPage(note = ""): void {
  live.stop();
  document.title = "Sign in · Gannet";
  const error = h("p", { class: "error", role: "alert", hidden: !note }, note);
  const user = h("input", {
    name: "user",
    autocomplete: "username",
    required: true,
    value: localStorage.getItem("gannet.user") ?? "admin",
    maxlength: "64",
  });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: "256",
  });
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "sign-in" },
    h("h1", null, "Gannet"),
    h("label", { class: "field" }, h("span", null, "User"), user),
    h("label", { class: "field" }, h("span", null, "Password"), password),
    error,
    button,
    h(
      "p",
      { class: "muted" },
      "The first password was shown at the first start of ",
      h("code", null, "gannet run"),
      ", or lies in the file ",
      h("code", null, "first-password"),
      " of its data folder. Another user: ",
      h("code", null, "gannet user add NAME --role trader"),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    api
      .post<api.Session>("/api/v1/session", { user: user.value.trim().toLowerCase(), password: password.value })
      .then((session) => {
        localStorage.setItem("gannet.user", session.user);
        api.keep(session);
        start();
      })
      .catch((problem: unknown) => {
        button.disabled = false;
        error.hidden = false;
        error.textContent = problem instanceof Error ? problem.message : String(problem);
        password.select();
      });
  });
  replace(app, h("main", { class: "sign-in-page" }, form));
  (user.value ? password : user).focus();
}

let view: View | null = null;
let viewName = "";
let stopShell: () => void = () => undefined;

function start(): void {
  stopShell();
  const session = api.current()!;
  const connection = h("span", { class: "chip", id: "connection", role: "status" });
  const state = h("a", { class: "chip", href: "#/risk", id: "trading-state" });
  const result = h("a", {
    class: "chip plain",
    href: "#/overview",
    title: "Result: realised and open, all strategies",
  });
  const open = h("a", { class: "chip plain wide", href: "#/orders" });
  const unknown = h("a", { class: "chip bad", href: "#/orders", hidden: true });
  const alarm = h("a", { class: "chip warn", href: "#/overview", hidden: true });
  const time = h("button", {
    type: "button",
    class: "chip plain num wide",
    title: "Switch between UTC and local time",
    onclick: () => {
      setLocal(!isLocal());
      view?.update(true);
      tick();
    },
  });
  const kill = h(
    "button",
    { type: "button", class: "danger", id: "kill", onclick: () => killSwitch("firm", "") },
    "Kill switch",
  );
  const banner = h("div", { class: "banner", role: "alert", hidden: true, id: "lost" });
  const stage = h("main", { id: "stage", tabindex: "-1" });
  const advice = h("p", { class: "advice" }, "Not financial advice. Predictions can be wrong; trading can lose money.");
  const links = ENTRIES.map((entry) =>
    h(
      "a",
      { href: "#/" + entry.name, "aria-keyshortcuts": `g ${entry.key}` },
      h("span", { class: "long" }, entry.title),
      h("span", { class: "short" }, SHORT[entry.name] ?? entry.title),
      h("kbd", { "aria-hidden": "true" }, entry.key),
    ),
  );
  replace(
    app,
    h(
      "a",
      {
        class: "skip",
        href: "#stage",
        onclick: (e: Event) => {
          e.preventDefault();
          stage.focus();
        },
      },
      "Skip to content",
    ),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: "#/overview", "aria-label": "Gannet, overview" }, "Gannet"),
      state,
      result,
      open,
      unknown,
      alarm,
      h("span", { class: "gap" }),
      connection,
      time,
      api.may("trader", "risk") ? kill : null,
    ),
    banner,
    h(
      "nav",
      { class: "rail", "aria-label": "Views" },
      links,
      h(
        "p",
        { class: "hint" },
        h("kbd", null, "g"),
        " then letter, ",
        h("kbd", null, "/"),
        " search, ",
        h("kbd", null, "?"),
        " help",
      ),
    ),
    stage,
    h("footer", { class: "foot" }, advice),
  );

  const show = (): void => {
    const [, name = "overview", rest = ""] = location.hash.split("/");
    const entry = ENTRIES.find((e) => e.name === name) ?? ENTRIES[0]!;
    if (view && viewName === entry.name && view.go) {
      view.go(decodeURIComponent(rest));
      return;
    }
    view?.close?.();
    viewName = entry.name;
    view = entry.make(decodeURIComponent(rest));
    replace(stage, h("h1", { class: "hidden" }, entry.title), view.element);
    document.title = `${entry.title} · Gannet`;
    links.forEach((link, i) => {
      if (ENTRIES[i] === entry) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ inline: "center", block: "nearest" });
      } else link.removeAttribute("aria-current");
    });
    advice.hidden = !entry.trading;
    view.update(true);
  };
  let drawn = 0;
  const update = (all: boolean): void => {
    drawn = performance.now();
    view?.update(all);
  };
  const tick = (): void => {
    const now = live.now();
    setText(time, `${date(now)} ${clock(now)} ${zone()}`);
    const lost = live.status === "lost";
    const late = live.status === "live" && live.behind;
    const silent = live.lastMessage ? Date.now() - live.lastMessage : 0;
    document.body.classList.toggle("lost", lost || Boolean(late));
    setText(
      connection,
      lost
        ? "✕ no connection"
        : late
          ? `◷ ${age(late)} behind`
          : live.status === "live"
            ? "● live"
            : "… connecting",
    );
    setClass(connection, "chip " + (lost || late ? "bad" : live.status === "live" ? "ok" : ""));
    banner.hidden = !lost && !late;
    if (late)
      setText(
        banner,
        `The connection does not keep up: what you see is ${age(late)} old, and prices have moved on. Acts work as ever.`,
      );
    if (lost)
      setText(
        banner,
        `Connection lost. What you see is as of ${clock(live.lastMessage)} ${zone()} (${age(silent)} ago). Trying again by itself; the platform trades on without this page.`,
      );
  };
  const refresh = (): void => {
    const trading = tradingState();
    setText(
      state,
      trading === "ACTIVE"
        ? "✓ trading active"
        : trading === "KILLED"
          ? "■ KILLED"
          : "▲ " + trading.replace("_", " ").toLowerCase(),
    );
    setClass(state, "chip " + (trading === "ACTIVE" ? "ok" : "bad"));
    setText(result, resultText());
    const count = openOrders().length;
    setText(open, plural(count, "open order"));
    const lostOrders = unknownOrders().length;
    unknown.hidden = lostOrders === 0;
    setText(unknown, `? ${lostOrders} unknown`);
    const list = alerts();
    alarm.hidden = list.length === 0;
    setText(alarm, `! ${plural(list.length, "alert")}`);
    setClass(alarm, "chip " + (list.some((a) => a.level === "bad") ? "bad" : "warn"));
    tick();
    update(false);
  };
  let armed = 0;
  const keys = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.key === "Escape" && target.matches("input, select, textarea")) {
      target.blur();
      return;
    }
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      target.matches("input, select, textarea") ||
      document.querySelector("dialog[open]")
    )
      return;
    if (armed && Date.now() - armed < 1_500) {
      armed = 0;
      const entry = ENTRIES.find((e) => e.key === event.key);
      if (entry) {
        event.preventDefault();
        location.hash = "#/" + entry.name;
        stage.focus();
      }
      return;
    }
    if (event.key === "g") armed = Date.now();
    else if (event.key === "/") {
      event.preventDefault();
      search();
    } else if (event.key === "?") help();
  };
  window.addEventListener("hashchange", show);
  document.addEventListener("keydown", keys);
  const stop = live.onChange(refresh);
  // Ages go on where nothing else changes.
  const timer = window.setInterval(() => {
    tick();
    if (performance.now() - drawn > 400) update(false);
  }, 500);
  const themes = matchMedia("(prefers-color-scheme: dark)");
  const retheme = (): void => view?.update(true);
  themes.addEventListener("change", retheme);
  stopShell = () => {
    window.removeEventListener("hashchange", show);
    document.removeEventListener("keydown", keys);
    themes.removeEventListener("change", retheme);
    stop();
    clearInterval(timer);
    view?.close?.();
    view = null;
    live.stop();
  };
  live.start();
  show();
  refresh();
  if (session.consent_needed) disclaimer(() => tour());
}

function search(): void {
  const input = h("input", {
    type: "search",
    placeholder: "Instrument, order, strategy or view",
    "aria-label": "Search",
    autocomplete: "off",
  });
  const list = h("ul", { class: "results", "aria-label": "Found" });
  const shown = dialog("Search", [input, list]);
  const find = (): void => {
    const text = input.value.trim().toLowerCase();
    const found: { text: string; href: string }[] = [];
    for (const e of ENTRIES)
      if (e.title.toLowerCase().includes(text)) found.push({ text: e.title, href: "#/" + e.name });
    for (const m of live.tables.markets.keys())
      if (m.toLowerCase().includes(text)) found.push({ text: m, href: "#/market/" + encodeURIComponent(m) });
    if (text.length > 1) {
      for (const o of live.tables.orders.values())
        if ([o.client_order_id, o.venue_order_id, o.strategy].some((v) => v.toLowerCase().includes(text)))
          found.push({
            text: `order ${o.client_order_id} · ${o.side} ${o.instrument} · ${o.state}`,
            href: "#/orders/" + encodeURIComponent(o.client_order_id),
          });
      for (const s of live.tables.signals.values())
        if (s.title.toLowerCase().includes(text))
          found.push({ text: s.title, href: "#/signals/" + encodeURIComponent(s.id) });
    }
    replace(
      list,
      found.slice(0, 12).map((f) => h("li", null, h("a", { href: f.href, onclick: () => shown.close() }, f.text))),
    );
    if (!found.length) replace(list, h("li", { class: "muted" }, "Nothing of that name is in sight."));
  };
  input.addEventListener("input", find);
  // Enter opens the first; the arrows walk through the others.
  shown.element.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === "Enter" && document.activeElement === input) links[0]?.click();
    else if (event.key === "ArrowDown") (links[at + 1] ?? links[0])?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input)?.focus();
    else return;
    event.preventDefault();
  });
  find();
  input.focus();
}

function help(): void {
  dialog("Keyboard", [
    facts([
      ...ENTRIES.map((e): [string, string] => [`g ${e.key}`, e.title]),
      ["/", "search"],
      ["Enter", "open the row in focus"],
      ["Esc", "close, leave a field"],
      ["?", "this"],
    ]),
  ]);
}

applyTheme();
api.whenSignedOut(() => {
  stopShell();
  for (const open of document.querySelectorAll("dialog[open]")) (open as HTMLDialogElement).close();
  signInPage("You were signed out; sign in again.");
});
// Tests look at it; it holds nothing that the page does not show.
Object.assign(window, { gannet: { live } });
// Where the gateway cannot look up who is signed in (503) we may still be: it is asked again.
function enter(again = false): void {
  api
    .get<api.Session>("/api/v1/session")
    .then((session) => {
      if (api.current()) return; // signed in by the form meanwhile
      api.keep(session);
      start();
    })
    .catch((problem: unknown) => {
      const later = problem instanceof api.ApiError && problem.status === 503;
      if (!again || !later) signInPage(later ? problem.message : undefined);
      if (later && !api.current()) window.setTimeout(() => enter(true), 2_000);
    });
}
enter();
