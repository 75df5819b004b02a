// One shape: what it is made of, its bounds, and how it moves. Pure; a shape is never changed, only replaced.
// Reads no messages, sends none.

import { q, turned, within } from "./numbers.mjs";
import { Refusal } from "./refusal.mjs";

/** Of a board, of a shape, of a command. Characters are code points. */
export const LIMITS = Object.freeze({
  shapes: 5000,
  points: 200_000,
  characters: 500_000,
  pointsOfOne: 1000,
  text: 2000,
  name: 32,
  coordinate: 1_000_000,
  size: 100_000,
  width: 64,
  steps: 100,
  ids: 5000,
  selection: 100,
});

export const KINDS = Object.freeze(["rect", "ellipse", "line", "arrow", "stroke", "text", "note"]);
const WITH_POINTS = new Set(["line", "arrow", "stroke"]);
const PART = 10_000;
const PRINTABLE = /^[\x20-\x7e]*$/;
const COLOUR = /^#[0-9a-f]{6}$/;
const PLACE = { x: 0, y: 0, w: 100, h: 100, rotation: 0 };
const LOOK = { fill: "", stroke: "", width: 2, opacity: 100, text: "", points: Object.freeze([]) };
const PLAIN = Object.freeze({ ...PLACE, ...LOOK });
/** Fields that a step `change` may set. */
export const FIELDS = Object.freeze(Object.keys(PLAIN));

/** The least `w` and `h` of a kind. */
export function leastSize(kind) {
  return WITH_POINTS.has(kind) ? 0 : 1;
}

/** A shape as the owner makes it of what is sent, without `z`. What is left out is as in PLAIN. Throws Refusal. */
export function complete({ id, kind, ...given }) {
  if (!KINDS.includes(kind)) throw new Refusal("bad_message");
  const shape = { id, kind };
  for (const field of FIELDS) shape[field] = clean(field, given[field] ?? PLAIN[field], kind);
  return shape;
}

/** The value of a field as the owner keeps it in a shape of this kind. Throws Refusal. */
export function clean(field, value, kind) {
  if (field === "text") return cleanText(value, kind);
  if (field === "points") return cleanPoints(value, kind);
  if (field === "fill" || field === "stroke") return cleanColour(value);
  if (!Number.isFinite(value)) throw new Refusal("bad_message");
  if (field === "rotation") return turned(q(value));
  if (field === "width") return inRange(Math.floor(value + 0.5), 0, LIMITS.width);
  if (field === "opacity") return inRange(Math.floor(value + 0.5), 5, 100);
  if (field === "x" || field === "y") return inRange(q(value), -LIMITS.coordinate, LIMITS.coordinate);
  return inRange(q(value), leastSize(kind), LIMITS.size);
}

function inRange(value, least, most) {
  if (value < least || value > most) throw new Refusal("out_of_range");
  return value;
}

function cleanColour(value) {
  const colour = String(value).toLowerCase();
  if (colour !== "" && !COLOUR.test(colour)) throw new Refusal("bad_message");
  return colour;
}

/** Text as others will see it: no control characters, nothing that turns its direction. Throws Refusal. */
function cleanText(value, kind) {
  if (PRINTABLE.test(value) && value.length <= LIMITS.text && !WITH_POINTS.has(kind)) return value;
  if (value && WITH_POINTS.has(kind)) throw new Refusal("bad_message");
  const spaced = String(value).replaceAll("\r\n", "\n").replaceAll("\t", " ").replaceAll(/[\v\f\r\x85\u2028\u2029]/g, "\n");
  const text = spaced.replaceAll(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}]/gu, "").normalize("NFC");
  if (charactersOf({ text }) > LIMITS.text) throw new Refusal("too_long");
  return text;
}

function cleanPoints(points, kind) {
  if (points.length > 2 * LIMITS.pointsOfOne) throw new Refusal("too_many_points");
  const isRight = WITH_POINTS.has(kind) ? points.length >= 4 && points.length % 2 === 0 : points.length === 0;
  if (!isRight) throw new Refusal("bad_message");
  return points.map((value) => {
    if (!Number.isFinite(value)) throw new Refusal("bad_message");
    return inRange(Math.floor(value + 0.5), 0, PART);
  });
}

/** Points of a shape, as the limits count them. */
export function pointsOf(shape) {
  return shape.points.length / 2;
}

/** Characters of a shape, as the limits count them. */
export function charactersOf({ text }) {
  // Most texts are short and plain; only halves of pairs make code points fewer than units.
  return /[\ud800-\udbff]/.test(text) ? Array.from(text).length : text.length;
}

/** The shape, moved as far as the bounds let it. */
export function moved(shape, dx, dy) {
  const most = LIMITS.coordinate;
  return placed(shape, within(shape.x + dx, -most, most), within(shape.y + dy, -most, most), shape.w, shape.h, shape.rotation);
}

/** The shape with a box added, `[dx, dy, dw, dh, dr]`, as far as the bounds let it. */
export function reshaped(shape, [dx, dy, dw, dh, dr]) {
  const { x, y } = moved(shape, dx, dy);
  const least = leastSize(shape.kind);
  const w = within(shape.w + dw, least, LIMITS.size);
  return placed(shape, x, y, w, within(shape.h + dh, least, LIMITS.size), turned(shape.rotation + dr));
}

function placed({ id, kind, fill, stroke, width, opacity, text, points, z }, x, y, w, h, rotation) {
  // Written out: a spread takes several times as long, and on a busy board thirty thousand shapes move a second.
  return { id, kind, x, y, w, h, rotation, fill, stroke, width, opacity, text, points, z };
}

/** Whether two shapes have the same text and points, which is what the limits of a board count. */
export function weighsSame(one, other) {
  return one?.text === other?.text && one?.points === other?.points;
}

/** Whether two shapes, or undefined ones, look and lie the same. */
export function isSame(one, other) {
  if (one === other) return true;
  if (!one || !other || one.z !== other.z || one.kind !== other.kind) return false;
  // Written out: thirty times a second this is asked of all that moves.
  const liesSame = one.x === other.x && one.y === other.y && one.w === other.w && one.h === other.h && one.rotation === other.rotation;
  const looksSame = one.fill === other.fill && one.stroke === other.stroke && one.width === other.width && one.opacity === other.opacity;
  return liesSame && looksSame && one.text === other.text && isEqual(one.points, other.points);
}

/** Whether two values of a field are the same. */
export function isEqual(one, other) {
  if (!Array.isArray(one)) return one === other;
  return one === other || (one.length === other.length && one.every((value, index) => value === other[index]));
}

/** Which of two shapes is farther back, for sorting. Ids are ASCII: units compare as code points do. */
export function byDepth(one, other) {
  return one.z - other.z || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}
