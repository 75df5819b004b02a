// What events do to a scene: the same as the owner's reduce.py, to the last bit. Total: never throws on what an owner decided.
// Reads board.edited, board.grabbed, board.moved, board.dropped, board.kept, board.restored. Sends none.

import { byDepth, moved, reshaped } from "./shapes.mjs";
import { CHECKPOINTS } from "./scene.mjs";

const NO_BOX = Object.freeze([0, 0, 0, 0, 0]);
const EVENTS = {
  "board.edited": (scene, { op, did, player }) => did.forEach((one) => perform(scene, one, op, player?.id)),
  "board.grabbed": grab,
  "board.moved": move,
  "board.dropped": drop,
  "board.kept": keep,
  "board.restored": restore,
};
const STEPS = { create: place, put: place, change, move: shift, reshape, order, delete: remove, clear, duplicate };

/**
 * The scene after an event. It is the SAME scene, changed in place: thirty events a second on a board of 5,000 shapes must cost what they
 * touch, not what is there. Whoever must know what changed asks `scene.drain()`.
 */
export function reduce(scene, event) {
  EVENTS[event.ev]?.(scene, event);
  return scene;
}

/** Do one decided step to a Scene or a Draft. `op`, `player`: whose doing it is. */
export function perform(scene, did, op, player) {
  STEPS[did.do]?.(scene, did, op, player);
}

/** Those of these shapes that are there. */
export function present(scene, ids) {
  return ids.map((id) => scene.get(id)).filter(Boolean);
}

function place(scene, { shapes }) {
  for (const shape of shapes) scene.put("z" in shape ? shape : { ...shape, z: (scene.top += 1) });
}

function change(scene, { ids, set }) {
  for (const shape of present(scene, ids)) scene.put({ ...shape, ...set });
}

function shift(scene, { ids, dx, dy }) {
  for (const shape of present(scene, ids)) scene.put(moved(shape, dx, dy));
}

function reshape(scene, { boxes }) {
  for (const [id, box] of Object.entries(boxes)) {
    const shape = scene.get(id);
    if (shape) scene.put(reshaped(shape, box));
  }
}

function order(scene, { z }) {
  for (const [id, depth] of Object.entries(z)) {
    const shape = scene.get(id);
    if (shape) scene.put({ ...shape, z: depth });
  }
}

function remove(scene, { ids }, op, player) {
  for (const { id } of present(scene, ids)) scene.drop(id, op, player);
}

function clear(scene, did, op, player) {
  for (const id of [...scene.ids()]) scene.drop(id, op, player);
}

function duplicate(scene, { ids, as, dx, dy }) {
  const named = ids.map((id, index) => ({ shape: scene.get(id), id: as[index] })).filter(({ shape }) => shape);
  named.sort((one, other) => byDepth(one.shape, other.shape));
  for (const { shape, id } of named) scene.put({ ...moved(shape, dx, dy), id, z: (scene.top += 1) });
}

function grab(scene, { op, drag, ids, how, player }) {
  const boxes = how === "reshape" ? ids.map(() => NO_BOX) : [];
  scene.next = Math.max(scene.next, drag + 1);
  scene.hold({ drag, op, player: player?.id ?? "", ids, how, dx: 0, dy: 0, boxes });
}

function move(scene, { moves = [], boxes = [] }) {
  for (let at = 0; at < moves.length; at += 3) pull(scene, moves[at], moves[at + 1], moves[at + 2]);
  for (const [number, ...totals] of boxes) bend(scene, number, totals);
}

function drop(scene, { drag, dx, dy, boxes }) {
  if (boxes) bend(scene, drag, boxes);
  else pull(scene, drag, dx ?? 0, dy ?? 0);
  scene.release(drag);
}

/** A drag has moved so far in all: its shapes move by the difference. */
function pull(scene, number, dx, dy) {
  const drag = scene.drags.get(number);
  if (drag?.how !== "move") return;
  for (const shape of present(scene, drag.ids)) scene.put(moved(shape, dx - drag.dx, dy - drag.dy));
  Object.assign(drag, { dx, dy });
}

function bend(scene, number, totals) {
  const drag = scene.drags.get(number);
  if (drag?.how !== "reshape") return;
  drag.ids.forEach((id, index) => {
    const shape = scene.get(id);
    const by = difference(totals[index], drag.boxes[index]);
    if (shape && by.some(Boolean)) scene.put(reshaped(shape, by));
  });
  drag.boxes = totals;
}

/** What brings a drag's shape from one total to another. */
export function difference(now = NO_BOX, before = NO_BOX) {
  return now.map((value, index) => value - before[index]);
}

function keep(scene, { key, name, at, player, gone = [] }) {
  const others = scene.checkpoints.filter((one) => one.key !== key && !gone.includes(one.key));
  scene.checkpoints = [...others, { key, name, at, by: player?.name ?? "", shapes: scene.size }].slice(-CHECKPOINTS);
}

function restore(scene, { op, put, gone, player }) {
  remove(scene, { ids: gone }, op, player?.id);
  place(scene, { shapes: put });
}
