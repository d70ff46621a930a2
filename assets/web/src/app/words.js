// Every state in words: what happened, why, what to do next. Times are those of the reader.

import { clean } from "../core/clean.js";

const when = (unixSeconds) =>
  new Date(unixSeconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

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

const BROKEN = {
  form: "It holds no handoff: behind the # belong a key and a token.",
  key: "The key in it is damaged or cut off.",
  token: "Its last part is damaged or cut off, or a newer cclink made it.",
  secret: "Its last part is damaged or cut off.",
};

const NOT_FOR_A_PHONE = {
  devices: "Only a device that holds the creator's own key can open it.",
  share: "Only the person it was shared with can open it, with their own key.",
};

const PIN_TROUBLE = {
  wrong: "Nothing opens with this PIN. Check it with whoever gave it to you; it works for a week from publishing at most.",
  unfit: "Type the PIN first, as you were given it; it is not longer than 256 characters.",
};

const NOT_TAKEN = {
  unreachable: ["No relay answered, so it was left as it is.", "Try again when you are online."],
  unwritten: ["The network did not keep the mark that it was taken, so it was not picked up at all.", "Try again."],
  blocked: ["Someone blocked this handoff's address, so nobody can mark it as taken.", "Ask for a new handoff."],
  unknown: ["Whether it was taken is not known: no relay answered after it was asked for.", "Try again when you are online."],
};

const RETRY = { label: "Try again", does: "retry" };

/** `{title, lines, action?}` of every state that shows no handoff. */
const WORDS = {
  opening: () => ({ title: "Opening the handoff", busy: true, lines: [] }),
  asking: () => ({ title: "Asking the network", busy: true, lines: ["Relays are asked for it; they cannot read it."] }),
  trying: ({ part }) => ({
    title: "Trying this PIN",
    busy: true,
    part,
    lines: ["This is slow on purpose, so that nobody can try many. It takes up to half a minute on a slow phone."],
  }),
  taking: () => ({ title: "Taking it, for good", busy: true, lines: ["Keep this page open. It takes a few seconds."] }),
  pin: ({ trouble, tries }) => ({
    title: "This handoff wants a PIN",
    lines: [
      trouble ? PIN_TROUBLE[trouble] : "Whoever made it gave you one: four words, or another PIN.",
      ...(tries ? [`Tries so far: ${tries}.`] : []),
    ],
    pin: true,
    bad: Boolean(trouble),
  }),
  "no link": () => ({
    title: "Nothing to open yet",
    lines: ["This page opens cclink handoffs.", "Scan the QR code again, or open the whole link: what stands behind its # is taken out of the address at once."],
  }),
  broken: ({ wrong }) => ({
    title: "This link cannot be read",
    bad: true,
    lines: [BROKEN[wrong], "Scan the QR code again, or copy the whole link again; capitals and line breaks do not matter."],
  }),
  "not for a phone": ({ audience }) => ({
    title: "This handoff is not for a phone",
    lines: [NOT_FOR_A_PHONE[audience], "Pick it up with cclink there, or publish it with a link or a PIN."],
  }),
  framed: () => ({
    title: "Not inside another page",
    bad: true,
    lines: ["Another page shows this one inside itself and could watch what you do here.", "Open the link by itself."],
  }),
  unreachable: () => ({
    title: "No relay answered",
    bad: true,
    lines: ["The phone is offline, or the relays of this page are down or busy. Nothing is lost.", "Check the connection, then try again."],
    action: RETRY,
  }),
  absent: () => ({
    title: "There is no such handoff",
    bad: true,
    lines: ["It expired a while ago, was never published, or the link is from elsewhere.", "Publish it again where the session lives."],
    action: RETRY,
  }),
  burned: ({ hostname, at }) => ({
    title: "Already picked up",
    bad: true,
    lines: [`By ${clean(hostname) || "somebody"}, ${when(at)}.`, "It could be picked up once. If that was not you, somebody else has the link. Publish it again where the session lives."],
  }),
  revoked: ({ at }) => ({
    title: "Called back by its creator",
    bad: true,
    lines: [`It was revoked ${when(at)}.`, "Ask for a new one, or publish it again where the session lives."],
  }),
  expired: ({ record }) => ({
    title: "This handoff expired",
    bad: true,
    lines: [`It ended ${when(record.expires_at)}; it came from ${clean(record.hostname)}.`, "Publish it again where the session lives."],
  }),
  "from the future": ({ record }) => ({
    title: "The clocks do not agree",
    bad: true,
    lines: [`It says it was made ${when(record.created_at)}: this phone's clock is behind, or the sender's ahead.`, "Set the clocks, then try again."],
    action: RETRY,
  }),
  newer: () => ({
    title: "Made by a newer cclink",
    bad: true,
    lines: ["This page is too old to read it.", "Ask whoever hosts this page to put up a new one, or pick it up with a cclink that is up to date."],
  }),
  refused: ({ why }) => ({
    title: "This handoff was refused",
    bad: true,
    lines: [`Its signature holds, but ${why}.`, "Do not use it. Ask its creator for another."],
  }),
  failed: ({ audience }) => ({
    title: "This page failed",
    bad: true,
    lines: [
      "Something went wrong here, in this browser. It says nothing about the handoff.",
      ...(audience === "pin" ? ["Trying a PIN needs 64 MB of memory; this phone may have too little free."] : []),
      "Close other tabs and try again, or scan the QR code again. If that fails too, open it with cclink on a computer.",
    ],
    action: RETRY,
  }),
  "not taken": ({ why }) => ({ title: "It was not picked up", bad: true, lines: NOT_TAKEN[why], action: { label: "Back", does: "retry" } }),
};

export const wordsOf = (state) => WORDS[state.is](state);

/** What a shown handoff says of itself: pairs of name and value, cleaned. */
export function facts(record, signedBy) {
  const git = record.git;
  const branch = git?.branch && `${clean(git.branch)}${git.dirty ? ", with changes not committed" : ""}`;
  return [
    ["From", clean(record.hostname)],
    ["Project", clean(record.project)],
    ["Label", record.label && clean(record.label)],
    ["Branch", branch],
    ["Note", record.note && clean(record.note)],
    ["SSH", record.ssh],
    ["Made", when(record.created_at)],
    ["Signed by", signedBy],
  ].filter(([, value]) => value);
}

export const CONFIRMED = {
  checking: "Found. Checking that nothing newer is there…",
  yes: "Checked: nothing newer is there.",
  no: "No relay could say whether anything newer is there. It may have been revoked since.",
};
