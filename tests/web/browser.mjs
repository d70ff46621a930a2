// Drives Chromium through the page, as a phone: one argument, a JSON object
// `{case, port, page, shots, …}`; what was seen is one JSON object on stdout.

import { existsSync, readFileSync } from "node:fs";
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
const chromiumPath = process.env.PATH.split(":").map((dir) => join(dir, "chromium")).find(existsSync);
const html = () => readFileSync(request.page, "utf8");

/** Listens on a loopback port until the driver ends. */
function listen(port, answer) {
  return new Promise((ready) => createServer(answer).listen(port, "127.0.0.1", ready).unref());
}

/** The page as a static host serves it; below other names what a hostile one would make of it. */
function host(port) {
  const injected = () => html().replace("<header>", "<script>document.documentElement.id = 'injected'</script><header>");
  const changed = {
    "/injected": injected,
    // The same without a policy, to know that the tries would work.
    "/open": () => injected().replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""),
    "/frame": () => `<!doctype html><iframe src="/#x" width="390" height="600"></iframe>`,
  };
  return listen(port, (asked, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    answer.end((changed[asked.url] ?? html)());
  });
}

/**
 * Stands before the real relay: refuses the first requests as that one does, without a CORS header, or turns one bit of
 * each packet around. Gives what may be changed on the way.
 */
async function proxy({ port, to, refuse = 0 }) {
  const state = { refuse, refused: 0, flip: undefined };
  await listen(port, async (asked, answer) => {
    if (state.refused < state.refuse) {
      state.refused++;
      return answer.writeHead(429).end("Too Many Requests");
    }
    const given = await fetch(to + asked.url);
    const body = Buffer.from(await given.arrayBuffer());
    if (given.ok && state.flip !== undefined) body[state.flip < 0 ? body.length + state.flip : state.flip] ^= 1;
    answer.writeHead(given.status, { "Access-Control-Allow-Origin": "*" }).end(body);
  });
  return state;
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

const picture = (page, name) => page.screenshot({ path: join(request.shots, `${name}.png`), fullPage: true });

/** What stands on the screen, and a picture of it. */
async function look(page, name) {
  await picture(page, name);
  const seen = await page.evaluate((width) => ({
    title: document.getElementById("title").textContent,
    body: document.getElementById("body").innerText,
    facts: Object.fromEntries([...document.querySelectorAll("dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent])),
    commands: [...document.querySelectorAll("code")].map((code) => code.textContent),
    links: [...document.querySelectorAll("#card a")].map((link) => link.href),
    status: document.getElementById("status").textContent,
    too_wide: document.documentElement.scrollWidth > width,
    shown_ms: window.shownAt,
    relay_ms: performance.getEntriesByType("resource").find((entry) => entry.initiatorType === "fetch")?.duration,
    progress: window.progress,
    address: location.href,
  }), page.viewportSize().width);
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

/** Both tabs want the same handoff, at the same moment. */
async function race(tabs) {
  for (const page of tabs) await page.getByRole("button", { name: "Pick up (one use only)" }).click();
  const sure = tabs.map((page) => page.getByRole("button", { name: "Yes, pick it up" }));
  await Promise.all(sure.map((button) => button.waitFor()));
  await picture(tabs[0], "burn-sure");
  // Waited for from before the clicks: whoever loses may learn it soon.
  const taking = titled(tabs[0], "Taking it, for good");
  await Promise.all([taking, ...sure.map((button) => button.click())]);
  await picture(tabs[0], "burn-taking");
  const end = /It is yours alone now|Already picked up|It was not picked up/;
  await Promise.all(tabs.map((page) => page.locator("#card").getByText(end).first().waitFor({ timeout: PATIENTLY })));
}

/** Tries, in the page, what its policy forbids; whether each try broke it. */
async function breakOut(foreign) {
  const broke = (directive) =>
    new Promise((done) => {
      document.addEventListener("securitypolicyviolation", (event) => event.effectiveDirective === directive && done(true));
      setTimeout(done, 5000, false);
    });
  const tries = ["connect-src", "img-src", "require-trusted-types-for"].map(broke);
  const fetched = await fetch(foreign).then(() => true, () => false);
  new Image().src = foreign;
  try {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
  } catch {
    // Where it throws is the browser's choice; that it does not run is what counts.
  }
  const blocked = await Promise.all(tries);
  return { fetched, blocked, ran: window.ran ?? false };
}

/** Opens a changed page; whether the script that its host put in has run. */
async function openAt(page, path) {
  await page.goto(new URL(path, request.link).href);
  await titled(page, "Nothing to open yet");
  return page.evaluate(() => document.documentElement.id === "injected");
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

  async pin(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await titled(page, "This handoff wants a PIN");
    const asked = await look(page, "pin");
    const type = async (pin) => {
      await page.getByLabel("PIN").fill(pin);
      await page.getByRole("button", { name: "Open", exact: true }).click();
    };
    await type(request.wrong);
    await page.locator("progress").waitFor();
    await picture(page, "pin-trying");
    await says(page, "Nothing opens with this PIN", PATIENTLY);
    const wrong = await look(page, "pin-wrong");
    await type(request.pin);
    await says(page, CHECKED, PATIENTLY);
    return { asked, wrong, right: await look(page, "pin-right") };
  },

  async burn(browser) {
    const tabs = [await tab(browser), await tab(browser)];
    for (const page of tabs) {
      await page.goto(request.link);
      await says(page, CHECKED);
    }
    const before = await look(tabs[0], "burn");
    await race(tabs);
    const after = [];
    for (const page of tabs) after.push(await look(page, `burn-after-${after.length}`));
    return { before, after };
  },

  /** One handoff after the other, each in a tab of its own. */
  async visits(browser) {
    const relay = request.proxy && (await proxy(request.proxy));
    const seen = [];
    for (const one of request.visits) {
      if (relay) relay.flip = one.flip;
      seen.push(await visit(browser, one));
    }
    return { seen, refused: relay?.refused };
  },

  /** The time runs out while the page is open. */
  async expiring(browser) {
    const page = await tab(browser);
    await page.clock.install();
    await page.goto(request.link);
    await says(page, CHECKED);
    await page.clock.fastForward(request.seconds * 1000);
    await titled(page, "This handoff expired");
    return { seen: await look(page, "expired") };
  },

  async walls(browser) {
    let reached = 0;
    await listen(request.foreign, (asked, answer) => {
      reached++;
      answer.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end();
    });
    const foreign = `http://127.0.0.1:${request.foreign}/`;
    const page = await tab(browser);
    await page.goto(request.link);
    await says(page, CHECKED);
    const tried = await page.evaluate(breakOut, foreign);
    const injected = await openAt(page, "/injected");
    await look(page, "nothing");
    const walled = { tried, injected, reached };
    const open = { injected: await openAt(page, "/open"), tried: await page.evaluate(breakOut, foreign) };
    await page.goto(new URL("/frame", request.link).href);
    await page.frameLocator("iframe").getByRole("heading", { name: "Not inside another page" }).waitFor();
    return { walled, open };
  },
};

async function run() {
  await host(request.port);
  const browser = await chromium.launch({ executablePath: chromiumPath, headless: true, args: FLAGS });
  try {
    return await CASES[request.case](browser);
  } finally {
    await browser.close();
  }
}

process.stdout.write(JSON.stringify(await run()));
process.exit(0);
