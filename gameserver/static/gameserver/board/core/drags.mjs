// One drag of one's own: totals that are shown at once and told at most 30 times a second.
// Sends board.grab, board.move, board.drop.

import { q, within } from "./numbers.mjs";
import { difference } from "./reduce.mjs";
import { LIMITS, leastSize, moved, reshaped } from "./shapes.mjs";
import { Throttle } from "./throttle.mjs";

const EVERY_MS = 1000 / 30;
/** Shapes whose boxes are told 30 times a second; more of them less often, because everybody gets them. */
const OFTEN = 50;
/** More boxes than this are one edit at the end: they would not fit into a message. */
export const MOST_BOXES = 500;
const STILL = Object.freeze([0, 0, 0, 0, 0]);

/** Also an entry of Shown. `board`: `{send, now, timers, changed(), dropped(drag) → promise of the reply}`. */
export class Drag {
  #throttle;
  /** Bounds of the totals, by id for boxes. */
  #starts;
  #hasMoved = false;

  event = "board.dropped";

  constructor(board, { op, shapes, how, label, undoable }) {
    Object.assign(this, { board, op, how, label, undoable, dx: 0, dy: 0, boxes: {} });
    this.ids = new Set(shapes.map(({ id }) => id));
    /** Whether the owner is known to have it: from then on it is over when the owner has it no more. */
    this.isGrabbed = false;
    this.isLive = true;
    this.isLocal = how === "reshape" && this.ids.size > MOST_BOXES;
    this.#starts = new Map(shapes.map((shape) => [shape.id, shape]));
    // A move takes one of the rate, and one more for each hundred shapes.
    const often = Math.max(1 + Math.floor(this.ids.size / 100), how === "move" ? 1 : this.ids.size / OFTEN);
    this.#throttle = new Throttle({ ...board, everyMs: () => EVERY_MS * often, tell: () => this.#tell() });
  }

  /** Ask the owner for it. */
  begin() {
    return this.board.send({ cmd: "board.grab", op: this.op, ids: [...this.ids], how: this.how });
  }

  /** All that it has moved by now. */
  move(dx, dy) {
    if (!this.isLive || this.how !== "move") return;
    const most = LIMITS.coordinate;
    const starts = [...this.#starts.values()];
    const hold = (value, axis) => starts.reduce((held, start) => within(held, -most - start[axis], most - start[axis]), q(value));
    Object.assign(this, { dx: hold(dx, "x"), dy: hold(dy, "y") });
    this.#moved();
  }

  /** All that its shapes have changed by now: `{id: [dx, dy, dw, dh, dr]}`. */
  reshape(boxes) {
    if (!this.isLive || this.how !== "reshape") return;
    for (const [id, box] of Object.entries(boxes)) {
      const start = this.#starts.get(id);
      if (start) this.boxes[id] = held(start, box);
    }
    this.#moved();
  }

  #moved() {
    this.#hasMoved = true;
    this.board.changed(this);
    this.tell();
  }

  /** Tell the owner the totals, if it may not know them. */
  tell() {
    if (this.#hasMoved && this.isLive && !this.isLocal) this.#throttle.ask();
  }

  #tell() {
    return this.board.send({ cmd: "board.move", op: this.op, ...this.totals() }, { answered: false });
  }

  /** As commands say them. */
  totals() {
    if (this.how === "move") return { dx: this.dx, dy: this.dy };
    return { boxes: Object.fromEntries([...this.ids].map((id) => [id, this.boxes[id] ?? STILL])) };
  }

  /** It ends here. */
  drop() {
    if (!this.isLive) return Promise.resolve(this.ended ?? { ok: false, code: "no_drag", text: "That drag is over." });
    this.end();
    return this.board.dropped(this);
  }

  /** It ends where it began. */
  cancel() {
    if (!this.isLive) return this.drop();
    Object.assign(this, { dx: 0, dy: 0, boxes: {}, undoable: false });
    this.board.changed(this);
    return this.drop();
  }

  /** Nothing more is told. */
  end() {
    this.isLive = false;
    this.#throttle.end();
  }

  /** The steps that take it back; none if nothing moved. */
  inverse() {
    if (this.how === "move") return this.dx || this.dy ? [{ do: "move", ids: [...this.ids], dx: 0 - this.dx, dy: 0 - this.dy }] : [];
    const changed = Object.entries(this.boxes).filter(([, box]) => box.some(Boolean));
    return changed.length ? [{ do: "reshape", boxes: Object.fromEntries(changed.map(([id, box]) => [id, difference(STILL, box)])) }] : [];
  }

  /** Move the shapes of a draft of what was decided by what the owner has not moved them by. */
  show(draft) {
    const drag = draft.drags.get(draft.dragOf.get(this.op));
    if (!drag && this.isGrabbed) return;
    const ids = drag?.ids ?? [...this.ids];
    ids.forEach((id, index) => {
      const shape = draft.get(id);
      if (!shape) return;
      if (this.how === "move") draft.put(moved(shape, this.dx - (drag?.dx ?? 0), this.dy - (drag?.dy ?? 0)));
      else draft.put(reshaped(shape, difference(this.boxes[id], drag?.boxes[index])));
    });
  }
}

function held(start, [dx, dy, dw, dh, dr]) {
  const least = leastSize(start.kind);
  const most = LIMITS.coordinate;
  return [
    within(q(dx), -most - start.x, most - start.x),
    within(q(dy), -most - start.y, most - start.y),
    within(q(dw), least - start.w, LIMITS.size - start.w),
    within(q(dh), least - start.h, LIMITS.size - start.h),
    q(dr),
  ];
}
