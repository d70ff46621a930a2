// Every word that the page shows: what happened, why, what to do next. Times are those of the reader.

import { clean } from "../core/clean.js";
import { TRIES } from "./relays.js";

const when = (unixSeconds) =>
  new Date(unixSeconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** What others wrote, inside a sentence of ours: its direction ends where it does. */
const quoted = (text) => `\u2068${clean(text)}\u2069`;

/** Seconds as `2d 3h 4m 5s`, from the largest unit that counts. */
export function countdown(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(left / 86_400), "d"],
    [Math.floor(left / 3600) % 24, "h"],
    [Math.floor(left / 60) % 60, "m"],
    [left % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first < 0 ? 3 : first).map(([count, unit]) => `${count}${unit}`).join(" ");
}

/** Buttons and labels. */
export const LABELS = {
  pin: "PIN",
  open: "Open",
  progress: "Progress",
  close: "Close",
  cancel: "Cancel",
  checkAgain: "Check again",
  withCclink: "On that machine, with cclink",
  withoutCclink: "Without cclink",
  copy: "Copy command",
  copyOther: "Copy this command",
  copied: "Copied",
  notCopied: "Couldn't copy: press and hold the command",
  ssh: "Open SSH app",
  ashell: "Open in a-Shell",
  haven: "Open in Haven",
  toPaste: "Command copied: paste it in the app",
  once: "You can pick this up once. After that its code and link stop working.",
  pickUp: "Pick up (one use only)",
  sure: "Pick it up in this browser? Nobody else can pick it up after that.",
  yes: "Yes, pick it up",
  sureClose: "Forget this handoff? Nobody can pick it up again, not even you.",
  yesClose: "Yes, forget it",
  backToKept: "Back to the one I have",
  openOther: "Forget that one, open the other",
};

const BROKEN = {
  form: "The part after the # is missing or incomplete.",
  key: "The key in it is damaged or cut off.",
  token: "Its last part is damaged or cut off, or it needs a newer page.",
  secret: "Its last part is damaged or cut off.",
};

const NOT_FOR_A_PHONE = {
  devices: "Only its creator's own devices can open it.",
  share: "Only the person it was shared with can open it, on a device that has their key.",
};

const PIN_TROUBLE = {
  wrong: "Wrong PIN, or the handoff has expired. Check the PIN with whoever gave it to you.",
  unfit: "Enter the PIN you were given, at most 256 characters.",
};

const TAKING = {
  checking: "Step 1 of 3: checking that it is still there.",
  writing: "Step 2 of 3: marking it as picked up.",
  settling: "Step 3 of 3: making sure that nobody was faster.",
};

const NOT_TAKEN = {
  unreachable: ["No relay answered, so nothing was changed.", "Try again when you are online."],
  unwritten: ["The network did not store your pickup, so it is still there.", "Try again."],
  blocked: ["Someone blocked its address, so nobody can pick it up.", "Ask for a new handoff."],
  unknown: ["No relay answered in time. You may have picked it up.", "Go back when you are online to find out."],
};

const PUBLISH_AGAIN = "Publish it again where the session is, or ask for a new one.";
const RETRY = { label: "Try again", does: "retry" };

/** `{title, lines, action?}` of every state that shows no handoff. */
const WORDS = {
  asking: () => ({ title: "Looking for the handoff", busy: true, lines: ["Asking relays. They can't read it."] }),
  trying: ({ part }) => ({
    title: "Trying the PIN",
    busy: true,
    part,
    lines: ["Slow on purpose, to stop guessing. It takes up to half a minute on a slow phone."],
  }),
  taking: ({ step }) => ({ title: "Picking up…", busy: true, lines: [TAKING[step], "It takes a few seconds. Keep this page open."] }),
  pin: ({ trouble, tries }) => ({
    title: "Enter the PIN",
    lines: [
      trouble ? PIN_TROUBLE[trouble] : "You got it with the handoff: four words, or another PIN.",
      ...(tries ? [`Tries so far: ${tries}.`] : []),
    ],
    pin: true,
    bad: Boolean(trouble),
  }),
  "no link": () => ({
    title: "Nothing to open yet",
    lines: ["This page opens cclink handoffs.", "Scan the QR code again, or open the whole link. The address bar won't do: the secret part after the # is removed from it."],
  }),
  broken: ({ wrong }) => ({
    title: "This link is damaged",
    bad: true,
    lines: [BROKEN[wrong], "Scan the QR code again, or copy the whole link again. Capitals and line breaks don't matter."],
  }),
  "not for a phone": ({ audience }) => ({
    title: "This handoff is not for a phone",
    lines: [NOT_FOR_A_PHONE[audience], "Pick it up with cclink there, or publish it with a link or a PIN."],
  }),
  framed: () => ({
    title: "Open this page by itself",
    bad: true,
    lines: ["Another page has embedded this one and could watch what you do.", "Open the link in a tab of its own."],
  }),
  another: ({ title }) => ({
    title: "Open another handoff?",
    lines: [`You picked up “${quoted(title)}” in this tab. Opening another one here forgets it, and nobody can pick it up again.`],
  }),
  closed: () => ({ title: "Closed", lines: ["This tab has forgotten the handoff."] }),
  unreachable: () => ({
    title: "No relay answered",
    bad: true,
    lines: ["You may be offline, or the relays may be down or busy. Nothing is lost.", "Check the connection, then try again."],
    action: RETRY,
  }),
  absent: () => ({
    title: "Handoff not found",
    bad: true,
    lines: ["It expired a while ago, was never published, or the link is wrong.", PUBLISH_AGAIN],
    action: RETRY,
  }),
  burned: ({ hostname, at }) => ({
    title: "Already picked up",
    bad: true,
    lines: [
      `By ${clean(hostname) ? quoted(hostname) : "someone"}, ${when(at)}.`,
      `It could be picked up only once. If that wasn't you, someone else has the link. ${PUBLISH_AGAIN}`,
    ],
  }),
  revoked: ({ at }) => ({ title: "Revoked by its creator", bad: true, lines: [`It was revoked ${when(at)}.`, PUBLISH_AGAIN] }),
  expired: ({ record, until }) => ({
    title: "This handoff has expired",
    bad: true,
    lines: [`It expired ${when(record?.expires_at ?? until)}${record ? `; it came from ${quoted(record.hostname)}` : ""}.`, PUBLISH_AGAIN],
  }),
  "from the future": ({ record }) => ({
    title: "The clocks don't match",
    bad: true,
    lines: [`It says it was made ${when(record.created_at)}. This phone's clock is behind, or the sender's is ahead.`, "Set the clock, then try again."],
    action: RETRY,
  }),
  newer: () => ({
    title: "Made by a newer cclink",
    bad: true,
    lines: ["This page is too old to read it.", "Ask its host to update it, or use an up-to-date cclink."],
  }),
  refused: ({ why }) => ({
    title: "Don't use this handoff",
    bad: true,
    lines: [`Its signature is valid, but ${why}.`, "Ask its creator for another."],
  }),
  failed: ({ audience }) => ({
    title: "Something went wrong",
    bad: true,
    lines: [
      "The error is in this page. It says nothing about the handoff.",
      ...(audience === "pin" ? ["Trying a PIN needs 64 MB of memory. This phone may be short of it."] : []),
      "Close other tabs and try again. If that fails too, open it with cclink on a computer.",
    ],
    action: RETRY,
  }),
  "not taken": ({ why }) => ({ title: "Not picked up", bad: true, lines: NOT_TAKEN[why], action: { label: "Back", does: "retry" } }),
};

export const wordsOf = (state) => WORDS[state.is](state);

/** What a shown handoff says of itself: pairs of name and value, cleaned. */
export function facts(record, signedBy) {
  const git = record.git;
  const branch = git?.branch && clean(git.branch) + (git.dirty ? ", with uncommitted changes" : "");
  return [
    ["From", record.hostname],
    ["Project", record.project],
    ["Label", record.label],
    ["Branch", branch],
    ["Note", record.note],
    ["SSH", record.ssh],
    ["Made", when(record.created_at)],
    ["Signed by", signedBy],
  ].map(([name, value]) => [name, clean(value ?? "")]).filter(([, value]) => value);
}

export const titleOf = (record) => clean(record.title ?? "") || `Session ${record.session_id.slice(0, 8)}`;

/** Under the title of a shown handoff. */
export const CONFIRMED = {
  checking: "Found. Checking for anything newer…",
  yes: "Still valid (checked just now).",
  no: "No relay could say whether it is still valid. It may have been revoked.",
};

const TAKEN = "It is yours alone now: nobody else can pick it up.";

/** The same where it was picked up. */
export const taken = (kept) =>
  `${TAKEN} ${kept ? "This tab keeps it until it expires, even if you reload." : "Keep this page open until you have used it."}`;

/** How long it is still there; of one that was picked up, how long this tab keeps it. */
export const timeLeft = (seconds, kept) => {
  if (seconds <= 0) return "Expired. Use it now: a reload forgets it.";
  return `${kept ? "Kept in this tab for" : "Expires in"} ${countdown(seconds)}`;
};

const RELAY = {
  asked: ({ attempt }) => (attempt > 1 ? `no answer yet, try ${attempt} of ${TRIES}` : "no answer yet"),
  answered: () => "answered",
  empty: () => "answered, has nothing",
  silent: () => "didn't answer",
};

/** How far each relay is. */
export const relayLines = (relays) => relays.map((relay) => `${relay.host}: ${RELAY[relay.is](relay)}`);

/** How long it has taken, and what comes of it. */
export const patience = (seconds) => `${seconds} s so far. After about 30 s without an answer this page gives up.`;
