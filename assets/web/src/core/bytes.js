// Bytes and text: the few conversions that everything else needs.

const utf8 = new TextEncoder();

/** Text as UTF-8. */
export const bytesOf = (text) => utf8.encode(text);

/** UTF-8 as text; throws where it is none. */
export const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

/** All parts in one, text parts as UTF-8. */
export function concat(...parts) {
  const all = parts.map((part) => (typeof part === "string" ? bytesOf(part) : part));
  const out = new Uint8Array(all.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Less than, equal to or greater than zero, as the bytes compare. */
export function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

export const equal = (a, b) => compare(a, b) === 0;

/** A number as big-endian bytes. */
export function bigEndian(value, length) {
  const out = new Uint8Array(length);
  let rest = BigInt(value);
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

/** Big-endian bytes as a BigInt. */
export const toBigInt = (bytes) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
