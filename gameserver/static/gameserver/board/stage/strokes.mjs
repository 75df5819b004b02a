// Lines that are drawn by hand, and what becomes of them as shapes. Pure; reads no messages, sends none.

import { PARTS, around, distanceToLine } from "./geometry.mjs";

/** A shape has at most 1,000 points; a stroke keeps clear of it. */
const POINTS_MAX = 1_000;
/** How far from a corner its line begins to turn, in tolerances. */
const CORNER = 10;

/**
 * As few of the points as tell the line to within `tolerance` (Ramer, Douglas and Peucker). First and last ones stay.
 * @param {{x: number, y: number}[]} points
 */
export function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const keeps = new Uint8Array(points.length);
  keeps[0] = keeps[points.length - 1] = 1;
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    const [farthest, distance] = farthestBetween(points, first, last);
    if (distance <= tolerance) continue;
    keeps[farthest] = 1;
    spans.push([first, farthest], [farthest, last]);
  }
  return points.filter((_, at) => keeps[at]);
}

function farthestBetween(points, first, last) {
  const [a, b] = [points[first], points[last]];
  let [farthest, most] = [first, -1];
  for (let at = first + 1; at < last; at += 1) {
    const distance = distanceToLine(a.x, a.y, b.x, b.y, points[at]);
    if (distance > most) [farthest, most] = [at, distance];
  }
  return [farthest, most];
}

/**
 * The points of a drawn line as a stroke keeps them: simplified, with corners that stay corners, and not more than a shape may have. For
 * that the tolerance is doubled as often as needed.
 */
export function tamed(points, tolerance) {
  for (let allowed = tolerance; ; allowed *= 2) {
    const kept = cornered(simplified(points, allowed), CORNER * allowed);
    if (kept.length <= POINTS_MAX) return kept;
  }
}

/** The points with two more beside each that has long lines to its neighbours, `near` to it: a curve through them turns only there. */
function cornered(points, near) {
  return points.flatMap((point, at) => {
    if (at === 0 || at === points.length - 1) return [point];
    return [...towards(point, points[at - 1], near), point, ...towards(point, points[at + 1], near)];
  });
}

function towards(point, neighbour, near) {
  const [dx, dy] = [neighbour.x - point.x, neighbour.y - point.y];
  const length = Math.hypot(dx, dy);
  return length <= 2 * near ? [] : [{ x: point.x + (dx / length) * near, y: point.y + (dy / length) * near }];
}

/**
 * Where a shape made of these points is, and the points as parts of its size: `{x, y, w, h, points}`. Places are multiples of 1/8, so
 * that the owner has nothing to round. A single point is a dot: it is there twice, since a line has two ends.
 */
export function placed(given) {
  const points = given.length > 1 ? given : [given[0], given[0]];
  const [left, top, right, bottom] = around(points);
  const [x, y] = [Math.floor(left * 8) / 8, Math.floor(top * 8) / 8];
  const [w, h] = [Math.ceil((right - x) * 8) / 8, Math.ceil((bottom - y) * 8) / 8];
  const part = (value, whole) => (whole ? Math.min(PARTS, Math.max(0, Math.round((value / whole) * PARTS))) : 0);
  return { x, y, w, h, points: points.flatMap((point) => [part(point.x - x, w), part(point.y - y, h)]) };
}

/**
 * Draw a smooth line through points into a path: curves from middle to middle of the pieces, with the points between as handles.
 * @param {{moveTo: Function, lineTo: Function, quadraticCurveTo: Function}} path  @param {number[]} points [x, y, x, y, …]
 */
export function trace(path, points) {
  path.moveTo(points[0], points[1]);
  const last = points.length - 2;
  for (let i = 2; i < last; i += 2) {
    path.quadraticCurveTo(points[i], points[i + 1], (points[i] + points[i + 2]) / 2, (points[i + 1] + points[i + 3]) / 2);
  }
  // A dot has no length, and a line without length is not drawn.
  const isDot = points.every((value, at) => value === points[at % 2]);
  path.lineTo(points[last] + (isDot ? 0.01 : 0), points[last + 1]);
}

/** The other end of a line from `from` towards `to`, at the next multiple of 15°, as long as it was. */
export function straightened(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const step = Math.PI / 12;
  const angle = Math.round(Math.atan2(dy, dx) / step) * step;
  const length = Math.hypot(dx, dy);
  return { x: from.x + length * Math.cos(angle), y: from.y + length * Math.sin(angle) };
}

/** The box that is drawn by a drag from one point to another: `{x, y, w, h}`; square if told so, or with the first point as its middle. */
export function drawnBox(from, to, { isSquare = false, isCentred = false } = {}) {
  let [dx, dy] = [to.x - from.x, to.y - from.y];
  if (isSquare) {
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    [dx, dy] = [dx < 0 ? -side : side, dy < 0 ? -side : side];
  }
  if (isCentred) return { x: from.x - Math.abs(dx), y: from.y - Math.abs(dy), w: 2 * Math.abs(dx), h: 2 * Math.abs(dy) };
  return { x: Math.min(from.x, from.x + dx), y: Math.min(from.y, from.y + dy), w: Math.abs(dx), h: Math.abs(dy) };
}
