// The screen: words into elements, by textContent only.

import { CONFIRMED, LABELS, facts, patience, relayLines, taken as takenWords, timeLeft, titleOf, wordsOf } from "./words.js";

/** Below that nobody waits. */
const SOON = 2;
/** How long a button says what came of it. */
const FLASH = 4000;

const byId = (id) => document.getElementById(id);

/** An element with text and attributes; children in place of text. */
export function element(name, attributes = {}, content = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

export function button(label, onClick, kind = "") {
  const made = element("button", { type: "button", class: kind }, label);
  made.addEventListener("click", onClick);
  return made;
}

/** For a screen reader: what is seen stands on the card. */
function say(text) {
  const status = byId("status");
  if (status.textContent !== text) status.textContent = text;
}

/** Says in a button what came of it, for a while; what went wrong stays. */
export function flash(tapped, text, stays) {
  tapped.label ??= tapped.textContent;
  tapped.textContent = text;
  say(text);
  clearTimeout(tapped.timer);
  if (!stays) tapped.timer = setTimeout(() => (tapped.textContent = tapped.label), FLASH);
}

/** Replaces what is shown. A new heading gets the focus, so that a screen reader starts there; else it stays where it was. */
function show({ title, lines = [], parts = [], bad = false, busy = false }) {
  const heading = byId("title");
  const changed = heading.textContent !== title;
  const focused = document.activeElement.textContent;
  heading.textContent = title;
  document.title = `${title} · cclink`;
  byId("card").className = bad ? "bad" : "";
  byId("card").setAttribute("aria-busy", String(busy));
  byId("body").replaceChildren(...lines.map((line) => element("p", {}, line)), ...parts);
  if (changed) heading.focus({ preventScroll: true });
  else [...document.querySelectorAll("#body button, #body a")].find((one) => one.textContent === focused)?.focus();
}

function progressBar(part) {
  const bar = element("progress", { max: "1", "aria-label": LABELS.progress });
  if (part !== undefined) bar.value = part;
  return bar;
}

/** Where whoever waits longer reads what for. */
const waitingRoom = () => element("div", { id: "waiting" });

/** Tells what is waited for; `progress` is null while no relay is asked. */
export function showWaiting(progress) {
  const room = byId("waiting");
  if (!room) return;
  const long = progress && progress.seconds >= SOON;
  const lines = long ? relayLines(progress.relays) : [];
  const items = lines.map((line) => element("li", {}, line));
  room.replaceChildren(...(long ? [element("ul", { role: "list" }, items), element("p", {}, patience(progress.seconds))] : []));
  if (long) say(lines.join(". "));
}

/** What was typed stays, selected, to be mended or typed over. */
function pinForm(onPin, { typed = "", trouble }) {
  const field = element("input", {
    id: "pin", type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: "false", maxlength: "256",
    // What is wrong stands in the status as well, as a description of the field.
    ...(trouble && { "aria-invalid": "true", "aria-describedby": "status" }),
  });
  field.value = typed;
  const form = element("form", {}, [element("label", { for: "pin" }, LABELS.pin), field, element("button", { class: "main" }, LABELS.open)]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onPin(field.value);
  });
  return form;
}

/** A state that shows no handoff; `actions` are elements below it. */
export function showState(state, { retry, onPin } = {}, actions = []) {
  const { title, lines, bad, busy, part, pin, action } = wordsOf(state);
  // Progress alone moves the bar, and leaves the rest to be read in peace.
  const bar = document.querySelector("progress");
  if (state.is === "trying" && bar && byId("title").textContent === title) {
    bar.value = part;
    return;
  }
  const parts = [];
  if (busy) parts.push(progressBar(part), waitingRoom());
  if (pin) parts.push(pinForm(onPin, state));
  if (action) parts.push(button(action.label, retry, "main"));
  show({ title, lines, parts: [...parts, ...actions], bad, busy });
  say(bad || busy ? lines[0] : "");
  if (pin) byId("pin").focus();
  if (pin) byId("pin").select();
}

/** A path or an address breaks behind `/`, `@` and `.` first. */
const pieces = (text) => text.match(/[^/@.]*[/@.]?/g).flatMap((piece) => [piece, element("wbr")]);

/** A command breaks between its words; a word only where it is longer than the line, as a path does. */
export const commandWords = (text) => text.split(/( +)/).map((word) => (word.trim() ? element("span", {}, pieces(word)) : word));

/** The facts of a handoff as a list of names and values; each value has the direction of its own writing. */
const factList = (record, signedBy) =>
  element("dl", {}, facts(record, signedBy).map(([name, value]) =>
    element("div", {}, [element("dt", {}, name), element("dd", { dir: "auto" }, pieces(value))])));

/** A handoff, with what can be done next; `actions` are elements. */
export function showHandoff({ record, confirmed }, signedBy, actions, taken, kept) {
  const timer = element("p", { id: "timer", role: "timer", "aria-live": "off" }, "");
  const words = taken ? takenWords(kept) : CONFIRMED[confirmed];
  const check = element("p", { class: `check ${taken ? "yes" : confirmed}` }, words);
  show({ title: titleOf(record), parts: [check, waitingRoom(), factList(record, signedBy), timer, ...actions], busy: confirmed === "checking" });
  say(words);
  tick(record, taken && kept);
}

/** The time that is left, if a handoff is shown. */
export function tick(record, kept) {
  const timer = byId("timer");
  if (timer) timer.textContent = timeLeft(record.expires_at - Date.now() / 1000, kept);
}
