// Makes cclink.html, one file that needs no other, from src/. `--check` only compares it with the committed one.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build, transform } from "esbuild";

/** The relays of pkarr itself; `cclink web --relay` puts others in their place. */
const RELAYS = ["https://pkarr.pubky.app", "https://pkarr.pubky.org"];
const TARGET = ["chrome100", "firefox100", "safari15.4"];
const MOST = 100_000;

const at = (name) => new URL(name, import.meta.url);
const read = (name) => readFileSync(at(name), "utf8");
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

async function script() {
  const built = await build({
    entryPoints: [at("src/app.js").pathname],
    absWorkingDir: at(".").pathname,
    bundle: true,
    minify: true,
    format: "iife",
    charset: "utf8",
    legalComments: "none",
    target: TARGET,
    write: false,
  });
  const text = built.outputFiles[0].text.trim();
  if (/<\/script|<!--/i.test(text)) throw new Error("the script would end its own element");
  return text;
}

const style = async () => (await transform(read("src/style.css"), { loader: "css", minify: true, target: TARGET })).code.trim();

/** The notice that the libraries' licence asks for; each is MIT, by the same author. */
function licences() {
  const names = ["ciphers", "curves", "hashes"];
  const all = names.map((name) => read(`node_modules/@noble/${name}/LICENSE`));
  const authors = new Set(all.flatMap((text) => text.match(/^Copyright.*$/gm)));
  const terms = all[0].slice(all[0].indexOf("Permission is")).trim();
  return `Contains @noble/${names.join(", @noble/")}, under the MIT License:\n${[...authors].join("\n")}\n\n${terms}`;
}

async function page() {
  const parts = { SCRIPT: await script(), STYLE: await style(), LICENCES: licences(), RELAYS: RELAYS.join(" "), ORIGINS: RELAYS.join(" ") };
  parts.SCRIPT_HASH = hash(parts.SCRIPT);
  parts.STYLE_HASH = hash(parts.STYLE);
  return read("src/page.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

const made = await page();
if (Buffer.byteLength(made) > MOST) throw new Error(`${Buffer.byteLength(made)} bytes are over ${MOST}`);
if (process.argv.includes("--check")) {
  if (made !== read("cclink.html")) {
    console.error("assets/web/cclink.html is not what its sources make: run `npm run build` in assets/web.");
    process.exit(1);
  }
  console.log(`cclink.html is what its sources make, ${Buffer.byteLength(made)} bytes.`);
} else {
  writeFileSync(at("cclink.html"), made);
  console.log(`cclink.html: ${Buffer.byteLength(made)} bytes.`);
}
