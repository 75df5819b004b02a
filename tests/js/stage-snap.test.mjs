// Where what is moved or resized comes to rest.
import assert from "node:assert/strict";
import { test } from "node:test";

import { onGrid, snapped } from "../../gameserver/static/gameserver/board/stage/snap.mjs";

const NEIGHBOUR = [200, 100, 260, 140];
const options = { reach: 6, hasGrid: false };

test("[BD84] an edge that comes near a neighbour's edge goes there, and a line shows it", () => {
  const { dx, dy, guides } = snapped([203, 300, 233, 350], [NEIGHBOUR], options);
  assert.deepEqual([dx, dy], [-3, 0]);
  assert.deepEqual(guides, [{ axis: "x", at: 200, from: 100, to: 350 }]);
});

test("[BD84] right edges go to left ones, too, and tops to bottoms", () => {
  const { dx, dy } = snapped([148, 144, 198, 190], [NEIGHBOUR], options);
  assert.deepEqual([dx, dy], [2, -4]);
});

test("[BD84] middles go to middles, not to edges", () => {
  assert.equal(snapped([221, 300, 241, 350], [NEIGHBOUR], options).dx, -1);
  assert.equal(snapped([190, 300, 216, 350], [NEIGHBOUR], { ...options, reach: 4 }).dx, 0);
});

test("[BD84] the nearest of several wins, and all that are in line then are shown", () => {
  const { dx, guides } = snapped([203, 300, 253, 350], [NEIGHBOUR, [204, 500, 210, 520], [204, 600, 290, 620]], options);
  assert.equal(dx, 1);
  assert.deepEqual(guides, [{ axis: "x", at: 204, from: 300, to: 620 }]);
});

test("[BD84] nothing near, nothing done", () => {
  assert.deepEqual(snapped([500, 500, 533, 541], [NEIGHBOUR], options), { dx: 0, dy: 0, guides: [] });
});

test("[BD84] on a grid a corner goes to the next multiple of eight, unless a neighbour is near", () => {
  assert.deepEqual(snapped([301, 503, 350, 550], [NEIGHBOUR], { ...options, hasGrid: true }), { dx: 3, dy: 1, guides: [] });
  assert.equal(snapped([205, 503, 233, 550], [[203, 100, 290, 140]], { ...options, hasGrid: true }).dx, -2);
});

test("[BD84] a handle at a side goes to the grid in the direction in which it moves and not in the other", () => {
  const side = snapped([301, 503, 301, 503], [], { reach: 6, hasGrid: true, edges: { x: [0], y: [] } });
  assert.deepEqual(side, { dx: 3, dy: 0, guides: [] });
});

test("[BD84] the grid goes on below nought", () => {
  assert.deepEqual([onGrid(-3), onGrid(-5), onGrid(11)], [-0, -8, 8]);
});
