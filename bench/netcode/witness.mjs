// Somebody who only looks, over a good line, and keeps where all ships were: what others are compared with. Reads frames, sends arena.watch.

import { Frame } from "../../gameserver/static/gameserver/arena/core/wire.mjs";

/** Ticks between two frames between which a ship is taken to have gone straight: every other tick is told, and one may be missing. */
const MOST_APART = 4;
/** Px beyond which a ship in the next frame is another one's life: nobody moves more than 27 in a tick. */
const FAR = 128;

export class Witness {
  #line;
  #frame = new Frame();
  /** Frames in the order of their ticks: {tick, places}, places by slot. */
  #known = [];

  /** @param {import("./line.mjs").Line} line */
  constructor(line) {
    this.#line = line;
    line.onBytes = (bytes) => this.#take(bytes);
  }

  /** Look at what is around a ship. */
  async follow(slot) {
    await this.#line.ask({ cmd: "arena.watch", slot });
  }

  #take(bytes) {
    if (!this.#frame.decode(bytes)) throw new Error("a frame cannot be read");
    const { tick, ships } = this.#frame;
    if (this.#known.length && this.#known.at(-1).tick >= tick) return;
    const places = new Map();
    for (let row = 0; row < ships.count; row += 1) places.set(ships.slot[row], { x: ships.x[row], y: ships.y[row] });
    this.#known.push({ tick, places });
  }

  /** Where a ship was at a tick, with fraction: {x, y}; null if that is not known, or it was put elsewhere just then. */
  placeOf(slot, tick) {
    const index = this.#after(tick);
    const [one, other] = [this.#known[index - 1], this.#known[index]];
    if (!one || !other || other.tick - one.tick > MOST_APART) return null;
    const [from, to] = [one.places.get(slot), other.places.get(slot)];
    if (!from || !to || Math.hypot(to.x - from.x, to.y - from.y) > FAR) return null;
    const part = (tick - one.tick) / (other.tick - one.tick);
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }

  /** The first frame of a later tick. */
  #after(tick) {
    let [low, high] = [0, this.#known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#known[middle].tick > tick) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
