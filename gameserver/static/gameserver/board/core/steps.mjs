// What the owner will make of a command's steps, as far as it can be known here: the rules of its decide.py. Pure.
// Reads no messages, sends none.

import { q } from "./numbers.mjs";
import { depths } from "./depths.mjs";
import { perform, present } from "./reduce.mjs";
import { Refusal, attempt } from "./refusal.mjs";
import { Draft } from "./scene.mjs";
import { FIELDS, LIMITS, clean, complete, isEqual } from "./shapes.mjs";

const RULES = { create, change, move, reshape, order, delete: remove, clear, duplicate, revive, paste: create };

/**
 * Do steps to a draft, one after the other, and return them as the owner will have decided them. Throws Refusal; then the draft is no use.
 * A step `paste` has its shapes with it, and `isClean` if they are as `complete` makes them.
 * @param {import("./scene.mjs").Draft} draft
 * @param {{steps: any[], op: string, player: string, each?: (did: any) => void}} command
 *   each: called with every decided step before it is done
 */
export function predict(draft, { steps, op, player, each = () => {} }) {
  return steps.map((step) => {
    const did = RULES[step.do](draft, step, { op, player });
    each(did);
    perform(draft, did, op, player);
    checkRoom(draft);
    return did;
  });
}

/** Those of these steps that can be done, one after the other; the Refusal of the first if none can. */
export function possible(draft, steps, player) {
  let refusal = null;
  const kept = steps.filter((step) => {
    const trial = new Draft(draft);
    const did = attempt(() => predict(trial, { steps: [step], op: "", player }));
    if (did instanceof Refusal) refusal ??= did;
    else draft.absorb(trial);
    return !(did instanceof Refusal);
  });
  return kept.length ? kept : refusal;
}

function checkRoom(draft) {
  if (draft.size <= LIMITS.shapes && draft.points <= LIMITS.points && draft.characters <= LIMITS.characters) return;
  // Whatever goes elsewhere may make room for it.
  draft.widen();
  throw new Refusal("full");
}

/** The shapes of these ids that are there, each once. Throws Refusal if none is. */
function needed(draft, ids) {
  const shapes = present(draft, [...new Set(ids)]);
  if (!shapes.length) throw new Refusal(ids.some((id) => draft.buried(id)) ? "gone" : "unknown_shape");
  return shapes;
}

function checkFree(draft, ids) {
  if (new Set(ids).size < ids.length || ids.some((id) => draft.get(id) || draft.buried(id))) throw new Refusal("taken");
}

function create(draft, step) {
  const shapes = step.isClean ? step.shapes : step.shapes.map(complete);
  const ids = shapes.map(({ id }) => id);
  checkFree(draft, ids);
  return { do: step.do === "paste" ? "put" : "create", shapes };
}

function change(draft, { ids, set, was }) {
  const there = needed(draft, ids);
  const names = FIELDS.filter((name) => name in set);
  if (!names.length) throw new Refusal("bad_message");
  const shapes = was ? there.filter((shape) => isAs(shape, was)) : there;
  if (!shapes.length) throw new Refusal("overtaken");
  const cleaned = shapes.map((shape) => names.map((name) => [name, clean(name, set[name], shape.kind)]));
  return { do: "change", ids: shapes.map(({ id }) => id), set: Object.fromEntries(cleaned[0]) };
}

function isAs(shape, fields) {
  return Object.keys(fields).every((name) => isEqual(shape[name], attempt(() => clean(name, fields[name], shape.kind))));
}

function move(draft, { ids, dx, dy }) {
  return { do: "move", ids: needed(draft, ids).map(({ id }) => id), dx: q(dx), dy: q(dy) };
}

function reshape(draft, { boxes }) {
  const shapes = needed(draft, Object.keys(boxes));
  return { do: "reshape", boxes: Object.fromEntries(shapes.map(({ id }) => [id, boxes[id].map(q)])) };
}

function order(draft, { ids, to, z, was }) {
  if (to) return { do: "order", z: depths(draft, needed(draft, ids), to) };
  const there = needed(draft, Object.keys(z));
  const shapes = was ? there.filter((shape) => shape.z === was[shape.id]) : there;
  if (!shapes.length) throw new Refusal("overtaken");
  if (shapes.some(({ id }) => z[id] < draft.bottom || z[id] > draft.top)) throw new Refusal("out_of_range");
  return { do: "order", z: Object.fromEntries(shapes.map(({ id }) => [id, z[id]])) };
}

function remove(draft, { ids }) {
  return { do: "delete", ids: needed(draft, ids).map(({ id }) => id) };
}

function clear(draft) {
  if (!draft.size) throw new Refusal("nothing");
  return { do: "clear" };
}

function duplicate(draft, { ids, as, dx, dy }) {
  const there = new Set(needed(draft, ids).map(({ id }) => id));
  checkFree(draft, as);
  const kept = ids.map((id, index) => [id, as[index]]).filter(([id]) => there.has(id));
  return { do: "duplicate", ids: kept.map(([id]) => id), as: kept.map(([, id]) => id), dx: q(dx), dy: q(dy) };
}

function revive(draft, { of }, { op, player }) {
  // What this command itself deletes is not remembered yet.
  const buried = of === op ? [] : draft.deletedBy(of);
  const shapes = buried.filter((one) => one.player === player).map(({ shape }) => shape);
  if (!shapes.length) throw new Refusal(buried.length ? "not_yours" : "unknown_shape");
  return { do: "put", shapes };
}
