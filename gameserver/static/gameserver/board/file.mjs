// The board as a file: shapes to JSON and back, with what is wrong in words. Pure; reads no messages, sends none.

import { KINDS, LIMITS, leastSize } from "./core/shapes.mjs";

export const FORMAT = "board";
export const VERSION = 1;

const COLOUR = /^#[0-9a-f]{6}$/;
const POINTED = new Set(["line", "arrow", "stroke"]);
/** Of `w` and `h`, in points. */
const PART = 10_000;
const FIELDS = Object.freeze(["kind", "x", "y", "w", "h", "rotation", "fill", "stroke", "width", "opacity", "text", "points"]);

/** A file that is not a board; `message` is one sentence for the person. */
export class Wrong extends Error {}

/** The JSON of shapes, back to front: a line for each shape. Ids and `z` are the room's and stay there. */
export function write(shapes) {
  const lines = shapes.map((shape) => JSON.stringify(Object.fromEntries(FIELDS.map((field) => [field, shape[field]]))));
  return `{"format": "${FORMAT}", "version": ${VERSION}, "shapes": [\n${lines.join(",\n")}\n]}\n`;
}

/**
 * The shapes of such a JSON, without ids: whoever puts them on a board gives new ones.
 * Throws Wrong: no JSON, not a board, a later version, too many shapes, or the first field that is wrong, by the number of its shape.
 */
export function read(text) {
  const file = parse(text);
  if (file === null || typeof file !== "object" || file.format !== FORMAT) throw new Wrong("This file is not a board.");
  if (file.version !== VERSION) throw new Wrong(`This file is a board of version ${JSON.stringify(file.version) ?? "none"}; only version ${VERSION} can be read.`);
  if (!Array.isArray(file.shapes)) throw new Wrong("This file has no list of shapes.");
  if (!file.shapes.length) throw new Wrong("This file has no shapes.");
  if (file.shapes.length > LIMITS.shapes) throw new Wrong(`This file has ${file.shapes.length} shapes; a board has at most ${LIMITS.shapes}.`);
  return file.shapes.map((given, index) => clean(given, `Shape ${index + 1}`));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Wrong("This file is not JSON.");
  }
}

function clean(given, name) {
  if (given === null || typeof given !== "object" || Array.isArray(given)) throw new Wrong(`${name} is not a shape.`);
  if (given.kind === undefined) throw new Wrong(`${name} has no kind.`);
  if (!KINDS.includes(given.kind)) throw new Wrong(`${name} has a kind that is not known: ${JSON.stringify(given.kind).slice(0, 40)}.`);
  const least = leastSize(given.kind);
  const { coordinate, size } = LIMITS;
  return {
    kind: given.kind,
    x: number(given, "x", name, { least: -coordinate, most: coordinate }),
    y: number(given, "y", name, { least: -coordinate, most: coordinate }),
    w: number(given, "w", name, { least, most: size }),
    h: number(given, "h", name, { least, most: size }),
    rotation: turned(number(given, "rotation", name, { least: -coordinate, most: coordinate, usual: 0 })),
    fill: colour(given, "fill", name),
    stroke: colour(given, "stroke", name),
    width: number(given, "width", name, { least: 0, most: LIMITS.width, usual: 2, isWhole: true }),
    opacity: number(given, "opacity", name, { least: 5, most: 100, usual: 100, isWhole: true }),
    text: words(given, name),
    points: points(given, name),
  };
}

function turned(degrees) {
  return ((degrees % 360) + 360) % 360;
}

function number(given, field, name, { least, most, usual, isWhole = false }) {
  const value = given[field] ?? usual;
  if (value === undefined) throw new Wrong(`${name} has no ${field}.`);
  if (typeof value !== "number" || !Number.isFinite(value) || (isWhole && !Number.isInteger(value))) throw new Wrong(`${name}: ${field} is not a ${isWhole ? "whole " : ""}number.`);
  if (value < least || value > most) throw new Wrong(`${name}: ${field} is not between ${least} and ${most}.`);
  return value;
}

function colour(given, field, name) {
  const value = given[field] ?? "";
  if (value === "") return "";
  if (typeof value !== "string" || !COLOUR.test(value.toLowerCase())) throw new Wrong(`${name}: ${field} is not a colour such as #2563eb.`);
  return value.toLowerCase();
}

function words(given, name) {
  const value = given.text ?? "";
  if (typeof value !== "string") throw new Wrong(`${name}: text is not a text.`);
  if ([...value].length > LIMITS.text) throw new Wrong(`${name}: text has more than ${LIMITS.text} characters.`);
  return value;
}

function points(given, name) {
  const value = given.points ?? [];
  if (!Array.isArray(value)) throw new Wrong(`${name}: points is not a list.`);
  if (!POINTED.has(given.kind)) return [];
  if (value.length < 4 || value.length % 2) throw new Wrong(`${name} needs two points or more, two numbers each.`);
  if (value.length > 2 * LIMITS.pointsOfOne) throw new Wrong(`${name} has more than ${LIMITS.pointsOfOne} points.`);
  const isPart = (one) => Number.isInteger(one) && one >= 0 && one <= PART;
  if (!value.every(isPart)) throw new Wrong(`${name}: points are whole numbers from 0 to ${PART}.`);
  return [...value];
}
