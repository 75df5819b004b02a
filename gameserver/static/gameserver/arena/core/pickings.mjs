// Crystals that the own ship has touched and the owner does not know yet: they are gone for the eye at once.
// Pure; reads crystals of frames, sends none.

import { CRYSTAL_RADIUS, RADIUS } from "./rules.mjs";

const TOUCH = RADIUS + CRYSTAL_RADIUS;
/** If the owner still tells of a crystal after a round trip and this, somebody was wrong, and it is seen again. */
const SPARE_MS = 300;
/** A round trip before one is known. */
const UNKNOWN_MS = 200;

const keyOf = (x, y) => x * 65536 + y;

export class Pickings {
  /** Until when a crystal is not seen, by its place. */
  #until = new Map();

  /** The ship is at x, y. `taken(x, y)` is told of each crystal that it touches for the first time. `roundTripMs()`: null if unknown. */
  touch(crystals, x, y, nowMs, roundTripMs, taken) {
    for (let row = 0; row < crystals.count; row += 1) {
      const [dx, dy] = [x - crystals.x[row], y - crystals.y[row]];
      if (dx * dx + dy * dy >= TOUCH * TOUCH) continue;
      const key = keyOf(crystals.x[row], crystals.y[row]);
      if (this.#until.has(key)) continue;
      this.#until.set(key, nowMs + (roundTripMs() ?? UNKNOWN_MS) + SPARE_MS);
      taken(crystals.x[row], crystals.y[row]);
    }
  }

  /** Tell `each(x, y)` of the crystals that are to be seen. */
  show(crystals, nowMs, each) {
    for (const [key, until] of this.#until) if (until < nowMs) this.#until.delete(key);
    for (let row = 0; row < crystals.count; row += 1) {
      if (!this.#until.has(keyOf(crystals.x[row], crystals.y[row]))) each(crystals.x[row], crystals.y[row]);
    }
  }
}
