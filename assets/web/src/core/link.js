// Links: `pk:<creator>/cclink/<letter><token>`, or the same behind the `#` of a web address.

import { isPublicKey } from "./keys.js";
import { decode, squeeze } from "./z32.js";

/** The audiences by the letter that tokens and links carry. */
export const AUDIENCES = { d: "devices", s: "share", p: "pin", l: "link" };

/**
 * `{creator, audience, token | secret}`, or `{wrong}`: the part that is damaged ("form", "key", "token", "secret").
 * Read in any case, white space anywhere, for links wrap when they are copied.
 */
export function parseLink(typed) {
  const text = squeeze(typed);
  if (text === null) return { wrong: "form" };
  const hash = text.lastIndexOf("#");
  const parts = hash >= 0 ? text.slice(hash + 1).match(/^([^/]*)\/(.*)$/s) : text.match(/^pk:(.*?)\/cclink\/(.*)$/s);
  if (!parts) return { wrong: "form" };
  const creator = decode(parts[1], 32);
  if (!creator || !isPublicKey(creator)) return { wrong: "key" };
  return parseTarget(creator, parts[2]);
}

function parseTarget(creator, tail) {
  const audience = Object.hasOwn(AUDIENCES, tail[0] ?? "") ? AUDIENCES[tail[0]] : null;
  if (!audience) return { wrong: "token" };
  if (audience === "link") {
    const secret = decode(tail.slice(1), 16);
    return secret ? { creator, audience, secret } : { wrong: "secret" };
  }
  const token = decode(tail.slice(1), 8);
  return token ? { creator, audience, token } : { wrong: "token" };
}
