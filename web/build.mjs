// Checks the types, bundles the page and writes it as C++ arrays: web/build.mjs OUT
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const web = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(web, "dist");
mkdirSync(out, { recursive: true });
execFileSync(process.execPath, [join(web, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", web], {
  stdio: "inherit",
});

const bundle = async (entry, format) => {
  const result = await build({
    entryPoints: [join(web, "src", entry)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: "es2020",
    legalComments: "none",
    logLevel: "warning",
    outdir: out,
  });
  return Buffer.from(result.outputFiles[0].contents);
};
const named = (stem, ext, bytes) =>
  `/assets/${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.${ext}`;

const script = await bundle("main.ts", "esm");
const style = await bundle("style.css");
const icon = readFileSync(join(web, "src/icon.svg"));
const files = [
  { path: named("app", "js", script), type: "text/javascript; charset=utf-8", bytes: script, immutable: true },
  { path: named("app", "css", style), type: "text/css; charset=utf-8", bytes: style, immutable: true },
  { path: named("icon", "svg", icon), type: "image/svg+xml", bytes: icon, immutable: true },
];
let page = readFileSync(join(web, "src/index.html"), "utf8");
for (const [token, file] of [
  ["{{script}}", files[0]],
  ["{{style}}", files[1]],
  ["{{icon}}", files[2]],
])
  page = page.replaceAll(token, file.path);
files.unshift({ path: "/", type: "text/html; charset=utf-8", bytes: Buffer.from(page), immutable: false });

const LIMIT = 250_000; // bytes of script, compressed
const lines = [
  "// Made by web/build.mjs.",
  '#include "services/gateway/assets.h"',
  "",
  "namespace gannet::gateway {",
  "namespace {",
  "",
];
const rows = [];
files.forEach((file, i) => {
  const zipped = gzipSync(file.bytes, { level: 9 });
  zipped[9] = 255; // the operating system: not part of the content
  if (file.type.startsWith("text/javascript") && zipped.length > LIMIT)
    throw new Error(`the script is ${zipped.length} bytes compressed; at most ${LIMIT}`);
  const etag = createHash("sha256").update(file.bytes).digest("hex").slice(0, 16);
  const hex = [];
  for (let at = 0; at < zipped.length; at += 32) {
    let text = "";
    for (const byte of zipped.subarray(at, at + 32)) text += "\\" + byte.toString(8).padStart(3, "0");
    hex.push(`    "${text}"`);
  }
  lines.push(`constexpr char kFile${i}[] =`, hex.join("\n") + ";");
  rows.push(`    {"${file.path}", "${file.type}", "\\"${etag}\\"", ${file.immutable}, {kFile${i}, ${zipped.length}}},`);
  process.stdout.write(`${file.path} ${file.bytes.length} -> ${zipped.length}\n`);
});
lines.push(
  "",
  "constexpr Asset kAssets[] = {",
  ...rows,
  "};",
  "",
  "}  // namespace",
  "",
  "std::span<const Asset> Assets() { return kAssets; }",
  "",
  "}  // namespace gannet::gateway",
  "",
);
writeFileSync(join(out, "assets.cc"), lines.join("\n"));
