// Plaintexts of constant size in an age file of bounded size.

import { ageDecrypt, ageEncrypt } from "../age.js";
import { bigEndian, concat } from "./bytes.js";

const MAX_SEALED = 924;
const PLAIN = 672;
const HEADER = 4;
const VERSION = 1;

export const KIND = { record: 1, index: 2, burned: 3, revoked: 4, receipt: 5 };

/** `version ‖ kind ‖ length ‖ payload ‖ zeros`. */
export function plaintext(kind, payload) {
  if (payload.length > PLAIN - HEADER) throw new RangeError("the payload is too long");
  const zeros = new Uint8Array(PLAIN - HEADER - payload.length);
  return concat(Uint8Array.of(VERSION, kind), bigEndian(payload.length, 2), payload, zeros);
}

/** Undoes `plaintext`. The version is judged before length and padding, so that a newer packet never reads as damaged. */
export function parsePlaintext(plain) {
  if (plain.length < HEADER) return { is: "damaged" };
  if (plain[0] !== VERSION) return { is: "newer" };
  const end = HEADER + plain[2] * 256 + plain[3];
  if (plain.length !== PLAIN || end > PLAIN || plain.subarray(end).some((byte) => byte !== 0)) return { is: "damaged" };
  const kind = plain[1];
  if (!Object.values(KIND).includes(kind)) return { is: "newer" };
  return { is: "open", kind, payload: plain.subarray(HEADER, end) };
}

export function open(lock, file) {
  if (file.length > MAX_SEALED) return { is: "damaged" };
  const plain = ageDecrypt(lock, file);
  return plain ? parsePlaintext(plain) : { is: "damaged" };
}

/** An age file of at most 924 bytes, its size as random as those of the binary. */
export const seal = (lock, kind, payload) => ageEncrypt(lock, plaintext(kind, payload), MAX_SEALED);
