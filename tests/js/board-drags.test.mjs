// Drags: shown at once, told thirty times a second and the last time always, one step to undo.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ADA, BOB, Table, rect } from "../board/table.mjs";

const A = "aaaaaaaa";
const B = "bbbbbbbb";

async function table(...people) {
  const table = new Table();
  const seats = people.map((you) => table.seat(you));
  seats[0].board.create([rect(A), rect(B, { x: 200 })], { undoable: false });
  await table.go();
  for (const seat of seats) seat.sent.length = 0;
  return [table, ...seats];
}

const x = ({ board }, id = A) => board.get(id)?.x;
const named = ({ sent }, name) => sent.filter(({ cmd }) => cmd === name);

test("[BD65] a drag is shown with every call, and told at most 30 times a second, the last totals always", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const drag = ada.board.grab([A, B, "nowhere1"], "move");
  assert.deepEqual([[...drag.ids], drag.isLive], [[A, B], true]);
  for (let step = 1; step <= 100; step += 1) {
    drag.move(step, 0);
    assert.deepEqual([x(ada), x(ada, B)], [step, 200 + step]);
    await room.clock.advance(10);
    await room.go();
    assert.deepEqual([x(ada), x(ada, B)], [step, 200 + step]);
  }
  await room.clock.advance(100);
  await room.go();
  const moves = named(ada, "board.move");
  assert.ok(moves.length <= 32 && moves.length > 25, `${moves.length} messages in a second`);
  assert.deepEqual([moves.at(-1).dx, x(bob), ada.board.canUndo], [100, 100, false]);
  const done = drag.drop();
  await room.go();
  assert.deepEqual([(await done).outcome, drag.isLive, ada.board.pending, x(ada), x(bob)], ["commit", false, 0, 100, 100]);
});

test("[BD65] two people who drag one shape at the same time see both at every moment", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const [one, other] = [ada, bob].map(({ board }) => board.grab([A], "move"));
  for (let step = 1; step <= 5; step += 1) {
    one.move(10 * step, 0);
    other.move(0, step);
    await room.clock.advance(40);
    await room.go();
    assert.deepEqual([x(ada), ada.board.get(A).y, x(bob), bob.board.get(A).y], [10 * step, step, 10 * step, step]);
  }
  one.drop();
  other.drop();
  await room.go();
  assert.deepEqual([x(ada), bob.board.get(A).y, room.scene.drags.size], [50, 5, 0]);
});

test("[BD65] the owner's earlier totals do not pull a drag back", async () => {
  const [room, ada] = await table(ADA);
  const drag = ada.board.grab([A], "move");
  drag.move(10, 0);
  room.decide();
  drag.move(30, 0);
  const seen = [];
  ada.board.onChange(({ touched }) => touched.size && seen.push(x(ada)));
  await room.tell();
  assert.deepEqual([x(ada), ada.scene.get(A).x, seen], [30, 10, []]);
});

test("[BD66] one drag is one step to undo; one that moved nothing, or went back, is none", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const drag = ada.board.grab([A], "move", { label: "drag" });
  for (const dx of [1, 7, 20]) drag.move(dx, 2);
  drag.drop();
  await room.go();
  bob.board.move([A], 0, 5);
  await room.go();
  assert.equal(ada.board.undoLabel, "drag");
  ada.board.undo();
  await room.go();
  assert.deepEqual([x(ada), ada.board.get(A).y, ada.board.canUndo], [0, 5, false]);
  ada.board.redo();
  await room.go();
  assert.deepEqual([x(ada), ada.board.get(A).y], [20, 7]);
  ada.board.grab([A], "move").drop();
  const cancelled = ada.board.grab([A], "move");
  cancelled.move(50, 50);
  cancelled.cancel();
  assert.equal(x(ada), 20);
  await room.go();
  assert.deepEqual([x(ada), x(bob), ada.board.undoLabel, ada.board.pending], [20, 20, "drag", 0]);
});

test("[BD66] a shape that is created by a drag is one step to undo, and comes back in its last size", async () => {
  const [room, ada] = await table(ADA);
  const { ids } = ada.board.create([{ kind: "ellipse", w: 1, h: 1 }]);
  const drag = ada.board.grab(ids, "reshape", { undoable: false });
  drag.reshape({ [ids[0]]: [0, 0, 79, 59, 0] });
  drag.drop();
  await room.go();
  ada.board.undo();
  assert.equal(ada.board.has(ids[0]), false);
  await room.go();
  ada.board.redo();
  assert.equal(ada.board.get(ids[0]).w, 80);
  await room.go();
  assert.deepEqual([ada.board.get(ids[0]).h, ada.board.pending], [60, 0]);
});

test("[BD67] totals stop at the bounds, so that undo leads back to where it began", async () => {
  const [room, ada] = await table(ADA);
  const drag = ada.board.grab([A, B], "reshape");
  drag.reshape({ [A]: [0, 0, -500, 1e6, 10.06], nowhere1: [1, 1, 1, 1, 1] });
  assert.deepEqual([ada.board.get(A).w, ada.board.get(A).h, ada.board.get(A).rotation], [1, 100_000, 10]);
  drag.drop();
  assert.deepEqual(ada.sent.at(-1).boxes, { [A]: [0, 0, -99, 99_950, 10], [B]: [0, 0, 0, 0, 0] });
  await room.go();
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get(A).w, ada.board.get(A).h, ada.board.get(A).rotation], [100, 50, 0]);
  const move = ada.board.grab([A, B], "move");
  move.move(2e6, -2e6);
  assert.deepEqual([move.dx, move.dy], [999_800, -1_000_000]);
  move.drop();
  await room.go();
  ada.board.undo();
  await room.go();
  assert.deepEqual([x(ada), x(ada, B), ada.board.get(A).y], [0, 200, 0]);
});

test("[BD68] a drag of what others delete goes on with the rest; of nothing it is refused and over", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const drag = ada.board.grab([A, B], "move");
  drag.move(5, 0);
  await room.go();
  bob.board.remove([A]);
  await room.go();
  drag.move(9, 0);
  assert.deepEqual([ada.board.has(A), x(ada, B)], [false, 209]);
  bob.board.remove([B]);
  room.decide();
  const late = ada.board.grab([B], "move");
  late.move(3, 3);
  late.drop();
  assert.equal(ada.board.canUndo, true);
  await room.decide().tell();
  // What changed of the history only was told, too: the mirror of each seat is compared with every message.
  assert.deepEqual([late.isLive, ada.board.canUndo, ada.refusals.map(([code]) => code)], [false, false, ["gone"]]);
  assert.equal(ada.board.grab([B], "move"), null);
  assert.equal((await late.drop()).code, "gone");
});

test("[BD68] a drag that the owner ended is over here, and shown as the owner left it", async () => {
  const [room, ada] = await table(ADA);
  const drag = ada.board.grab([A], "move");
  drag.move(5, 0);
  await room.go();
  drag.move(50, 0);
  const grabbed = { ev: "board.grabbed", ids: [B], how: "move", player: BOB };
  room.happen(...Array.from({ length: 1000 }, (_, index) => ({ ...grabbed, op: `other${index}`, drag: index + 2 })));
  assert.deepEqual([drag.isLive, x(ada), ada.board.pending, ada.refusals[0][0]], [false, 5, 0, "no_drag"]);
  assert.equal((await drag.drop()).code, "no_drag");
});

test("[BD69] a drag whose reply is earlier than its event stays where it is, and is over if a fresh start does not have it", async () => {
  const [room, ada] = await table(ADA);
  const drag = ada.board.grab([A], "move");
  drag.move(5, 0);
  room.decide();
  await room.tell({ events: false });
  assert.deepEqual([x(ada), drag.isLive], [5, true]);
  room.scene.release(1);
  room.restart(ada);
  assert.deepEqual([x(ada), drag.isLive, ada.board.pending, ada.refusals.map(([code]) => code)], [5, false, 0, ["no_drag"]]);
});

test("[BD69] a drag survives a fresh start, before and after its drop", async () => {
  const [room, ada] = await table(ADA);
  const drag = ada.board.grab([A], "move");
  drag.move(5, 0);
  await room.go();
  drag.move(20, 0);
  room.restart(ada);
  assert.deepEqual([x(ada), ada.scene.get(A).x, drag.isLive], [20, 5, true]);
  drag.move(30, 0);
  drag.drop();
  room.decide();
  room.restart(ada);
  assert.deepEqual([x(ada), ada.board.pending], [30, 1]);
  await room.tell({ events: false });
  assert.deepEqual([x(ada), ada.board.pending, ada.board.undoLabel], [30, 0, "move"]);
});

test("[BD69] totals that could not be told are told again, and after a fresh start", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const drag = ada.board.grab([A], "move");
  await room.go();
  ada.isCut = true;
  drag.move(7, 0);
  await room.go();
  assert.deepEqual([x(ada), x(bob), named(ada, "board.move").length], [7, 0, 0]);
  ada.isCut = false;
  await room.clock.advance(300);
  await room.go();
  assert.deepEqual([x(bob), named(ada, "board.move").length], [7, 1]);
  await room.clock.advance(5000);
  assert.equal(named(ada, "board.move").length, 1);
  room.restart(ada);
  assert.equal(named(ada, "board.move").length, 2);
});

test("[BD69] totals that were told before the owner knew of the drag are told again when it does", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  const drag = ada.board.grab([A], "move");
  drag.move(7, 0);
  ada.sent.length = 0;
  room.forget("board.move");
  await room.go();
  await room.clock.advance(100);
  await room.go();
  assert.deepEqual([ada.sent.map(({ cmd }) => cmd), x(bob)], [["board.move"], 7]);
});

test("[BD69] more boxes than fit into a message are shown while they are dragged, and are one edit at the end", async () => {
  const room = new Table();
  const ada = room.seat(ADA);
  const shapes = Array.from({ length: 1200 }, (_, index) => ({ ...rect(`many${String(index).padStart(4, "0")}`), points: [], text: "" }));
  room.happen({ ev: "board.edited", op: "started1", player: BOB, did: [{ do: "create", shapes }] });
  const ids = shapes.map(({ id }) => id);
  const drag = ada.board.grab(ids, "reshape", { label: "resize" });
  drag.reshape(Object.fromEntries(ids.map((id) => [id, [0, 0, 10, 0, 0]])));
  assert.deepEqual([ada.board.get(ids[1199]).w, ada.sent.length, ada.board.pending], [110, 0, 1]);
  room.restart(ada);
  assert.equal(ada.board.get(ids[1199]).w, 110);
  drag.drop();
  await room.go();
  assert.deepEqual([new Set(ada.sent.map(({ cmd }) => cmd)), room.scene.get(ids[0]).w], [new Set(["board.edit"]), 110]);
  ada.board.undo();
  await room.go();
  assert.deepEqual([room.scene.get(ids[0]).w, room.scene.get(ids[1199]).w, ada.board.canUndo, ada.board.pending], [100, 100, false, 0]);
});
