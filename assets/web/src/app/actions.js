// The buttons of a handoff.

import { ashellUrl, havenUrl, platform, resumeCommand, shortCommand, sshUrl } from "./commands.js";
import { copy } from "./copy.js";
import { button, commandWords, element } from "./view.js";

/** A link to an app that copies the command in the same tap: no app takes one with its address. */
function appLink(label, url, command) {
  const link = element("a", { class: "button", href: url, rel: "noreferrer" }, label);
  link.addEventListener("click", () => copy(command, "the command, to paste in the app"));
  return link;
}

const commandBox = (label, command) =>
  element("div", { class: "command" }, [element("span", { class: "label" }, label), element("code", { tabindex: "0" }, commandWords(command))]);

/** Everything to do with a handoff that may be used. */
export function actionsFor(record, token) {
  const short = shortCommand(record, token);
  const full = resumeCommand(record);
  const out = [
    commandBox("On that machine, with cclink", short),
    button("Copy command", () => copy(short, "the command"), "main"),
  ];
  if (record.ssh) {
    const on = platform(navigator);
    out.push(appLink("Open SSH app", sshUrl(record.ssh), short));
    if (on === "ios") out.push(appLink("Open in a-Shell", ashellUrl(record.ssh, short), short));
    if (on === "android") out.push(appLink("Open in Haven", havenUrl(record.ssh), short));
  }
  out.push(commandBox("Without cclink", full), button("Copy this one", () => copy(full, "the command without cclink")));
  return out;
}

/** A handoff that can be picked up once hides its commands until it is taken. */
export function burnActions(confirmed, onTake) {
  const words = "It can be picked up once. Then it is yours alone: this code and link open it for nobody any more.";
  const take = button("Pick up (one use only)", (event) => {
    event.currentTarget.replaceWith(
      element("div", { class: "sure", role: "group", "aria-label": "Pick it up for good?" }, [
        element("p", {}, "Pick it up for good, in this browser?"),
        button("Yes, pick it up", onTake, "main"),
      ]),
    );
    document.querySelector(".sure button").focus();
  }, "main");
  if (confirmed === "checking") take.disabled = true;
  return [element("p", {}, words), take];
}
