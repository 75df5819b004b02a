// What a rock looks like: an outline that stays near the circle which ships bounce off, craters, cracks. From the round's seed, so that it is the same
// for all. Pure but for `paintRock`; reads no messages, sends none.

import { Chance } from "../core/field.mjs";

/** How far an outline strays from the circle, parts of the radius: inwards more, so that nobody bounces off nothing. */
const INWARDS = 0.075;
const OUTWARDS = 0.02;
const CORNER_PX = 24;
const GRAIN = 1 << 16;

/**
 * @typedef {{corners: [number, number][], craters: {x: number, y: number, radius: number}[], cracks: [number, number][][]}} RockShape
 *   px from the rock's middle
 */

/** The shape of a round's rock. @param {number} seed of the round @param {number} index of the rock @param {number} radius px @returns {RockShape} */
export function shapeOf(seed, index, radius) {
  const chance = new Chance((seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0);
  const part = () => chance.below(GRAIN) / GRAIN;
  const count = Math.max(11, Math.round((2 * Math.PI * radius) / CORNER_PX));
  const corners = Array.from({ length: count }, (_, corner) => {
    const angle = ((corner + (part() - 0.5) * 0.6) * 2 * Math.PI) / count;
    const reach = radius * (1 - INWARDS + part() * (INWARDS + OUTWARDS));
    return [Math.cos(angle) * reach, Math.sin(angle) * reach];
  });
  const craters = Array.from({ length: 2 + Math.floor(radius / 24) }, () => {
    const [angle, way, size] = [part() * 2 * Math.PI, Math.sqrt(part()) * 0.62, 0.09 + part() * 0.13];
    return { x: Math.cos(angle) * way * radius, y: Math.sin(angle) * way * radius, radius: size * radius };
  });
  const cracks = Array.from({ length: 3 }, () => {
    const [from, way] = [part() * 2 * Math.PI, 0.9 + part() * 0.05];
    const at = (angle, reach) => [Math.cos(angle) * reach * radius, Math.sin(angle) * reach * radius];
    return [at(from, way), at(from + (part() - 0.5) * 0.5, 0.72), at(from + (part() - 0.5) * 0.9, 0.5 + part() * 0.1)];
  });
  return { corners, craters, cracks };
}

/** The shape as paths to paint. */
export function pathsOf({ corners, craters, cracks }) {
  const [outline, holes, lips, lines] = [new Path2D(), new Path2D(), new Path2D(), new Path2D()];
  corners.forEach(([x, y], index) => (index ? outline.lineTo(x, y) : outline.moveTo(x, y)));
  outline.closePath();
  for (const { x, y, radius } of craters) {
    holes.moveTo(x + radius, y);
    holes.arc(x, y, radius, 0, 2 * Math.PI);
    lips.moveTo(x + radius, y);
    lips.arc(x, y, radius, 0, Math.PI * 0.6);
  }
  for (const crack of cracks) crack.forEach(([x, y], index) => (index ? lines.lineTo(x, y) : lines.moveTo(x, y)));
  return { outline, holes, lips, lines };
}

/** Paint a rock whose middle is the context's 0, 0. */
export function paintRock(context, { outline, holes, lips, lines }, radius, palette) {
  const light = context.createRadialGradient(-radius * 0.4, -radius * 0.45, radius * 0.1, 0, 0, radius * 1.1);
  light.addColorStop(0, palette.rockLit);
  light.addColorStop(1, palette.rock);
  context.fillStyle = light;
  context.fill(outline);
  context.fillStyle = palette.rockShade;
  context.fill(holes);
  context.strokeStyle = palette.rockLit;
  context.lineWidth = 1.5;
  context.stroke(lips);
  context.strokeStyle = palette.rockShade;
  context.lineWidth = 2;
  context.stroke(lines);
  context.strokeStyle = palette.rockEdge;
  context.lineWidth = 2.5;
  context.lineJoin = "round";
  context.stroke(outline);
}
