// PKARR relays over HTTPS. Everything they answer is judged elsewhere; here it is only bounded.

import { encode } from "../core/z32.js";

/** Signature, sequence and the longest packet. */
const LONGEST = 72 + 1000;
const PATIENCE = 8000;
/** How long the other relays may lag behind the first answer. */
const LAG = 1500;
/** A relay allows two requests a second, two at once; a browser's preflight counts. */
const BURST = 2;
const REFILL = 520;
/** A refusal has no CORS header and so looks like a dead network: each is tried again. */
export const TRIES = 3;
const BACKOFF = 650;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The body, unless it is longer than any packet. */
async function bounded(response) {
  const reader = response.body.getReader();
  const out = new Uint8Array(LONGEST);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return out.subarray(0, length);
    if (length + value.length > LONGEST) {
      await reader.cancel();
      return null;
    }
    out.set(value, length);
    length += value.length;
  }
}

class Relay {
  constructor(url) {
    this.url = url.replace(/\/+$/, "");
    this.host = new URL(url).host;
    this.tokens = BURST;
    this.since = performance.now();
    this.queue = Promise.resolve();
    this.waiting = 0;
  }

  /** Whether the relay would take `cost` more requests now; then they count as asked. */
  spend(cost) {
    const now = performance.now();
    this.tokens = Math.min(BURST, this.tokens + (now - this.since) / REFILL);
    this.since = now;
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }

  /** Waits until it would; one after the other. */
  turn(cost) {
    this.waiting++;
    this.queue = this.queue.then(async () => {
      while (!this.spend(cost)) await sleep((cost - this.tokens) * REFILL);
      this.waiting--;
    });
    return this.queue;
  }

  async request(address, query, options, cost) {
    // The first request goes out at once, before anything else is done.
    if (this.waiting > 0 || !this.spend(cost)) await this.turn(cost);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      return await fetch(`${this.url}/${encode(address)}${query}`, {
        ...options,
        mode: "cors",
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: stop.signal,
      }).then(async (response) => ({ status: response.status, body: response.ok ? await bounded(response) : null }));
    } catch {
      return { status: 0, body: null };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The payload that lies there, null where nothing does; undefined where the relay gave no answer. `doing` is told the try.
   */
  async get(address, query, doing) {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      doing.attempt = attempt + 1;
      if (attempt > 0) await sleep(BACKOFF * attempt);
      const { status, body } = await this.request(address, query, {}, 1);
      if (status === 200 && body) return body;
      if (status === 404) return null;
      if (status !== 0 && status !== 429) return undefined;
    }
    return undefined;
  }

  /** Whether the relay took it. Tried once: whoever writes looks again before the next try. */
  async put(address, payload) {
    const { status } = await this.request(address, "", { method: "PUT", body: payload }, BURST);
    return status >= 200 && status < 300;
  }
}

/** All relays of the page, asked together. */
export class Relays {
  constructor(urls) {
    this.all = urls.map((url) => new Relay(url));
    this.asked = null;
  }

  /** Begins to ask all. */
  begin() {
    return (this.asked = { since: performance.now(), relays: this.all.map(({ host }) => ({ host, is: "asked", attempt: 1 })) });
  }

  end(asked) {
    if (this.asked === asked) this.asked = null;
  }

  /** For whoever waits: for how many seconds, and what each relay did so far; null while none is asked. */
  progress() {
    return this.asked && { seconds: Math.floor((performance.now() - this.asked.since) / 1000), relays: this.asked.relays };
  }

  /**
   * Asks each for what lies at an address. `onPayload` sees each payload at once and ends the waiting by returning true.
   * Gives `{answered, payloads}`.
   */
  async look(address, { complete, onPayload = () => false }) {
    const seen = { answered: false, payloads: [] };
    const asked = this.begin();
    const query = complete ? "?policy=NetworkOnly" : "";
    await new Promise((enough, fail) => {
      let waiting = this.all.length;
      for (const [at, relay] of this.all.entries()) {
        const doing = asked.relays[at];
        relay.get(address, query, doing).then((payload) => {
          waiting--;
          doing.is = payload ? "answered" : payload === null ? "empty" : "silent";
          if (payload !== undefined) seen.answered = true;
          if (payload) seen.payloads.push(payload);
          if (waiting === 0 || (payload && onPayload(payload))) enough();
          else if (payload !== undefined && complete) setTimeout(enough, LAG);
        }).catch(fail);
      }
    }).finally(() => this.end(asked));
    return { answered: seen.answered, payloads: [...seen.payloads] };
  }

  /** Gives a packet to every relay; whether one took it. */
  async put(address, payload) {
    const asked = this.begin();
    const put = async (relay, at) => {
      const took = await relay.put(address, payload);
      asked.relays[at].is = took ? "answered" : "silent";
      return took;
    };
    const taken = await Promise.all(this.all.map(put)).finally(() => this.end(asked));
    return taken.includes(true);
  }
}
