// Where every shape of the board is, for drawing what is in view and finding what is under the pointer. Reads no messages, sends none.
//
// All shapes are looked at each time: 5,000 comparisons of bounds take a tenth of a millisecond, less than any index costs to keep.

import { boundsOf, isFramed, isHit, overlaps, paintedBounds, united } from "./geometry.mjs";

/** The places of a board's shapes. Tell it what changed before anything is asked. */
export class Places {
  #board;
  #painted = new Map();

  constructor(board) {
    this.#board = board;
    this.update({ all: true });
  }

  /** Take over a change as the board tells it. */
  update({ all, touched = [] }) {
    if (all) this.#painted.clear();
    for (const id of all ? this.#board.inOrder() : touched) {
      const shape = this.#board.get(id);
      if (shape) this.#painted.set(id, paintedBounds(shape));
      else this.#painted.delete(id);
    }
  }

  /** Ids of the shapes that paint anything into these bounds, back to front. */
  within(bounds) {
    return this.#board.inOrder().filter((id) => {
      const painted = this.#painted.get(id);
      return painted && overlaps(painted, bounds);
    });
  }

  /** The id of the foremost shape at a point, or "". `slack`: how near counts, in pixels of the board. */
  at({ x, y }, slack) {
    const near = [x - slack, y - slack, x + slack, y + slack];
    const ids = this.#board.inOrder();
    for (let at = ids.length - 1; at >= 0; at -= 1) {
      const painted = this.#painted.get(ids[at]);
      if (painted && overlaps(painted, near) && isHit(this.#board.get(ids[at]), x, y, slack)) return ids[at];
    }
    return "";
  }

  /** Ids of the shapes that a frame touches, back to front. */
  framed(frame) {
    return this.within(frame).filter((id) => isFramed(this.#board.get(id), frame));
  }

  /** The bounds of all shapes, without their lines; null of an empty board. */
  content() {
    return united(this.#board.inOrder().map((id) => boundsOf(this.#board.get(id))));
  }

  /** What all shapes paint on; null of an empty board. */
  painted() {
    return united(this.#painted.values());
  }
}
