// What others see of this person: pointer, selection, view, the stroke that is being drawn. Sends board.point, board.show, board.sketch.

import { q } from "./numbers.mjs";
import { LIMITS, isEqual } from "./shapes.mjs";
import { Throttle } from "./throttle.mjs";

/** Twenty a second; fifteen while a drag of one's own needs thirty: all together stay below what the room takes. */
const POINT_MS = 50;
const POINT_DRAGGING_MS = 66;
const SHOW_MS = 250;
const SKETCH_MS = 50;
/** A new owner of the room knows nobody's selection; it is told again, by those who move, after this time. */
const REMIND_MS = 5000;
/** Points of a stroke in one message. */
const PIECE = 100;

export class Pointing {
  #at = null;
  #shown = { selection: [], view: null };
  #shownAt = -Infinity;
  #point;
  #show;

  /** `isDragging()`: whether a drag of one's own is under way. */
  constructor({ send, now, timers, isDragging }) {
    Object.assign(this, { send, now, timers });
    const pace = () => (isDragging() ? POINT_DRAGGING_MS : POINT_MS);
    this.#point = new Throttle({ now, timers, everyMs: pace, tell: () => this.#tell({ cmd: "board.point", ...this.#at }) });
    this.#show = new Throttle({ now, timers, everyMs: () => SHOW_MS, tell: () => this.#tellShown() });
  }

  point(x, y) {
    const at = { x: q(x), y: q(y) };
    if (this.#at?.x === at.x && this.#at?.y === at.y) return;
    this.#at = at;
    this.#point.ask();
    if (this.now() - this.#shownAt > REMIND_MS) this.remind();
  }

  /** Either may be left out: it stays as it is. */
  show({ selection, view }) {
    const before = this.#shown;
    const ids = selection ? [...selection].slice(0, LIMITS.selection) : before.selection;
    const seen = view === undefined ? before.view : view && [...view];
    if (isEqual(ids, before.selection) && (seen && before.view ? isEqual(seen, before.view) : seen === before.view)) return;
    this.#shown = { selection: ids, view: seen };
    this.#show.ask();
  }

  /** Tell the selection and the view again, if there are any. */
  remind() {
    if (this.#shown.selection.length || this.#shown.view) this.#show.ask();
  }

  /** A stroke that begins. */
  sketch(op, look) {
    return new Sketch(this, op, look);
  }

  #tellShown() {
    this.#shownAt = this.now();
    return this.#tell({ cmd: "board.show", ...this.#shown });
  }

  #tell(fields) {
    return this.send(fields, { answered: false });
  }
}

/** A stroke that others see while it is drawn. `to(points)`: all of its points so far, flat; `end()`: no more of them. */
export class Sketch {
  #points = [];
  #told = 0;
  #throttle;

  constructor({ send, now, timers }, op, { stroke, width, opacity }) {
    Object.assign(this, { send, op, look: { stroke, width, opacity } });
    this.#throttle = new Throttle({ now, timers, everyMs: () => SKETCH_MS, tell: () => this.#tell() });
  }

  to(points) {
    this.#points = points.map(q);
    if (this.#told * 2 < points.length) this.#throttle.ask();
  }

  end() {
    this.#throttle.end();
  }

  async #tell() {
    const from = this.#told;
    const points = this.#points.slice(from * 2, (from + PIECE) * 2);
    const reply = await this.send({ cmd: "board.sketch", op: this.op, from, points, ...this.look }, { answered: false });
    if (!reply.ok) return reply;
    this.#told = from + points.length / 2;
    if (this.#told * 2 < this.#points.length) this.#throttle.ask();
    return reply;
  }
}
