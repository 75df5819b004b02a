// Others on the board, and what they see of oneself; a board as it comes to a newcomer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { reduce, start } from "../../gameserver/static/gameserver/board/core/index.mjs";
import { ADA, BOB, Table, rect } from "../board/table.mjs";
import { stateOf } from "../board/states.mjs";

const who = (tag, { id, name, colour }, more = {}) => ({ tag, id, name, colour, selection: [], view: null, ...more });

/** A page, and a way to have others point at it. */
function seated() {
  const room = new Table();
  const ada = room.seat(ADA);
  ada.changes.length = 0;
  const pointed = (fields) => ada.board.take([{ ev: "board.pointed", ...fields }]);
  return { room, ada, board: ada.board, pointed };
}

const named = ({ sent }, name) => sent.filter(({ cmd }) => cmd === name);

test("[BD70] others are known by name, where they point, what they have selected and see; oneself is not among them", () => {
  const { ada, board, pointed } = seated();
  pointed({ pointers: [1, 5, 6] });
  assert.equal(board.people.size, 0);
  pointed({ who: [who(1, BOB, { selection: ["aaaaaaaa"], view: [1, 2, 0.5] }), who(2, ADA)], pointers: [2, 9, 9] });
  assert.deepEqual([...board.people.keys()], ["bob"]);
  assert.deepEqual([board.people.get("bob").hasPointer, board.people.get("bob").view], [false, [1, 2, 0.5]]);
  pointed({ pointers: [1, 5.5, 6] });
  const { name, colour, x, y, at, selection, isStill, hasPointer } = board.people.get("bob");
  assert.deepEqual([name, colour, x, y, at, selection, isStill, hasPointer], ["Bob", "#445566", 5.5, 6, 1000, ["aaaaaaaa"], false, true]);
  assert.deepEqual([ada.changes.at(-1).people, ada.changes.at(-1).touched.size], [true, 0]);
});

test("[BD70] who points no more is still after five seconds, and away when the room says so", async () => {
  const { room, ada, board, pointed } = seated();
  pointed({ who: [who(1, BOB)], pointers: [1, 5, 6] });
  await room.clock.advance(3000);
  pointed({ pointers: [1, 5, 7] });
  await room.clock.advance(4900);
  assert.equal(board.people.get("bob").isStill, false);
  ada.changes.length = 0;
  await room.clock.advance(200);
  assert.deepEqual([board.people.get("bob").isStill, ada.changes.map(({ people }) => people)], [true, [true]]);
  board.left(["bob", "nobody"]);
  assert.equal(board.people.size, 0);
});

test("[BD70] a new owner's tags are others: a tag is whose it was told last", () => {
  const { board, pointed } = seated();
  const cyd = { id: "cyd", name: "Cyd", colour: "#000000" };
  pointed({ who: [who(1, BOB), who(2, cyd)], pointers: [1, 1, 1, 2, 2, 2] });
  pointed({ who: [who(1, cyd)], pointers: [1, 7, 7] });
  assert.deepEqual([board.people.get("cyd").x, board.people.get("bob").x], [7, 1]);
});

test("[BD71] strokes of others grow part by part, and go when their shape comes, or after five seconds of silence", async () => {
  const { room, board, pointed } = seated();
  const look = { stroke: "#112233", width: 4, opacity: 100 };
  pointed({ who: [who(1, BOB)] });
  pointed({ sketches: [{ tag: 1, op: "sketch01", from: 0, points: [0, 0, 1, 1], ...look }] });
  const other = { tag: 1, op: "sketch02", from: 5, points: [9, 9], ...look };
  pointed({ sketches: [{ tag: 1, op: "sketch01", from: 2, points: [2, 2], ...look }, other] });
  assert.deepEqual([...board.sketches.values()].map(({ points, player, width }) => [points, player, width]), [
    [[0, 0, 1, 1, 2, 2], "bob", 4],
    [[9, 9], "bob", 4],
  ]);
  const shape = { id: "cccccccc", kind: "stroke", x: 0, y: 0, w: 2, h: 2, ...look, points: [0, 0, 10_000, 10_000], text: "" };
  room.happen({ ev: "board.edited", op: "sketch01", player: BOB, did: [{ do: "create", shapes: [shape] }] });
  assert.deepEqual([...board.sketches.values()].map(({ op }) => op), ["sketch02"]);
  await room.clock.advance(5001);
  assert.equal(board.sketches.size, 0);
});

test("[BD72] one's pointer is told 20 times a second, 15 while one drags, the last place always", async () => {
  const { room, ada, board } = seated();
  for (let step = 0; step < 100; step += 1) {
    board.point(step, step / 3);
    await room.clock.advance(10);
  }
  await room.clock.advance(100);
  const points = named(ada, "board.point");
  assert.ok(points.length <= 21 && points.length > 15, `${points.length} a second`);
  assert.deepEqual(points.at(-1), { cmd: "board.point", x: 99, y: 33 });
  board.point(99, 33);
  await room.clock.advance(100);
  assert.equal(named(ada, "board.point").length, points.length);
  board.create([rect("aaaaaaaa")]);
  board.grab(["aaaaaaaa"], "move");
  ada.sent.length = 0;
  for (let step = 0; step < 100; step += 1) {
    board.point(step, 0);
    await room.clock.advance(10);
  }
  assert.ok(named(ada, "board.point").length <= 16);
});

test("[BD72] selection and view are told 4 times a second at most, when they change, and again after a fresh start", async () => {
  const { room, ada, board } = seated();
  board.show({ selection: new Set(["aaaaaaaa"]) });
  board.show({ view: [1, 2, 1] });
  board.show({ selection: ["aaaaaaaa"], view: [1, 2, 1] });
  await room.clock.advance(1000);
  const shows = () => named(ada, "board.show");
  assert.deepEqual(shows(), [
    { cmd: "board.show", selection: ["aaaaaaaa"], view: null },
    { cmd: "board.show", selection: ["aaaaaaaa"], view: [1, 2, 1] },
  ]);
  room.restart(ada);
  await room.clock.advance(300);
  assert.equal(shows().length, 3);
  await room.clock.advance(6000);
  board.point(1, 1);
  await room.clock.advance(300);
  assert.equal(shows().length, 4);
  board.show({ selection: Array.from({ length: 150 }, (_, index) => `many${index}`), view: null });
  await room.clock.advance(300);
  assert.deepEqual([shows().at(-1).selection.length, shows().at(-1).view], [100, null]);
});

test("[BD73] a stroke is told in parts while it is drawn, only what is new, and becomes a shape of the same name", async () => {
  const { room, ada, board } = seated();
  const sketch = board.sketch({ stroke: "#112233", width: 4, opacity: 90 });
  const points = [];
  for (let step = 0; step < 300; step += 1) {
    points.push(step, step * 2);
    sketch.to(points);
    if (step % 100 === 0) await room.clock.advance(60);
  }
  await room.clock.advance(500);
  const told = named(ada, "board.sketch");
  assert.ok(told.every((one) => one.points.length <= 200 && one.op === told[0].op && one.width === 4));
  assert.deepEqual(told.flatMap((one) => one.points), points);
  const before = (index) => told.slice(0, index).flatMap((one) => one.points).length;
  assert.ok(told.every(({ from }, index) => from * 2 === before(index)));
  const { ids } = sketch.finish({ kind: "stroke", w: 299, h: 598, points: [0, 0, 10_000, 10_000] });
  assert.deepEqual([ada.sent.at(-1).op, board.has(ids[0]), board.undoLabel], [told[0].op, true, "drawing"]);
  const other = board.sketch({ stroke: "#112233", width: 4, opacity: 90 });
  other.to([1, 1]);
  other.cancel();
  const count = ada.sent.length;
  other.to([1, 1, 2, 2]);
  await room.clock.advance(500);
  assert.equal(ada.sent.length, count);
});

test("[BD74] a newcomer's board is unpacked, and brought up to date by what came since", async () => {
  const { room } = seated();
  const shapes = [{ ...rect("aaaaaaaa", { text: "\u{1f600}é" }), points: [] }];
  room.happen({ ev: "board.edited", op: "started1", player: BOB, did: [{ do: "create", shapes }] });
  room.happen({ ev: "board.grabbed", op: "dragged1", player: BOB, drag: 1, ids: ["aaaaaaaa"], how: "move" });
  const packed = deflateSync(JSON.stringify(stateOf(room.scene)), { level: 1 }).toString("base64");
  const since = [{ ev: "board.moved", seq: 3, moves: [1, 5, 5] }];
  const scene = await start({ packed, since });
  for (const event of since) reduce(room.scene, event);
  assert.deepEqual(stateOf(scene), stateOf(room.scene));
  assert.deepEqual([scene.drain().size, (await start(undefined)).size], [0, 0]);
  await assert.rejects(start({ packed: "bm90aGluZw==", since: [] }));
});
