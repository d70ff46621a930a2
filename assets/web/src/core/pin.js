// PINs: one spelling, stretched by Argon2id with a salt that turns every week.

import { argon2idAsync } from "@noble/hashes/argon2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bigEndian, bytesOf, concat } from "./bytes.js";
import { wordList } from "./words.js";

const WEEK = 604_800;
/** Within an hour of the turn the coming week is tried too. */
const TURN = 3600;
const LONGEST = 256;
const COST = { m: 64 * 1024, t: 3, p: 1, dkLen: 32, version: 0x13 };

let known;

/** Exactly four words of the BIP-39 list are those words in lower case with hyphens; null otherwise. */
function fourWords(text) {
  known ??= new Set(wordList());
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const words = lower.split(/[ -]/).filter(Boolean);
  return words.length === 4 && words.every((word) => known.has(word)) ? words.join("-") : null;
}

/** As typed, to the one spelling; null where it is empty or too long. */
export function spelled(typed) {
  if (bytesOf(typed).length > LONGEST) return null;
  const line = typed.normalize("NFC").replace(/\r?\n$/, "");
  return line === "" ? null : (fourWords(line) ?? line);
}

export const week = (unixSeconds) => Math.max(0, Math.floor(unixSeconds / WEEK));

/** The weeks that a live handoff can be from. */
export function candidateWeeks(now) {
  const weeks = [week(now), week(now - WEEK)];
  if (week(now + TURN) !== week(now)) weeks.push(week(now + TURN));
  return weeks;
}

/** Argon2id over a spelled PIN; `onProgress` hears a number from 0 to 1. */
export function stretch(creator, pin, inWeek, onProgress) {
  const salt = sha256(concat("cclink/1 pin", creator, bigEndian(inWeek, 4))).subarray(0, 16);
  // A pause now and then keeps the page alive on a slow phone.
  return argon2idAsync(bytesOf(pin), salt, { ...COST, asyncTick: 30, onProgress });
}
