// What the page makes of what the binary made, and the other way round: `node crossing.mjs CASE`, a JSON object on stdin,
// what came of it as JSON on stdout. The page's own files, with a relay that is only remembered.

import { readFileSync } from "node:fs";
import { resumeCommand } from "../../assets/web/src/app/commands.js";
import { Pickup } from "../../assets/web/src/app/pickup.js";
import { bytesOf, concat, equal } from "../../assets/web/src/core/bytes.js";
import { clean } from "../../assets/web/src/core/clean.js";
import { publicKey, sign, signedBytes } from "../../assets/web/src/core/keys.js";
import { parseLink } from "../../assets/web/src/core/link.js";
import { linkMailbox } from "../../assets/web/src/core/mailbox.js";
import { makePacket } from "../../assets/web/src/core/packet.js";
import { Refused, decodeRecord, timeText } from "../../assets/web/src/core/record.js";
import { KIND, seal } from "../../assets/web/src/core/seal.js";
import { judge, verdict } from "../../assets/web/src/core/standing.js";
import { encode } from "../../assets/web/src/core/z32.js";

const hex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes) => Buffer.from(bytes).toString("hex");

/** A relay that holds one packet, and takes another in its place. */
class Remembered {
  constructor(address, payload) {
    Object.assign(this, { address, payload, put: this.put.bind(this) });
  }

  async look(address) {
    return { answered: true, payloads: this.payload && equal(address, this.address) ? [this.payload] : [] };
  }

  async put(address, payload) {
    Object.assign(this, { address, payload, written: payload });
    return true;
  }
}

/** A record as its JSON was, unknown fields apart; whole numbers over 2⁵³ are texts. */
function written({ expires_at, ...record }) {
  const plain = (value) => (typeof value !== "bigint" ? (value ?? undefined) : value < 2n ** 53n ? Number(value) : `${value}`);
  return JSON.parse(JSON.stringify({ ...record, created_at: timeText(record.created_at) }, (_, value) => plain(value)));
}

const CASES = {
  /** Follows a link to its end. */
  async open({ link, pin, take, at }) {
    const told = [];
    const relay = new Remembered(hex(at?.address ?? ""), at && hex(at.payload));
    const pickup = new Pickup(parseLink(link), relay, "a browser", (state) => told.push(state));
    await pickup.open();
    if (pin) await pickup.openWithPin(pin);
    if (take) await pickup.take();
    const { is, confirmed, record, audience } = told.at(-1);
    const token = pickup.box && pickup.link.audience[0] + encode(pickup.box.token);
    return { is, confirmed, audience, token, record: record && written(record), wrote: relay.written && toHex(relay.written) };
  },

  /** Publishes: what the page itself never does, with its own parts. */
  async publish({ seed, secret, record, sequence }) {
    const creator = publicKey(hex(seed));
    const box = linkMailbox(creator, hex(secret));
    const json = bytesOf(JSON.stringify(record));
    const signature = sign(signedBytes(KIND.record, box.address, json), hex(seed));
    const payload = makePacket(box.seed, box.address, seal(box.lock, KIND.record, concat(signature, json)), BigInt(sequence));
    return {
      link: `pk:${encode(creator)}/cclink/l${encode(hex(secret))}`,
      token: `l${encode(box.token)}`,
      address: toHex(box.address),
      payload: toHex(payload),
    };
  },

  /** What each payload means where a link points to. */
  async judge({ link, payloads, now }) {
    const { creator, secret } = parseLink(link);
    const box = linkMailbox(creator, secret);
    return payloads.map((payload) => verdict(judge(box, [hex(payload)]), now));
  },

  /** What each JSON text says as a record; null where it is refused. */
  async records({ texts }) {
    return texts.map((text) => {
      try {
        return written(decodeRecord(hex(text)));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return null;
      }
    });
  },

  /** Foreign text as it is shown, and as a word of a command. */
  async words({ texts }) {
    const session_id = "11111111-2222-4333-8444-555555555555";
    return texts.map((text) => ({ shown: clean(text), command: resumeCommand({ project: text, session_id }) }));
  },
};

const input = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await CASES[process.argv[2]](input)));
