// z-base-32, the alphabet of keys, tokens and links.

const ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";
/** Longest text that is looked at. */
const LONGEST = 2048;

/** ASCII in lower case without white space; null for anything else. */
export function squeeze(text) {
  const squeezed = text.replace(/[ \t\r\n]/g, "");
  // Unicode lower-casing would turn U+212A into `k`: judged before it happens.
  if (squeezed.length > LONGEST || /[^\0-\x7f]/.test(squeezed)) return null;
  return squeezed.toLowerCase();
}

export function encode(bytes) {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += ALPHABET[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? out + ALPHABET[(value << (5 - bits)) & 31] : out;
}

/** Exactly `length` bytes; decoded, encoded again and compared, for bits behind the end would give one value two names. */
export function decode(text, length) {
  if (text.length !== Math.ceil((length * 8) / 5)) return null;
  const out = new Uint8Array(length);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    value = (value << 5) | digit;
    bits += 5;
    if (bits >= 8 && at < length) {
      bits -= 8;
      out[at++] = value >> bits;
      value &= (1 << bits) - 1;
    }
  }
  return encode(out) === text ? out : null;
}
