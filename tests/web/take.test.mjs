// A handoff that can be taken once is not lost on the way: what failed after the mark was written is taken all the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Pickup } from "../../assets/web/src/app/pickup.js";
import { bytesOf, concat } from "../../assets/web/src/core/bytes.js";
import { publicKey, sign, signedBytes } from "../../assets/web/src/core/keys.js";
import { linkMailbox } from "../../assets/web/src/core/mailbox.js";
import { makePacket } from "../../assets/web/src/core/packet.js";
import { timeText } from "../../assets/web/src/core/record.js";
import { KIND, seal } from "../../assets/web/src/core/seal.js";

const seed = new Uint8Array(32).fill(7);
const secret = new Uint8Array(16).fill(9);
const creator = publicKey(seed);
const link = { creator, secret, audience: "link" };

/** A handoff of now that its first reader takes away. */
function handoff() {
  const box = linkMailbox(creator, secret);
  const record = {
    session_id: "11111111-2222-4333-8444-555555555555",
    hostname: "desk",
    project: "/home/dana/src",
    transcript: { bytes: 10, tail: "0011223344556677" },
    created_at: timeText(Math.floor(Date.now() / 1000)),
    ttl: 900,
    burn_after_read: true,
    pin_protected: false,
  };
  const json = bytesOf(JSON.stringify(record));
  const signature = sign(signedBytes(KIND.record, box.address, json), seed);
  const sequence = BigInt(Date.now()) * 1000n;
  return makePacket(box.seed, box.address, seal(box.lock, KIND.record, concat(signature, json)), sequence);
}

/** A relay that holds one packet and fails at the looks of these numbers. */
function relay(payload, fails) {
  let looks = 0;
  return {
    async look() {
      if (fails.includes(looks++)) throw new Error("out of memory");
      return { answered: true, payloads: [payload] };
    },
    async put(_, mark) {
      payload = mark;
      return true;
    },
    swap: (other) => (payload = other),
  };
}

test("what failed behind our own mark is taken by trying again", async () => {
  const told = [];
  const pickup = new Pickup(link, relay(handoff(), [3]), "a phone", (state) => told.push(state.is));
  await pickup.open();
  assert.equal(told.at(-1), "found");
  await assert.rejects(pickup.take(), /memory/);
  await pickup.again();
  assert.equal(told.at(-1), "taken");
});

test("the mark of another reader is theirs", async () => {
  const told = [];
  const relays = relay(handoff(), [3]);
  const pickup = new Pickup(link, relays, "a phone", (state) => told.push(state.is));
  await pickup.open();
  await assert.rejects(pickup.take(), /memory/);
  const other = new Pickup(link, relay(handoff(), []), "another", () => {});
  await other.open();
  await other.take();
  relays.swap(other.mark.payload);
  await pickup.again();
  assert.equal(told.at(-1), "burned");
});
