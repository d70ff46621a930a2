// What stands at a handoff's address. Ends are final, whatever sequence a record has.

import { bytesOf, compare } from "./bytes.js";
import { signedBytes, verify } from "./keys.js";
import { makePacket, parsePacket, recordData } from "./packet.js";
import { Refused, ageOf, decodeRecord, decodeRevoked, decodeTrace, timeText } from "./record.js";
import { KIND, open, seal } from "./seal.js";

/** Which of two standings counts. */
const RANK = { revoked: 5, burned: 4, newer: 3, record: 2, refused: 1, absent: 0 };

/** Splits `signature ‖ JSON`; the JSON only where the creator signed it, for this kind and address. */
function signedJson(kind, box, payload, expected) {
  if (payload.length < 64) return null;
  const json = payload.subarray(64);
  const message = signedBytes(kind, box.address, json);
  return expected.some((key) => verify(payload.subarray(0, 64), message, key)) ? json : null;
}

/** `signed` is what a tab keeps of a record: with it the signature can be checked again. */
function readRecord(json, signed) {
  try {
    return { is: "record", record: decodeRecord(json), signed };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { is: "refused", why: error.message };
  }
}

/** What one packet says by itself. */
function readOne(box, packet, expected) {
  const absent = { is: "absent" };
  const file = recordData(box.address, packet.value);
  const opened = file ? open(box.lock, file) : { is: "damaged" };
  if (opened.is === "newer") return { is: "newer" };
  if (opened.is !== "open") return absent;
  const { kind, payload } = opened;
  if (kind === KIND.burned) {
    const trace = decodeTrace(payload);
    return trace ? { is: "burned", ...trace } : absent;
  }
  if (kind !== KIND.record && kind !== KIND.revoked) return absent;
  const json = signedJson(kind, box, payload, expected);
  if (!json) return absent;
  if (kind === KIND.record) return readRecord(json, payload);
  const revoked = decodeRevoked(json);
  return revoked ? { is: "revoked", ...revoked } : absent;
}

/** What a record says that was kept with its signature; null where its creator did not sign it for this address. */
export function readSigned(creator, address, signed) {
  const json = signedJson(KIND.record, { address }, signed, [creator]);
  return json && readRecord(json, signed);
}

/** Of two standings, the one that counts; `a` has the higher sequence. */
function stronger(a, b) {
  if (a.is === "record" && b.is === "record") return b.record.expires_at > a.record.expires_at ? b : a;
  return RANK[b.is] > RANK[a.is] ? b : a;
}

/** What one payload found at a mailbox's address says; null where it is no packet of that address. */
export function readPayload(box, payload, expected = [box.creator]) {
  const packet = parsePacket(box.address, payload);
  return packet && { ...readOne(box, packet, expected), ...packet, payload };
}

/**
 * Of what payloads say, what stands: any valid revocation wins, else any burned packet (highest sequence, ties by the
 * greater value), else what a newer cclink made, else the record with the latest expiry. `highest` is the highest
 * sequence met, and `payload` the packet that stands.
 */
export function strongest(all) {
  const byAge = [...all].sort((a, b) => (a.sequence === b.sequence ? compare(b.value, a.value) : a.sequence < b.sequence ? 1 : -1));
  return { ...byAge.reduce(stronger, { is: "absent" }), highest: byAge[0]?.sequence ?? 0n };
}

/** Judges the payloads found at a mailbox's address. */
export const judge = (box, payloads, expected) =>
  strongest(payloads.map((payload) => readPayload(box, payload, expected)).filter(Boolean));

/** What a standing means to its reader now: "record", or why there is none. */
export function verdict(standing, now) {
  if (standing.is !== "record") return standing.is;
  const age = ageOf(standing.record, now);
  return age === "alive" ? "record" : age;
}

/** The packet that any reader may put in a record's place. */
export function makeBurned(box, hostname, now, sequence) {
  const json = bytesOf(JSON.stringify({ at: timeText(now), hostname }));
  return makePacket(box.seed, box.address, seal(box.lock, KIND.burned, json), sequence);
}
