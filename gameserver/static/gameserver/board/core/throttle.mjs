// Something that is told at most so often, and the last of it always. Pure but for the timers that it is given; sends nothing itself.

/** What could not go is tried again after this time. */
const AGAIN_MS = 250;

/** `tell()` → whether it went, or a promise of `{ok}`. `everyMs()`: how long nothing goes after it. */
export class Throttle {
  #timer = null;
  #last = -Infinity;
  #isEnded = false;

  constructor({ tell, everyMs, now, timers }) {
    Object.assign(this, { tell, everyMs, now, timers });
  }

  /** There is something to tell: now, or as soon as it may be. */
  ask() {
    if (this.#timer !== null || this.#isEnded) return;
    const inMs = this.#last + this.everyMs() - this.now();
    if (inMs > 0) this.#later(inMs);
    else this.#tell();
  }

  /** Nothing more is told. */
  end() {
    this.#isEnded = true;
    this.timers.clear(this.#timer);
    this.#timer = null;
  }

  #later(ms) {
    this.#timer = this.timers.set(() => {
      this.#timer = null;
      this.#tell();
    }, ms);
  }

  async #tell() {
    this.#last = this.now();
    const reply = await this.tell();
    if (!reply.ok && this.#timer === null && !this.#isEnded) this.#later(AGAIN_MS);
  }
}
