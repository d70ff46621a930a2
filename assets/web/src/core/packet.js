// What lies on the network: `signature ‖ sequence ‖ DNS reply`, the reply with exactly one NULL record and nothing else.

import { bigEndian, bytesOf, concat, equal, toBigInt } from "./bytes.js";
import { sign, verify } from "./keys.js";
import { encode } from "./z32.js";

/** Longest DNS reply. */
const MAX_VALUE = 1000;
/** Header, one label of 52 characters, the root; then type, class, TTL, length. */
const DATA = 12 + 54 + 10;
const TTL = 300;
/** From here on an address is blocked: half of what a sequence can be. */
const LAST = 1n << 62n;

/** What the signature of a packet covers (BEP 44). */
const signable = (sequence, value) => concat(`3:seqi${sequence}e1:v${value.length}:`, value);

/** Id 0, a reply, one answer; the name of the packet's own key; type NULL, class IN. */
const head = (address) =>
  concat(Uint8Array.of(0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 52), encode(address), Uint8Array.of(0, 0, 10, 0, 1));

/** `{sequence, value}` of a packet whose signature holds; null otherwise. */
export function parsePacket(address, payload) {
  if (payload.length < 72 || payload.length > 72 + MAX_VALUE) return null;
  const sequence = toBigInt(payload.subarray(64, 72));
  const value = payload.subarray(72);
  if (sequence >= 1n << 63n) return null;
  if (!verify(payload.subarray(0, 64), signable(sequence, value), address)) return null;
  return { sequence, value };
}

/** The data of its one record; null where anything else is there. The TTL is ignored. */
export function recordData(address, value) {
  const data = value.subarray(DATA);
  const expected = head(address);
  const fits =
    value.length >= DATA &&
    equal(value.subarray(0, expected.length), expected) &&
    equal(value.subarray(DATA - 2, DATA), bigEndian(data.length, 2));
  return fits ? data : null;
}

/** Signs `data` as the packet of a seed. */
export function makePacket(seed, address, data, sequence) {
  const value = concat(head(address), bigEndian(TTL, 4), bigEndian(data.length, 2), data);
  return concat(sign(signable(sequence, value), seed), bigEndian(sequence, 8), value);
}

/** The sequence after the highest seen; null where the address is blocked. */
export const nextSequence = (highest) => (highest < LAST ? highest + 1n : null);
