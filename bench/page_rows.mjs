// Fifty rows that change ten times a second, in a real Chromium, against a real `gannet run`:
//   node bench/page_rows.mjs BIN_DIR [SECONDS]          (default 20 for each view)
// The gateway's frames are the real ones; on their way into the page each is filled up to fifty
// markets, all with new prices. Counts tasks above 50 ms (PerformanceObserver, longtask), while the list of
// markets, the overview and the orders are open; beside it the same with the exchange's own rows.
// Goal: none. Needs web/node_modules and Chromium; exit code 4 without.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROWS = 50;
const VIEWS = ["market", "overview", "orders"];
const [binDir, seconds = "20"] = process.argv.slice(2);
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
let puppeteer;
try {
  puppeteer = createRequire(new URL("../web/package.json", import.meta.url))("puppeteer-core");
} catch {
  /* below */
}
if (!chromium || !puppeteer) {
  console.log(`SKIPPED: ${chromium ? "web/node_modules" : "chromium"} is missing; run tools/setup`);
  process.exit(4);
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (what, call, limit = 60_000) => {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(100)) {
    const value = await call();
    if (value) return value;
  }
  throw new Error(`not within ${limit / 1000} s: ${what}`);
};

// In the page, before anything of it runs: every frame brings `rows` markets (0: its own).
function amplify(rows) {
  const Real = window.WebSocket;
  let number = 0;
  const jitter = (text) => (text ? (Number(text) * (1 + ((number * 7) % 100) / 1e5)).toFixed(text.split(".")[1]?.length ?? 0) : text);
  const more = (data) => {
    const message = JSON.parse(data);
    const own = message.rows?.markets;
    if (own) window.someMarkets = { ...window.someMarkets, ...own };
    const models = Object.values(window.someMarkets ?? {});
    if (!rows || (message.type !== "frame" && message.type !== "snapshot") || models.length === 0) return data;
    message.rows = { ...message.rows, markets: {} };
    for (let i = 0; i < rows; i += 1, number += 1) {
      const model = models[i % models.length];
      const instrument = i < models.length ? model.instrument : `${model.instrument.split(":")[0]}:ROW${i}USDT`;
      const fresh = { bid: jitter(model.bid), ask: jitter(model.ask), last_price: jitter(model.last_price) };
      message.rows.markets[instrument] = { ...model, instrument, as_of: new Date(message.t).toISOString(), ...fresh };
    }
    return JSON.stringify(message);
  };
  window.WebSocket = class extends Real {
    set onmessage(call) {
      super.onmessage = (event) => call({ data: more(String(event.data)) });
    }
  };
}

const data = mkdtempSync(join(tmpdir(), "gannet-rows-"));
const gannet = spawn(join(binDir, "gannet"), ["run", "--data", data, "--plain", "--market-speed", "4"], {
  stdio: ["ignore", "pipe", "ignore"],
});
let output = "", browser;
gannet.stdout.on("data", (text) => (output += text));

async function signIn(page, url, user, password) {
  await page.goto(url);
  await page.waitForSelector("input[name=password]", { visible: true });
  await page.evaluate(
    (name, secret) =>
      fetch("/api/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user: name, password: secret }) }),
    user,
    password,
  );
  await page.reload();
}

async function measure(page, rows) {
  const live = (expression) => page.evaluate(`(() => { const live = window.gannet.live; return ${expression}; })()`);
  await until("live markets", () => live(`live.status === 'live' && live.tables.markets.size >= ${rows || 5}`));
  const found = [];
  for (const view of VIEWS) {
    await page.evaluate((name) => {
      for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
      location.hash = "#/" + name;
    }, view);
    await page.waitForSelector(`[data-view="${view}"]`, { visible: true });
    await sleep(2_000);
    await page.evaluate(() => {
      window.longTasks = [];
      window.observer?.disconnect();
      window.observer = new PerformanceObserver((list) => list.getEntries().forEach((e) => window.longTasks.push(e.duration)));
      window.observer.observe({ entryTypes: ["longtask"] });
    });
    const before = await live("live.frames");
    const busy = await page.metrics();
    await sleep(Number(seconds) * 1000);
    const spent = ((await page.metrics()).TaskDuration - busy.TaskDuration) / seconds;
    const frames = (await live("live.frames")) - before;
    const tasks = await page.evaluate(() => window.longTasks);
    const shown = view === "market" ? await page.$$eval('[data-view="market"] tbody tr', (r) => r.length) : 0;
    found.push({ view, tasks, rate: frames / seconds });
    console.log(
      `${rows ? `${rows} rows` : "own rows"}, ${view.padEnd(8)} ${(frames / seconds).toFixed(1)} updates/s, ` +
        `${(spent * 1000 / Math.max(frames / seconds, 0.1)).toFixed(1)} ms of the page's thread an update` +
        `${shown ? `, ${shown} rows on screen` : ""}, ${tasks.length} tasks above 50 ms` +
        `${tasks.length ? ": " + tasks.map((d) => Math.round(d)).join(", ") : ""}`,
    );
  }
  return found;
}

try {
  const [, url] = await until("the page's address", () => /^page: (\S+)$/m.exec(output));
  const first = join(data, "first-password");
  const [, user, password] = await until("the password", () =>
    existsSync(first) ? /^user (\S+)\npassword (\S+)$/m.exec(readFileSync(first, "utf8")) : null,
  );
  await sleep(35_000); // strategies trade by then
  browser = await puppeteer.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    defaultViewport: { width: 1440, height: 900 },
  });
  let found;
  for (const rows of [0, ROWS]) {
    const page = await (await browser.createBrowserContext()).newPage();
    await page.evaluateOnNewDocument(amplify, rows);
    await signIn(page, url, user, password);
    found = await measure(page, rows);
    await page.close();
  }
  const long = found.flatMap((one) => one.tasks);
  const rate = Math.min(...found.map((one) => one.rate));
  console.log(
    `page: ${ROWS} rows at ${rate.toFixed(1)} updates/s, longest task ${long.length ? Math.round(Math.max(...long)) + " ms" : "below 50 ms"}; ` +
      `goal no task above 50 ms: ${long.length === 0 ? "met" : "MISSED"}`,
  );
} finally {
  await browser?.close();
  gannet.kill("SIGTERM");
  await sleep(3_000);
  gannet.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
}
