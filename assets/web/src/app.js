// The page: reads the link behind the `#`, takes it out of the address, and follows it.

import { actionsFor, burnActions } from "./app/actions.js";
import { platform } from "./app/commands.js";
import { Pickup } from "./app/pickup.js";
import { Relays } from "./app/relays.js";
import { button, showHandoff, showState, tick } from "./app/view.js";
import { parseLink } from "./core/link.js";
import { encode } from "./core/z32.js";

const HOSTS = { ios: "iPhone or iPad (browser)", android: "Android phone (browser)", other: "a browser" };

const relayUrls = () => document.querySelector('meta[name="cclink-relays"]').content.split(" ").filter(Boolean);

/** What is shown now; a later link makes the answers for an earlier one silent. */
let current = null;
let shown = null;

function signedBy(creator) {
  const z32 = encode(creator);
  return `pk:${z32.slice(0, 6)}…${z32.slice(-4)}`;
}

function onState(pickup, state) {
  if (pickup !== current) return;
  shown = null;
  const handlers = { retry: () => follow(pickup, pickup.again()), onPin: (pin) => follow(pickup, pickup.openWithPin(pin)) };
  if (state.is !== "found" && state.is !== "taken") return showState(state, handlers);
  const { record, confirmed } = state;
  const taken = state.is === "taken";
  const hidden = record.burn_after_read && !taken;
  const letter = pickup.link.audience[0];
  const actions = hidden
    ? burnActions(confirmed, () => follow(pickup, pickup.take()))
    : actionsFor(record, letter + encode(pickup.box.token));
  const again = () => {
    onState(pickup, { ...state, confirmed: "checking" });
    follow(pickup, pickup.confirm());
  };
  if (confirmed === "no") actions.unshift(button("Check again", again));
  showHandoff(state, signedBy(pickup.link.creator), actions, taken);
  shown = { record, taken, pickup };
}

/** Counts down, and says so when the time is over; what was taken stays. */
function everySecond() {
  if (!shown) return;
  tick(shown.record);
  if (!shown.taken && Date.now() / 1000 >= shown.record.expires_at) onState(shown.pickup, { is: "expired", record: shown.record });
}

/** A failure of the page itself must look neither like a verdict nor like work that goes on. */
function follow(pickup, work) {
  work.catch((error) => {
    console.error(error);
    onState(pickup, { is: "failed", audience: pickup.link.audience });
  });
}

function start(link) {
  const pickup = new Pickup(link, new Relays(relayUrls()), HOSTS[platform(navigator)], (state) => onState(pickup, state));
  current = pickup;
  follow(pickup, pickup.open());
}

function readAddress() {
  const text = location.hash;
  // Out of the address bar, and of what is copied or shared from it.
  if (text) history.replaceState(null, "", location.pathname + location.search);
  if (text.length < 2) return current ? undefined : showState({ is: "no link" }, {});
  const link = parseLink(decodeHash(text));
  current = null;
  if (link.wrong) return showState({ is: "broken", wrong: link.wrong }, {});
  start(link);
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
  showState({ is: "framed" }, {});
} else {
  window.addEventListener("hashchange", readAddress);
  setInterval(everySecond, 1000);
  readAddress();
}
