// The page: reads the link behind the `#`, takes it out of the address, and follows it. A reload follows what this tab kept.

import { actionsFor, burnActions, closeButton } from "./app/actions.js";
import { platform } from "./app/commands.js";
import { LONGEST, forget, keep, linkText, read } from "./app/kept.js";
import { Pickup } from "./app/pickup.js";
import { Relays } from "./app/relays.js";
import { button, showHandoff, showState, showWaiting, tick } from "./app/view.js";
import { LABELS, titleOf } from "./app/words.js";
import { parseLink } from "./core/link.js";
import { encode } from "./core/z32.js";

const HOSTS = { ios: "iPhone or iPad (browser)", android: "Android phone (browser)", other: "a browser" };

const relayUrls = () => document.querySelector('meta[name="cclink-relays"]').content.split(" ").filter(Boolean);

/** What is shown now; a later link makes the answers for an earlier one silent. */
let current = null;
let shown = null;

const now = () => Date.now() / 1000;

function signedBy(creator) {
  const z32 = encode(creator);
  return `pk:${z32.slice(0, 6)}…${z32.slice(-4)}`;
}

/** Keeps what a reload would lose; whether the browser does. */
function keepOf(pickup, state) {
  if (state.record) pickup.until = state.record.expires_at;
  if (state.is === "expired") return forget();
  // Somebody else's mark stands where ours was written.
  const mark = state.is === "burned" ? null : pickup.mark;
  return keep({ link: pickup.link, until: pickup.until, mark, taken: state.is === "taken" });
}

function onState(pickup, state) {
  if (pickup !== current) return;
  shown = null;
  const kept = state.is === "trying" || keepOf(pickup, state);
  const handlers = { retry: () => follow(pickup, pickup.again()), onPin: (pin) => follow(pickup, pickup.openWithPin(pin)) };
  // Whoever closes while it is picked up would lose it; behind that, it may exist in this tab alone.
  const ours = state.is === "taken" || state.why === "unknown";
  const closing = state.is === "taking" ? [] : [closeButton(ours, close)];
  if (state.is !== "found" && state.is !== "taken") return showState(state, handlers, closing);
  const { record, confirmed } = state;
  const taken = state.is === "taken";
  const hidden = record.burn_after_read && !taken;
  const letter = pickup.link.audience[0];
  const actions = hidden
    ? burnActions(confirmed, () => follow(pickup, pickup.take()))
    : actionsFor(record, pickup.box && letter + encode(pickup.box.token));
  const again = () => {
    onState(pickup, { ...state, confirmed: "checking" });
    follow(pickup, pickup.confirm());
  };
  if (confirmed === "no") actions.unshift(button(LABELS.checkAgain, again));
  showHandoff(state, signedBy(pickup.link.creator), [...actions, ...closing], taken, kept);
  shown = { record, taken, kept };
}

/** Counts down, and says so when the time is over; what was taken stays to be used, but is no longer kept. */
function everySecond() {
  if (!current) return;
  showWaiting(current.relays.progress());
  const over = now() >= current.until;
  if (over) forget();
  if (!shown) return;
  tick(shown.record, shown.taken && shown.kept);
  if (over && !shown.taken) onState(current, { is: "expired", record: shown.record });
}

/** A failure of the page itself must look neither like a verdict nor like work that goes on. */
function follow(pickup, work) {
  work.catch((error) => {
    console.error(error);
    onState(pickup, { is: "failed", audience: pickup.link.audience });
  });
}

/** Follows a link; `kept` is what this tab still knows of it. */
function start(link, kept) {
  const pickup = new Pickup(link, new Relays(relayUrls()), HOSTS[platform(navigator)], (state) => onState(pickup, state), kept?.mark);
  pickup.until = kept?.until ?? now() + LONGEST;
  current = pickup;
  if (pickup.until <= now()) return onState(pickup, { is: "expired", until: pickup.until });
  if (kept?.taken) return onState(pickup, { is: "taken", record: kept.mark.record });
  return follow(pickup, pickup.open());
}

/** Closed by whoever used it: nothing of it stays. */
function close() {
  forget();
  current = shown = null;
  showState({ is: "closed" });
}

/** Another link than that of a handoff that exists in this tab alone. */
function askFirst(kept, link) {
  showState({ is: "another", title: titleOf(kept.mark.record) }, {}, [
    button(LABELS.backToKept, () => start(kept.link, kept), "main"),
    button(LABELS.openOther, () => start(link)),
  ]);
}

function readAddress() {
  const text = location.hash;
  // Out of the address bar, and of what is copied or shared from it.
  if (text) history.replaceState(null, "", location.pathname + location.search);
  const kept = read(now());
  if (text.length < 2) {
    if (current) return;
    return kept ? start(kept.link, kept) : showState({ is: "no link" });
  }
  const link = parseLink(decodeHash(text));
  current = shown = null;
  if (link.wrong) return showState({ is: "broken", wrong: link.wrong });
  if (!kept || kept.until <= now()) return start(link);
  if (linkText(kept.link) === linkText(link)) return start(link, kept);
  return kept.mark ? askFirst(kept, link) : start(link);
}

/** Some scanners escape what stands in a fragment. */
function decodeHash(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

if (window.top !== window.self) {
  showState({ is: "framed" });
} else {
  window.addEventListener("hashchange", readAddress);
  setInterval(everySecond, 1000);
  readAddress();
}
