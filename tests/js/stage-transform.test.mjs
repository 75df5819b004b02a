// What resizing and turning a selection means for its shapes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Motion } from "../../gameserver/static/gameserver/board/stage/motion.mjs";
import * as transform from "../../gameserver/static/gameserver/board/stage/transform.mjs";

const { boxAround, clamped, endsOf, isFree, lineBetween, reshaped, turned } = transform;
const shape = (more) => ({ id: "a", kind: "rect", x: 100, y: 100, w: 80, h: 40, rotation: 0, width: 2, points: [], ...more });
const near = (a, b) => a.forEach((value, at) => assert.ok(Math.abs(value - b[at]) < 1e-9, `${a} is not ${b}`));

test("[BD85] one shape's box is its own, turned as it is; several have an upright one around all", () => {
  assert.deepEqual(boxAround([shape({ rotation: 30 })]), { x: 100, y: 100, w: 80, h: 40, rotation: 30 });
  assert.deepEqual(boxAround([shape(), shape({ id: "b", x: 300, y: 50 })]), { x: 100, y: 50, w: 280, h: 90, rotation: 0 });
  assert.equal(boxAround([]), null);
});

test("[BD85] a box that doubles doubles its shapes and their distances", () => {
  const shapes = [shape(), shape({ id: "b", x: 300, y: 50 })];
  const from = boxAround(shapes);
  const boxes = reshaped(shapes, from, { ...from, w: 2 * from.w, h: 2 * from.h });
  near(boxes.a, [0, 50, 80, 40, 0]);
  near(boxes.b, [200, 0, 80, 40, 0]);
});

test("[BD85] a turned box turns its shapes about its corner, and turns each by as much", () => {
  const shapes = [shape(), shape({ id: "b", x: 300, y: 100 })];
  const from = boxAround(shapes);
  const boxes = reshaped(shapes, from, { ...from, rotation: 90 });
  near(boxes.a, [0, 0, 0, 0, 90]);
  near(boxes.b, [-200, 200, 0, 0, 90]);
});

test("[BD85] a shape that lies on its side among others grows in the direction of the box", () => {
  const shapes = [shape({ rotation: 90 })];
  const boxes = reshaped(shapes, { x: 60, y: 100, w: 40, h: 80, rotation: 0 }, { x: 60, y: 100, w: 80, h: 80, rotation: 0 });
  near(boxes.a.slice(2), [0, 40, 0]);
});

test("[BD85] no shape is made smaller than 8 pixels, and one that is smaller already stays as it is", () => {
  const shapes = [shape(), shape({ id: "b", w: 4, h: 4 })];
  const boxes = reshaped(shapes, { x: 100, y: 100, w: 80, h: 40, rotation: 0 }, { x: 100, y: 100, w: 0, h: 0, rotation: 0 });
  near(boxes.a, [0, 0, -72, -32, 0]);
  near(boxes.b, [0, 0, 0, 0, 0]);
});

test("[BD85] a line may become flat", () => {
  const from = { x: 100, y: 100, w: 80, h: 40, rotation: 0 };
  const boxes = reshaped([shape({ kind: "line" })], from, { ...from, h: 0 });
  near(boxes.a, [0, 0, 0, -40, 0]);
});

test("[BD85] a selection in which one is askew keeps its proportions", () => {
  assert.equal(isFree([shape(), shape({ rotation: 45 })]), false);
  assert.equal(isFree([shape(), shape({ rotation: 180 })]), true);
  assert.equal(isFree([shape({ rotation: 45 })]), true);
});

test("[BD85] a box that would be too small ends at the least size, and the side opposite the handle stays", () => {
  const box = { x: 178, y: 136, w: 2, h: 4, rotation: 0 };
  assert.deepEqual(clamped(box, "top-left", 8), { x: 172, y: 132, w: 8, h: 8, rotation: 0 });
  assert.deepEqual(clamped(box, "bottom-right", 8), { x: 178, y: 136, w: 8, h: 8, rotation: 0 });
});

test("[BD85] degrees are told the shorter way round", () => {
  assert.deepEqual([turned(350), turned(-350), turned(90), turned(720)], [-10, 10, 90, 0]);
});

test("[BD85] a line that is read off its ends has these ends, turned or not", () => {
  const line = { kind: "arrow", ...lineBetween({ x: 50, y: 10 }, { x: 20, y: 90 }) };
  assert.deepEqual(endsOf(line), [{ x: 50, y: 10 }, { x: 20, y: 90 }]);
  const [start] = endsOf({ ...line, rotation: 90 });
  assert.deepEqual([Math.round(start.x), Math.round(start.y)], [20, 40]);
  assert.equal(endsOf(shape({ kind: "stroke", points: [0, 0, 1, 1] })), null);
});

test("[BD86] what another moves arrives evenly and exactly, the shorter way round when it turns", () => {
  const motion = new Motion();
  const [from, to] = [shape({ rotation: 350 }), shape({ x: 200, rotation: 10 })];
  assert.equal(motion.aim("a", from, to).x, 100);
  motion.step(16);
  const now = motion.get("a");
  assert.ok(now.x > 100 && now.x < 200 && now.rotation > 350);
  for (let i = 0; i < 60; i += 1) motion.step(16);
  assert.equal(motion.size, 0);
});

test("[BD86] a move that goes on is taken up from where the shape is drawn, and the last one is where it ends", () => {
  const motion = new Motion();
  motion.aim("a", shape(), shape({ x: 200 }));
  motion.step(16);
  const { x } = motion.get("a");
  assert.equal(motion.aim("a", shape(), shape({ x: 300 })).x, x);
  let last = motion.get("a");
  for (let i = 0; i < 60 && motion.size; i += 1) {
    last = motion.get("a");
    motion.step(16);
  }
  assert.ok(Math.abs(last.x - 300) < 1);
});

test("[BD86] what jumps far is there at once", () => {
  const motion = new Motion();
  assert.equal(motion.aim("a", shape(), shape({ x: 50_000 })).x, 50_000);
  assert.equal(motion.size, 0);
});
