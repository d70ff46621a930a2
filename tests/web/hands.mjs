// Fingers, eyes and patience: taps that come too soon, large text, slow relays, writing from the right.

import { checked, look, press, proxy, request, says, tab, titled } from "./stage.mjs";

const PICK_UP = "Pick up (one use only)";
const YES = "Yes, pick it up";

/** A width, and how large the text is. */
const SHAPES = [[390, ""], [320, ""], [320, "200%"]];

const shape = async (page, [width, size]) => {
  await page.setViewportSize({ width, height: 844 });
  await page.evaluate((size) => (document.documentElement.style.fontSize = size), size);
};

/** Where something stands on the page. */
const boxOf = (locator) => locator.evaluate((one) => {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  return { left, right, top: top + scrollY, bottom: bottom + scrollY };
});

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Whether its middle is on the screen, and nothing over it. */
const onScreen = (locator) => locator.evaluate((one) => {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  return document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === one || `${top} to ${bottom} of ${innerHeight}`;
});

/** From here on time passes in the page only where a test lets it, however busy this machine is. */
async function stopClock(page) {
  const now = Date.now();
  await page.clock.install({ time: now });
  // It cannot be stopped in what is past for it by then.
  await page.clock.pauseAt(now + 30_000);
}

/** What a second of the page takes here at least, in ms: answers travel in our time, not in the page's. */
const SECOND = 200;

/** Lets the page's seconds pass until something is there. */
async function runUntil(page, wanted) {
  for (let seconds = 0; seconds < 60; seconds++) {
    for (const end = Date.now() + SECOND; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
      if (await wanted.count()) return;
    }
    await page.clock.runFor(1000);
  }
  throw new Error(`not shown within a minute: ${await page.locator("#card").innerText()}`);
}

export const HANDS = {
  /** Two taps in one place pick nothing up. */
  async twice(browser) {
    const relay = await proxy(request.proxy);
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    const pick = page.getByRole("button", { name: PICK_UP });
    const yes = page.getByRole("button", { name: YES });
    const { left, right, bottom } = await boxOf(pick);
    const top = await page.evaluate(() => scrollY);
    for (let taps = 0; taps < 2; taps++) await page.touchscreen.tap((left + right) / 2, bottom - top - 4);
    await yes.waitFor();
    await press(page, "Cancel");
    const overlaps = [];
    for (const one of SHAPES) {
      await shape(page, one);
      const before = await boxOf(pick);
      await press(page, PICK_UP);
      for (const name of [YES, "Cancel"]) overlaps.push(overlap(before, await boxOf(page.getByRole("button", { name }))));
      await press(page, "Cancel");
      await pick.waitFor();
    }
    await shape(page, SHAPES[0]);
    // Even an answer in the very place is deaf at first.
    const deaf = await pick.evaluate((one) => {
      one.click();
      const answer = [...document.querySelectorAll("button")].find((other) => other.textContent.startsWith("Yes"));
      answer.click();
      return answer.disabled;
    });
    await yes.waitFor();
    await look(page, "sure");
    const focused = await page.evaluate(() => document.activeElement.textContent);
    await press(page, "Cancel");
    const back = await pick.evaluate((one) => one === document.activeElement);
    return { overlaps, deaf, focused, back, written: relay.written };
  },

  /** That it was copied is said where the finger is. */
  async copied(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    await stopClock(page);
    const seen = [];
    for (const one of SHAPES) {
      await shape(page, one);
      for (const name of ["Copy command", "Copy this command"]) {
        await page.getByRole("button", { name, exact: true }).click();
        const copied = page.getByRole("button", { name: "Copied", exact: true });
        await copied.waitFor();
        seen.push(await onScreen(copied));
        await page.clock.runFor(4000);
        await page.getByRole("button", { name, exact: true }).waitFor();
      }
    }
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
      document.execCommand = () => false;
    });
    await press(page, "Copy command");
    await page.getByRole("button", { name: /^Couldn't copy/ }).waitFor();
    return { seen, failed: await look(page, "not-copied") };
  },

  /** Whoever waits is told for whom, and what comes next. */
  async slow(browser) {
    const [slow, other] = [await proxy(request.proxy), await proxy(request.second)];
    Object.assign(slow, { hold: "asking" });
    other.absent = true;
    const page = await tab(browser);
    const answered = page.waitForResponse((given) => given.url().includes(`:${request.second.port}/`));
    // What fails before is what is told.
    answered.catch(() => {});
    await stopClock(page);
    await page.goto(request.link);
    await titled(page, "Looking for the handoff");
    await answered;
    const waiting = page.locator("#waiting");
    const said = [];
    const words = async () => said.push({ card: await waiting.innerText(), status: await page.locator("#status").innerText() });
    await words();
    await runUntil(page, waiting.getByText("has nothing"));
    await words();
    await look(page, "slow");
    await runUntil(page, waiting.getByText("try 2 of 3"));
    await words();
    await runUntil(page, waiting.getByText("try 3 of 3"));
    await runUntil(page, page.getByRole("heading", { name: "Handoff not found" }));
    return { said };
  },

  /** Found, but the look for anything newer takes its time. */
  async slowToConfirm(browser) {
    const relay = await proxy(request.proxy);
    relay.hold = "checking";
    const page = await tab(browser);
    await stopClock(page);
    await page.goto(request.link);
    await says(page, "Found. Checking");
    await runUntil(page, page.locator("#waiting").getByText("no answer yet"));
    return { seen: await look(page, "slow-checking") };
  },

  /** What others wrote has the direction of its writing; commands have ours. */
  async directions(browser) {
    const page = await tab(browser);
    await page.goto(request.link);
    await checked(page);
    const directions = await page.evaluate(() => {
      const of = (one) => getComputedStyle(one).direction;
      const fact = (name) => [...document.querySelectorAll("dt")].find((dt) => dt.textContent === name).nextElementSibling;
      return {
        title: of(document.getElementById("title")), note: of(fact("Note")), from: of(fact("From")),
        command: of(document.querySelector("code")), button: of(document.querySelector("#body button")),
      };
    });
    return { directions, seen: await look(page, request.name) };
  },
};
