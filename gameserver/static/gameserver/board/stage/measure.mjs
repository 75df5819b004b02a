// How wide letters are here. Reads no messages, sends none.

import { FONT } from "./text.mjs";

const known = new Map();
/** What many boards of long texts have in words; then it begins anew. */
const KNOWN_MAX = 20_000;
let context = null;

/** The width of a text in parts of the size of its letters. */
export function measure(text) {
  let width = known.get(text);
  if (width === undefined) {
    context ??= document.createElement("canvas").getContext("2d");
    context.font = `100px ${FONT}`;
    width = context.measureText(text).width / 100;
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(text, width);
  }
  return width;
}
