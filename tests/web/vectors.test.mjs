// The page's protocol against the vectors that Python made from src/handoff/protocol.md alone: the same that the binary has to meet.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ageDecrypt, ageEncrypt } from "../../assets/web/src/age.js";
import { bytesOf, toBigInt } from "../../assets/web/src/core/bytes.js";
import { expand, extractAndExpand, isPublicKey, publicKey, signedBytes, verify } from "../../assets/web/src/core/keys.js";
import { parseLink } from "../../assets/web/src/core/link.js";
import { linkMailbox, mailboxOf } from "../../assets/web/src/core/mailbox.js";
import { makePacket, parsePacket, recordData } from "../../assets/web/src/core/packet.js";
import { candidateWeeks, spelled, stretch, week } from "../../assets/web/src/core/pin.js";
import { KIND, parsePlaintext, plaintext } from "../../assets/web/src/core/seal.js";
import { judge, makeBurned, verdict } from "../../assets/web/src/core/standing.js";
import { wordList } from "../../assets/web/src/core/words.js";
import { decode, encode } from "../../assets/web/src/core/z32.js";

const file = (name) => readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8");
const all = JSON.parse(file("vectors.json"));
const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");
const row = (part, name) => all[part].find((one) => one.name === name);

/** A mailbox of the vectors, from its secret. */
function box(name) {
  const { audience, creator, S, token } = row("mailboxes", name);
  return mailboxOf(audience, hex(creator), hex(S), hex(token));
}

test("identities have these public keys and names, and weak keys none", () => {
  for (const { seed, pk, z32 } of all.identities) {
    assert.equal(toHex(publicKey(hex(seed))), pk);
    assert.equal(encode(hex(pk)), z32);
    assert.deepEqual(decode(z32, 32), hex(pk));
    assert.ok(isPublicKey(hex(pk)));
  }
  for (const { pk, why } of all.keys_refused) assert.ok(!isPublicKey(hex(pk)), why);
});

test("every mailbox follows from its inputs", async () => {
  for (const one of all.mailboxes) {
    const creator = hex(one.creator);
    if (one.audience === "link") {
      const made = linkMailbox(creator, hex(one.secret));
      assert.equal(toHex(made.address), one.record, one.name);
      assert.equal(toHex(made.token), one.token, one.name);
    }
    if (one.audience === "pin") {
      assert.equal(spelled(one.pin), one.pin_meant, one.name);
      const stretched = await stretch(creator, spelled(one.pin), one.week);
      assert.equal(toHex(stretched), one.argon2id, one.name);
      const secret = extractAndExpand(stretched, Buffer.concat([bytesOf("cclink/1 pin"), creator]));
      assert.equal(toHex(secret), one.S, one.name);
    }
    const made = box(one.name);
    assert.equal(toHex(made.seed), one.record_seed, one.name);
    assert.equal(toHex(made.address), one.record, one.name);
    assert.equal(toHex(made.lock), one.lock, one.name);
    assert.equal(toHex(expand(hex(one.S), bytesOf("index"))), one.index_seed, one.name);
  }
});

test("PINs have one spelling", () => {
  for (const { typed, meant } of all.pin_forms) assert.equal(spelled(typed), meant, JSON.stringify(typed));
  assert.equal(spelled(""), null);
  assert.equal(spelled("é".repeat(129)), null);
  assert.equal(wordList().join("\n"), file("../../src/handoff/words.txt").trim());
});

test("PIN weeks turn on Thursdays", () => {
  const turn = week(all.now) * 604_800;
  assert.deepEqual(candidateWeeks(turn + 5), [week(turn), week(turn) - 1]);
  assert.deepEqual(candidateWeeks(turn - 5), [week(turn) - 1, week(turn) - 2, week(turn)]);
});

test("links are read in every way they are written, and refused by their damaged part", () => {
  for (const { creator, token, secret, link, web, qr, read } of all.links) {
    for (const text of [link, web, qr, ...read].filter(Boolean)) {
      const parsed = parseLink(text);
      assert.equal(toHex(parsed.creator), creator, text);
      assert.equal(toHex(parsed.token ?? parsed.secret), secret ?? token, text);
    }
  }
  const parts = { "not of cclink": "form", "something behind the token": "token", "nothing behind the last slash": "token" };
  for (const { text, part, why } of all.links_refused) {
    assert.equal(parseLink(text).wrong, parts[why] ?? part, why);
  }
});

test("plaintexts and signed bytes are the same byte for byte", () => {
  const { address } = box("link");
  for (const one of all.packets) {
    assert.equal(toHex(plaintext(one.kind, hex(one.payload))), one.plain, one.name);
    assert.deepEqual(parsePlaintext(hex(one.plain)), { is: "open", kind: one.kind, payload: hex(one.payload) });
    if (!one.signed_bytes) continue;
    const signed = signedBytes(one.kind, address, hex(one.payload).subarray(64));
    assert.equal(toHex(signed), one.signed_bytes, one.name);
    assert.ok(verify(hex(one.signature), signed, hex(all.identities[0].pk)), one.name);
  }
});

test("a packet is the same byte for byte", () => {
  for (const one of all.dns) {
    const seed = hex(row("mailboxes", "link").index_seed);
    const packet = makePacket(seed, hex(one.address), hex(one.rdata), one.seq);
    assert.equal(toHex(packet), one.signature + toHex(packet.subarray(64, 72)) + one.value);
    assert.equal(toBigInt(packet.subarray(64, 72)), BigInt(one.seq));
  }
});

test("what Python sealed is opened", () => {
  for (const one of all.sealed) {
    const lock = hex(row("mailboxes", one.mailbox).lock);
    const packet = parsePacket(hex(one.address), hex(one.relay));
    assert.equal(packet.sequence, BigInt(one.seq));
    assert.equal(toHex(recordData(hex(one.address), packet.value)), one.age, one.name);
    assert.equal(toHex(ageDecrypt(lock, hex(one.age))), one.plain, one.name);
  }
});

test("what is sealed here fits, varies in size, and opens", () => {
  const { lock } = box("link");
  const plain = plaintext(KIND.burned, bytesOf("{}"));
  const sizes = new Set();
  for (let round = 0; round < 60; round++) {
    const sealed = ageEncrypt(lock, plain, 924);
    assert.ok(sealed.length <= 924);
    assert.deepEqual(ageDecrypt(lock, sealed), plain);
    sizes.add(sealed.length);
  }
  assert.ok(sizes.size > 10, `${[...sizes]}`);
});

/** The verdict of a hostile packet, in the words of the vectors. */
function judged(one) {
  const there = { ...box(one.mailbox), address: hex(one.address) };
  const packet = parsePacket(there.address, hex(one.relay));
  if (!packet) return "no item";
  if (one.at === "index") return null; // the page reads no lists
  const standing = judge(there, [hex(one.relay)], one.expected.map(hex));
  const words = { record: "opens", burned: "opens", revoked: "opens", refused: "absent", "from the future": "clock" };
  const said = verdict(standing, all.now);
  return words[said] ?? said;
}

test("hostile packets have the verdicts that the binary gives them", () => {
  let seen = 0;
  // The binary's DNS parser refuses these before their signature counts; for a reader both mean that nothing lies there.
  const dns = ["cut short", "question count", "header only", "11 bytes"];
  for (const one of all.hostile) {
    const said = judged(one);
    if (said === null) continue;
    const wanted = dns.includes(one.name) ? "absent" : one.verdict;
    assert.equal(said, wanted, `${one.name}: ${one.why}`);
    seen++;
  }
  assert.ok(seen > 75, `${seen}`);
});

test("of several packets the one stands that the rules name", () => {
  for (const { why, mailbox, items, winner, expected } of all.contests) {
    const relays = items.map((item) => hex(item.relay));
    for (const order of [relays, [...relays].reverse()]) {
      const standing = judge(box(mailbox), order, expected.map(hex));
      assert.equal(toHex(standing.payload), items.find((item) => item.name === winner).relay, why);
    }
  }
});

test("a burned packet made here is read here", () => {
  const there = box("link");
  const burned = makeBurned(there, "phone (browser)", all.now, 7n);
  const standing = judge(there, [burned]);
  assert.deepEqual([standing.is, standing.at, standing.hostname, standing.highest], ["burned", all.now, "phone (browser)", 7n]);
});
