// Ships of others, a little in the past: between the two frames around the shown tick. Pure; reads frames, sends none.

import { between } from "./glide.mjs";
import { DIRECTIONS, MAX_SPEED } from "./rules.mjs";
import { Frame } from "./wire.mjs";

/** Frames that are kept: 800 ms of them, more than others are ever shown in the past, jitter included. */
const FRAMES = 24;
/** Ticks for which a ship goes straight on after the last frame: 100 ms. Then it is held. */
export const MOST_GUESSED = 6;
/** What a ship may move in a tick of the owner, who does up to three inputs, and how far beyond that it is another place. */
const MOST_MOVED = 3 * MAX_SPEED;
const LEAP_SPARE = 64;

/** @typedef {{slot: number, x: number, y: number, vx: number, vy: number, heading: number, isThrusting: boolean,
 *   isInvulnerable: boolean, hull: number, isHeld: boolean}} Seen */

export class Others {
  #frames = Array.from({ length: FRAMES }, () => new Frame());
  #count = 0;
  #next = 0;

  /** The frame to decode the next message into; it counts when it is kept. */
  get blank() {
    return this.#frames[this.#next];
  }

  /** The last frame that was kept, or null. */
  get latest() {
    return this.#count ? this.#at(this.#count - 1) : null;
  }

  /** The blank frame is the latest now. One of the same tick as before takes its place. */
  keep() {
    if (this.latest?.tick === this.blank.tick) {
      const last = (this.#next + FRAMES - 1) % FRAMES;
      [this.#frames[last], this.#frames[this.#next]] = [this.#frames[this.#next], this.#frames[last]];
      return;
    }
    this.#next = (this.#next + 1) % FRAMES;
    // One place is always blank: what is decoded into it must not change a frame that is shown.
    this.#count = Math.min(FRAMES - 1, this.#count + 1);
  }

  /** What is known is of another time. */
  forget() {
    this.#count = 0;
  }

  /** The tick that can be shown when this one should be: no later than may be guessed. */
  bounded(tick) {
    return this.latest ? Math.min(tick, this.latest.tick + MOST_GUESSED) : tick;
  }

  /**
   * Tell `each` of all ships but `own` as they were at a tick, with fraction. What `each` is given is used again for the next one.
   * @param {number} tick
   * @param {number} own slot that is left out, -1 for none
   * @param {(ship: Seen) => void} each
   */
  ships(tick, own, each) {
    const index = this.#before(tick);
    if (index < 0) return;
    const [one, next] = [this.#at(index), index + 1 < this.#count ? this.#at(index + 1) : null];
    for (let row = 0; row < one.ships.count; row += 1) {
      const slot = one.ships.slot[row];
      if (slot === own) continue;
      const other = next?.rowOf.get(slot);
      if (other !== undefined && isNear(one.ships, row, next.ships, other, next.tick - one.tick)) this.#mix(one, row, next, other, tick);
      else this.#guess(one, row, next ? Math.min(tick, next.tick) : tick, tick);
      each(this.#seen);
    }
  }

  /** Tell `each(slot, x, y, vx, vy)` of all bullets at a tick but those that are shown as own shots. They fly straight. */
  bullets(tick, each) {
    const index = this.#before(tick);
    if (index < 0) return;
    const { tick: from, bullets } = this.#at(index);
    const passed = Math.max(0, tick - from);
    if (passed > MOST_GUESSED && index + 1 === this.#count) return;
    for (let row = 0; row < bullets.count; row += 1) {
      const [vx, vy] = [bullets.vx[row], bullets.vy[row]];
      if (!bullets.isOwn[row]) each(bullets.slot[row], bullets.x[row] + vx * passed, bullets.y[row] + vy * passed, vx, vy);
    }
  }

  #seen = { slot: -1, x: 0, y: 0, vx: 0, vy: 0, heading: 0, isThrusting: false, isInvulnerable: false, hull: 0, isHeld: false };

  #at(index) {
    return this.#frames[(this.#next - this.#count + index + FRAMES) % FRAMES];
  }

  /** The last frame of a tick or before it; the first one when all are after it; -1 without any. */
  #before(tick) {
    let index = this.#count - 1;
    while (index > 0 && this.#at(index).tick > tick) index -= 1;
    return index;
  }

  #mix(one, row, next, other, tick) {
    const part = Math.max(0, (tick - one.tick) / (next.tick - one.tick));
    const [from, to] = [one.ships, next.ships];
    const heading = from.heading[row] + between(from.heading[row], to.heading[other]) * part;
    const x = from.x[row] + (to.x[other] - from.x[row]) * part;
    this.#say(from, row, x, from.y[row] + (to.y[other] - from.y[row]) * part, (heading + DIRECTIONS) % DIRECTIONS, false);
  }

  #guess(one, row, until, tick) {
    const { ships } = one;
    const passed = Math.min(MOST_GUESSED, Math.max(0, until - one.tick));
    const isHeld = tick - one.tick > MOST_GUESSED;
    this.#say(ships, row, ships.x[row] + ships.vx[row] * passed, ships.y[row] + ships.vy[row] * passed, ships.heading[row], isHeld);
  }

  #say(ships, row, x, y, heading, isHeld) {
    const seen = this.#seen;
    seen.slot = ships.slot[row];
    seen.x = x;
    seen.y = y;
    seen.vx = ships.vx[row];
    seen.vy = ships.vy[row];
    seen.heading = heading;
    seen.isThrusting = ships.isThrusting[row] > 0;
    seen.isInvulnerable = ships.isInvulnerable[row] > 0;
    seen.hull = ships.hull[row];
    seen.isHeld = isHeld;
  }
}

/** Whether a ship can have come from one place to the other, or is back from elsewhere. */
function isNear(from, row, to, other, ticks) {
  const most = MOST_MOVED * ticks + LEAP_SPARE;
  const [dx, dy] = [to.x[other] - from.x[row], to.y[other] - from.y[row]];
  return dx * dx + dy * dy <= most * most;
}
