// Where shapes are, and what a pointer or a frame touches.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as geometry from "../../gameserver/static/gameserver/board/stage/geometry.mjs";
import { Places } from "../../gameserver/static/gameserver/board/stage/places.mjs";

const { boundsOf, inward, isFramed, isHit, outward, ownPoints, paintedBounds } = geometry;
const RECT = { id: "a", kind: "rect", x: 100, y: 100, w: 80, h: 40, rotation: 0, fill: "", stroke: "#1f2937", width: 2, text: "" };
const shape = (more) => ({ ...RECT, points: [], ...more });
const filled = (more) => shape({ fill: "#dc2626", ...more });
const line = (more) => shape({ kind: "line", points: [0, 0, 10_000, 10_000], ...more });

/** A board made of shapes, back to front. */
function board(shapes) {
  const byId = new Map(shapes.map((one) => [one.id, one]));
  return { byId, inOrder: () => [...byId.keys()], get: (id) => byId.get(id), has: (id) => byId.has(id) };
}

test("[BD82] a shape is turned about its corner, clockwise", () => {
  const turned = shape({ rotation: 90 });
  const corner = outward(turned, 80, 0);
  assert.ok(Math.abs(corner.x - 100) < 1e-9 && Math.abs(corner.y - 180) < 1e-9);
  const bounds = boundsOf(turned).map(Math.round);
  assert.deepEqual(bounds, [60, 100, 100, 180]);
});

test("[BD82] a point taken into a turned shape's frame and out again is where it was", () => {
  const turned = shape({ rotation: 33.125 });
  const at = inward(turned, 12, 34);
  const back = outward(turned, at.x, at.y);
  assert.ok(Math.abs(back.x - 12) < 1e-9 && Math.abs(back.y - 34) < 1e-9);
});

test("[BD82] a shape without filling is touched at its line only, one with a filling or a text anywhere inside", () => {
  assert.equal(isHit(shape(), 140, 120, 4), false);
  assert.equal(isHit(shape(), 102, 120, 4), true);
  assert.equal(isHit(filled(), 140, 120, 4), true);
  assert.equal(isHit(shape({ text: "hello" }), 140, 120, 4), true);
  assert.equal(isHit(shape({ kind: "note" }), 140, 120, 4), true);
});

test("[BD82] a pointer may miss by the slack, and not by more", () => {
  assert.equal(isHit(filled(), 96, 120, 4), true);
  assert.equal(isHit(filled(), 93, 120, 4), false);
});

test("[BD82] an ellipse is not touched at the corners of its box", () => {
  assert.equal(isHit(filled({ kind: "ellipse" }), 102, 102, 2), false);
  assert.equal(isHit(filled({ kind: "ellipse" }), 140, 120, 2), true);
  assert.equal(isHit(shape({ kind: "ellipse" }), 140, 120, 2), false);
  assert.equal(isHit(shape({ kind: "ellipse" }), 140, 101, 2), true);
});

test("[BD82] a line is touched along its way and nowhere else in its box", () => {
  assert.equal(isHit(line(), 140, 120, 4), true);
  assert.equal(isHit(line(), 110, 135, 4), false);
  assert.equal(isHit(line({ h: 0, points: [0, 0, 10_000, 0] }), 150, 102, 4), true);
});

test("[BD82] a turned shape is touched where it is drawn", () => {
  assert.equal(isHit(filled({ rotation: 90 }), 80, 150, 0), true);
  assert.equal(isHit(filled({ rotation: 90 }), 140, 120, 0), false);
});

test("[BD83] a frame takes what it touches, and not what only shares a box with it", () => {
  assert.equal(isFramed(line(), [100, 130, 110, 140]), false);
  assert.equal(isFramed(line(), [100, 90, 110, 140]), true);
  assert.equal(isFramed(shape(), [90, 90, 110, 110]), true);
  assert.equal(isFramed(shape({ kind: "ellipse" }), [100, 100, 104, 104]), false);
});

test("[BD83] a frame inside a shape takes it, whether it has a filling or not", () => {
  assert.equal(isFramed(shape(), [130, 110, 150, 130]), true);
  assert.equal(isFramed(filled({ kind: "ellipse" }), [130, 115, 150, 125]), true);
});

test("[BD82] points are parts of ten thousand of a shape's size", () => {
  assert.deepEqual(ownPoints(line({ points: [0, 10_000, 5_000, 2_500] })), [0, 40, 40, 10]);
});

test("[BD82] what is painted is larger than the box by the line, the head of an arrow and the shadow of a note", () => {
  for (const more of [{ width: 20 }, { kind: "arrow", points: [0, 0, 10_000, 0] }, { kind: "note" }]) {
    assert.ok(paintedBounds(shape(more))[0] < 95, JSON.stringify(more));
  }
});

test("[BD82] the foremost shape under a pointer is found, and the next one once that is gone", () => {
  const shapes = board([filled({ id: "back" }), filled({ id: "front", x: 120 })]);
  const places = new Places(shapes);
  assert.equal(places.at({ x: 150, y: 120 }, 0), "front");
  shapes.byId.delete("front");
  places.update({ touched: new Set(["front"]) });
  assert.equal(places.at({ x: 150, y: 120 }, 0), "back");
  assert.equal(places.at({ x: 500, y: 120 }, 0), "");
  shapes.byId.delete("back");
  places.update({ touched: new Set(["back"]) });
  assert.equal(places.painted(), null);
});

test("[BD83] a shape that moved is found where it is now, in view and under a frame", () => {
  const shapes = board([filled()]);
  const places = new Places(shapes);
  shapes.byId.set("a", filled({ x: 1_000 }));
  places.update({ touched: new Set(["a"]) });
  assert.deepEqual(places.within([0, 0, 500, 500]), []);
  assert.deepEqual(places.framed([990, 90, 1_010, 110]), ["a"]);
  assert.deepEqual(places.content(), [1_000, 100, 1_080, 140]);
});

test("[BD81] of an empty board there is no content", () => {
  assert.equal(new Places(board([])).content(), null);
});
