// How fast this page sends: a token bucket, so that the server need not refuse. Pure; reads no messages, sends none.

/** `atOnce` tokens at most, one more every `everyMs`; starts full. Time is given, in ms. */
export class Pace {
  constructor(atOnce, everyMs) {
    Object.assign(this, { atOnce, everyMs, tokens: atOnce, stamp: 0 });
  }

  /** Take a token; false if there is none yet. */
  take(nowMs) {
    this.#fill(nowMs);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** How long until there is a token. */
  waitMs(nowMs) {
    this.#fill(nowMs);
    return Math.max(0, Math.ceil((1 - this.tokens) * this.everyMs));
  }

  #fill(nowMs) {
    this.tokens = Math.min(this.atOnce, this.tokens + Math.max(0, nowMs - this.stamp) / this.everyMs);
    this.stamp = Math.max(this.stamp, nowMs);
  }
}
