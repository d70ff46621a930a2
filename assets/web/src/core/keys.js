// Ed25519 as the binary judges it, and the one key derivation besides Argon2id.

import { ed25519 } from "@noble/curves/ed25519.js";
import { expand as hkdfExpand, extract } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "./bytes.js";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
// A handoff takes a handful of multiplications: the library's larger table would cost more than it saves.
Point.BASE.precompute(4);

/** HKDF-SHA256 without salt: from uneven key material to a secret. */
export const extractAndExpand = (material, info) => hkdfExpand(sha256, extract(sha256, material), info, 32);

/** From a secret to one of its children. */
export const expand = (secret, info) => hkdfExpand(sha256, secret, info, 32);

/** The public half of a 32-byte seed. */
export const publicKey = (seed) => ed25519.getPublicKey(seed);

export const sign = (message, seed) => ed25519.sign(message, seed);

/** A canonical point of full strength, or null. */
function strongPoint(bytes) {
  try {
    const point = Point.fromBytes(bytes, false);
    return point.isSmallOrder() ? null : point;
  } catch {
    return null;
  }
}

/** Whether 32 bytes may name a creator. */
export const isPublicKey = (bytes) => strongPoint(bytes) !== null;

/** Little-endian bytes as a number. */
const littleEndian = (bytes) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/**
 * Whether a signature holds, by the equation of the binary: R is computed and compared byte for byte, S is reduced.
 * (The library's own check multiplies by the cofactor and takes some signatures that the binary refuses.)
 */
export function verify(signature, message, key) {
  const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  const point = strongPoint(key);
  if (signature.length !== 64 || s >= ORDER || !point) return false;
  const k = littleEndian(sha512(concat(r, key, message))) % ORDER;
  const computed = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
  return !computed.isSmallOrder() && equal(computed.toBytes(), r);
}

/** What a creator signs: `"cclink/1 " ‖ kind ‖ 0x00 ‖ address ‖ JSON`. */
export const signedBytes = (kind, address, json) => concat("cclink/1 ", Uint8Array.of(kind, 0), address, json);
