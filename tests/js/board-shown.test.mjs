// What a page shows before, at and after a decision: own commands on top of what is decided, once, and never twice.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Board } from "../../gameserver/static/gameserver/board/core/index.mjs";
import { ADA, BOB, Table, rect } from "../board/table.mjs";

const A = "aaaaaaaa";
const B = "bbbbbbbb";

/** A table with two shapes on it, and who sits there. */
async function table(...people) {
  const table = new Table();
  const seats = people.map((you) => table.seat(you));
  seats[0].board.create([rect(A), rect(B, { x: 200 })], { undoable: false });
  await table.go();
  for (const seat of seats) seat.changes.length = 0;
  return [table, ...seats];
}

const fits = (command) => Buffer.byteLength(JSON.stringify(command)) < 64 * 1024;
const at = ({ board }, id = A) => board.get(id)?.x;

test("[BD53] a command is shown at once, and told by its ids; a commit changes nothing more", async () => {
  const [room, ada] = await table(ADA);
  ada.board.move([A], 10, 0);
  assert.deepEqual([at(ada), ada.board.pending, ada.board.isPending(A), ada.board.isPending(B)], [10, 1, true, false]);
  assert.deepEqual([[...ada.changes[0].touched], ada.changes[0].order, ada.changes[0].pending, ada.changes.length], [[A], false, true, 1]);
  await room.go();
  assert.deepEqual([at(ada), ada.board.pending, ada.board.isPending(A)], [10, 0, false]);
  assert.deepEqual(ada.changes.slice(1).map(({ touched }) => touched.size), [0]);
});

test("[BD53] sums of two people who move the same shape at the same time are shown at every moment", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  ada.board.move([A], 10, 0);
  bob.board.move([A], 5, 0);
  assert.deepEqual([at(ada), at(bob)], [10, 5]);
  room.decide();
  await room.tell({ replies: false });
  assert.deepEqual([at(ada), at(bob)], [15, 15]);
});

test("[BD54] between an event and its reply the command is done once: neither twice nor not at all", async () => {
  const [room, ada] = await table(ADA);
  const done = ada.board.move([A], 10, 0);
  const seen = [];
  ada.board.onChange(() => seen.push(at(ada)));
  await room.decide().tell({ replies: false });
  assert.deepEqual([at(ada), ada.board.pending], [10, 0]);
  assert.ok(seen.every((x) => x === 10));
  assert.ok(done instanceof Promise);
});

test("[BD54] a reply that is earlier than its event here takes nothing away until the event is there", async () => {
  const [room, ada] = await table(ADA);
  ada.board.move([A], 10, 0);
  room.decide();
  const event = { ev: "board.edited", op: ada.sent.at(-1).op, did: [{ do: "move", ids: [A], dx: 10, dy: 0 }], player: ADA };
  await room.tell({ events: false });
  assert.deepEqual([at(ada), ada.board.pending], [10, 1]);
  ada.scene.put({ ...ada.scene.get(A), x: 10 });
  ada.board.take([{ ...event, seq: 2 }]);
  assert.deepEqual([at(ada), ada.board.pending], [10, 0]);
});

test("[BD55] after a fresh start own commands stay on top until their reply, which then takes them away", async () => {
  const [room, ada] = await table(ADA);
  ada.board.change([A], { fill: "#ff0000" });
  room.decide();
  room.restart(ada);
  assert.deepEqual([ada.board.get(A).fill, ada.board.pending, ada.changes.at(-1).all], ["#ff0000", 1, true]);
  await room.tell({ events: false });
  assert.deepEqual([ada.board.get(A).fill, ada.board.pending], ["#ff0000", 0]);
});

test("[BD55] a command that has its reply is in the fresh start that comes after it", async () => {
  const [room, ada] = await table(ADA);
  ada.board.move([A], 10, 0);
  room.decide();
  await room.tell({ events: false });
  room.restart(ada);
  assert.deepEqual([at(ada), ada.board.pending], [10, 0]);
});

test("[BD55] what a fresh start has already is not made a second time", async () => {
  const [room, ada] = await table(ADA);
  ada.board.create([rect("cccccccc")]);
  ada.board.remove([B]);
  room.decide();
  room.restart(ada);
  assert.deepEqual([ada.board.size, ada.board.pending], [2, 2]);
});

test("[BD56] what is refused is no longer shown, is said once, and the rest of what is pending stays", async () => {
  const [room, ada, bob] = await table(ADA, BOB);
  bob.board.remove([A]);
  const done = ada.board.change([A], { fill: "#ff0000" }, { label: "colour" });
  ada.board.move([B], 1, 0);
  await room.go();
  assert.deepEqual([ada.board.has(A), at(ada, B), ada.board.pending], [false, 201, 0]);
  assert.deepEqual(ada.refusals.map(([code, label]) => [code, label]), [["gone", "colour"]]);
  assert.equal((await done).code, "gone");
  assert.equal(ada.board.undoLabel, "move");
});

test("[BD56] what cannot be done is refused at once, and not sent", async () => {
  const [room, ada] = await table(ADA);
  const before = ada.sent.length;
  const replies = await Promise.all([
    ada.board.change([A], { text: "x".repeat(2001) }),
    ada.board.move(["nowhere1"], 1, 1),
    ada.board.change([A], { x: 2_000_000 }),
    ada.board.create([{ kind: "line", points: Array(2002).fill(0) }]).done,
    ada.board.create(Array.from({ length: 5000 }, (_, index) => rect(`many${String(index).padStart(4, "0")}`))).done,
  ]);
  assert.deepEqual(replies.map(({ ok, code }) => [ok, code]), [
    [false, "too_long"],
    [false, "unknown_shape"],
    [false, "out_of_range"],
    [false, "too_many_points"],
    [false, "full"],
  ]);
  assert.deepEqual([ada.sent.length, ada.board.size, ada.board.canUndo, ada.refusals.length], [before, 2, false, 5]);
  await room.go();
});

test("[BD56] without a room, and with ninety commands under way, more is refused as unavailable", async () => {
  const [room, ada] = await table(ADA);
  for (let count = 0; count < 90; count += 1) ada.board.move([A], 1, 0);
  assert.equal((await ada.board.move([A], 1, 0)).code, "unavailable");
  assert.equal((await ada.board.undo()).code, "unavailable");
  assert.deepEqual([at(ada), ada.board.canUndo], [90, true]);
  const early = new Board({ send: assert.fail, newId: () => "", now: () => 0, timers: room.clock, you: () => null });
  assert.equal((await early.clear()).code, "unavailable");
  assert.deepEqual([early.grab([A], "move"), early.size, early.inOrder()], [null, 0, []]);
});

test("[BD57] a batch is shown whole or not at all, also when others make a part of it impossible", async () => {
  const [room, ada] = await table(ADA);
  ada.board.edit([
    { do: "move", ids: [A], dx: 5, dy: 0 },
    { do: "change", ids: [B], set: { fill: "#00ff00" } },
  ]);
  assert.deepEqual([at(ada), ada.board.get(B).fill], [5, "#00ff00"]);
  room.happen({ ev: "board.edited", op: "bobs0001", player: BOB, did: [{ do: "delete", ids: [B] }] });
  assert.deepEqual([at(ada), ada.board.has(B), ada.board.pending], [0, false, 1]);
});

test("[BD58] events elsewhere leave what is pending alone; order and size follow everybody's doings", async () => {
  const [room, ada] = await table(ADA);
  ada.board.create([rect("cccccccc")]);
  assert.deepEqual(ada.board.inOrder(), [A, B, "cccccccc"]);
  const before = ada.board.inOrder();
  const shapes = [{ ...rect("eeeeeeee"), points: [], text: "" }];
  room.happen({ ev: "board.edited", op: "bobs0001", player: BOB, did: [{ do: "create", shapes }] });
  assert.deepEqual([ada.board.inOrder(), ada.board.size], [[A, B, "eeeeeeee", "cccccccc"], 4]);
  assert.notEqual(ada.board.inOrder(), before);
  assert.equal(ada.board.inOrder(), ada.board.inOrder());
  room.happen({ ev: "board.edited", op: "bobs0002", player: BOB, did: [{ do: "order", z: { [A]: 9 } }] });
  assert.deepEqual(ada.board.inOrder(), [B, "eeeeeeee", A, "cccccccc"]);
});

test("[BD58] what is pending follows what others do to that which it was made of", async () => {
  const [room, ada] = await table(ADA);
  const { ids } = ada.board.duplicate([A, B], 8, 0);
  ada.board.change(["cccccccc"], { fill: "#ff0000" });
  assert.deepEqual([at(ada, ids[0]), ada.refusals.length], [8, 1]);
  room.happen({ ev: "board.edited", op: "bobs0001", player: BOB, did: [{ do: "move", ids: [A], dx: 30, dy: 0 }] });
  assert.deepEqual([at(ada, ids[0]), at(ada, ids[1])], [38, 208]);
  ada.board.remove([B]);
  room.happen({ ev: "board.edited", op: "bobs0002", player: BOB, did: [{ do: "delete", ids: [B] }] });
  assert.deepEqual([ada.board.has(B), ada.board.has(ids[1]), ada.board.size], [false, false, 2]);
});

test("[BD58] an event costs what it touches: on a board of 5,000 shapes nothing else is compared, copied or drawn again", async () => {
  const room = new Table();
  const ada = room.seat(ADA);
  const shapes = Array.from({ length: 5000 }, (_, index) => ({ ...rect(`many${String(index).padStart(4, "0")}`), points: [], text: "" }));
  room.happen({ ev: "board.edited", op: "started1", player: BOB, did: [{ do: "create", shapes }] });
  ada.board.move(["many0001"], 1, 0);
  const kept = ada.board.get("many0002");
  let reads = 0;
  const get = ada.scene.get.bind(ada.scene);
  ada.scene.get = (id) => (reads += 1) && get(id);
  const event = { ev: "board.edited", op: "bobs0001", seq: 9, player: BOB, did: [{ do: "move", ids: ["many0003"], dx: 1, dy: 0 }] };
  const { reduce } = await import("../../gameserver/static/gameserver/board/core/index.mjs");
  reduce(ada.scene, event);
  ada.board.take([event]);
  assert.ok(reads < 20, `${reads} shapes were looked at`);
  assert.equal(ada.board.get("many0002"), kept);
  assert.deepEqual([...ada.changes.at(-1).touched], ["many0003"]);
});

test("[BD56] deleted shapes are remembered up to a bound: then a late change is of a shape that never was", async () => {
  const { Scene } = await import("../../gameserver/static/gameserver/board/core/scene.mjs");
  const points = Array(2000).fill(0);
  const scene = new Scene();
  const ids = Array.from({ length: 401 }, (_, index) => `many${String(index).padStart(4, "0")}`);
  for (const id of ids) {
    scene.put({ ...rect(id), kind: "stroke", text: "", points, z: 1 });
    scene.drop(id, "deleted1", "ada");
  }
  assert.deepEqual([scene.buried(ids[0]), scene.buried(ids[1]).op, scene.deletedBy("deleted1").length], [undefined, "deleted1", 400]);
  scene.put({ ...rect(ids[1]), kind: "stroke", text: "", points, z: 1 });
  scene.put({ ...rect(ids[0]), kind: "stroke", text: "", points, z: 1 });
  scene.drop(ids[0], "deleted2", "ada");
  assert.deepEqual([scene.buried(ids[1]), scene.buried(ids[2]).op, scene.size, scene.points], [undefined, "deleted1", 1, 1000]);
});

test("[BD59] pastes that fit are one message; larger ones go in parts of whole characters, and again when their owner died", async () => {
  const room = new Table();
  const ada = room.seat(ADA);
  const small = ada.board.paste([rect("whatever"), rect("whatever")]);
  assert.deepEqual([new Set(small.ids).size, ada.sent.map(({ cmd }) => cmd)], [2, ["board.edit"]]);
  await room.go();
  ada.sent.length = 0;
  const points = Array.from({ length: 2000 }, (_, index) => index % 10_000);
  const large = Array.from({ length: 12 }, () => ({ kind: "stroke", points })).concat({ kind: "text", text: "\u{1f600}".repeat(1999) });
  const seen = [];
  const { ids, done } = ada.board.paste(large, { progress: (part) => seen.push(part) });
  assert.equal(ada.board.size, 15);
  const uploads = ada.sent.filter(({ cmd }) => cmd === "board.upload");
  const [first] = uploads;
  assert.ok(uploads.length > 2 && uploads.every((one) => one.parts === uploads.length && fits(one)));
  assert.deepEqual(JSON.parse(uploads.map(({ text }) => text).join("")).map(({ id }) => id), ids);
  assert.ok(uploads.every(({ text }) => text.isWellFormed?.() ?? true));
  assert.deepEqual(ada.sent.at(-1).steps, [{ do: "paste", upload: first.upload }]);
  await room.go();
  assert.equal(ada.sent.filter(({ cmd, part }) => cmd === "board.upload" && part === 0).length, 2);
  assert.equal(ada.sent.filter(({ cmd }) => cmd === "board.edit").length, 2);
  for (let tries = 0; tries < 4; tries += 1) await room.go();
  assert.equal((await done).code, "no_upload");
  assert.deepEqual([seen[0] > 0, seen.includes(1), ada.board.size], [true, true, 2]);
});

test("[BD59] steps that are too large for a message go in several, and are undone together", async () => {
  const room = new Table();
  const ada = room.seat(ADA);
  const shapes = Array.from({ length: 3000 }, (_, index) => ({ ...rect(`many${String(index).padStart(4, "0")}`), points: [], text: "" }));
  room.happen({ ev: "board.edited", op: "started1", player: BOB, did: [{ do: "create", shapes }] });
  const boxes = Object.fromEntries(shapes.map(({ id }) => [id, [1, 0, 0.125, 0, 0]]));
  const done = ada.board.edit([{ do: "reshape", boxes }], { label: "resize" });
  assert.ok(ada.sent.length > 1 && ada.sent.every(fits));
  await room.go();
  assert.deepEqual([(await done).outcome, ada.board.get("many2999").w], ["commit", 100.125]);
  ada.board.undo();
  await room.go();
  assert.deepEqual([ada.board.get("many0000").w, ada.board.get("many2999").w], [100, 100]);
  assert.deepEqual([ada.board.canUndo, ada.board.redoLabel], [false, "resize"]);
});
