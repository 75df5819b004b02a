// What flashes and sounds, each told once when it is to be seen. Pure; is told of events, reads and sends none.

/** Effects that wait: nobody looks, or looks away. */
const MOST = 200;

/** @typedef {{kind: "shot" | "spark" | "bump" | "crystal" | "hit" | "destroyed" | "back", x: number, y: number, slot: number, by: number,
 *   at: number}} Effect px; slot: whose; by: slot, -1 for nobody; at: ms */

export class Effects {
  #waiting = [];

  /** Something happens at `atMs`; where `x` is null, at the place of its ship then. */
  add(kind, atMs, { x = null, y = null, slot = -1, by = -1 } = {}) {
    if (this.#waiting.length >= MOST) this.#waiting.shift();
    this.#waiting.push({ kind, x, y, slot, by, at: atMs });
  }

  /** Take those that have begun, oldest first, into a list. `place(slot)`: where a ship is seen or was last, or null. */
  take(nowMs, place, list) {
    const due = this.#waiting.filter(({ at }) => at <= nowMs);
    if (!due.length) return;
    this.#waiting = this.#waiting.filter(({ at }) => at > nowMs);
    for (const effect of due) {
      const where = effect.x === null ? place(effect.slot) : effect;
      if (where) list.push(Object.assign(effect, { x: where.x, y: where.y }));
    }
  }

  clear() {
    this.#waiting = [];
  }
}
