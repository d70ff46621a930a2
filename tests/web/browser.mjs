// Drives Chromium through the page, as a phone: one argument, a JSON object
// `{case, port, page, shots, …}`; what was seen is one JSON object on stdout.

import { concat } from "../../assets/web/src/core/bytes.js";
import { parseLink } from "../../assets/web/src/core/link.js";
import { linkMailbox } from "../../assets/web/src/core/mailbox.js";
import { makePacket } from "../../assets/web/src/core/packet.js";
import { ageEncrypt } from "../../assets/web/src/age.js";
import { HANDS } from "./hands.mjs";
import { KEEPING } from "./keeping.mjs";
import { CHECKED, IPHONE, PATIENTLY, checked, host, launch, listen, look, picture, press, proxy, request, says, tab, titled } from "./stage.mjs";

/** Makes one function of the browser fail. */
function breakOne(name) {
  const owner = name in crypto ? crypto : window;
  owner[name] = () => {
    throw new Error("broken on purpose");
  };
}

/** No room for what Argon2id works in, until `window.roomy` is set. */
function noRoom() {
  window.Uint32Array = new Proxy(Uint32Array, {
    construct(real, given, made) {
      if (typeof given[0] === "number" && given[0] > 1 << 20 && !window.roomy) throw new RangeError("Array buffer allocation failed");
      return Reflect.construct(real, given, made);
    },
  });
}

/** What a later cclink could put at a link's address: sealed as today, but of version 2. */
function fromTheFuture(link) {
  const { creator, secret } = parseLink(link);
  const box = linkMailbox(creator, secret);
  const sealed = ageEncrypt(box.lock, concat(Uint8Array.of(2), new Uint8Array(671)), 924);
  return makePacket(box.seed, box.address, sealed, BigInt(Date.now()) * 1000n);
}

/** Opens a link, waits for its end, and looks. */
async function visit(browser, { link, until, name, clock, options, broken, presses = [] }) {
  const page = await tab(browser, options);
  if (broken) await page.addInitScript(breakOne, broken);
  if (clock) await page.clock.setSystemTime(Date.now() + clock * 1000);
  await page.goto(link);
  for (const button of presses) await press(page, button);
  await (until === CHECKED && !request.proxy ? checked(page) : says(page, until));
  const seen = await look(page, name);
  await page.context().close();
  return seen;
}

/** Types a PIN over whatever stands there. */
async function type(page, pin) {
  await page.getByLabel("PIN").fill(pin);
  await press(page, "Open");
}

/** What a tap leaves in the clipboard. */
async function copiedBy(page, tap, words) {
  await page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
  await tap.click();
  await page.locator("#body").getByText(words).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Both tabs want the same handoff, at the same moment. */
async function race(tabs) {
  for (const page of tabs) await press(page, "Pick up (one use only)");
  const sure = tabs.map((page) => page.getByRole("button", { name: "Yes, pick it up" }));
  await Promise.all(sure.map((button) => button.waitFor()));
  await look(tabs[0], "burn-sure");
  // Waited for from before the clicks: whoever loses may learn it soon.
  const taking = titled(tabs[0], "Picking up…");
  await Promise.all([taking, ...sure.map((button) => button.click())]);
  await picture(tabs[0], "burn-taking");
  const end = /It is yours alone now|Already picked up|Not picked up/;
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

/** Opens a changed page in a tab that keeps nothing; whether the script that its host put in has run. */
async function openAt(page, path) {
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(new URL(path, request.link).href);
  await titled(page, "Nothing to open yet");
  return page.evaluate(() => document.documentElement.id === "injected");
}

const CASES = {
  ...HANDS,
  ...KEEPING,

  /** The same link on an Android phone and on an iPhone. */
  async link(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    const seen = await look(page, "link-android");
    seen.copied = await copiedBy(page, page.getByRole("button", { name: "Copy command" }), "Copied");
    // The app is not there, but what it is to be given is.
    seen.pasted = await copiedBy(page, page.getByRole("link", { name: "Open SSH app" }), "paste it in the app");
    await page.context().close();
    const options = { userAgent: IPHONE };
    return { seen, ios: await visit(browser, { link: request.link, until: CHECKED, name: "link-ios", options }) };
  },

  async pin(browser) {
    const relay = await proxy(request.proxy);
    const page = await tab(browser);
    await page.goto(request.link);
    await titled(page, "Enter the PIN");
    const asked = await look(page, "pin");
    relay.hold = "asking";
    // Waited for from before the click: the request may be out when that returns.
    const asking = page.waitForRequest((asked) => asked.url().includes(`:${request.proxy.port}/`), { timeout: PATIENTLY });
    await Promise.all([asking, type(page, request.wrong)]);
    const trying = await look(page, "pin-trying");
    relay.release();
    await says(page, "Wrong PIN", PATIENTLY);
    const wrong = await look(page, "pin-wrong");
    Object.assign(wrong, await page.getByLabel("PIN").evaluate((field) => ({
      kept: field.value,
      selected: field.value.slice(field.selectionStart, field.selectionEnd),
      focused: field === document.activeElement,
      invalid: field.getAttribute("aria-invalid"),
      described: document.getElementById(field.getAttribute("aria-describedby"))?.textContent,
    })));
    // The PIN is right, but the network is away: it is typed once all the same.
    relay.refuse = Infinity;
    await type(page, request.pin);
    await titled(page, "No relay answered", PATIENTLY);
    relay.refuse = 0;
    await press(page, "Try again");
    await checked(page);
    return { asked, trying, wrong, right: await look(page, "pin-right") };
  },

  /** No relay says whether anything newer is there; asked again, one takes its time and then does. */
  async unconfirmed(browser) {
    const relay = await proxy(request.proxy);
    relay.fail = "checking";
    const page = await tab(browser);
    await page.goto(request.link);
    await says(page, "No relay could say");
    const seen = await look(page, "unconfirmed");
    Object.assign(relay, { fail: undefined, hold: "checking" });
    await press(page, "Check again");
    await says(page, "Found. Checking");
    relay.release();
    await says(page, CHECKED);
    return { seen };
  },

  /** A phone without the memory for Argon2id, which then has it. */
  async cramped(browser) {
    const page = await tab(browser);
    await page.addInitScript(noRoom);
    await page.goto(request.link);
    await type(page, request.pin);
    await titled(page, "Something went wrong");
    const failed = await look(page, "failed-pin");
    await page.evaluate(() => (window.roomy = true));
    await press(page, "Try again");
    await checked(page);
    return { failed, right: await look(page, "failed-pin-then-right") };
  },

  async burn(browser) {
    const tabs = [await tab(browser), await tab(browser)];
    for (const page of tabs) {
      await page.goto(request.link);
      await checked(page);
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
      const { flip, hold, fail } = one;
      if (relay) Object.assign(relay, { flip, hold, fail, packet: one.newer && fromTheFuture(one.link) });
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
    await titled(page, "This handoff has expired");
    return { seen: await look(page, "expired") };
  },

  /** For the README: the first screen, as it opens on a phone. */
  async readme(browser) {
    for (const { paper, path } of request.into) {
      const page = await tab(browser, { colorScheme: paper, deviceScaleFactor: 1.25 });
      await page.goto(request.link);
      await checked(page);
      await page.screenshot({ path });
      await page.context().close();
    }
    return {};
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
    await checked(page);
    const tried = await page.evaluate(breakOut, foreign);
    const injected = await openAt(page, "/injected");
    await look(page, "nothing");
    const walled = { tried, injected, reached };
    const open = { injected: await openAt(page, "/open"), tried: await page.evaluate(breakOut, foreign) };
    await page.goto(new URL("/frame", request.link).href);
    await page.frameLocator("iframe").getByRole("heading", { name: "Open this page by itself" }).waitFor();
    return { walled, open };
  },
};

async function run() {
  await host(request.port);
  const browser = await launch();
  try {
    return await CASES[request.case](browser);
  } finally {
    await browser.close();
  }
}

process.stdout.write(JSON.stringify(await run()));
process.exit(0);
