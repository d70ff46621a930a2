// The buttons of a handoff.

import { ashellUrl, havenUrl, platform, resumeCommand, shortCommand, sshUrl } from "./commands.js";
import { copy } from "./copy.js";
import { button, commandWords, element } from "./view.js";
import { LABELS } from "./words.js";

/** A second tap this soon was meant for what stood there before. */
const DEAF = 400;

/** A link to an app that copies the command in the same tap: no app takes one with its address. */
function appLink(label, url, command) {
  const link = element("a", { class: "button", href: url, rel: "noreferrer" }, label);
  link.addEventListener("click", () => copy(command, link, LABELS.toPaste));
  return link;
}

const commandBox = (label, command) =>
  element("div", { class: "command" }, [
    element("span", { class: "label" }, label),
    element("code", { dir: "ltr" }, commandWords(command)),
  ]);

const copyButton = (label, command, kind) => button(label, (event) => copy(command, event.currentTarget), kind);

/** Everything to do with a handoff that may be used. */
export function actionsFor(record, token) {
  const short = shortCommand(record, token);
  const full = resumeCommand(record);
  const out = [commandBox(LABELS.withCclink, short), copyButton(LABELS.copy, short, "main")];
  if (record.ssh) {
    const on = platform(navigator);
    out.push(appLink(LABELS.ssh, sshUrl(record.ssh), short));
    if (on === "ios") out.push(appLink(LABELS.ashell, ashellUrl(record.ssh, short), short));
    if (on === "android") out.push(appLink(LABELS.haven, havenUrl(record.ssh), short));
  }
  out.push(commandBox(LABELS.withoutCclink, full), copyButton(LABELS.copyOther, full));
  return out;
}

/**
 * A button that asks before it does something for good. The question takes its place, so that the answers lie elsewhere, and
 * they are deaf at first.
 */
function sureButton(label, question, yes, onYes, kind) {
  const ask = button(label, () => {
    const text = element("p", { tabindex: "-1" }, question);
    const cancel = () => {
      group.replaceWith(ask);
      ask.focus();
    };
    const answers = [button(yes, onYes, "main"), button(LABELS.cancel, cancel)];
    const group = element("div", { class: "sure", role: "group", "aria-label": question }, [text, ...answers]);
    for (const answer of answers) answer.disabled = true;
    setTimeout(() => answers.forEach((answer) => (answer.disabled = false)), DEAF);
    ask.replaceWith(group);
    text.focus();
  }, kind);
  return ask;
}

/** A handoff that can be picked up once hides its commands until it is taken. */
export function burnActions(confirmed, onTake) {
  const take = sureButton(LABELS.pickUp, LABELS.sure, LABELS.yes, onTake, "main");
  if (confirmed === "checking") take.disabled = true;
  return [element("p", {}, LABELS.once), take];
}

/** Forgets what this tab keeps; what nobody can pick up again only after asking. */
export const closeButton = (taken, onClose) =>
  taken ? sureButton(LABELS.close, LABELS.sureClose, LABELS.yesClose, onClose, "quiet") : button(LABELS.close, onClose, "quiet");
