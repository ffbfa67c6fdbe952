// Many viewers of the page's stream at once, each on its own chart, against a real `gannet run`:
//   node bench/viewers.mjs BIN_DIR [VIEWERS] [SECONDS]
// Prints frames a second, how old a frame is when it is read, and what the gateway cost. Needs web/node_modules.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [binDir, viewers = "200", seconds = "20"] = process.argv.slice(2);
const WebSocket = createRequire(new URL("../web/package.json", import.meta.url))("ws");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const data = mkdtempSync(join(tmpdir(), "gannet-viewers-"));
const gannet = spawn(join(binDir, "gannet"), ["run", "--data", data, "--plain"], { stdio: ["ignore", "pipe", "ignore"] });
let output = "";
gannet.stdout.on("data", (text) => (output += text));
const cpu = () => {
  const fields = readFileSync(`/proc/${gannet.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100; // user and system, seconds
};
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gannet.pid}/status`, "utf8"))[1]) / 1024;
try {
  let url;
  for (let i = 0; i < 600 && !(url = /^page: http:\/\/(\S+)\/$/m.exec(output)?.[1]); i += 1) await sleep(100);
  const headers = { Authorization: `Bearer ${readFileSync(join(data, "gateway-token"), "utf8").trim()}` };
  await sleep(35_000); // strategies trade by then
  const measure = async (count) => {
    const sockets = [], ages = [];
    let frames = 0, bytes = 0, closed = 0, gaps = 0, measuring = false;
    const instruments = Object.keys((await (await fetch(`http://${url}/api/v1/snapshot`, { headers })).json()).rows.markets);
    for (let i = 0; i < count; i += 1) {
      const socket = new WebSocket(`ws://${url}/api/v1/stream`, { headers, perMessageDeflate: false });
      let sequence = null;
      socket.on("open", () => socket.send(JSON.stringify({ focus: instruments[i % instruments.length] })));
      socket.on("close", () => (closed += 1));
      socket.on("error", () => undefined);
      socket.on("message", (text) => {
        bytes += text.length;
        const message = JSON.parse(text);
        if (message.type === "frame" && sequence !== null && message.seq !== sequence + 1) gaps += 1;
        if (message.seq !== undefined) sequence = message.seq;
        if (!measuring || message.type !== "frame") return;
        frames += 1;
        ages.push(Date.now() - message.t);
      });
      sockets.push(socket);
      if (i % 20 === 19) await sleep(250); // connections of one address are limited by the second
    }
    await sleep(2_000);
    measuring = true;
    bytes = 0;
    const before = cpu();
    await sleep(Number(seconds) * 1000);
    const spent = cpu() - before, megabytes = bytes / 1e6;
    measuring = false;
    for (const socket of sockets) socket.terminate();
    ages.sort((a, b) => a - b);
    const at = (share) => ages[Math.min(ages.length - 1, Math.floor(ages.length * share))] ?? NaN;
    console.log(
      `${count} viewers: ${(frames / count / seconds).toFixed(1)} frames/s each, age when parsed p50 ${at(0.5)} ms p99 ${at(0.99)} ms, ` +
        `${(megabytes / seconds).toFixed(1)} MB/s, ${((spent / seconds) * 100).toFixed(0)} % of one core, ${memory().toFixed(0)} MB resident, ` +
        `${closed} cut off, ${gaps} gaps`,
    );
    await sleep(1_000);
  };
  await measure(1);
  await measure(Number(viewers));
} finally {
  gannet.kill("SIGTERM");
  await sleep(3_000);
  gannet.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
}
