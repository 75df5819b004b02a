// Steps that take back what was done, made from what was shown before it. They take back one's own doings only: sums by their opposite,
// fields only where they still are what one made them. Pure; reads no messages, sends none.

import { present } from "./reduce.mjs";
import { isEqual, moved, reshaped } from "./shapes.mjs";

const MAKERS = {
  create: unmake,
  put: unmake,
  duplicate: uncopy,
  change: unset,
  move: unmove,
  reshape: unshape,
  order: unorder,
  delete: revive,
  clear: revive,
};

/** The steps that take back one decided step of `op`. `scene`: as it is shown before. */
export function invert(scene, did, op) {
  return MAKERS[did.do](scene, did, op);
}

/** The step that takes `step` back, after all `did` was decided for what `step` takes back: fields and depths as they became. */
export function settle(step, did) {
  if (step.do === "change" && did.do === "change") return { ...step, was: picked(did.set, Object.keys(step.was)) };
  if (step.do === "order" && did.do === "order") return { ...step, was: { ...step.was, ...picked(did.z, Object.keys(step.was)) } };
  return step;
}

function picked(from, names) {
  return Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));
}

function unmake(scene, { shapes }) {
  const ids = shapes.map(({ id }) => id).filter((id) => !scene.get(id));
  return ids.length ? [{ do: "delete", ids }] : [];
}

function uncopy(scene, { ids, as }) {
  const made = as.filter((id, index) => scene.get(ids[index]));
  return made.length ? [{ do: "delete", ids: made }] : [];
}

/** One step for all shapes whose fields were the same. */
function unset(scene, { ids, set }) {
  const names = Object.keys(set);
  const steps = new Map();
  for (const shape of present(scene, ids)) {
    const fields = picked(shape, names);
    if (names.every((name) => isEqual(fields[name], set[name]))) continue;
    const key = JSON.stringify(fields);
    if (!steps.has(key)) steps.set(key, { do: "change", ids: [], set: fields, was: set });
    steps.get(key).ids.push(shape.id);
  }
  return [...steps.values()];
}

/** By what it did move: at the bounds less than it was told to. */
function unmove(scene, { ids, dx, dy }) {
  const shapes = present(scene, ids);
  const boxes = shapes.map((shape) => back(shape, moved(shape, dx, dy), 0));
  if (boxes.every(([x, y]) => x === 0 && y === 0)) return [];
  if (boxes.every(([x, y]) => x === -dx && y === -dy)) return [{ do: "move", ids: shapes.map(({ id }) => id), dx: 0 - dx, dy: 0 - dy }];
  return [{ do: "reshape", boxes: Object.fromEntries(shapes.map(({ id }, index) => [id, boxes[index]])) }];
}

function unshape(scene, { boxes }) {
  const shapes = present(scene, Object.keys(boxes));
  const made = shapes.map((shape) => [shape.id, back(shape, reshaped(shape, boxes[shape.id]), boxes[shape.id][4])]);
  return made.length ? [{ do: "reshape", boxes: Object.fromEntries(made) }] : [];
}

function back(before, after, dr) {
  return [before.x - after.x, before.y - after.y, before.w - after.w, before.h - after.h, 0 - dr];
}

function unorder(scene, { z }) {
  const before = present(scene, Object.keys(z)).filter((shape) => shape.z !== z[shape.id]);
  if (!before.length) return [];
  const was = picked(z, before.map(({ id }) => id));
  return [{ do: "order", z: Object.fromEntries(before.map((shape) => [shape.id, shape.z])), was }];
}

function revive(scene, did, op) {
  return [{ do: "revive", of: op }];
}
