// From a link to a verdict. Knows the protocol and the relays, nothing of the screen: `tell` hears each state.

import { equal } from "../core/bytes.js";
import { linkMailbox, pinMailbox } from "../core/mailbox.js";
import { nextSequence } from "../core/packet.js";
import { candidateWeeks, spelled } from "../core/pin.js";
import { makeBurned, readPayload, strongest, verdict } from "../core/standing.js";
import { sleep } from "./relays.js";

/** Whoever checked before our mark was visible has written by then, too. */
const SETTLE = 3000;
/** A check older than this is made again before anything is written. */
const FRESH = 1500;
/** Others can only write so often while we take it. */
const ROUNDS = 5;

const now = () => Date.now() / 1000;

export class Pickup {
  /** `mark` is our own mark with the record that it takes: it may stand although taking it failed, or the page was reloaded. */
  constructor(link, relays, host, tell, mark = null) {
    Object.assign(this, { link, relays, host, tell, mark });
    this.box = null;
    /** Every payload that was seen, and what it says, for ends are final. Each is read once. */
    this.seen = [];
    /** The PIN as it was typed, how often one was wrong, and what came of the slow part. */
    Object.assign(this, { typed: null, tries: 0, stretched: new Map() });
  }

  /** The same again. A PIN that was typed is not asked for anew. */
  async again() {
    return this.typed === null ? this.open() : this.openWithPin(this.typed);
  }

  /** Opens what needs no PIN, or says that one is wanted. */
  async open() {
    if (this.link.audience === "pin") return this.tell({ is: "pin" });
    if (this.link.audience !== "link") return this.tell({ is: "not for a phone", audience: this.link.audience });
    const box = linkMailbox(this.link.creator, this.link.secret);
    const looked = this.firstLook(box);
    this.tell({ is: "asking" });
    return this.follow(box, await looked);
  }

  /** Tries a PIN with every week that a live handoff can be from. */
  async openWithPin(typed) {
    this.typed = typed;
    const pin = spelled(typed);
    if (pin === null) return this.tell({ is: "pin", trouble: "unfit", typed, tries: this.tries });
    const weeks = candidateWeeks(now());
    for (const [number, week] of weeks.entries()) {
      const progress = (part) => this.tell({ is: "trying", part: (number + part) / weeks.length });
      progress(0);
      const box = await this.pinBox(pin, week, progress);
      const looked = await this.firstLook(box);
      if (!looked.answered) return this.tell({ is: "unreachable" });
      if (looked.standing.is !== "absent") return this.follow(box, looked);
    }
    this.tries++;
    return this.tell({ is: "pin", trouble: "wrong", typed, tries: this.tries });
  }

  /** Slow the first time only. */
  async pinBox(pin, week, progress) {
    const name = `${week} ${pin}`;
    if (!this.stretched.has(name)) {
      this.stretched.set(name, await pinMailbox(this.link.creator, pin, week, this.link.token, progress));
    }
    return this.stretched.get(name);
  }

  /** The first valid answer of any relay. */
  async firstLook(box) {
    const readable = (payload) => this.remember(box, [payload]).is !== "absent";
    const looked = await this.relays.look(box.address, { complete: false, onPayload: readable });
    return { answered: looked.answered, standing: this.remember(box, looked.payloads) };
  }

  /** What stands by everything seen so far. */
  remember(box, payloads) {
    if (this.box !== box) this.seen = [];
    this.box = box;
    for (const payload of payloads) {
      if (!this.seen.some((known) => equal(known.payload, payload))) this.seen.push({ payload, says: readPayload(box, payload) });
    }
    return strongest(this.seen.map(({ says }) => says).filter(Boolean));
  }

  /** Shows a first answer at once, and confirms it. */
  async follow(box, { answered, standing }) {
    if (!answered) return this.tell({ is: "unreachable" });
    if (["absent", "burned", "revoked"].includes(standing.is)) return this.finish(standing);
    if (verdict(standing, now()) === "record") this.tell({ is: "found", confirmed: "checking", record: standing.record });
    return this.confirm();
  }

  /** Asks for anything newer, wherever it lies. */
  async confirm() {
    const looked = await this.relays.look(this.box.address, { complete: true });
    const standing = this.remember(this.box, looked.payloads);
    return this.finish(standing, looked.answered);
  }

  finish(standing, confirmed = true) {
    if (this.isOurs(standing)) return this.tell({ is: "taken", record: this.mark.record });
    const said = verdict(standing, now());
    if (said === "record") this.tell({ is: "found", confirmed: confirmed ? "yes" : "no", record: standing.record });
    else this.tell({ ...standing, is: said });
  }

  isOurs(standing) {
    return standing.is === "burned" && this.mark !== null && equal(standing.payload, this.mark.payload);
  }

  /**
   * Takes a handoff that can be picked up once: checks, writes the mark that it was taken, waits until everybody who
   * checked before has written too, and lets a complete look alone decide whose mark stands.
   */
  async take() {
    const { box } = this;
    for (let round = 0; round < ROUNDS; round++) {
      this.tell({ is: "taking", step: "checking" });
      const checked = performance.now();
      const looked = await this.relays.look(box.address, { complete: true });
      if (!looked.answered) return this.tell({ is: "not taken", why: "unreachable" });
      const standing = this.remember(box, looked.payloads);
      if (verdict(standing, now()) !== "record") return this.finish(standing);
      const sequence = nextSequence(standing.highest);
      if (sequence === null) return this.tell({ is: "not taken", why: "blocked" });
      if (performance.now() - checked > FRESH) continue;
      const { record, signed } = standing;
      this.mark = { address: box.address, payload: makeBurned(box, this.host, now(), sequence), record, signed };
      // Told before it is written: whoever keeps it has it whatever happens to the page from here on.
      this.tell({ is: "taking", step: "writing" });
      const wrote = await this.relays.put(box.address, this.mark.payload);
      this.tell({ is: "taking", step: "settling" });
      await sleep(SETTLE);
      const after = await this.relays.look(box.address, { complete: true });
      if (!after.answered) return this.tell({ is: "not taken", why: "unknown" });
      const stands = this.remember(box, after.payloads);
      // Its creator wrote there at the same moment (extended it): once more.
      if (stands.is !== "record") return this.finish(stands);
      if (!wrote) return this.tell({ is: "not taken", why: "unwritten" });
    }
    return this.tell({ is: "not taken", why: "unwritten" });
  }
}
