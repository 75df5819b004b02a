// What an interface knows that only looks where it is told that something changed: it must never show anything else than the board.
// Reads no messages, sends none.

import assert from "node:assert/strict";

import { byDepth, isSame } from "../../gameserver/static/gameserver/board/core/shapes.mjs";

export class Mirror {
  #shapes = new Map();
  #order = [];
  #undo = ["", ""];

  constructor(board) {
    this.board = board;
    board.onChange((change) => this.#follow(change));
  }

  #follow(change) {
    const { board } = this;
    if (change.all) this.#shapes = new Map(board.shapes().map((shape) => [shape.id, shape]));
    for (const id of change.touched) {
      if (board.has(id)) this.#shapes.set(id, board.get(id));
      else this.#shapes.delete(id);
    }
    if (change.order || change.all) this.#order = board.inOrder();
    if (change.history) this.#undo = [board.undoLabel, board.redoLabel];
  }

  /** What was seen of the changes is what is there, and making it all anew makes no difference. */
  check() {
    const { board } = this;
    const ids = [...this.#shapes.keys()];
    assert.equal(board.size, ids.length, "the number of shapes");
    for (const id of ids) assert.ok(isSame(this.#shapes.get(id), board.get(id)), `what is known of ${id}`);
    assert.deepEqual(this.#order, board.shapes(ids).sort(byDepth).map(({ id }) => id), "the order that is known");
    assert.deepEqual(board.inOrder(), this.#order, "the order");
    assert.deepEqual(this.#undo, [board.undoLabel, board.redoLabel], "what can be undone");
    board.shown.stale();
    const { touched, order } = board.shown.refresh();
    assert.deepEqual([[...touched], order], [[], false], "what is made anew");
  }
}
