// When this page's own ticks are due. Pure; reads no messages, sends none.

import { TICK_MS } from "./rules.mjs";

/** Ticks made up for at once: 100 ms. What a page slept beyond that is not flown; the owner has waited or coasted meanwhile. */
const MOST_AT_ONCE = 6;

export class Metronome {
  #atMs = null;
  /** Part of the next tick that has passed, 0 to below 1. */
  part = 0;

  /** How many ticks are due since the last call; `pace` 1 is 60 a second. */
  due(nowMs, pace) {
    const passed = this.#atMs === null ? 1 : (Math.max(0, nowMs - this.#atMs) / TICK_MS) * pace;
    this.#atMs = nowMs;
    const all = this.part + passed;
    const whole = Math.floor(all);
    this.part = all - whole;
    return Math.min(whole, MOST_AT_ONCE);
  }
}
