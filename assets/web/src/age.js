// age v1 (age-encryption.org/v1), X25519 recipients only, small files: what a packet holds.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesOf, concat, equal } from "./core/bytes.js";

const VERSION_LINE = "age-encryption.org/v1";
const X25519_INFO = "age-encryption.org/v1/X25519";
/** A stanza's body is wrapped at this width; a shorter line ends it. */
const WIDTH = 64;
const NONCE = 16;
const ZERO_NONCE = new Uint8Array(12);
/** The one chunk of a small file is its last: counter 0, then 1. */
const LAST_CHUNK = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** Base 64 without padding. */
const encode64 = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/=+$/, "");

/** Canonical base 64 without padding, or null. */
function decode64(text) {
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return encode64(bytes) === text ? bytes : null;
}

/** The bytes of a file that are its header, as lines of ASCII; null where there is none. */
function splitHeader(file) {
  const text = String.fromCharCode(...file);
  const end = text.indexOf("\n---");
  const lineEnd = end < 0 ? -1 : text.indexOf("\n", end + 1);
  if (lineEnd < 0) return null;
  return { head: text.slice(0, end + 4), lines: text.slice(0, end).split("\n"), last: text.slice(end + 1, lineEnd), body: file.subarray(lineEnd + 1) };
}

/** The stanzas of a header: `{args, body}` each; null where a line does not fit. */
function stanzas(lines) {
  const all = [];
  for (let at = 1; at < lines.length; ) {
    const args = lines[at].split(" ");
    if (args[0] !== "->" || args.length < 2 || args.slice(1).some((arg) => !/^[!-~]+$/.test(arg))) return null;
    let wrapped = "";
    let line;
    do {
      line = lines[++at];
      if (line === undefined || line.length > WIDTH) return null;
      wrapped += line;
    } while (line.length === WIDTH);
    const body = decode64(wrapped);
    if (!body) return null;
    all.push({ args: args.slice(1), body });
    at++;
  }
  return all;
}

/** The key that wraps a file's key: from X25519 between the ephemeral and the recipient's key. */
const wrapKey = (shared, share, recipient) => hkdf(sha256, shared, concat(share, recipient), bytesOf(X25519_INFO), 32);

/** The file key, if this stanza is for `lock`. */
function unwrap(lock, recipient, { args, body }) {
  if (args[0] !== "X25519" || args.length !== 2 || body.length !== 32) return null;
  const share = decode64(args[1]);
  if (!share || share.length !== 32) return null;
  try {
    // Throws for a share of low order and for a body of another key.
    const key = wrapKey(x25519.getSharedSecret(lock, share), share, recipient);
    return chacha20poly1305(key, ZERO_NONCE).decrypt(body);
  } catch {
    return null;
  }
}

const headerMac = (fileKey, head) => hmac(sha256, hkdf(sha256, fileKey, undefined, bytesOf("header"), 32), bytesOf(head));

const payloadCipher = (fileKey, nonce) => chacha20poly1305(hkdf(sha256, fileKey, nonce, bytesOf("payload"), 32), LAST_CHUNK);

/** The plaintext of a file for the X25519 scalar `lock`; null where it is not for it, or damaged. */
export function ageDecrypt(lock, file) {
  const header = splitHeader(file);
  const found = header?.lines[0] === VERSION_LINE && stanzas(header.lines);
  if (!found) return null;
  const recipient = x25519.getPublicKey(lock);
  const fileKey = found.reduce((key, stanza) => key ?? unwrap(lock, recipient, stanza), null);
  const mac = header.last.startsWith("--- ") ? decode64(header.last.slice(4)) : null;
  if (!fileKey || !mac || !equal(mac, headerMac(fileKey, header.head))) return null;
  try {
    return payloadCipher(fileKey, header.body.subarray(0, NONCE)).decrypt(header.body.subarray(NONCE));
  } catch {
    return null;
  }
}

/**
 * Seals a small plaintext to the holder of `lock` in at most `most` bytes. An unknown stanza of random length is added,
 * as the binary's library does, so that a file's size does not tell who made it.
 */
export function ageEncrypt(lock, plain, most) {
  const recipient = x25519.getPublicKey(lock);
  const [secret, fileKey, nonce] = [random(32), random(16), random(NONCE)];
  const share = x25519.getPublicKey(secret);
  const key = wrapKey(x25519.getSharedSecret(secret, recipient), share, recipient);
  const wrapped = chacha20poly1305(key, ZERO_NONCE).encrypt(fileKey);
  const stanza = `${VERSION_LINE}\n-> X25519 ${encode64(share)}\n${encode64(wrapped)}\n`;
  const chunk = payloadCipher(fileKey, nonce).encrypt(plain);
  const finish = (grease) => {
    const head = `${stanza}${grease}---`;
    return concat(head, ` ${encode64(headerMac(fileKey, head))}\n`, nonce, chunk);
  };
  const room = most - finish("").length;
  return finish(grease(room));
}

/** A stanza that every reader skips, of random length within `room`; its body stays on one line. */
function grease(room) {
  const start = `-> ${encode64(random(3))}-grease\n`;
  const most = Math.min(room - start.length - 1, WIDTH - 1);
  if (most < 0) return "";
  const characters = random(1)[0] % (most + 1);
  return `${start}${encode64(random(Math.floor((characters * 3) / 4)))}\n`;
}
