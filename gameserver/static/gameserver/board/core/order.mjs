// The ids of what is shown, from back to front. Kept in step by what changed, because sorting 5,000 shapes for every event is too much.
// Pure; reads no messages, sends none.

import { byDepth } from "./shapes.mjs";

/** More changes at once than this are sorted anew. */
const FEW = 64;

export class Order {
  #ids = [];
  #depths = new Map();
  #changed = new Set();
  #isStale = true;

  /** `get(id)` → the shape as it is shown, or undefined; `ids()` → all that are shown. */
  constructor({ get, ids }) {
    Object.assign(this, { get, ids });
  }

  /** Nothing is as it was. */
  reset() {
    this.#isStale = true;
  }

  /** Take a change of a shape, undefined if it was or is not there; whether the order is another one for it. */
  note(id, before, after) {
    if (before?.z === after?.z) return false;
    this.#changed.add(id);
    return true;
  }

  /** Ids, back to front: not to be changed; another array when the order is another one. */
  read() {
    if (this.#isStale || this.#changed.size > FEW) this.#sort();
    else if (this.#changed.size) this.#mend();
    return this.#ids;
  }

  #sort() {
    const shapes = [...this.ids()].map(this.get).sort(byDepth);
    this.#ids = shapes.map((shape) => shape.id);
    this.#depths = new Map(shapes.map((shape) => [shape.id, shape.z]));
    this.#changed.clear();
    this.#isStale = false;
  }

  #mend() {
    this.#ids = [...this.#ids];
    for (const id of this.#changed) {
      if (this.#depths.has(id)) this.#ids.splice(this.#place({ id, z: this.#depths.get(id) }), 1);
      this.#depths.delete(id);
      const shape = this.get(id);
      if (!shape) continue;
      this.#ids.splice(this.#place(shape), 0, id);
      this.#depths.set(id, shape.z);
    }
    this.#changed.clear();
  }

  /** Where a shape is in the order, or would be. */
  #place(shape) {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const id = this.#ids[middle];
      if (byDepth({ id, z: this.#depths.get(id) }, shape) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
