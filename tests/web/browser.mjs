// Drives Chromium through the page, as a phone: one argument, a JSON object
// `{case, port, page, shots, …}`; what was seen is one JSON object on stdout.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium, devices } = createRequire(new URL("../../assets/web/package.json", import.meta.url))("playwright-core");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
/** For what needs no Argon2id. */
const SOON = 20_000;
/** A PIN is tried with up to three weeks. */
const PATIENTLY = 60_000;
const PHONE = { ...devices["Pixel 7"], viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
const CHECKED = "Checked: nothing newer is there.";

const request = JSON.parse(process.argv[2]);
const html = () => readFileSync(request.page, "utf8");

/** Listens on a loopback port until the driver ends. */
function listen(port, answer) {
  return new Promise((ready) => createServer(answer).listen(port, "127.0.0.1", ready).unref());
}

/** The page as a static host serves it; below other names what a hostile one would make of it. */
function host(port) {
  const changed = {
    "/injected": () => html().replace("<header>", "<script>document.documentElement.id = 'injected'</script><header>"),
    "/frame": () => `<!doctype html><iframe src="/#x" width="390" height="600"></iframe>`,
  };
  return listen(port, (asked, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    answer.end((changed[asked.url] ?? html)());
  });
}

/** Keeps the moment, counted from the start of the navigation, when the handoff was first shown. */
function watchTheClock() {
  window.progress = [];
  new MutationObserver(() => {
    if (document.querySelector(".check")) window.shownAt ??= performance.now();
    const bar = document.querySelector("progress[value]");
    if (bar && window.progress.at(-1) !== bar.value) window.progress.push(bar.value);
  }).observe(document, { childList: true, subtree: true, attributes: true });
}

/** A tab of a phone of its own. */
async function tab(browser, options = {}) {
  const context = await browser.newContext({ ...PHONE, ...options });
  context.setDefaultTimeout(SOON);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  await page.addInitScript(watchTheClock);
  return page;
}

const titled = (page, title, timeout = SOON) => page.getByRole("heading", { name: title, exact: true }).waitFor({ timeout });
const says = (page, words, timeout = SOON) => page.locator("#body").getByText(words).first().waitFor({ timeout });

/** What stands on the screen, and a picture of it. */
async function look(page, name) {
  await page.screenshot({ path: join(request.shots, `${name}.png`), fullPage: true });
  const seen = await page.evaluate(() => ({
    title: document.getElementById("title").textContent,
    body: document.getElementById("body").innerText,
    facts: Object.fromEntries([...document.querySelectorAll("dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent])),
    commands: [...document.querySelectorAll("code")].map((code) => code.textContent),
    links: [...document.querySelectorAll("#card a")].map((link) => link.href),
    status: document.getElementById("status").textContent,
    too_wide: document.documentElement.scrollWidth > window.innerWidth,
    shown_ms: window.shownAt,
    address: location.href,
  }));
  return { ...seen, errors: page.errors };
}

/** Opens a link, waits for its end, and looks. */
async function visit(browser, { link, until, name, clock, options }) {
  const page = await tab(browser, options);
  if (clock) await page.clock.setSystemTime(Date.now() + clock * 1000);
  await page.goto(link);
  await says(page, until);
  const seen = await look(page, name);
  await page.context().close();
  return seen;
}

const CASES = {
  async link(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await says(page, CHECKED);
    const seen = await look(page, "link");
    await page.getByRole("button", { name: "Copy command" }).click();
    await page.getByText("Copied: the command.").waitFor();
    seen.copied = await page.evaluate(() => navigator.clipboard.readText());
    await page.context().close();
    const narrow = { viewport: { width: 320, height: 640 }, colorScheme: "dark", userAgent: devices["iPhone 14"].userAgent };
    return { seen, narrow: await visit(browser, { link: request.link, until: CHECKED, name: "link-narrow", options: narrow }) };
  },

  async visits(browser) {
    const seen = [];
    for (const one of request.visits) seen.push(await visit(browser, one));
    return { seen };
  },
};

async function run() {
  await host(request.port);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
  try {
    return await CASES[request.case](browser);
  } finally {
    await browser.close();
  }
}

process.stdout.write(JSON.stringify(await run()));
process.exit(0);
