// The page in a real Chromium against a real `gannet run`:
//   node web/test/browser.mjs BIN_DIR [SCREENSHOT_DIR]
// Exit code 4: Chromium or the packages are missing (ctest: SKIPPED).
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SKIPPED = 4;
const [binDir, shotDir] = process.argv.slice(2);
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
let puppeteer;
try {
  puppeteer = (await import("puppeteer-core")).default;
} catch {
  /* below */
}
if (!chromium || !puppeteer) {
  console.log(`SKIPPED: ${chromium ? "web/node_modules" : "chromium"} is missing; run tools/setup`);
  process.exit(SKIPPED);
}
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const started = Date.now();
const passed = [];
const step = (name) => {
  passed.push(name);
  console.log(`ok ${passed.length} - ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
};
const check = (condition, message) => {
  if (!condition) throw new Error(message);
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
// Limits are what it takes at most on a machine with nothing else to do.
const PATIENCE = 4;
// What is not on the page yet has failed nothing.
const notYet = async (call) => {
  try {
    return await call();
  } catch (error) {
    if (!/failed to find element/.test(error.message)) throw error;
    return undefined;
  }
};
const until = async (what, call, limit = 15_000) => {
  limit *= PATIENCE;
  const end = Date.now() + limit;
  for (;;) {
    const value = await notYet(call);
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limit / 1000} s: ${what}`);
    await sleep(100);
  }
};

// What comes from `port` comes `link.delay` ms later, in its order.
function slowLink(port) {
  const link = { delay: 0 };
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let due = 0;
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => {
      due = Math.max(due, Date.now() + link.delay);
      setTimeout(() => near.destroyed || near.write(bytes), due - Date.now());
    });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on("close", () => to.destroy());
      from.on("error", () => undefined);
    }
  });
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done({ link, port: server.address().port, close: () => server.close() }));
  });
}

const data = mkdtempSync(join(tmpdir(), "gannet-page-"));
// Runs as `gannet replay --out` writes them.
function putBacktest(name, decisions, result, limits) {
  const figure = (label, kind, value) => ({ label, kind, value, definition: label, absent: "" });
  const at = (minute) => `2026-01-02T00:${String(minute).padStart(2, "0")}:00Z`;
  const points = [0, 1, 2, 3].map((m) => ({ time: at(m), result: String((Number(result) * m) / 3) }));
  const document = {
    format: 1,
    made: at(5),
    build: "gannet test",
    decisions,
    summary: { first: at(0), last: at(4), intents: 7, fills: 3, asset: "USDT", result, total_return: "0.0012", max_drawdown: "0.0003", sharpe: "1.5" },
    parameters: { captures: ["spot.gz"], limits_file: { path: limits, sha256: decisions } },
    refusals: [{ control: "MAX_ORDER_NOTIONAL", count: 2, first: "30000 of 25000 USDT" }],
    orders: {
      total: 1,
      rows: [
        { client_order_id: "a1", created: at(1), strategy: "maker", instrument: "binance-spot:BTCUSDT", side: "buy", price: "60000", quantity: "0.1", filled: "0.1", state: "FILLED", detail: "" },
      ],
    },
    report: {
      asset: "USDT",
      notes: [],
      figures: { result: figure("Result", "amount", result), sharpe: figure("Sharpe ratio", "ratio", "1.5") },
      tables: { equity_curve: { title: "Equity", columns: [], rows: points } },
    },
  };
  mkdirSync(join(data, "backtests", name), { recursive: true });
  writeFileSync(join(data, "backtests", name, "backtest.json"), JSON.stringify(document));
}
putBacktest("wide-limits", "ab12".repeat(16), "12.50", "config/limits.yaml");
let output = "";
const gannet = spawn(join(binDir, "gannet"), ["run", "--data", data, "--plain", "--market-speed", "4"], {
  stdio: ["ignore", "pipe", "pipe"],
});
gannet.stdout.on("data", (text) => {
  output += text;
});
gannet.stderr.on("data", (text) => {
  output += text;
});
let ended = false;
gannet.on("exit", () => {
  ended = true;
});
let browser;
function childOf(parent, name) {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, comm, rest] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
      if (Number(rest.split(" ")[1]) === parent && name.startsWith(comm)) return Number(pid);
    } catch {
      /* gone meanwhile */
    }
  }
  return 0;
}

async function main() {
  const url = (
    await until(
      "the page's address",
      () => {
        check(!ended, "gannet ended: " + output);
        return /^page: (\S+)$/m.exec(output);
      },
      60_000,
    )
  )[1];
  const first = join(data, "first-password");
  const [, user, password] = /^user (\S+)\npassword (\S+)$/m.exec(readFileSync(first, "utf8")) ?? [];
  check(user && password, "the first password is not in its file: " + output.slice(0, 2_000));
  check((statSync(first).mode & 0o777) === 0o600, "others may read the first password");
  check(output.includes(first) && !output.includes(password), "the output has the password, not its file");
  step("gannet run prints the page's address and, without a terminal, where the first password is");

  for (const path of ["api/v1/state", "api/v1/snapshot", "api/v1/openapi.json"])
    check((await fetch(url + path)).status === 401, `${path} answers without sign-in`);
  check((await fetch(url + "healthz")).status === 200, "/healthz");
  step("nothing but health without sign-in");

  browser = await puppeteer.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none"],
    defaultViewport: { width: 1440, height: 900 },
  });
  const page = await browser.newPage();
  const problems = [],
    requests = [];
  page.on("pageerror", (error) => problems.push("page error: " + error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 40[139]|WebSocket connection|ERR_|net::/.test(message.text()))
      problems.push("console: " + message.text());
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  const shot = async (name, options = {}) => {
    if (shotDir) {
      mkdirSync(shotDir, { recursive: true });
      await page.screenshot({ path: join(shotDir, name + ".png"), ...options });
    }
  };
  const axe = async (name) => {
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () =>
      (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })).violations
        .filter((v) => v.impact === "serious" || v.impact === "critical")
        .map(
          (v) =>
            `${v.id}: ${v.nodes
              .slice(0, 3)
              .map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? n.all[0]?.message ?? ""))
              .join(" | ")}`,
        ),
    );
    check(found.length === 0, `axe-core on ${name}:\n  ${found.join("\n  ")}`);
  };
  const see = (selector, limit) => page.waitForSelector(selector, { visible: true, timeout: (limit ?? 15_000) * PATIENCE });
  const go = async (name) => {
    await page.evaluate((n) => {
      location.hash = "#/" + n;
    }, name);
    await see(`[data-view="${name.split("/")[0]}"]`);
  };

  await page.goto(url);
  await see("input[name=password]");
  await axe("sign-in");
  await page.type("input[name=password]", "wrong " + password);
  await page.click("button[type=submit]");
  await until("the refusal", () => page.$eval(".error", (e) => e.textContent.includes("wrong")));
  await page.$eval("input[name=password]", (e) => {
    e.value = "";
  });
  await page.type("input[name=password]", password);
  const before = Date.now();
  await page.click("button[type=submit]");
  await until("the disclaimer", () =>
    page.evaluate(() => document.querySelector("dialog[open] h2")?.textContent === "Risk disclaimer"),
  );
  console.log(`  signed in and drawn in ${Date.now() - before} ms`);
  await axe("disclaimer");
  await page.evaluate(() => document.querySelector("dialog .primary").click());
  await until("the tour", () =>
    page.evaluate(() => document.querySelector("dialog[open] h2")?.textContent === "Welcome to Gannet"),
  );
  for (let i = 0; i < 5; i += 1) await page.evaluate(() => document.querySelector("dialog .primary").click());
  await until("the end of the tour", () => page.evaluate(() => !document.querySelector("dialog")));
  const me = await page.evaluate(() => fetch("/api/v1/session").then((r) => r.json()));
  check(me.consent_version === 1 && me.consent_time, "consent is not stored");
  step("sign-in, refusal of a wrong password, disclaimer stored, tour");

  const live = (expression) => page.evaluate(`(() => { const live = window.gannet.live; return ${expression}; })()`);
  await until("ten markets", () => live("live.status === 'live' && live.tables.markets.size >= 5"));
  await until("fills", () => live("live.tables.fills.size >= 2"), 60_000);
  await until("signals", () => live("live.tables.signals.size >= 2"));
  step("live data over the WebSocket: markets, fills, signals");

  const rows = {
    overview: ".tile-value",
    market: "tbody tr",
    signals: "tbody tr",
    orders: "tbody tr",
    risk: "tbody tr",
    models: ".card tbody tr",
    backtests: "tbody tr",
    reports: "tbody tr",
    audit: "tbody tr",
    settings: ".facts dd",
  };
  for (const [name, selector] of Object.entries(rows)) {
    await go(name);
    await see(`[data-view="${name}"] ${selector}`);
    if (name === "market") {
      await until("candles", () => page.$eval(".candles canvas", (c) => c.width > 100));
      await until("the book", () => page.$eval(".level span", (e) => e.textContent.length > 0));
      await until("trades", () => page.$$eval(".side-column tbody tr", (r) => r.length > 3));
      await sleep(1_500);
    }
    await sleep(name === "risk" ? 1_200 : 500);
    check(
      await page.evaluate(() => document.querySelector(".advice").hidden === (/#\/(settings|audit)$/.test(location.hash))),
      "the line on financial advice",
    );
    await shot(`${name}-dark`);
    await axe(name);
  }
  step("every view renders with data; axe-core finds nothing serious");

  // Backtests: one that comes while the page is open, then both beside each other.
  await go("backtests");
  putBacktest("narrow-limits", "cd34".repeat(16), "-3.25", "other-limits.yaml");
  await until("the new run", () => page.$$eval("[data-view=backtests] tbody tr", (rows) => rows.length === 2), 20_000);
  await page.click('[aria-label="Show wide-limits"]');
  await until("its figures", () =>
    page.$eval("[data-view=backtests]", (v) => v.textContent.includes("Sharpe ratio") && v.textContent.includes("12.50")),
  );
  await axe("a backtest");
  await shot("backtest-dark");
  await page.click('[aria-label="Show narrow-limits"]');
  await until("the comparison", () =>
    page.$eval(
      "[data-view=backtests]",
      (v) => v.textContent.includes("Other decisions") && v.textContent.includes("other-limits.yaml") && v.textContent.includes("−15.75"),
    ),
  );
  await axe("two backtests");
  await shot("backtests-compared-dark");
  step("backtests: listed as they come, one with its figures and orders, two compared");

  // Long tasks while the densest view is open.
  await go("orders");
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => list.getEntries().forEach((e) => window.longTasks.push(e.duration))).observe({
      entryTypes: ["longtask"],
    });
  });
  // By the page's own clock, however late it is asked.
  const counted = () => page.evaluate(() => ({ frames: window.gannet.live.frames, at: performance.now() }));
  const then = await counted();
  await sleep(4_000);
  const now = await counted();
  const seconds = (now.at - then.at) / 1_000;
  const speed = (now.frames - then.frames) / seconds;
  const long = await page.evaluate(() => window.longTasks);
  check(speed <= 11, `${speed} frames a second in ${seconds} s: not conflated to ten`);
  console.log(
    `  ${speed.toFixed(1)} frames/s, ${long.length} tasks above 50 ms${long.length ? ": " + long.map((d) => Math.round(d)).join(", ") : ""}`,
  );
  step("updates are conflated to ten a second");

  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await see('[data-view="market"]');
  await page.keyboard.press("/");
  await see("dialog input[type=search]");
  await page.type("dialog input[type=search]", "ethusdt");
  await axe("search");
  await page.keyboard.press("Enter");
  await until("search opens ETHUSDT", () =>
    page.evaluate(() => document.querySelector(".instrument")?.textContent === "ETHUSDT"),
  );
  await page.keyboard.press("?");
  await see("dialog");
  await page.keyboard.press("Escape");
  await until("Esc closes", () => page.evaluate(() => !document.querySelector("dialog")));
  await go("signals");
  await page.click("tbody tr");
  await see(".trail .step");
  await page.keyboard.press("Escape");
  step("keyboard, search, and the way from a headline");

  // A headline that led to orders: the way to its fills.
  const cause = await until(
    "a signal with a fill",
    () =>
      live(
        "(() => { const f = [...live.tables.fills.values()].find((f) => live.tables.signals.has(f.signal)); return f ? f.signal : ''; })()",
      ),
    30_000,
  );
  await go("signals/" + cause);
  await see(".trail .step");
  const way = await page.$$eval(".trail .tag", (tags) => tags.map((t) => t.textContent));
  check(
    way.includes("headline") && way.some((t) => t.includes("order")) && way.includes("fill"),
    `the way from a headline: ${way.join(", ")}`,
  );
  await shot("trail-dark");
  await axe("trail");
  await page.keyboard.press("Escape");
  step("from a headline over the order to its fill");

  // An order by hand far from the market, made smaller and cancelled by hand.
  await go("market/" + encodeURIComponent("binance-spot:BTCUSDT"));
  const price = await until("a price", () =>
    live("Math.floor(Number(live.tables.markets.get('binance-spot:BTCUSDT')?.bid ?? 0) * 0.97)"),
  );
  // What the order comes to is told while it is typed: the buttons stay where they are.
  const fill = (values) =>
    page.evaluate((texts) => {
      document.querySelectorAll(".ticket input[inputmode=decimal]").forEach((field, i) => (field.value = texts[i]));
    }, values);
  const estimated = () => page.$eval(".ticket .estimate", (e) => e.textContent.startsWith("about "));
  const buttonAt = () => page.$eval(".ticket .buy", (button) => button.offsetTop);
  await fill([String(price), ""]);
  await until("no estimate", async () => !(await estimated()));
  const place = await buttonAt();
  await fill([String(price), "0.002"]);
  await until("the estimate", estimated);
  check((await buttonAt()) === place, `Buy moved from ${place} to ${await buttonAt()} when the estimate came`);
  const answered = () =>
    page.evaluate(() => {
      const said = document.querySelector("dialog[open]")?.textContent ?? "";
      return /Reached: |error/.test(said) ? said : "";
    });
  const reached = await until(
    "an order by hand that risk takes",
    async () => {
      await fill([String(price), "0.002"]);
      await page.click(".ticket .buy");
      await see("dialog[open] button[type=submit]");
      await axe("order by hand");
      await page.click("dialog[open] button[type=submit]");
      const said = await until("the order is answered", answered);
      await page.keyboard.press("Escape");
      // A book may be read anew just now, a budget of messages be used up.
      if (!/denied|messages in /i.test(said)) return said;
      console.log(`  asked again: ${said}`);
      await sleep(500);
      return "";
    },
    30_000,
  );
  check(reached.includes("Reached: "), "the order by hand: " + reached);
  const mine = await until("the order is accepted", () =>
    live(
      "[...live.tables.orders.values()].find((o) => o.strategy.startsWith('manual') && o.state === 'ACCEPTED')?.client_order_id ?? ''",
    ),
  );
  await go("orders/" + mine);
  await until("its row", () =>
    page.$$eval("[data-view=orders] > section:first-child tbody tr", (rows) => rows.length === 1),
  );
  // The gateway's answers made up, one a request that changes something; null: none comes.
  const withAnswers = async (answers, call) => {
    await page.evaluate((given) => {
      const real = window.fetch;
      window.sent = [];
      window.fetch = (path, options) => {
        if (options?.method !== "POST") return real(path, options);
        window.sent.push(JSON.parse(options.body));
        const answer = given.shift();
        return answer
          ? Promise.resolve(new Response(JSON.stringify(answer[1]), { status: answer[0] }))
          : Promise.reject(new TypeError("Failed to fetch"));
      };
      window.answerAgain = () => (window.fetch = real);
    }, answers);
    try {
      return await call();
    } finally {
      await page.evaluate(() => void window.answerAgain());
    }
  };
  // Presses what the dialog offers and waits for its answer.
  const submit = async () => {
    await page.click("dialog[open] button[type=submit]");
    await until("the dialog's answer", () =>
      page.evaluate(() => {
        const button = document.querySelector("dialog[open] button[type=submit]");
        return !button || (!button.disabled && !document.querySelector("dialog[open] .error").hidden);
      }),
    );
  };
  const pressInRow = async (text) => {
    await page.evaluate(
      (wanted) =>
        [...document.querySelectorAll("[data-view=orders] td button")].find((b) => b.textContent === wanted).click(),
      text,
    );
    await see("dialog[open] button[type=submit]");
  };
  await until(
    "a change that risk takes",
    async () => {
      await pressInRow("Change");
      await page.evaluate(() => {
        document.querySelectorAll("dialog[open] input[inputmode=decimal]")[1].value = "0.001";
      });
      await axe("change of an order");
      await page.click("dialog[open] button[type=submit]");
      const said = await until("the change is answered", () =>
        page.evaluate(() => {
          const text = document.querySelector("dialog[open]")?.textContent ?? "";
          return /on its way|Not changed|error/.test(text) ? text : "";
        }),
      );
      await page.keyboard.press("Escape");
      if (said.includes("on its way")) return said;
      console.log(`  asked again: ${said}`);
      await sleep(500);
      return "";
    },
    30_000,
  );
  await until("the order is smaller", () =>
    live(`Number(live.tables.orders.get('${mine}')?.quantity) === 0.001 && live.tables.orders.get('${mine}').state === 'ACCEPTED'`),
  );
  // Once more: it shows what the order is now, and takes nothing but a decimal.
  await pressInRow("Change");
  const shownNow = await page.$eval("dialog[open] label:nth-of-type(2) input", (field) => field.value);
  check(Number(shownNow) === 0.001, `Change order shows ${shownNow}, not what it was changed to`);
  for (const typed of ["0,5", "1e-3", "-2", "0", ""]) {
    const sent = await withAnswers([[500, { error: "not asked for" }]], async () => {
      await page.$eval("dialog[open] label:nth-of-type(2) input", (field, text) => (field.value = text), typed);
      await submit();
      return page.evaluate(() => window.sent);
    });
    check(sent.length === 0, `"${typed}" as a quantity was sent as ${JSON.stringify(sent)}`);
    const said = await page.$eval("dialog[open] .error", (e) => e.textContent);
    check(said.startsWith("Quantity must be a positive decimal"), `"${typed}" as a quantity: ${said}`);
  }
  await axe("a refused change of an order");
  await shot("change-dark");
  await page.keyboard.press("Escape");
  await pressInRow("Cancel");
  const asked = await page.$eval("dialog[open]", (d) => d.textContent);
  check(asked.includes("buy 0.001 BTCUSDT"), "Cancel order shows the order as it was: " + asked);
  await page.click("dialog[open] button[type=submit]");
  await until("the cancel is verified", () =>
    page.evaluate(() => document.querySelector("dialog[open]")?.textContent.includes("✓ Verified")),
  );
  await page.keyboard.press("Escape");
  step("an order by hand: asked once, sent, made smaller in place, cancelled, verified");

  // What the dialog asks is what is sent, whatever moves behind it, and once.
  await go("market/" + encodeURIComponent("binance-spot:ETHUSDT"));
  await go("market/" + encodeURIComponent("binance-spot:BTCUSDT"));
  const focused = () => page.$eval(".instrument", (e) => e.textContent);
  const askToBuy = async () => {
    await until("BTCUSDT", async () => (await focused()) === "BTCUSDT");
    await fill([String(price), "0.002"]);
    await page.click(".ticket .buy");
    await see("dialog[open] button[type=submit]");
  };
  // A trailing stop: no limit, a distance in per cent, sent in basis points.
  const choose = (wanted) => page.select(".ticket [aria-label=Type]", wanted);
  const put = (label, text) =>
    page.evaluate(
      (name, value) => {
        [...document.querySelectorAll(".ticket .field")].find((f) => f.textContent.startsWith(name)).querySelector("input").value = value;
      },
      label,
      text,
    );
  await until("BTCUSDT", async () => (await focused()) === "BTCUSDT");
  await fill([String(price), "0.002"]);
  await choose("TRAILING_STOP");
  const asks = await page.$$eval(".ticket .field", (all) => all.filter((f) => !f.hidden).map((f) => f.firstChild.textContent));
  check(asks.join() === "Account,Type,Quantity,Trails by (%),From price on", "a trailing stop asks for " + asks.join());
  const ticketSays = () => page.$eval(".ticket .error", (e) => (e.hidden ? "" : e.textContent));
  for (const wrong of ["", "0", "1.555", "20.01", "1,5", "-1"]) {
    await put("Trails by", wrong);
    await page.click(".ticket .sell");
    check(/^Trails by must be a percentage/.test(await ticketSays()), `"${wrong}" as a distance: ${await ticketSays()}`);
  }
  await put("Trails by", "1.5");
  await put("From price", "1e5");
  await page.click(".ticket .sell");
  check(/^From price on must be/.test(await ticketSays()), "1e5 as a price: " + (await ticketSays()));
  await shot("ticket-trailing-dark");
  await put("From price", "");
  await page.click(".ticket .sell");
  await see("dialog[open] button[type=submit]");
  const meant = await page.$eval("dialog[open]", (d) => d.textContent);
  check(meant.includes("1.5 % below the highest price"), "what is asked of a trailing stop: " + meant);
  await axe("a trailing stop");
  await shot("trailing-dark");
  const stops = await withAnswers([[200, { reached: "JOURNALED", detail: "", client_order_id: "t", request_id: "r" }]], async () => {
    await submit();
    return page.evaluate(() => window.sent);
  });
  check(
    stops.length === 1 && stops[0].type === "TRAILING_STOP" && stops[0].trailing_bps === 150 && !("price" in stops[0]) && !("stop_price" in stops[0]),
    "a trailing stop was sent as " + JSON.stringify(stops),
  );
  await page.keyboard.press("Escape");
  await choose("LIMIT");
  step("a trailing stop on the ticket: its distance in per cent, from now on or from a price on");

  // Good till a date, in the zone of the page.
  const inForce = (wanted) =>
    page.evaluate((value) => {
      const field = [...document.querySelectorAll(".ticket .field")].find((f) => f.textContent.startsWith("In force")).querySelector("select");
      field.value = value;
      field.dispatchEvent(new Event("change"));
    }, wanted);
  await inForce("GTD");
  for (const wrong of ["", "2020-01-01T12:00"]) {
    await put("Good till", wrong);
    await page.click(".ticket .buy");
    check(/^Good till must be a time to come/.test(await ticketSays()), `"${wrong}" as a date: ${await ticketSays()}`);
  }
  await put("Good till", "2050-01-02T12:30");
  await shot("ticket-dated-dark");
  await page.click(".ticket .buy");
  await see("dialog[open] button[type=submit]");
  const until2050 = await page.$eval("dialog[open]", (d) => d.textContent);
  check(until2050.includes("2050-01-02 12:30:00 UTC"), "what is asked of an order good till a date: " + until2050);
  await axe("an order good till a date");
  const dated = await withAnswers([[200, { reached: "JOURNALED", detail: "", client_order_id: "t", request_id: "r" }]], async () => {
    await submit();
    return page.evaluate(() => window.sent);
  });
  check(
    dated.length === 1 && dated[0].time_in_force === "GTD" && dated[0].good_till === "2050-01-02T12:30:00.000Z",
    "an order good till a date was sent as " + JSON.stringify(dated),
  );
  await page.keyboard.press("Escape");
  await inForce("GTC");
  step("an order good till a date on the ticket: its date asked for, shown and sent in the page's zone");

  await askToBuy();
  await shot("ticket-dark");
  await page.goBack();
  await until("ETHUSDT", async () => (await focused()) === "ETHUSDT");
  check(!(await page.$("dialog[open]")), "Back left the dialog of another instrument open");
  await page.goForward();

  const accounts = () => page.$$eval(".ticket [aria-label=Account] option", (options) => options.map((o) => o.value));
  const [account] = await accounts();
  await askToBuy();
  await live("live.tables.balances.set('alt|USDT', { account: 'alt', venue: 'binance-spot', asset: 'USDT', free: '1', locked: '0' })");
  await until("a second account", async () => (await accounts()).length === 2);
  const chosen = await page.$eval(".ticket [aria-label=Account]", (e) => e.value);
  check(chosen === account, `the ticket's account became ${chosen} by itself`);
  await fill(["1", "9"]);
  const lost = null;
  const sent = await withAnswers(
    [
      [503, { error: "the command is not on disk yet; ask again with the same request_id" }],
      lost,
      [403, { error: "the token of the session is missing" }],
      [409, { error: "refused" }],
      [200, { reached: "JOURNALED", detail: "", client_order_id: "m", request_id: "r" }],
    ],
    async () => {
      for (let i = 0; i < 5; i += 1) await submit();
      return page.evaluate(() => window.sent);
    },
  );
  for (const order of sent)
    check(
      order.instrument === "binance-spot:BTCUSDT" && order.account === account && order.quantity === "0.002" && order.price === String(price),
      "asked to buy 0.002 BTCUSDT, sent: " + JSON.stringify(order),
    );
  const ids = sent.map((order) => order.request_id);
  check(ids.slice(0, 4).every((id) => id === ids[0]), "asked again under another request_id: " + ids.join(", "));
  check(ids.length === 5 && ids[4] !== ids[0], "after a refusal under the same request_id: " + ids.join(", "));
  await page.keyboard.press("Escape");

  // An account that goes is not replaced by another.
  await live(
    "(() => { const all = live.tables.balances, held = new Map([...all].filter(([, b]) => b.account !== 'alt'));" +
      " held.forEach((b, key) => all.delete(key)); all.set = (key, b) => held.set(key, b);" +
      " window.giveBack = () => { delete all.set; all.delete('alt|USDT'); held.forEach((b, key) => all.set(key, b)); }; })()",
  );
  await until("one account", async () => (await accounts()).join() === "alt");
  await page.click(".ticket .buy");
  check(
    !(await page.$("dialog[open]")) && (await page.$eval(".ticket .error", (e) => e.textContent)) === "Choose an account.",
    "the ticket took another account by itself",
  );
  await live("window.giveBack()");
  await until("the account is back", () => page.$eval(".ticket [aria-label=Account]", (e, was) => e.value === was, account));
  step("the ticket sends what it asked, once: Back, another account, a lost answer");

  // Other limits: proposed here, not to be approved by the same person, approved by another.
  await go("risk");
  const press = (text) =>
    page.evaluate(
      (wanted) =>
        [...document.querySelectorAll("[data-view=risk] .proposals button")].find((b) => b.textContent === wanted).click(),
      text,
    );
  await until("the button", () => page.$(".proposals .toolbar button"));
  await press("Propose other limits");
  await see("#propose-dialog textarea");
  await page.evaluate(() => {
    const text = document.querySelector("#propose-dialog textarea");
    text.value = text.value.replace("max_order_notional: 25000", "max_order_notional: 24000");
    document.querySelector("#propose-dialog input[type=text]").value = "smaller orders";
  });
  await axe("proposing limits");
  await shot("propose-dark");
  await page.click("#propose-dialog button[type=submit]");
  await until("it is proposed", () =>
    page.evaluate(() => document.querySelector("dialog[open]")?.textContent.includes("proposal 1 of version 2")),
  );
  await page.keyboard.press("Escape");
  await until("its row", () => page.$(".proposals table.diff"));
  await page.evaluate(() => {
    document.querySelector(".proposals details").open = true;
    document.querySelector(".proposals").scrollIntoView();
  });
  const changes = await page.$eval(".proposals table.diff tbody", (b) => b.innerText.replace(/\s+/g, " ").trim());
  check(changes === "firm max order notional 25000 USDT 24000 USDT", "the diff: " + changes);
  await axe("proposals");
  await shot("proposals-dark");
  await press("Approve");
  await see("dialog[open] button[type=submit]");
  await page.type("dialog[open] input[type=text]", "looks right");
  await page.click("dialog[open] button[type=submit]");
  await until("nobody approves alone", () =>
    page.evaluate(() => document.querySelector("dialog[open] .error")?.textContent.includes("another person")),
  );
  await page.keyboard.press("Escape");
  execFileSync(join(binDir, "gannet"), ["limits", "approve", "1", "--reason", "looked at it", "--data", data]);
  await until("version 2 is shown", () =>
    page.evaluate(() => document.querySelector(".proposals tbody tr")?.textContent.includes("✓ approved")),
  );
  step("other limits: proposed with a diff, refused to the proposer, approved by another, in force");

  // The audit has all of it: who asked, who was refused, who approved.
  await go("audit");
  const acts = () =>
    page.$$eval("[data-view=audit] tbody tr", (rows) => rows.map((r) => r.innerText.replace(/\s+/g, " ").trim()));
  await until("the approval in the audit", async () => (await acts()).some((r) => /approve limits proposal 1 ✓ done/.test(r)));
  const record = await acts();
  for (const wanted of [/admin sign in .*✓ done/, /admin sign in .*✕ refused/, /admin submit order .*✓ done/, /admin cancel order/, /admin propose limits proposal 1 ✓ done/, /admin approve limits proposal 1 ✕ refused/])
    check(record.some((r) => wanted.test(r)), `${wanted} is not in the audit:\n${record.join("\n")}`);
  await page.select("[data-view=audit] select", "SIGN_IN");
  await until("the filter", async () => (await acts()).every((r) => r.includes("sign in")) && (await acts()).length >= 2);
  const told = execFileSync(join(binDir, "gannet"), ["audit", "--kind", "approve-limits", "--json", "--data", data]);
  const approvals = JSON.parse(String(told)).entries;
  check(approvals.length === 2 && approvals[0].result === "APPLIED" && approvals[1].result === "REFUSED", `gannet audit: ${told}`);
  step("the audit: sign-ins, orders, limits with their answers; filtered; the same by gannet audit");

  await go("risk");
  await until("portfolio risk, or why not yet", () =>
    page.$eval("#portfolio", (p) => /not yet|VaR/.test(p.textContent) && p.textContent.includes("Stress path")),
    20_000,
  );
  step("what the portfolio could lose is on the risk view");

  await go("reports");
  await see(".report-form button.primary");
  await page.evaluate(() => {
    HTMLAnchorElement.prototype.click = function () {
      window.saved = this.download;
    };
  });
  await page.click(".report-form button.primary");
  const said = await until(
    "a report",
    () =>
      page.$eval(".report-form", (f) =>
        /✓ PDF saved|must|cannot|not /.test(
          f.querySelector("[role=status]").textContent + f.querySelector(".error").textContent,
        )
          ? f.textContent
          : "",
      ),
    20_000,
  );
  check(said.includes("✓ PDF saved"), "no report: " + said);
  check((await page.evaluate(() => window.saved)) === "gannet-main-paper.pdf", "the report's name");
  step("a report as PDF");

  // What a headline or a venue wrote is no formula in a table calculator.
  const texts = ["=1+1", "+1+1", "-1+1", "@a", "\t=1+1", "\r=1+1", "-1.5", 'a,"b"'];
  const csv = await page.evaluate(async (details) => {
    const real = window.fetch;
    const make = URL.createObjectURL;
    let saved = null;
    window.fetch = () => Promise.resolve(new Response(JSON.stringify(details.map((detail) => ({ detail, end: 1 })))));
    URL.createObjectURL = (blob) => {
      saved = blob;
      return make.call(URL, blob);
    };
    document.querySelector('[aria-label="orders as CSV"]').click();
    for (let i = 0; i < 100 && !saved; i += 1) await new Promise((done) => setTimeout(done, 20));
    window.fetch = real;
    URL.createObjectURL = make;
    return saved?.text();
  }, texts);
  check(
    csv === "detail,end\n'=1+1,1\n'+1+1,1\n'-1+1,1\n'@a,1\n'\t=1+1,1\n\"'\r=1+1\",1\n-1.5,1\n\"a,\"\"b\"\"\",1\n",
    "the CSV: " + JSON.stringify(csv),
  );
  step("a table as CSV: no text is a formula");

  // The gateway stops answering: shown (within 2 s where the machine is not busy), and no row lost.
  await go("overview");
  gannet.kill("SIGSTOP");
  const stopped = Date.now();
  await until("the banner", () => page.evaluate(() => !document.querySelector("#lost").hidden), 3_000);
  const shown = Date.now() - stopped;
  await shot("lost-dark");
  await sleep(1_500);
  gannet.kill("SIGCONT");
  await until("it is live again", () => live("live.status === 'live'"), 15_000);
  await until("the banner is gone", () => page.evaluate(() => document.querySelector("#lost").hidden));
  await live("live.drop()");
  await until("resumed", () => live("live.status === 'live' && live.resumes > 0"), 10_000);
  const compare = () =>
    page.evaluate(async () => {
      const live = window.gannet.live,
        snapshot = await fetch("/api/v1/snapshot").then((r) => r.json());
      await new Promise((done) => {
        const wait = () => (live.sequence >= snapshot.seq ? done() : setTimeout(wait, 20));
        wait();
      });
      const missing = [];
      for (const table of ["fills", "orders", "signals", "positions"])
        for (const key of Object.keys(snapshot.rows[table]))
          if (!live.tables[table].has(key)) missing.push(`${table} ${key}`);
      return { missing, snapshots: live.snapshots, resumes: live.resumes, gaps: live.gaps };
    });
  // The snapshot has rows that the next frame brings: what is lost stays lost.
  let after;
  await until("no row is missing", async () => (after = await compare()).missing.length === 0).catch((late) => {
    throw new Error(`${late.message}; rows lost over reconnects: ${after.missing.slice(0, 5).join(", ")}`);
  });
  check(
    after.snapshots === 1 && after.resumes >= 1 && after.gaps === 0,
    `the stream began anew: ${JSON.stringify(after)}`,
  );
  console.log(`  shown after ${shown} ms; ${JSON.stringify(after)}`);
  step("a lost connection is shown and recovers by itself without a lost row");

  // Candles that do not come: nothing of the instrument before stands under the name of this one.
  await go("market/" + encodeURIComponent("binance-spot:BTCUSDT"));
  await until("candles of BTCUSDT", () => page.$eval(".legend", (e) => e.textContent.includes("O ")));
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = (path, options) =>
      path.startsWith("/api/v1/candles")
        ? Promise.resolve(new Response('{"error":"not now"}', { status: 503 }))
        : real(path, options);
    window.answerAgain = () => (window.fetch = real);
  });
  await go("market/" + encodeURIComponent("binance-spot:ETHUSDT"));
  await until("the word of it", () => page.$eval(".chart-note", (e) => !e.hidden && e.textContent.includes("not now")));
  check((await page.$eval(".legend", (e) => e.textContent)) === "", "figures of another instrument's candle");
  check((await page.$$(".candles canvas")).length === 0, "candles of another instrument");
  await page.evaluate(() => void window.answerAgain());
  await until("candles of ETHUSDT", () => page.$eval(".legend", (e) => e.textContent.includes("O ")));
  step("candles that do not come are said, and come by themselves");

  // Another tab has signed in: this one goes on with the new session. A silent gateway is said.
  const halt = async () => {
    await go("risk");
    await page.select('select[aria-label="Scope"]', "instrument|binance-spot:XRPUSDT");
    await page.evaluate(() => [...document.querySelectorAll(".toolbar button")].find((b) => b.textContent === "Halt").click());
    await see("dialog input");
    await page.type("dialog input", "two tabs");
    await page.click("dialog button[type=submit]");
  };
  const signedIn = await page.evaluate(
    (body) =>
      fetch("/api/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body }).then((r) => r.status),
    JSON.stringify({ user, password }),
  );
  check(signedIn === 200, `the second sign-in got ${signedIn}`);
  await halt();
  await until("done with the new session", () => page.$eval("dialog [role=status]", (e) => e.textContent.includes("✓ Verified")));
  await page.keyboard.press("Escape");
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = (path, options) => {
      if (options?.method !== "POST") return real(path, options);
      window.limited = options.signal instanceof AbortSignal;
      return Promise.reject(new DOMException("", "TimeoutError"));
    };
    window.answerAgain = () => (window.fetch = real);
  });
  await halt();
  await until("the word of no answer", () => page.$eval("dialog .error", (e) => e.textContent.includes("not known whether it arrived")));
  check(await page.evaluate(() => window.limited), "an act waits for ever");
  await page.evaluate(() => void window.answerAgain());
  await page.keyboard.press("Escape");
  step("another tab's sign-in leaves this one able to act; no answer is said");

  // A link that brings all later and later is not live.
  const proxy = await slowLink(Number(new URL(url).port));
  const other = await browser.newPage();
  await other.goto(`http://127.0.0.1:${proxy.port}/`);
  await until("the page through the link", () => other.evaluate(() => Boolean(document.querySelector("#stage, .sign-in"))));
  if (await other.$(".sign-in")) {
    await other.type("input[name=password]", password);
    await other.click("button[type=submit]");
  }
  const connection = (text) => () => other.$eval("#connection", (e, said) => e.textContent.includes(said), text);
  await until("it is live", connection("live"));
  proxy.link.delay = 6_000;
  await until("it is behind", connection("behind"), 20_000);
  await until("stale", () => other.evaluate(() => document.body.classList.contains("lost")));
  proxy.link.delay = 0;
  await until("it is live again", connection("live"), 30_000);
  await other.close();
  proxy.close();
  step("a link that falls behind is shown as behind, not as live");

  // Phone.
  await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  for (const name of Object.keys(rows)) {
    await go(name);
    await sleep(400);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    check(
      width <= 360,
      `${name} is ${width} px wide at 360 px: ${await page.evaluate(() =>
        [...document.querySelectorAll("#stage *, .top *")]
          .filter((e) => e.getBoundingClientRect().right > 362 && !e.closest(".table-wrap, .rail, .candles"))
          .slice(0, 4)
          .map((e) => e.tagName + "." + e.className)
          .join(" "),
      )}`,
    );
    await shot(`${name}-phone`);
  }
  await axe("settings on a phone");
  step("every view fits 360 px");
  await page.setViewport({ width: 1440, height: 900 });

  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  for (const name of ["overview", "market", "risk", "models"]) {
    await go(name);
    await sleep(name === "market" ? 1_500 : 600);
    await shot(`${name}-light`);
    await axe(name + ", light");
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  step("light colours too");

  await go("orders");
  await until("open orders", () => live("[...live.tables.orders.values()].some((o) => !o.final)"), 30_000);
  // Strategies place and cancel all the time: in some moments nothing is open.
  await until("the dialog that says what will happen", async () => {
    await page.click("#kill");
    await see("#kill-dialog");
    const asked = await page.$eval("#kill-dialog", (d) => d.textContent);
    if (/\d+ open orders? at binance-spot will be cancelled/.test(asked)) return true;
    check(asked.includes("No order is open there now."), "the dialog does not say what will happen: " + asked);
    await page.keyboard.press("Escape");
    await until("it closes", () => page.evaluate(() => !document.querySelector("#kill-dialog")));
    return false;
  });
  await shot("kill-ask-dark");
  await axe("kill switch");
  await page.click("#kill-dialog button.danger");
  await until(
    "the verified end state",
    () => page.$eval("#kill-dialog", (d) => d.textContent.includes("Verified: this is the state afterwards")),
    20_000,
  );
  await shot("kill-done-dark");
  const seen = await page.$eval("#kill-dialog", (d) => d.textContent);
  check(/Of these still open0/.test(seen) && /HALTED, killed/.test(seen), seen);
  await page.keyboard.press("Escape");
  await until("KILLED in sight", () => page.$eval("#trading-state", (e) => e.textContent.includes("KILLED")));
  const state = await page.evaluate(() => fetch("/api/v1/state").then((r) => r.json()));
  check(
    state.risk.some((r) => r.scope === "firm" && r.killed && r.person === "admin"),
    "risk does not say that admin killed it",
  );
  check(
    state.orders.every((o) => o.final),
    "orders are open after the kill",
  );
  step("kill switch: says what, asks once, verified end state");

  const csrf = await page.evaluate(() =>
    fetch("/api/v1/risk/resume", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"scope":"firm","reason":"x"}',
    }).then((r) => r.status),
  );
  check(csrf === 403, `a request without the CSRF token got ${csrf}`);
  const resumeFirm = async (reason) => {
    await go("risk");
    await until("the row to resume", () =>
      page.evaluate(() => {
        const button = [...document.querySelectorAll("td button")].find((b) => b.textContent === "Resume");
        button?.click();
        return button !== undefined;
      }),
    );
    await see("dialog input");
    await page.type("dialog input", reason);
    await page.click("dialog button[type=submit]");
    await until(
      "active again",
      () => page.$eval("#trading-state", (e) => e.textContent.includes("trading active")),
      15_000,
    );
    await page.keyboard.press("Escape");
  };
  await resumeFirm("test is over");
  step("resume with a reason; forged requests are refused");

  await page.click("#kill");
  await see("#kill-flatten");
  await page.click("#kill-flatten");
  await shot("kill-flatten-dark");
  await page.click("#kill-dialog button.danger");
  // What strategies have sold of coins that the account had before cannot be closed, and is named.
  await until("what became of the positions", () =>
    page.$eval("#kill-dialog", (d) => /At the venue(being closed|.*orders sent to close positions)/.test(d.textContent)),
  );
  await shot("kill-flattened-dark");
  const closed = await page.$eval("#kill-dialog", (d) => d.textContent);
  check(/Verified: this is the state afterwards|Not flat/.test(closed), closed);
  check(!/Verified/.test(closed) || /Open positions now0/.test(closed), closed);
  await page.keyboard.press("Escape");
  await resumeFirm("all of it is closed");
  step("kill switch that closes positions too: what was closed, what was not");

  // The venue falls silent: no figure stays silently old.
  await go("market/" + encodeURIComponent("binance-spot:BTCUSDT"));
  const venue = childOf(gannet.pid, "gannet-venue-sim");
  check(venue, "venue-sim is not a child of gannet");
  process.kill(venue, "SIGSTOP");
  try {
    await until(
      "STALE or INVALID",
      () => page.$eval("#book-state", (e) => /STALE|INVALID/.test(e.textContent)),
      30_000,
    );
    await until("rows that say so", () =>
      page.$$eval(".list-column tr.stale, .list-column tr.invalid", (rows) => rows.length >= 5),
    );
    await shot("silent-dark");
    await go("overview");
    await until("an alert", () =>
      page.$$eval(".alerts li", (rows) => rows.some((r) => /INVALID|No quote/.test(r.textContent))),
    );
    await axe("overview of a silent venue");
    await shot("silent-overview-dark");
  } finally {
    process.kill(venue, "SIGCONT");
  }
  step("a silent venue is shown as STALE or INVALID, with an alert");

  const strange = requests.filter(
    (r) =>
      !r.startsWith(url) &&
      !r.startsWith("data:") &&
      !r.startsWith("blob:") &&
      !r.startsWith(url.replace("http", "ws")),
  );
  check(strange.length === 0, "requests left the origin: " + strange.join(", "));
  check(problems.length === 0, problems.join("\n"));
  step("no request left the origin, no error on the console");
}

let code = 0;
try {
  await main();
  console.log(`${passed.length} passed, 0 failed`);
} catch (error) {
  code = 1;
  console.log(`not ok - after "${passed[passed.length - 1] ?? "start"}": ${error.message}`);
  if (browser && shotDir) {
    const [page] = (await browser.pages()).slice(-1);
    await page?.screenshot({ path: join(shotDir, "failure.png") }).catch(() => undefined);
  }
  console.log(output.split("\n").slice(-5).join("\n"));
  console.log(`${passed.length} passed, 1 failed`);
} finally {
  await browser?.close().catch(() => undefined);
  gannet.kill("SIGCONT");
  gannet.kill("SIGTERM");
  for (let i = 0; i < 100 && !ended; i += 1) await sleep(100);
  if (!ended) {
    gannet.kill("SIGKILL");
    await sleep(200);
  }
  rmSync(data, { recursive: true, force: true });
}
process.exit(code);
