// Chance from a seed, and time by hand. Pure; reads no messages, sends none.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** The same seed gives the same dice. */
export class Dice {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (a linear congruence with an xorshift on what comes out). */
  fraction() {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `most`. */
  below(most) {
    return Math.floor(this.fraction() * most);
  }

  one(list) {
    return list[this.below(list.length)];
  }

  /** At most so many of a list, at least one if it has any. */
  some(list, most) {
    if (!list.length) return [];
    return [...new Set(Array.from({ length: 1 + this.below(most) }, () => this.one(list)))];
  }

  /** Mostly eighths, sometimes finer. */
  number(most) {
    const value = (this.fraction() * 2 - 1) * most;
    return this.below(4) ? Math.round(value * 8) / 8 : value;
  }

  id(count) {
    return Array.from({ length: count }, () => LETTERS[this.below(64)]).join("");
  }
}

/** Time and timers, as far as they are told to go on. */
export class Clock {
  now = 1000;
  #timers = new Map();
  #last = 0;

  set(callback, ms) {
    this.#last += 1;
    this.#timers.set(this.#last, { callback, at: this.now + ms });
    return this.#last;
  }

  clear(id) {
    this.#timers.delete(id);
  }

  async advance(ms) {
    const end = this.now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) break;
      const [id, { callback, at }] = due;
      this.#timers.delete(id);
      this.now = Math.max(this.now, at);
      callback();
      await settled();
    }
    this.now = end;
  }
}

/** All promises that can go on have gone on. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
