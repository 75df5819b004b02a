// Lines drawn by hand, and what becomes of them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { distanceToLine, ownPoints } from "../../gameserver/static/gameserver/board/stage/geometry.mjs";
import { drawnBox, placed, simplified, straightened, tamed, trace } from "../../gameserver/static/gameserver/board/stage/strokes.mjs";
import { lineBetween } from "../../gameserver/static/gameserver/board/stage/transform.mjs";

const wave = (count) => Array.from({ length: count }, (_, i) => ({ x: i, y: 40 * Math.sin(i / 20) }));
const farthest = (points, kept) => {
  const distance = (point) => Math.min(...kept.slice(1).map((end, at) => distanceToLine(kept[at].x, kept[at].y, end.x, end.y, point)));
  return Math.max(...points.map(distance));
};

test("[BD87] a straight line of many points becomes one of two", () => {
  const points = Array.from({ length: 50 }, (_, i) => ({ x: i, y: 2 * i }));
  assert.deepEqual(simplified(points, 0.1), [points[0], points[49]]);
});

test("[BD87] no point of a drawn line is farther from the simplified one than the tolerance, and its ends stay", () => {
  const points = wave(400);
  const kept = simplified(points, 0.5);
  assert.ok(kept.length < 60);
  assert.ok(farthest(points, kept) <= 0.5 + 1e-9);
  assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
});

test("[BD87] a corner between long lines stays a corner: the curve begins to turn close to it", () => {
  const points = [...Array.from({ length: 100 }, (_, i) => ({ x: i, y: 0 })), ...Array.from({ length: 100 }, (_, i) => ({ x: 100, y: i }))];
  const kept = tamed(points, 0.5);
  const corner = kept.findIndex(({ x, y }) => x === 100 && y === 0);
  assert.ok(corner > 0);
  for (const beside of [kept[corner - 1], kept[corner + 1]]) assert.ok(Math.hypot(beside.x - 100, beside.y) <= 5 + 1e-9);
});

test("[BD87] a stroke has at most a thousand points, however wild it was drawn", () => {
  const points = Array.from({ length: 6_000 }, (_, i) => ({ x: i, y: (i % 2) * 100 + (i % 7) }));
  assert.ok(tamed(points, 0.5).length <= 1_000);
});

test("[BD87] a stroke lies where it was drawn: eighths of a pixel, and parts of ten thousand that lead back to its points", () => {
  const points = wave(30).map(({ x, y }) => ({ x: x + 0.3, y }));
  const shape = placed(points);
  for (const value of [shape.x, shape.y, shape.w, shape.h]) assert.equal(value * 8, Math.round(value * 8));
  assert.ok(shape.points.every((part) => Number.isInteger(part) && part >= 0 && part <= 10_000));
  const back = ownPoints(shape);
  points.forEach(({ x, y }, i) => assert.ok(Math.abs(shape.x + back[2 * i] - x) < 0.02 && Math.abs(shape.y + back[2 * i + 1] - y) < 0.02));
});

test("[BD87] a dot is a stroke of two points without size, and is drawn", () => {
  const dot = placed([{ x: 10, y: 20 }]);
  assert.deepEqual(dot, { x: 10, y: 20, w: 0, h: 0, points: [0, 0, 0, 0] });
  const ends = [];
  trace({ moveTo: (...at) => ends.push(at), lineTo: (...at) => ends.push(at), quadraticCurveTo() {} }, ownPoints(dot));
  assert.notDeepEqual(ends[0], ends[1]);
});

test("[BD87] a smooth line begins and ends at its ends", () => {
  const path = [];
  const note = (...at) => path.push(at);
  trace({ moveTo: note, lineTo: note, quadraticCurveTo: note }, [0, 0, 10, 10, 20, 0, 30, 10]);
  assert.deepEqual(path, [[0, 0], [10, 10, 15, 5], [20, 0, 25, 5], [30, 10]]);
});

test("[BD88] with shift a line goes in steps of 15 degrees and stays as long as it was", () => {
  const end = straightened({ x: 10, y: 10 }, { x: 110, y: 13 });
  assert.ok(Math.abs(end.y - 10) < 1e-9);
  const steep = straightened({ x: 0, y: 0 }, { x: -40, y: -42 });
  assert.ok(Math.abs(steep.x - steep.y) < 1e-9 && steep.x < 0);
  assert.ok(Math.abs(Math.hypot(end.x - 10, end.y - 10) - Math.hypot(100, 3)) < 1e-9);
});

test("[BD88] a box is drawn in every direction, square with shift, about its middle with alt", () => {
  const from = { x: 100, y: 100 };
  assert.deepEqual(drawnBox(from, { x: 60, y: 130 }), { x: 60, y: 100, w: 40, h: 30 });
  assert.deepEqual(drawnBox(from, { x: 60, y: 130 }, { isSquare: true }), { x: 60, y: 100, w: 40, h: 40 });
  assert.deepEqual(drawnBox(from, { x: 60, y: 130 }, { isCentred: true }), { x: 60, y: 70, w: 80, h: 60 });
  assert.deepEqual(drawnBox(from, { x: 110, y: 60 }, { isSquare: true, isCentred: true }), { x: 60, y: 60, w: 80, h: 80 });
});

test("[BD88] a line's box has its ends at the corners that they are at", () => {
  const upwards = lineBetween({ x: 10, y: 50 }, { x: 40, y: 20 });
  assert.deepEqual(upwards, { x: 10, y: 20, w: 30, h: 30, rotation: 0, points: [0, 10_000, 10_000, 0] });
  const back = lineBetween({ x: 40, y: 20 }, { x: 10, y: 20 });
  assert.deepEqual(back, { x: 10, y: 20, w: 30, h: 0, rotation: 0, points: [10_000, 0, 0, 0] });
});
