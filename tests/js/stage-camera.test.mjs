// Where one looks: panning, zooming, fitting.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as camera from "../../gameserver/static/gameserver/board/stage/camera.mjs";

const { MAX_SCALE, MIN_SCALE, between, fitted, panned, pinched, seen, toBoard, toScreen, wheeled, zoomStep, zoomedAt } = camera;

const SIZE = { width: 800, height: 600 };
const CAMERA = { x: 100, y: -50, scale: 2 };
const isNear = (a, b) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) < 1e-9, `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);

test("[BD80] a point of the board is seen where the pointer that is over it is", () => {
  isNear(toScreen(CAMERA, SIZE, { x: 100, y: -50 }), { x: 400, y: 300 });
  isNear(toBoard(CAMERA, SIZE, { x: 410, y: 280 }), { x: 105, y: -60 });
  isNear(toScreen(CAMERA, SIZE, toBoard(CAMERA, SIZE, { x: 17, y: 599 })), { x: 17, y: 599 });
});

test("[BD80] panning moves what is seen by as many pixels of the screen, at every zoom", () => {
  const before = toScreen(CAMERA, SIZE, { x: 7, y: 9 });
  isNear(toScreen(panned(CAMERA, 30, -12), SIZE, { x: 7, y: 9 }), { x: before.x + 30, y: before.y - 12 });
});

test("[BD80] zooming leaves the point under the pointer where it is", () => {
  for (const scale of [0.3, 1, 5]) {
    const point = { x: 650, y: 40 };
    const zoomed = zoomedAt(CAMERA, SIZE, point, scale);
    assert.equal(zoomed.scale, scale);
    isNear(toBoard(zoomed, SIZE, point), toBoard(CAMERA, SIZE, point));
  }
});

test("[BD80] a zoom stops at 10% and at 800%, and what is under the pointer stays there then, too", () => {
  const point = { x: 10, y: 20 };
  assert.equal(zoomedAt(CAMERA, SIZE, point, 0.0001).scale, MIN_SCALE);
  assert.equal(zoomedAt(CAMERA, SIZE, point, 1000).scale, MAX_SCALE);
  isNear(toBoard(zoomedAt(CAMERA, SIZE, point, 1000), SIZE, point), toBoard(CAMERA, SIZE, point));
});

test("[BD80] two fingers that spread zoom by as much as they do, and keep what was under their middle under it", () => {
  const [before, after] = [[{ x: 300, y: 300 }, { x: 400, y: 300 }], [{ x: 280, y: 350 }, { x: 480, y: 350 }]];
  const pinch = pinched(CAMERA, SIZE, before, after);
  assert.equal(pinch.scale, 4);
  isNear(toBoard(pinch, SIZE, { x: 380, y: 350 }), toBoard(CAMERA, SIZE, { x: 350, y: 300 }));
});

test("[BD80] a wheel pans, with shift sideways, and zooms with Ctrl or Cmd; lines and pages count as more than pixels", () => {
  const wheel = { deltaX: 0, deltaY: 10, deltaMode: 0 };
  assert.deepEqual(wheeled({ ...wheel, deltaX: 4 }, 600), { dx: -4, dy: -10 });
  assert.deepEqual(wheeled({ ...wheel, shiftKey: true }, 600), { dx: -10, dy: 0 });
  assert.equal(wheeled({ ...wheel, deltaMode: 1 }, 600).dy, -160);
  assert.equal(wheeled({ ...wheel, deltaMode: 2, deltaY: 1 }, 600).dy, -600);
  assert.ok(wheeled({ ...wheel, ctrlKey: true }, 600).zoom < 1);
  assert.ok(wheeled({ ...wheel, deltaY: -10, metaKey: true }, 600).zoom > 1);
});

test("[BD80] one notch of a wheel never zooms by more than an eighth or so, whatever the mouse says it is", () => {
  assert.ok(wheeled({ deltaX: 0, deltaY: -5000, deltaMode: 0, ctrlKey: true }, 600).zoom < 1.15);
});

test("[BD81] all of a board that is fitted is in view, with air around it, and a small one is not blown up", () => {
  for (const bounds of [[-1000, 200, 3000, 900], [100, -2000, 300, 900]]) {
    const [left, top, right, bottom] = seen(fitted(bounds, SIZE), SIZE);
    assert.ok(left < bounds[0] && top < bounds[1] && right > bounds[2] && bottom > bounds[3]);
  }
  assert.equal(fitted([0, 0, 10, 10], SIZE).scale, 1);
  assert.deepEqual(fitted(null, SIZE), { x: 0, y: 0, scale: 1 });
});

test("[BD81] half way between two views is half of the way, and the same proportion of both zooms", () => {
  assert.deepEqual(between({ x: 0, y: 10, scale: 1 }, { x: 100, y: 20, scale: 4 }, 0.5), { x: 50, y: 15, scale: 2 });
});

test("[BD80] zooming by steps goes through round percents, in both directions, and ends at the ends", () => {
  assert.deepEqual([zoomStep(1, 1), zoomStep(1, -1), zoomStep(0.83, 1), zoomStep(0.83, -1)], [1.5, 0.75, 1, 0.75]);
  assert.deepEqual([zoomStep(MAX_SCALE, 1), zoomStep(MIN_SCALE, -1)], [MAX_SCALE, MIN_SCALE]);
});
