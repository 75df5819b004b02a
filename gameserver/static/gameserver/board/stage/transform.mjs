// What a resized or turned selection means for each of its shapes. Pure; reads no messages, sends none.
//
// A box is {x, y, w, h, rotation}, turned about its corner as shapes are.

import { PARTS, boundsOf, inward, isPointed, outward, united } from "./geometry.mjs";

/** The least size of a shape that is resized by hand, in pixels of the board: less could hardly be caught again. */
export const LEAST_PX = 8;

/** The box around a selection: of one shape its own, turned as it is; of several the upright one around all. Null of none. */
export function boxAround(shapes) {
  if (!shapes.length) return null;
  if (shapes.length === 1) return boxOf(shapes[0]);
  const [left, top, right, bottom] = united(shapes.map(boundsOf));
  return { x: left, y: top, w: right - left, h: bottom - top, rotation: 0 };
}

/** Whether a selection may be resized in one direction only: a turned shape among others would have to become a rhombus. */
export function isFree(shapes) {
  return shapes.length === 1 || shapes.every(({ rotation }) => rotation % 180 === 0);
}

/**
 * What a drag of the box `from` to the box `to` adds to each shape: `{id: [dx, dy, dw, dh, dr]}`, as `reshape` wants it.
 *
 * Corners go where the box takes them; sizes follow the box, not below the least one, or what a shape has already if that is less.
 */
export function reshaped(shapes, from, to) {
  const [across, down] = [ratio(to.w, from.w), ratio(to.h, from.h)];
  const turn = to.rotation - from.rotation;
  return Object.fromEntries(
    shapes.map((shape) => {
      const at = inward(from, shape.x, shape.y);
      const corner = outward(to, at.x * across, at.y * down);
      // One that lies on its side has its width along the box's height. Others are turned only where both directions grow alike.
      const isAcross = Math.round((shape.rotation - from.rotation) / 90) % 2 === 0;
      const w = grown(shape, shape.w, isAcross ? across : down);
      const h = grown(shape, shape.h, isAcross ? down : across);
      return [shape.id, [corner.x - shape.x, corner.y - shape.y, w - shape.w, h - shape.h, turned(turn)]];
    }),
  );
}

function ratio(now, before) {
  return before > 0 ? now / before : 1;
}

function grown(shape, size, by) {
  const least = isPointed(shape) ? 0 : Math.min(size, LEAST_PX);
  return Math.max(least, size * by);
}

/** The shorter way round, in degrees. */
export function turned(degrees) {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

/** A shape's box alone. */
export function boxOf({ x, y, w, h, rotation }) {
  return { x, y, w, h, rotation };
}

/** A straight line or arrow whose ends are at two points of the board: `{x, y, w, h, rotation, points}`. */
export function lineBetween(start, end) {
  const eighth = (value) => Math.round(value * 8) / 8;
  const [a, b] = [{ x: eighth(start.x), y: eighth(start.y) }, { x: eighth(end.x), y: eighth(end.y) }];
  const part = (value, other) => (value > other ? PARTS : 0);
  const points = [part(a.x, b.x), part(a.y, b.y), part(b.x, a.x), part(b.y, a.y)];
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), w: Math.abs(a.x - b.x), h: Math.abs(a.y - b.y), rotation: 0, points };
}

/** The two ends of a straight line or arrow on the board; null of other shapes, which have more or fewer points. */
export function endsOf(shape) {
  if (!["line", "arrow"].includes(shape.kind) || shape.points.length !== 4) return null;
  const [x1, y1, x2, y2] = shape.points.map((part, at) => (part / PARTS) * (at % 2 ? shape.h : shape.w));
  return [outward(shape, x1, y1), outward(shape, x2, y2)];
}

/** A box not smaller than `least`: the side opposite the handle that is dragged ("top-left", "middle-right", …) stays where it is. */
export function clamped(box, anchor, least) {
  const [w, h] = [Math.max(least, box.w), Math.max(least, box.h)];
  const { x, y } = outward(box, anchor.includes("left") ? box.w - w : 0, anchor.includes("top") ? box.h - h : 0);
  return { ...box, x, y, w, h };
}
