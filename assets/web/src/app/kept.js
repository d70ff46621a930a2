// What this tab remembers, so that neither a reload nor a discarded tab loses a handoff: its link and, once this browser wrote
// its mark, the record behind it. In `sessionStorage` alone, until it expires or is closed.
//
// Other pages of the same host can write there, too. So what is read back has to fit one form to the letter, and a record
// counts only with its creator's signature, as if the network had sent it.

import { parseLink } from "../core/link.js";
import { readSigned } from "../core/standing.js";
import { decode, encode } from "../core/z32.js";

const NAME = "cclink";
/** A handoff lives for a week at most. */
export const LONGEST = 7 * 86_400;
/** Version, end, link; then the record's address, the signed record, our mark, and how far it is. */
const FORM = /^1 (\d{1,11}) ([a-z\d]{52}\/[a-z\d]{1,30})(?: ([a-z\d]{52}) ([a-z\d]{1,1200}) ([a-z\d]{1,1800}) (written|taken))?$/;

/** A link in the one form that is kept and compared. */
export const linkText = ({ creator, audience, secret, token }) => `${encode(creator)}/${audience[0]}${encode(secret ?? token)}`;

const bytes = (text) => decode(text, Math.floor((text.length * 5) / 8));

/** What a text says that was kept; null where it is not one of ours. */
function parse(text, now) {
  const [, end, written, address, signed, payload, step] = FORM.exec(text) ?? [];
  const link = written && parseLink(`#${written}`);
  if (!link || link.wrong) return null;
  if (!step) return { link, until: Math.min(end, now + LONGEST), mark: null };
  const mark = { address: bytes(address), signed: bytes(signed), payload: bytes(payload) };
  if (!mark.address || !mark.signed || !mark.payload) return null;
  mark.record = readSigned(link.creator, mark.address, mark.signed)?.record;
  return mark.record?.burn_after_read ? { link, until: mark.record.expires_at, mark, taken: step === "taken" } : null;
}

/** What is kept; null where nothing is, or nothing that fits. What is over is given once more, and gone. */
export function read(now) {
  try {
    const text = sessionStorage.getItem(NAME);
    const kept = text === null ? null : parse(text, now);
    if (!kept || kept.until <= now) forget();
    return kept;
  } catch {
    return null;
  }
}

/** Keeps it in place of what was there; whether the browser does. */
export function keep({ link, until, mark, taken }) {
  const parts = [1, Math.floor(until), linkText(link)];
  if (mark) parts.push(...[mark.address, mark.signed, mark.payload].map(encode), taken ? "taken" : "written");
  try {
    sessionStorage.setItem(NAME, parts.join(" "));
    return true;
  } catch {
    return false;
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // Where nothing can be kept nothing is.
  }
}
