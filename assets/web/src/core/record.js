// Records: one handoff, as JSON that its creator signed. The same checks on every field as in the binary.

import { bytesOf } from "./bytes.js";
import { JsonNumber, JsonObject, parseJson } from "./json.js";

const MAX_AHEAD = 3600;
const MAX_U64 = (1n << 64n) - 1n;
const TTL = { least: 60, most: 7 * 86_400 };
/** Control characters, and those that move, hide or reorder others. */
const UNSAFE = "\\p{Cc}\\u061c\\u200b\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2060\\u2066-\\u2069\\ufeff";
const HAS_UNSAFE = new RegExp(`[${UNSAFE}]`, "u");

/** The record is refused: its form, or a field of it. */
export class Refused extends Error {}

const form = () => {
  throw new Refused("it is not in the form of a handoff");
};

/** Reads a JSON object with `read(field)`, or throws `Refused`. */
function objectOf(json, read) {
  try {
    const value = json instanceof JsonObject ? json : parseJson(json);
    return value instanceof JsonObject ? read((name) => value.get(name)) : form();
  } catch (error) {
    if (error instanceof Refused) throw error;
    return form();
  }
}

const must = (value, fits) => (fits(value) ? value : form());
const text = (value) => must(value, (v) => typeof v === "string");
const flag = (value) => must(value, (v) => typeof v === "boolean");
/** Null equals absent. */
const optional = (value, read) => (value === undefined || value === null ? null : read(value));

/** A whole number without sign, as a BigInt. */
function whole(value, most) {
  if (!(value instanceof JsonNumber) || !/^[0-9]+$/.test(value.digits)) return form();
  const number = BigInt(value.digits);
  return number <= most ? number : form();
}

/** Exactly `YYYY-MM-DDThh:mm:ssZ`, as unix seconds. */
function time(value) {
  const written = text(value);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(written)) return form();
  const at = new Date(written);
  if (Number.isNaN(at.getTime()) || at.toISOString() !== written.replace("Z", ".000Z")) return form();
  return at.getTime() / 1000;
}

/** A record from JSON whose signature was checked; throws `Refused`. */
export function decodeRecord(json) {
  const record = objectOf(json, (field) => ({
    session_id: text(field("session_id")),
    hostname: text(field("hostname")),
    project: text(field("project")),
    label: optional(field("label"), text),
    title: optional(field("title"), text),
    note: optional(field("note"), text),
    git: optional(field("git"), (git) => objectOf(git, readGit)),
    ssh: optional(field("ssh"), text),
    claude: optional(field("claude"), text),
    claude_dir: optional(field("claude_dir"), text),
    transcript: objectOf(field("transcript"), readTranscript),
    carry: optional(field("carry"), (carry) => objectOf(carry, readCarry)),
    created_at: time(field("created_at")),
    ttl: Number(whole(field("ttl"), MAX_U64)),
    burn_after_read: flag(field("burn_after_read")),
    pin_protected: flag(field("pin_protected")),
  }));
  check(record);
  record.expires_at = record.created_at + record.ttl;
  return record;
}

const readGit = (field) => ({
  branch: optional(field("branch"), text),
  remote: optional(field("remote"), text),
  commit: optional(field("commit"), text),
  dirty: optional(field("dirty"), flag),
});

const readTranscript = (field) => ({ bytes: whole(field("bytes"), MAX_U64), tail: text(field("tail")) });

const readCarry = (field) => ({ key: text(field("key")), hash: text(field("hash")), bytes: whole(field("bytes"), MAX_U64) });

/** 16 bytes in base64url: of the last character four bits are zero. */
const isSixteen = (text) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text);

function check(record) {
  if (record.ttl < TTL.least || record.ttl > TTL.most) form();
  const limits = [
    ["host name", record.hostname, 64],
    ["label", record.label, 64],
    ["title", record.title, 160],
    ["note", record.note, 200],
    ["SSH address", record.ssh, 100],
    ["path of Claude's folder", record.claude_dir, 255],
    ["branch", record.git?.branch ?? null, 80],
  ];
  for (const [name, value, limit] of limits) {
    if (value !== null && bytesOf(value).length > limit) throw new Refused(`its ${name} is longer than ${limit} bytes`);
  }
  // These become part of a command or a place: nothing hidden in them.
  const places = [
    ["host name", record.hostname],
    ["project path", record.project],
    ["SSH address", record.ssh],
    ["path of claude", record.claude],
    ["path of Claude's folder", record.claude_dir],
    ["session id", record.session_id],
  ];
  for (const [name, value] of places) {
    if (value !== null && (value === "" || HAS_UNSAFE.test(value))) unfit(name);
  }
  if (record.hostname.startsWith("-")) unfit("host name");
  if (record.ssh !== null && !isSshAddress(record.ssh)) unfit("SSH address");
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(record.session_id)) unfit("session id");
  if (!/^[0-9a-f]{16}$/.test(record.transcript.tail)) unfit("transcript");
  if (record.carry !== null && !(isSixteen(record.carry.key) && isSixteen(record.carry.hash))) unfit("sealed file");
}

function unfit(name) {
  throw new Refused(`its ${name} contains characters that don't belong there`);
}

/** `[user@]host[:port]` in its parts. Of an IPv6 address only what stands behind `]` is a port. */
export function sshParts(address) {
  const at = address.indexOf("@");
  const user = at < 0 ? null : address.slice(0, at);
  const rest = address.slice(at + 1);
  const [, host, port] = rest.match(/^(\[.*\]|[^:]*):(\d+)$/) ?? [null, rest, null];
  return { user, host, port };
}

/** Neither part starting with `-`, the port from 1 to 65535: what no shell expands. */
export function isSshAddress(address) {
  const { user, host, port } = sshParts(address);
  const fits = (part) => /^[A-Za-z0-9._:[\]%+][A-Za-z0-9._:[\]%+-]*$/.test(part);
  return (user === null || fits(user)) && fits(host) && (port === null || (port >= 1 && port <= 65535));
}

/** What a clock says of a record: "alive", "expired" or "from the future". */
export function ageOf(record, now) {
  const grace = Math.min(Math.floor(record.ttl / 10), 120);
  if (record.created_at > now + MAX_AHEAD) return "from the future";
  return now > record.expires_at + grace ? "expired" : "alive";
}

/** Who ended a handoff, and when; null where it has another form. */
export function decodeTrace(json) {
  try {
    const trace = objectOf(json, (field) => ({ at: time(field("at")), hostname: text(field("hostname")) }));
    return bytesOf(trace.hostname).length <= 64 ? trace : null;
  } catch {
    return null;
  }
}

/** When a handoff was called back; null where it has another form. */
export function decodeRevoked(json) {
  try {
    return objectOf(json, (field) => ({ at: time(field("at")) }));
  } catch {
    return null;
  }
}

/** `YYYY-MM-DDThh:mm:ssZ` of unix seconds. */
export const timeText = (unixSeconds) => new Date(unixSeconds * 1000).toISOString().replace(/\.\d{3}Z$/, "Z");
