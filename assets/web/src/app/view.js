// The screen: words into elements, by textContent only.

import { clean } from "../core/clean.js";
import { CONFIRMED, countdown, facts, wordsOf } from "./words.js";

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

/** Said by a screen reader, and shown at the foot unless it stands on the card already. */
export function say(text, shown = true) {
  byId("status").className = shown ? "" : "outside";
  byId("status").textContent = text;
}

/** Replaces what is shown. A new heading gets the focus, so that a screen reader starts there. */
function show({ title, lines = [], parts = [], bad = false, busy = false }) {
  const heading = byId("title");
  const changed = heading.textContent !== title;
  heading.textContent = title;
  document.title = `${title} · cclink`;
  byId("card").className = bad ? "bad" : "";
  byId("card").setAttribute("aria-busy", String(busy));
  byId("body").replaceChildren(...lines.map((line) => element("p", {}, line)), ...parts);
  if (changed) heading.focus({ preventScroll: true });
}

function progressBar(part) {
  const bar = element("progress", { max: "1", "aria-label": "Progress" });
  if (part !== undefined) bar.value = part;
  return bar;
}

/** What was typed stays, selected, to be mended or typed over. */
function pinForm(onPin, { typed = "", trouble }) {
  const field = element("input", {
    id: "pin", type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: "false", maxlength: "256",
    // What is wrong stands in the status as well, as a description of the field.
    ...(trouble && { "aria-invalid": "true", "aria-describedby": "status" }),
  });
  field.value = typed;
  const form = element("form", {}, [element("label", { for: "pin" }, "PIN"), field, element("button", { class: "main" }, "Open")]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onPin(field.value);
  });
  return form;
}

/** A state that shows no handoff. */
export function showState(state, { retry, onPin }) {
  const { title, lines, bad, busy, part, pin, action } = wordsOf(state);
  // Progress alone moves the bar, and leaves the rest to be read in peace.
  const bar = document.querySelector("progress");
  if (state.is === "trying" && bar && byId("title").textContent === title) {
    bar.value = part;
    return;
  }
  const parts = [];
  if (busy) parts.push(progressBar(part));
  if (pin) parts.push(pinForm(onPin, state));
  if (action) parts.push(button(action.label, retry, "main"));
  show({ title, lines, parts, bad, busy });
  say(bad ? lines[0] : "", false);
  if (pin) byId("pin").focus();
  if (pin) byId("pin").select();
}

/** A path or an address breaks behind `/`, `@` and `.` first. */
const pieces = (text) => text.match(/[^/@.]*[/@.]?/g).flatMap((piece) => [piece, element("wbr")]);

/** A command breaks between its words; a word only where it is longer than the line. */
export const commandWords = (text) => text.split(/( +)/).map((word) => (word.trim() ? element("span", {}, word) : word));

/** The facts of a handoff as a list of names and values. */
const factList = (record, signedBy) =>
  element("dl", {}, facts(record, signedBy).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, pieces(value))]));

/** A handoff, with what can be done next; `actions` are elements. */
export function showHandoff({ record, confirmed }, signedBy, actions, taken) {
  const timer = element("p", { id: "timer", role: "timer", "aria-live": "off" }, "");
  const words = taken ? "It is yours alone now: nobody else can pick it up. Keep this page open until you have used it." : CONFIRMED[confirmed];
  show({
    title: clean(record.title ?? "") || `Session ${record.session_id.slice(0, 8)}`,
    parts: [element("p", { class: `check ${taken ? "yes" : confirmed}` }, words), factList(record, signedBy), timer, ...actions],
    busy: confirmed === "checking",
  });
  say(words, false);
  tick(record);
}

/** The time that is left, if a handoff is shown. */
export function tick(record) {
  const timer = byId("timer");
  if (timer) timer.textContent = `Expires in ${countdown(record.expires_at - Date.now() / 1000)}`;
}
