// The page's small parts by themselves: JSON, foreign text, commands and the addresses of apps. That they mean the same to
// the binary is tested in `tests/it/page/crossing.rs`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { ashellUrl, havenUrl, platform, quote, resumeCommand, shortCommand, sshParts, sshUrl } from "../../assets/web/src/app/commands.js";
import { bytesOf } from "../../assets/web/src/core/bytes.js";
import { wordsOf } from "../../assets/web/src/app/words.js";
import { clean } from "../../assets/web/src/core/clean.js";
import { JsonNumber, JsonObject, parseJson } from "../../assets/web/src/core/json.js";

/** Numbers that look random, the same each time. */
function dice(seed) {
  return (sides) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % sides;
  };
}

/** Some of these one behind the other, a thousand times. */
function* mixed(pieces) {
  const roll = dice(20_261_125);
  for (let round = 0; round < 1000; round++) yield Array.from({ length: roll(12) }, () => pieces[roll(pieces.length)]).join("");
}

/** As `JSON.parse` would give it. */
function plain(value) {
  if (value instanceof JsonNumber) return Number(value.digits);
  if (value instanceof JsonObject) return Object.fromEntries(value.fields.map(({ name, value }) => [name, plain(value)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const read = (text) => parseJson(bytesOf(text));

test("what JSON.stringify writes reads back", () => {
  const roll = dice(7);
  const leaves = [null, true, false, 0, -1.5e-7, 2 ** 40, "", "é 外 👩‍👩‍👧", "\"\\/\b\f\n\r\t\u0000\u2028", "__proto__"];
  const any = (depth) => {
    const kind = depth > 4 ? 0 : roll(3);
    if (kind === 0) return leaves[roll(leaves.length)];
    const items = Array.from({ length: roll(4) }, () => any(depth + 1));
    return kind === 1 ? items : Object.fromEntries(items.map((item, at) => [`a${at}"é`, item]));
  };
  for (let round = 0; round < 500; round++) {
    const value = any(0);
    for (const indent of [undefined, 2]) assert.deepEqual(plain(read(JSON.stringify(value, null, indent))), value);
  }
});

test("no JSON is read that JSON.parse refuses, and nothing else than a SyntaxError is thrown", () => {
  const pieces = ["{", "}", "[", "]", ",", ":", '"a"', '"', "\\", "1", "-", ".5", "e9", "0", "true", "null", " ", "\n", "é", "\u0001"];
  let taken = 0;
  for (const text of mixed(pieces)) {
    try {
      const value = plain(read(text));
      taken++;
      assert.deepEqual(value, JSON.parse(text), text);
    } catch (error) {
      assert.ok(error instanceof SyntaxError, `${text}: ${error.stack}`);
    }
  }
  assert.ok(taken > 10, `${taken}`);
});

test("what one reader could take otherwise than another is refused", () => {
  const twice = read('{"a":1,"a":1,"b":2}');
  assert.throws(() => twice.get("a"), SyntaxError);
  assert.equal(twice.get("b").digits, "2");
  assert.equal(read('{"__proto__":{"x":1}}').get("x"), undefined);
  for (const text of ['"\\ud800"', '{"\\udc00":1}', "1e999", "[-1e999]", "01", "1.", "+1", "NaN", "'a'", "[1,]", "\ufeff1", "1 2", ""]) {
    assert.throws(() => read(text), SyntaxError, text);
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), /./);
  assert.equal(read("9007199254740993").digits, "9007199254740993");
});

const PIECES = [
  "\x1b", "\x9b", "\x9d", "\x90", "[", "]", "P", "(", "\\", "\x07", "\x9c", "31m", "0;x", "\r", "\n", "\r\n", "\t", " ", "\x85", "\u2028",
  "\u061c", "\u202e", "\u2066", "\u200b", "\u200e", "\u2060", "\ufeff", "\0", "\x7f", "\u200d", "\ufe0f", "é", "外", "👩", "a", "~",
];

test("nothing is left that a terminal or a reader's eye acts on, and what is clean stays", () => {
  const unsafe = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/u;
  for (const text of mixed(PIECES)) {
    const shown = clean(text);
    assert.doesNotMatch(shown, unsafe, JSON.stringify(text));
    assert.equal(clean(shown), shown, JSON.stringify(text));
    assert.equal(shown, shown.trim());
  }
});

test("a foreign name turns no sentence of ours around", () => {
  const name = "\u202eשולחן\u2069";
  const shown = "\u2068שולחן\u2069";
  const [burned] = wordsOf({ is: "burned", hostname: name, at: 0 }).lines;
  const [expired] = wordsOf({ is: "expired", record: { hostname: name, expires_at: 0 } }).lines;
  const [another] = wordsOf({ is: "another", title: name }).lines;
  assert.ok(burned.startsWith(`By ${shown},`) && expired.endsWith(`from ${shown}.`) && another.includes(`“${shown}”`));
  assert.match(wordsOf({ is: "burned", hostname: "\u200b", at: 0 }).lines[0], /^By someone,/);
});

test("escape sequences go whole", () => {
  for (const [foreign, shown] of [
    ["a\x1b[31mred\x1b[0m b", "ared b"],
    ["t\x1b]0;title\x07x", "tx"],
    ["t\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "tlink"],
    ["c1 \x9b2Jx \x9d52;c;AAAA\x9cy", "c1 x y"],
    ["open \x1b]52;c;never closed", "open"],
    ["charset\x1b(B!", "charset!"],
    ["rtl \u202eabc\u2066\u200b\ufeff", "rtl abc"],
    ["tab\tand\r\nline\u2028end", "tab and line end"],
    // What goes must not bring its neighbours together.
    ["\x9b\x9dx\x9c~", "~"],
    ["a\r\x1b[m\nb", "a  b"],
    ["👩‍👩‍👧‍👦 🇯🇵 ❤️", "👩‍👩‍👧‍👦 🇯🇵 ❤️"],
  ]) assert.equal(clean(foreign), shown, JSON.stringify(foreign));
});

test("a shell reads each word as it was", () => {
  const words = ["/home/ada/src", "a b", "it's", "''", "$(touch x)", "`x`", "\\", "\n", "-rf", "~", "#", "*", "!", "é 外", "{a,b}", "a;b", "a=b", ""];
  const line = words.map((word) => `printf '%s\\0' ${quote(word)}`).join("; ");
  assert.deepEqual(execFileSync("sh", ["-c", line]).toString().split("\0").slice(0, -1), words);
});

const record = { session_id: "11111111-2222-4333-8444-555555555555", project: "/src/it's", ssh: null, burn_after_read: false };

test("a handoff that is gone once it is taken is resumed by its session", () => {
  assert.equal(resumeCommand(record), `cd -- '/src/it'\\''s' && claude --resume ${record.session_id}`);
  assert.equal(shortCommand(record, "labcdefghijklm"), "cclink pickup labcd --exec");
  assert.equal(shortCommand({ ...record, burn_after_read: true }, "labcdefghijklm"), `cclink resume ${record.session_id}`);
});

test("an SSH address goes into each app as that app reads it", () => {
  const rows = [
    ["host", null, "host", null, "ssh://host"],
    ["ada@host:2222", "ada", "host", "2222", "ssh://ada@host:2222"],
    ["ada@[::1]:22", "ada", "::1", "22", "ssh://ada@[::1]:22"],
    ["fe80::1", null, "fe80::1", null, "ssh://[fe80::1]"],
    ["a%b+c@host", "a%b+c", "host", null, "ssh://a%25b%2Bc@host"],
  ];
  for (const [address, user, host, port, url] of rows) {
    assert.deepEqual(sshParts(address), { user, host, port });
    assert.equal(sshUrl(address), url);
    const haven = new URL(havenUrl(address));
    assert.equal(haven.href.startsWith("haven://connect?"), true);
    assert.deepEqual([haven.searchParams.get("user"), haven.searchParams.get("host"), haven.searchParams.get("port")], [user, host, port]);
  }
  const line = decodeURIComponent(ashellUrl("ada@host:2222", "cclink pickup labcd --exec").slice("ashell:".length));
  assert.equal(line, "ssh -t -p 2222 ada@host 'cclink pickup labcd --exec'");
});

test("a phone is known by what its browser says", () => {
  const agent = (userAgent, maxTouchPoints = 5) => platform({ userAgent, maxTouchPoints });
  assert.equal(agent("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"), "ios");
  assert.equal(agent("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"), "ios");
  assert.equal(agent("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", 0), "other");
  assert.equal(agent("Mozilla/5.0 (Linux; Android 14; Pixel 7)"), "android");
  assert.equal(agent("Mozilla/5.0 (X11; Linux x86_64)", 0), "other");
});
