// What this page shows: what was decided, and on top of it, in order, what it asked for and has no decision on. Pure.
// Reads no messages, sends none.

import { Order } from "./order.mjs";
import { Draft, Scene } from "./scene.mjs";
import { isSame } from "./shapes.mjs";

/**
 * An entry is something that was asked for: `{op, event, show(draft)}`; `show` does it to a Draft, or nothing when it would be refused as
 * things are. It is in `entries` from the moment it is asked for until it is decided, and is done on top of what is decided all that time.
 */
export class Shown {
  #draft = new Draft(new Scene());
  #isStale = false;
  /** Shapes as they were shown when `refresh` was called last, by id, of those that `add` changed since. */
  #before = new Map();

  constructor() {
    this.scene = new Scene();
    this.entries = [];
    this.#draft = new Draft(this.scene);
    this.order = new Order({ get: (id) => this.get(id), ids: () => this.#draft.ids() });
  }

  get(id) {
    return this.#draft.peek(id);
  }

  get size() {
    return this.#draft.size;
  }

  /** A draft of what would be if more were done; it changes nothing here. */
  draft() {
    return new Draft(this.#draft);
  }

  /** Whether a shape is not shown as it was decided. */
  isPending(id) {
    return this.#draft.covers(id);
  }

  find(op) {
    return this.entries.find((entry) => entry.op === op);
  }

  /** Something more was asked for. `draft`: of this object, with it done. */
  add(entry, draft) {
    this.entries.push(entry);
    for (const id of draft.own()) if (!this.#before.has(id)) this.#before.set(id, this.get(id));
    this.#draft.absorb(draft);
  }

  /** An entry is decided, or refused. */
  remove(entry) {
    const index = this.entries.indexOf(entry);
    if (index < 0) return false;
    this.entries.splice(index, 1);
    return (this.#isStale = true);
  }

  /** An entry is not what it was. */
  stale() {
    this.#isStale = true;
  }

  /** Another scene was decided; own entries stay on top. */
  restart(scene) {
    scene.inherit(this.scene);
    scene.drain();
    this.#before.clear();
    this.scene = scene;
    this.#draft = this.#built();
    this.order.reset();
  }

  /** Bring what is shown up to date: `{touched: Set of ids, order: whether their order is another one}`. */
  refresh() {
    const decided = this.scene.drain();
    const before = this.#before;
    this.#before = new Map();
    const old = this.#draft;
    const isOther = this.#isStale || (this.entries.length > 0 && old.isStale(decided));
    if (isOther) this.#draft = this.#built();
    for (const id of [...decided.keys(), ...(isOther ? [...old.own(), ...this.#draft.own()] : [])]) {
      if (!before.has(id)) before.set(id, !old.covers(id) && decided.has(id) ? decided.get(id) : old.peek(id));
    }
    return this.#compare(before);
  }

  #built() {
    this.#isStale = false;
    const draft = new Draft(this.scene);
    for (const entry of this.entries) entry.show(draft);
    return draft;
  }

  #compare(before) {
    const touched = new Set();
    let order = false;
    for (const [id, was] of before) {
      const now = this.get(id);
      if (isSame(was, now)) continue;
      touched.add(id);
      order = this.order.note(id, was, now) || order;
    }
    return { touched, order };
  }
}
