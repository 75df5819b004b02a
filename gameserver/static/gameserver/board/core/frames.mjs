// How commands fit into messages: in pieces, when there is too much for one. Pure; sends nothing itself.

import { LIMITS } from "./shapes.mjs";

/** Bytes of a command's steps; the room takes 64 KiB a message. */
export const FRAME = 40 * 1024;
/** Of an upload in all. */
const UPLOAD = 2 * 1024 * 1024;
/** Units of text in a part of an upload: three bytes each at worst. */
const PART = 16_000;
const encoder = new TextEncoder();

/** Of a text, in UTF-8. */
export function bytesOf(text) {
  return encoder.encode(text).length;
}

/** A step without what is only for this side. */
export function asSent({ isClean, ...step }) {
  if (step.do === "paste") delete step.shapes;
  return step;
}

/** Steps in as few lists as fit into one message each; a step that does not fit is divided among its shapes. */
export function frame(steps) {
  const lists = [[]];
  let room = FRAME;
  for (const step of steps.flatMap(divide)) {
    const bytes = bytesOf(JSON.stringify(asSent(step)));
    if (lists.at(-1).length && (bytes > room || lists.at(-1).length >= LIMITS.steps)) {
      lists.push([]);
      room = FRAME;
    }
    lists.at(-1).push(step);
    room -= bytes;
  }
  return lists;
}

function divide(step) {
  const names = step.ids ?? Object.keys(step.boxes ?? step.z ?? {});
  if (names.length < 2 || step.to || bytesOf(JSON.stringify(step)) <= FRAME) return [step];
  const half = names.length >> 1;
  return [part(step, names, 0, half), part(step, names, half)].flatMap(divide);
}

function part(step, names, from, to) {
  const here = names.slice(from, to);
  const some = (map) => Object.fromEntries(here.filter((id) => id in map).map((id) => [id, map[id]]));
  const piece = { ...step };
  if (step.ids) piece.ids = here;
  if (step.as) piece.as = step.as.slice(from, to);
  if (step.boxes) piece.boxes = some(step.boxes);
  if (step.z) Object.assign(piece, { z: some(step.z) }, step.was && { was: some(step.was) });
  return piece;
}

/** The texts of the parts of an upload, or null if it is too much for one. */
export function parts(text) {
  if (bytesOf(text) > UPLOAD) return null;
  const texts = [];
  for (let from = 0; from < text.length; ) {
    // The two halves of a pair stay together: alone they are not UTF-8.
    const to = from + PART - (/[\ud800-\udbff]/.test(text[from + PART - 1] ?? "") ? 1 : 0);
    texts.push(text.slice(from, to));
    from = to;
  }
  return texts;
}
