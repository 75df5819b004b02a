// Which shape is in front of which: other `z` for some of them, as the owner's order.py finds them. Pure; reads no messages, sends none.

import { byDepth } from "./shapes.mjs";

/**
 * `{id: z}` for these shapes, and for those that they change places with; among themselves they stay in order.
 * `front`, `back`: beyond all that ever was. `forward`, `backward`: each changes places with the next one that is none of them; where equal
 * `z` leave no place to change, they go to the front or to the back.
 */
export function depths(scene, shapes, to) {
  const chosen = [...shapes].sort(byDepth);
  const changed = to === "forward" || to === "backward" ? changedPlaces(scene, chosen, to === "forward" ? 1 : -1) : null;
  if (changed) return changed;
  const first = to === "front" || to === "forward" ? scene.top + 1 : scene.bottom - chosen.length;
  return Object.fromEntries(chosen.map(({ id }, place) => [id, first + place]));
}

/** Each shape that has another place gets the `z` of whose place it was. Null when that leads to another order than is meant. */
function changedPlaces(scene, chosen, way) {
  const before = [...scene.ids()].map((id) => scene.get(id)).sort(byDepth);
  const placeOf = new Map(before.map((shape, place) => [shape, place]));
  const isChosen = new Set(chosen);
  /** Who is at a place that somebody else had. */
  const after = new Map();
  const at = (place) => after.get(place) ?? before[place];
  for (const shape of way > 0 ? chosen.toReversed() : chosen) {
    const place = placeOf.get(shape);
    const other = place + way;
    if (!before[other] || isChosen.has(at(other))) continue;
    after.set(place, at(other));
    after.set(other, shape);
  }
  const isTied = (one, other) => before[one]?.z === before[other]?.z && at(one).id > at(other).id;
  if ([...after.keys()].some((place) => isTied(place - 1, place) || isTied(place, place + 1))) return null;
  const places = [...after].map(([place, { id }]) => [id, before[place].z]);
  return Object.fromEntries([...chosen.map(({ id, z }) => [id, z]), ...places]);
}
