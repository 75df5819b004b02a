// What is copied and pasted: the board's own JSON as plain text, or anybody's text. Pure but for `listen`. Reads no messages, sends none.

import { read, write } from "../file.mjs";
import { boundsOf, overlaps, united } from "./geometry.mjs";
import { TEXT_PX, boxOf } from "./text.mjs";

const OFFSET_PX = 16;
/** A pasted text is broken at about as many pixels as a newspaper's column has. */
const COLUMN_PX = 480;
const TEXT_MOST = 2_000;

/**
 * The shapes that a text from the clipboard stands for, placed where one looks; none of an empty text.
 *
 * Shapes that were copied from what is in view lie a little beside their originals; others about `at`, or the middle of the view.
 * @param {string} text
 * @param {{seen: number[], at: {x: number, y: number} | null, styles: any, measure: Function}} where
 */
export function paste(text, { seen, at, styles, measure }) {
  const middle = at ?? { x: (seen[0] + seen[2]) / 2, y: (seen[1] + seen[3]) / 2 };
  const shapes = copied(text);
  if (!shapes) return written(text, middle, styles, measure);
  const bounds = united(shapes.map(boundsOf));
  const toMiddle = [middle.x - (bounds[0] + bounds[2]) / 2, middle.y - (bounds[1] + bounds[3]) / 2];
  const [dx, dy] = overlaps(bounds, seen) ? [OFFSET_PX, OFFSET_PX] : toMiddle;
  return shapes.map((shape) => ({ ...shape, x: shape.x + dx, y: shape.y + dy }));
}

function copied(text) {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    return read(text);
  } catch {
    // Somebody's own text that begins with a brace.
    return null;
  }
}

function written(given, middle, styles, measure) {
  const text = Array.from(given.replaceAll("\r\n", "\n").trim()).slice(0, TEXT_MOST).join("");
  if (!text) return [];
  const natural = boxOf(text, TEXT_PX, measure);
  const box = natural.w > COLUMN_PX ? boxOf(text, TEXT_PX, measure, COLUMN_PX) : natural;
  return [{ kind: "text", ...styles.text, rotation: 0, points: [], text, x: middle.x - box.w / 2, y: middle.y - box.h / 2, ...box }];
}

/** Listen for copying, cutting and pasting on the stage's element. */
export function listen({ host, stage, actions }) {
  const take = (event) => {
    const shapes = stage.selected();
    if (event.target !== host || !shapes.length) return [];
    event.preventDefault();
    event.clipboardData.setData("text/plain", write(shapes));
    return shapes;
  };
  host.addEventListener("copy", (event) => {
    const { length } = take(event);
    if (length) stage.say("Copied.");
  });
  host.addEventListener("cut", (event) => {
    if (!stage.desk.readOnly && take(event).length) actions.run("delete");
  });
  host.addEventListener("paste", (event) => {
    if (event.target !== host || stage.desk.readOnly) return;
    event.preventDefault();
    actions.paste(event.clipboardData.getData("text/plain"));
  });
}
