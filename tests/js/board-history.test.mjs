// Undo and redo: one tab's own doings, whatever others do meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ADA, BOB, Table, rect } from "../board/table.mjs";
import { shownBy } from "../board/states.mjs";

const A = "aaaaaaaa";
const B = "bbbbbbbb";
const C = "cccccccc";
const LINE = { id: C, kind: "line", w: 100, h: 0, points: [0, 0, 10_000, 0] };

async function table(...people) {
  const table = new Table();
  const seats = people.map((you) => table.seat(you));
  seats[0].board.create([rect(A), rect(B, { x: 200, text: "b" }), LINE], { undoable: false });
  await table.go();
  return [table, ...seats];
}

const DOINGS = {
  create: (board) => board.create([rect("dddddddd"), rect("eeeeeeee")]),
  change: (board) => board.change([A, B], { text: "e\u0301", fill: "#FF0000" }),
  "change of shapes that differ": (board) => board.change([A, B, C], { x: 7, y: 1 }),
  move: (board) => board.move([A, B], 0.3, -4),
  "move to the bounds": (board) => board.move([A, B], 999_900, 0),
  reshape: (board) => board.edit([{ do: "reshape", boxes: { [A]: [1, 2, -300, 4, 350], [C]: [0, 0, 0, -9, -20] } }]),
  "order to the front": (board) => board.order([A], "front"),
  "order to the back": (board) => board.order([B, C], "back"),
  "order forward": (board) => board.order([A], "forward"),
  delete: (board) => board.remove([A, C]),
  clear: (board) => board.clear(),
  duplicate: (board) => board.duplicate([A, B], 8, 8),
  paste: (board) => board.paste([rect("xxxxxxxx"), LINE]),
  "a batch": (board) =>
    board.edit([
      { do: "create", shapes: [rect("dddddddd")] },
      { do: "move", ids: [A, "dddddddd"], dx: 5, dy: 5 },
      { do: "change", ids: [A, B], set: { width: 9 } },
      { do: "change", ids: [B], set: { width: 12 } },
      { do: "order", ids: [A], to: "front" },
      { do: "delete", ids: [C] },
    ]),
};

for (const [name, doing] of Object.entries(DOINGS)) {
  for (const isWaiting of [true, false]) {
    test(`[BD60] undone and redone it is as it was, ${isWaiting ? "decided" : "before it is decided"}: ${name}`, async () => {
      const [room, { board, refusals }] = await table(ADA);
      const states = [shownBy(board)];
      const go = async () => {
        if (isWaiting) await room.go();
        states.push(shownBy(board));
      };
      doing(board);
      await go();
      for (const back of ["undo", "redo", "undo", "redo"]) {
        board[back]();
        await go();
      }
      assert.notDeepEqual(states[1], states[0]);
      assert.deepEqual([states[2], states[4]], [states[0], states[0]]);
      assert.deepEqual([states[3], states[5]], [states[1], states[1]]);
      const shown = shownBy(board);
      for (let count = 0; count < 6; count += 1) await room.go();
      // Depths of new shapes are the owner's to give: a paste that is done again lies where it lay.
      assert.deepEqual([shownBy(board), board.pending, refusals], [shown, 0, []]);
    });
  }
}

test("[BD61] undo takes back one's own doings only: what others did to the same shape stays", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  ada.board.move([A], 10, 0);
  bob.board.move([A], 5, 1);
  ada.board.change([A, B], { fill: "#ff0000" }, { label: "colour" });
  await room.go();
  bob.board.change([A], { fill: "#0000ff" });
  await room.go();
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get(A).fill, ada.board.get(B).fill], ["#0000ff", ""]);
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get(A).x, ada.board.get(A).y, ada.refusals], [5, 1, []]);
  assert.deepEqual([bob.board.canUndo, bob.board.undoLabel], [true, "change"]);
});

test("[BD62] an undo of what others have overtaken or deleted is said, and is over", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  ada.board.change([A], { fill: "#ff0000" }, { label: "colour" });
  ada.board.move([B], 1, 0);
  await room.go();
  bob.board.change([A], { fill: "#0000ff" });
  bob.board.remove([B]);
  await room.go();
  assert.deepEqual([(await ada.board.undo()).code, (await ada.board.undo()).code], ["gone", "overtaken"]);
  assert.deepEqual(ada.refusals.map(([code, label]) => [code, label]), [
    ["gone", "move"],
    ["overtaken", "colour"],
  ]);
  assert.deepEqual([ada.board.canUndo, ada.board.canRedo], [false, false]);
  assert.equal((await ada.board.undo()).code, "nothing");
});

test("[BD62] of an undo that is partly impossible the rest is done; one that the owner refuses can not be redone", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  ada.board.edit([
    { do: "change", ids: [A], set: { fill: "#ff0000" } },
    { do: "move", ids: [B], dx: 5, dy: 0 },
  ]);
  await room.go();
  bob.board.remove([B]);
  await room.go();
  ada.board.undo();
  assert.equal(ada.board.get(A).fill, "");
  await room.go();
  assert.deepEqual([ada.board.canRedo, ada.refusals], [true, []]);
  bob.board.remove([A]);
  room.decide();
  ada.board.redo();
  await room.decide().tell();
  assert.deepEqual([ada.board.canUndo, ada.board.canRedo, ada.refusals.length], [false, false, 1]);
});

test("[BD63] something new empties what can be redone; what is refused, or was not to be undone, leaves no step", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  ada.board.move([A], 1, 0);
  ada.board.undo();
  assert.deepEqual([ada.board.canUndo, ada.board.canRedo, ada.board.redoLabel], [false, true, "move"]);
  ada.board.move([A], 2, 0, { undoable: false });
  assert.deepEqual([ada.board.canUndo, ada.board.canRedo], [false, true]);
  ada.board.change([A], { fill: "#ff0000" }, { label: "colour" });
  assert.deepEqual([ada.board.undoLabel, ada.board.canRedo, ada.changes.at(-1).history], ["colour", false, true]);
  await room.go();
  bob.board.remove([B]);
  ada.board.move([B], 1, 1, { label: "late" });
  assert.equal(ada.board.undoLabel, "late");
  await room.go();
  assert.equal(ada.board.undoLabel, "colour");
  ada.board.change([A], { fill: "#ff0000" });
  assert.equal(ada.board.undoLabel, "colour");
});

test("[BD63] two hundred steps are kept, the oldest go; a fresh start takes none", async () => {
  const [room, ada] = await table(ADA);
  for (let count = 0; count < 210; count += 1) {
    ada.board.move([A], 1, 0);
    if (count % 50 === 0) await room.go();
  }
  await room.go();
  room.restart(ada);
  for (let count = 0; count < 210; count += 1) {
    ada.board.undo();
    if (count % 50 === 0) await room.go();
  }
  await room.go();
  assert.deepEqual([ada.board.get(A).x, ada.board.canUndo, ada.board.canRedo], [10, false, true]);
});

test("[BD63] a deletion from before a fresh start can be undone after it", async () => {
  const [room, ada] = await table(ADA);
  const before = shownBy(ada.board);
  ada.board.remove([A, B]);
  await room.go();
  room.restart(ada);
  const reply = ada.board.undo();
  assert.deepEqual(shownBy(ada.board), before);
  await room.go();
  assert.deepEqual([shownBy(ada.board), (await reply).ids.toSorted()], [before, [A, B]]);
});

test("[BD64] what was decided in another way is undone as it was decided", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  bob.board.order([B], "front");
  room.decide();
  ada.board.order([A], "front");
  const z = ada.board.get(A).z;
  await room.decide().tell();
  assert.notEqual(ada.board.get(A).z, z);
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get(A).z, ada.refusals], [1, []]);
});

test("[BD64] what others do under the same name changes nothing of one's own", async () => {
  const [room, ada] = await table(ADA);
  ada.board.change([A], { fill: "#ff0000" });
  const [{ op }] = ada.sent.slice(-1);
  await room.go();
  room.happen({ ev: "board.edited", op, player: BOB, did: [{ do: "change", ids: [B], set: { fill: "#0000ff" } }] });
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get(A).fill, ada.board.get(B).fill, ada.refusals], ["", "#0000ff", []]);
});

test("[BD64] a restored checkpoint is shown when it is decided, and undone by what was there before", async () => {
  const [room, ada] = await table(ADA);
  ada.board.keep("first");
  await room.go();
  const [{ key, name, shapes }] = ada.board.checkpoints;
  assert.deepEqual([name, shapes, ada.changes.some(({ checkpoints }) => checkpoints)], ["first", 3, true]);
  ada.board.restore(key);
  assert.deepEqual([ada.board.undoLabel, ada.board.pending, ada.sent.at(-1).checkpoint], ["restore", 1, key]);
  const undone = ada.board.undo();
  assert.deepEqual([ada.board.canUndo, ada.sent.at(-1).cmd], [false, "board.restore"]);
  room.answer({ ev: "board.restored", key, put: [], gone: [] }, { undo: "before01" });
  await room.go();
  assert.deepEqual([ada.sent.at(-1).checkpoint, ada.board.redoLabel, ada.board.pending], ["before01", "restore", 1]);
  room.answer({ ev: "board.restored", key: "before01", put: [], gone: [] }, { undo: "before02" });
  await room.go();
  assert.equal((await undone).ok, true);
  ada.board.redo();
  await room.go();
  assert.deepEqual([ada.sent.at(-1).checkpoint, ada.board.undoLabel], ["before02", "restore"]);
});
