// What the browser tests stand on: the page's host, a proxy before the relay, a phone's tab, and a look at its screen.

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
export const SOON = 45_000;
/** A PIN is tried with up to three weeks. */
export const PATIENTLY = 90_000;
export const CHECKED = "Still valid (checked just now).";
const PHONE = { ...devices["Pixel 7"], viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
export const IPHONE = devices["iPhone 14"].userAgent;
/** A usual phone and the narrowest that is still sold; the text as large as a phone is made to show it. */
const WIDTHS = [390, 320];
const SIZES = ["", "200%"];
/** What a finger hits, in px. */
const TOUCH = 44;

export const request = JSON.parse(process.argv[2]);

export function launch() {
  const executablePath = process.env.PATH.split(":").map((dir) => join(dir, "chromium")).find(existsSync);
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** Listens on a loopback port until the driver ends. */
export function listen(port, answer) {
  return new Promise((ready) => createServer(answer).listen(port, "127.0.0.1", ready).unref());
}

/** The page as a static host serves it; below other names what a hostile one would make of it. */
export function host(port) {
  const html = () => readFileSync(request.page, "utf8");
  const injected = () => html().replace("<header>", "<script>document.documentElement.id = 'injected'</script><header>");
  const changed = {
    "/injected": injected,
    // The same without a policy, to know that the tries would work.
    "/open": () => injected().replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""),
    "/frame": () => `<!doctype html><iframe src="/#x" width="390" height="600"></iframe>`,
    // What stands there until the script has run.
    "/opening": () => html().replace(/<script>[^]*<\/script>/, ""),
  };
  return listen(port, (asked, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    answer.end((changed[asked.url] ?? html)());
  });
}

async function bodyOf(asked) {
  const parts = [];
  for await (const part of asked) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * Stands before the real relay: refuses the first requests as that one does, without a CORS header; turns one bit of each
 * packet around; gives a packet of its own; leaves requests without an answer, or fails them: "asking" those that any
 * phone begins with, "checking" those that ask for anything newer. Gives what may be changed on the way.
 */
export async function proxy({ port, to, refuse = 0 }) {
  const state = { asked: 0, written: 0, refuse, refused: 0, flip: undefined, packet: undefined, hold: undefined, held: [], fail: undefined };
  state.release = () => {
    state.hold = undefined;
    for (const answer of state.held.splice(0)) answer.destroy();
  };
  await listen(port, async (asked, answer) => {
    const kind = asked.url.includes("policy=NetworkOnly") ? "checking" : "asking";
    state.asked++;
    if (state.hold === kind) return state.held.push(answer);
    if (state.refused < state.refuse) {
      state.refused++;
      return answer.writeHead(429).end("Too Many Requests");
    }
    const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*" };
    if (asked.method === "OPTIONS") return answer.writeHead(204, headers).end();
    if (state.fail === kind) return answer.writeHead(503, headers).end();
    if (state.absent) return answer.writeHead(404, headers).end();
    if (state.packet) return answer.writeHead(200, headers).end(state.packet);
    const sent = asked.method === "PUT" ? await bodyOf(asked) : undefined;
    if (sent) state.written++;
    const given = await fetch(to + asked.url, { method: asked.method, body: sent });
    const body = Buffer.from(await given.arrayBuffer());
    if (given.ok && state.flip !== undefined) body[state.flip < 0 ? body.length + state.flip : state.flip] ^= 1;
    answer.writeHead(given.status, headers).end(body);
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
export async function tab(browser, options = {}) {
  const context = await browser.newContext({ ...PHONE, ...options });
  context.setDefaultTimeout(SOON);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  await page.addInitScript(watchTheClock);
  return page;
}

export const titled = (page, title, timeout = SOON) => page.getByRole("heading", { name: title, exact: true }).waitFor({ timeout });
/** Waits for words on the card; what stands there instead is told. */
export async function says(page, words, timeout = SOON) {
  const card = page.locator("#card");
  try {
    await card.getByText(words).first().waitFor({ timeout });
  } catch {
    throw new Error(`not shown: ${words}; but: ${await card.innerText({ timeout: 1000 })}`);
  }
}
/**
 * Waits until an honest relay has confirmed what is shown. On a busy machine it may
 * answer too late: then whoever looks asks again, as the page offers.
 */
export async function checked(page) {
  const again = page.getByRole("button", { name: /^(Check|Try) again$/ }).first();
  const end = Date.now() + PATIENTLY;
  const confirmed = says(page, CHECKED, PATIENTLY).then(() => true);
  confirmed.catch(() => {});
  for (;;) {
    const offered = again.waitFor({ timeout: Math.max(1, end - Date.now()) }).then(() => false);
    offered.catch(() => {});
    if (await Promise.race([confirmed, offered.catch(() => confirmed)])) return;
    // It may be gone by now: confirmed in this moment.
    await again.click({ timeout: 1000 }).catch(() => {});
  }
}

export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

export const picture = (page, name) => page.screenshot({ path: join(request.shots, `page-${name}.png`), fullPage: true });

/** What of the screen does not fit this width, is too low for a finger, or too narrow to be read. */
function misfits({ width, touch }) {
  const low = [...document.querySelectorAll("button, a, input")].filter((one) => one.getBoundingClientRect().height < touch);
  const narrow = [...document.querySelectorAll("dd, code, p")].filter((one) => {
    const letter = parseFloat(getComputedStyle(one).fontSize) / 2;
    const { width, height } = one.getBoundingClientRect();
    return width > 1 && height > 4 * letter && width < 12 * letter;
  });
  const wide = document.documentElement.scrollWidth > width;
  const faults = [...low.map((one) => `too low: ${one.outerHTML}`), ...narrow.map((one) => `too narrow: ${one.outerHTML}`)];
  return wide ? [...faults, "scrolls sideways"] : faults;
}

/** What is too faint to be read: text, and the edge of a field. */
function faint() {
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const ground = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    return parts(color)[3] === 0 && one.parentElement ? ground(one.parentElement) : color;
  };
  const speaks = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const faults = [];
  for (const one of document.body.querySelectorAll("*:not(script, :disabled, .outside)")) {
    const { color, borderTopColor } = getComputedStyle(one);
    if (speaks(one) && ratio(color, ground(one)) < 4.5) faults.push(`faint: ${one.outerHTML}`);
    if (one.matches("input") && ratio(borderTopColor, ground(one.parentElement)) < 3) faults.push(`no edge: ${one.outerHTML}`);
  }
  return faults;
}

/** Controls that a screen reader has no name for. */
async function nameless(page) {
  const reader = await page.context().newCDPSession(page);
  const { nodes } = await reader.send("Accessibility.getFullAXTree");
  await reader.detach();
  return nodes
    .filter(({ ignored, role }) => !ignored && /^(button|link|textbox|progress.*|group)$/i.test(role.value))
    .filter(({ name }) => !name?.value.trim())
    .map(({ role }) => `without a name: ${role.value}`);
}

/** Pictures of what is shown, as wide and as narrow and in the light and in the dark as phones are. Any fault is an error. */
async function shoot(page, name) {
  const before = page.viewportSize();
  const faults = await nameless(page);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: before.height });
    for (const size of SIZES) {
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
      faults.push(...(await page.evaluate(misfits, { width, touch: TOUCH })).map((fault) => `${width} px ${size}: ${fault}`));
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        faults.push(...(await page.evaluate(faint)).map((fault) => `${colorScheme}: ${fault}`));
        await picture(page, [name, width, ...(size ? ["large"] : []), colorScheme].join("-"));
      }
    }
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
  if (faults.length) throw new Error(`${name}: ${faults.join("; ")}`);
}

/** What stands on the screen, and pictures of it. */
export async function look(page, name) {
  await shoot(page, name);
  const seen = await page.evaluate(() => ({
    title: document.getElementById("title").textContent,
    body: document.getElementById("body").innerText,
    facts: Object.fromEntries([...document.querySelectorAll("dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent])),
    // As whoever presses and holds one copies it.
    commands: [...document.querySelectorAll("code")].map((code) => {
      getSelection().selectAllChildren(code);
      return getSelection().toString();
    }),
    links: Object.fromEntries([...document.querySelectorAll("#card a")].map((link) => [link.textContent, link.href])),
    status: document.getElementById("status").textContent,
    shown_ms: window.shownAt,
    relay_ms: performance.getEntriesByType("resource").find((entry) => entry.initiatorType === "fetch")?.duration,
    progress: window.progress,
    address: location.href,
  }));
  return { ...seen, errors: page.errors };
}
