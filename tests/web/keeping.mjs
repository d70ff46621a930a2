// What a tab keeps: a handoff outlives a reload and the way back, until it expires or is closed.

import { CHECKED, checked, look, picture, press, proxy, request, says, tab, titled } from "./stage.mjs";

const OURS = "It is yours alone now";

/** What the browser holds for this page, wherever it could. */
const held = (page) =>
  page.evaluate(async () => ({
    tab: { ...sessionStorage },
    elsewhere: [Object.keys(localStorage).length, document.cookie, (await indexedDB.databases()).length],
    address: location.href,
    state: history.state,
  }));

/** Takes a handoff that can be picked up once. */
async function take(page, link = request.link) {
  await page.goto(link);
  await checked(page);
  await press(page, "Pick up (one use only)");
  await press(page, "Yes, pick it up");
  await says(page, OURS);
}

/** Another page of the same host, and the way back. */
async function awayAndBack(page) {
  await page.goto(new URL("/opening", request.link).href);
  await titled(page, "Opening the handoff");
  await page.goBack();
}

const commands = (page) => page.locator("code").allInnerTexts();

/** The same letters but one. */
const damaged = (text, at) => text.slice(0, at) + (text[at] === "y" ? "b" : "y") + text.slice(at + 1);

/** What another page of the host could leave there, made from what was kept, and the link of another handoff. */
function hostile(kept, other) {
  const [version, end, link, address, signed, mark, step] = kept.split(" ");
  const whole = (parts) => [version, end, link, address, signed, mark, step].map((part, at) => parts[at] ?? part).join(" ");
  return [
    "", " ", "null", "{}", "[".repeat(100_000), "1".repeat(3_000_000), `{"link":"${link}"}`, "<img src=x onerror=alert(1)>", "__proto__",
    `${kept} `, `${kept}\n${kept}`, kept.toUpperCase(), whole({ 0: "2" }), whole({ 1: "-1" }), whole({ 1: "1e9" }), whole({ 6: "burned" }),
    // One letter of each, another's record, none.
    ...[link, address, signed, mark].map((part) => damaged(kept, kept.indexOf(part) + 3)).slice(0, 3),
    damaged(kept, kept.indexOf(signed) + 90), damaged(kept, kept.indexOf(signed) + signed.length - 2),
    whole({ 2: other }), whole({ 3: mark.slice(0, 52) }), whole({ 4: mark }), whole({ 4: "y" }), [version, end, link, address, signed, mark].join(" "),
    `1 ${end} ${link.slice(0, -1)}`, `1 ${end} ${"y".repeat(52)}${link.slice(52)}`,
  ];
}

export const KEEPING = {
  /** A link is followed again after a reload, until it is closed. */
  async reload(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    const first = await held(page);
    await page.reload();
    await checked(page);
    await awayAndBack(page);
    await checked(page);
    const seen = await look(page, "reloaded");
    await press(page, "Close");
    await titled(page, "Closed");
    const closed = await look(page, "closed");
    const after = await held(page);
    await page.reload();
    await titled(page, "Nothing to open yet");
    return { first, seen, closed, after };
  },

  /** A PIN is asked for anew: it is not kept. */
  async pinned(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await titled(page, "Enter the PIN");
    await page.getByLabel("PIN").fill(request.pin);
    await press(page, "Open");
    await checked(page);
    const first = await held(page);
    await page.reload();
    await titled(page, "Enter the PIN");
    return { first };
  },

  /** What was picked up is shown again without the network, and forgotten for good only on request. */
  async taken(browser) {
    const relay = await proxy(request.proxy);
    const page = await tab(browser);
    await take(page);
    const before = await commands(page);
    const first = await held(page);
    relay.refuse = Infinity;
    const { asked, written } = relay;
    await page.reload();
    await says(page, OURS);
    const reloaded = await look(page, "taken-reloaded");
    await awayAndBack(page);
    await says(page, OURS);
    // The same code scanned again.
    await page.goto(request.link);
    await says(page, OURS);
    const quiet = relay.asked === asked;
    await page.goto(request.other);
    await titled(page, "Open another handoff?");
    const another = await look(page, "another");
    await press(page, "Back to the one I have");
    await says(page, OURS);
    await press(page, "Close");
    await look(page, "taken-close");
    await press(page, "Cancel");
    const cancelled = await commands(page);
    await press(page, "Close");
    await press(page, "Yes, forget it");
    await titled(page, "Closed");
    return { before, first, reloaded, quiet, written, another, cancelled, after: await held(page) };
  },

  /** The page goes while the mark is on its way: it is ours all the same. */
  async halfway(browser) {
    const relay = await proxy(request.proxy);
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    await press(page, "Pick up (one use only)");
    await press(page, "Yes, pick it up");
    await says(page, "Step 3 of 3");
    relay.hold = "checking";
    await picture(page, "taking-settling");
    // Another link at this moment, then the page anew.
    await page.goto(request.other);
    await titled(page, "Open another handoff?");
    await page.reload();
    relay.release();
    await says(page, OURS);
    return { seen: await look(page, "taken-halfway"), written: relay.written };
  },

  /** Whatever stands there, the page opens, says nothing of it, and takes it away. */
  async hostile(browser) {
    const page = await tab(browser);
    await take(page);
    const { tab: kept } = await held(page);
    const lines = hostile(kept.cclink, request.other);
    const faults = [];
    for (const [at, line] of lines.entries()) {
      await page.evaluate((line) => sessionStorage.setItem("cclink", line), line);
      await page.reload();
      await titled(page, "Nothing to open yet").catch(async () => {
        faults.push(`${at}: ${line.slice(0, 200)}: ${await page.locator("#card").innerText()}`);
      });
      const left = await page.evaluate(() => sessionStorage.getItem("cclink"));
      if (left !== null) faults.push(`${at}: left ${left.slice(0, 200)}`);
    }
    await page.evaluate((line) => sessionStorage.setItem("cclink", line), kept.cclink);
    await page.reload();
    await says(page, OURS);
    return { faults, tried: lines.length, errors: page.errors };
  },

  /** A browser that keeps nothing says so. */
  async unkept(browser) {
    const page = await tab(browser);
    await page.addInitScript(() => {
      Object.defineProperty(window, "sessionStorage", { get: () => { throw new DOMException("no", "SecurityError"); } });
    });
    await take(page);
    return { seen: await look(page, "taken-unkept") };
  },

  /** At its end nothing of it is kept any more. */
  async ends(browser) {
    const page = await tab(browser);
    await page.clock.install();
    await page.goto(request.link);
    await says(page, CHECKED);
    await page.clock.fastForward(request.seconds * 1000);
    await titled(page, "This handoff has expired");
    return { after: await held(page) };
  },

  /** What was picked up can be used while it is shown, but is not kept beyond its end. */
  async endsTaken(browser) {
    const page = await tab(browser);
    await take(page);
    const { tab: kept } = await held(page);
    await page.clock.install();
    await page.reload();
    await says(page, OURS);
    await page.clock.fastForward(request.seconds * 1000);
    await says(page, "a reload forgets it");
    const seen = await look(page, "taken-expired");
    const after = await held(page);
    // A tab that was elsewhere at its end.
    await page.goto(new URL("/opening", request.link).href);
    await page.evaluate((line) => sessionStorage.setItem("cclink", line), kept.cclink);
    await page.clock.setSystemTime(Date.now() + request.seconds * 1000);
    await page.goBack();
    await titled(page, "This handoff has expired");
    return { seen, after, slept: { ...(await held(page)), body: await page.locator("#body").innerText() } };
  },
};
