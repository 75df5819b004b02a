// What lies behind everything: clouds, stars in two depths, dots of the field, its walls. Reads no messages, sends none.

import { Chance } from "../core/field.mjs";
import { SIZE } from "../core/rules.mjs";

/** Tiles of stars, px of the screen: how many, how large, and by what part of the field they move. */
const TILE_PX = 512;
const DEPTHS = [
  { parallax: 0.16, count: 70, least: 0.5, most: 1.1, alpha: 0.55 },
  { parallax: 0.42, count: 26, least: 0.9, most: 1.9, alpha: 0.9 },
];
const DOTS_PX = 64;
const CLOUDS_PX = 256;
const CLOUDS = 9;
/** The clouds are seen so many times as large as they are painted, and move by so much. */
const CLOUDS_SCALE = 9;
const CLOUDS_PARALLAX = 0.09;
const STREAK_PX = 28;
const SEED = 20;

function canvasOf(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function starTile({ count, least, most, alpha }, colour, pixelRatio, chance) {
  const canvas = canvasOf(TILE_PX * pixelRatio, TILE_PX * pixelRatio);
  const context = canvas.getContext("2d");
  context.scale(pixelRatio, pixelRatio);
  context.fillStyle = colour;
  for (let star = 0; star < count; star += 1) {
    const [x, y] = [4 + chance.below(TILE_PX - 8), 4 + chance.below(TILE_PX - 8)];
    const size = least + ((most - least) * chance.below(100)) / 100;
    context.globalAlpha = alpha * (0.35 + (0.65 * chance.below(100)) / 100);
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  }
  return canvas;
}

function cloudTile(colours, chance) {
  const canvas = canvasOf(CLOUDS_PX, CLOUDS_PX);
  const context = canvas.getContext("2d");
  for (let cloud = 0; cloud < CLOUDS; cloud += 1) {
    const [x, y, radius] = [chance.below(CLOUDS_PX), chance.below(CLOUDS_PX), 40 + chance.below(60)];
    // The same at all sides, so that tiles have no seams.
    for (const [right, down] of [[0, 0], [1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1], [1, -1], [-1, 1]]) {
      const [left, top] = [x + right * CLOUDS_PX, y + down * CLOUDS_PX];
      const soft = context.createRadialGradient(left, top, 0, left, top, radius);
      const colour = colours[cloud % colours.length];
      soft.addColorStop(0, colour);
      soft.addColorStop(1, `${colour.slice(0, 7)}00`);
      context.fillStyle = soft;
      context.fillRect(0, 0, CLOUDS_PX, CLOUDS_PX);
    }
  }
  return canvas;
}

function dotTile(colour, step, pixelRatio) {
  const size = Math.max(8, Math.round(step * pixelRatio));
  const canvas = canvasOf(size, size);
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  context.beginPath();
  context.arc(size / 2, size / 2, 1.15 * pixelRatio, 0, 2 * Math.PI);
  context.fill();
  return canvas;
}

export class Ground {
  #layers = [];
  #clouds = null;
  #dots = null;
  #dotPx = 1;

  /** Make the tiles anew: other colours, another scale or density of pixels. */
  prepare(context, palette, scale, pixelRatio) {
    const chance = new Chance(SEED);
    const patternOf = (canvas) => context.createPattern(canvas, "repeat");
    this.#layers = DEPTHS.map((depth) => ({ pattern: patternOf(starTile(depth, palette.star, pixelRatio, chance)), parallax: depth.parallax }));
    this.#clouds = patternOf(cloudTile([palette.cloudA, palette.cloudB], chance));
    const dots = dotTile(palette.dot, DOTS_PX * scale, pixelRatio);
    this.#dotPx = dots.width;
    this.#dots = patternOf(dots);
    this.pixelRatio = pixelRatio;
  }

  /** Paint all of the screen. */
  paint(context, eye, palette) {
    const { pixelRatio } = this;
    const { width, height, scale } = eye;
    context.fillStyle = palette.space;
    context.fillRect(0, 0, width, height);
    const [left, top] = [eye.left - width / 2, eye.top - height / 2];
    this.#tile(context, eye, this.#clouds, left * CLOUDS_PARALLAX, top * CLOUDS_PARALLAX, CLOUDS_SCALE);
    for (const { pattern, parallax } of this.#layers) this.#tile(context, eye, pattern, left * parallax, top * parallax, 1 / pixelRatio);
    this.#tile(context, eye, this.#dots, eye.left, eye.top, (DOTS_PX * scale) / this.#dotPx);
    this.#paintWalls(context, eye, palette);
  }

  #tile(context, { width, height }, pattern, left, top, scale) {
    pattern.setTransform(new DOMMatrix([scale, 0, 0, scale, left, top]));
    context.fillStyle = pattern;
    context.fillRect(0, 0, width, height);
  }

  #paintWalls(context, { left, top, scale, width, height }, palette) {
    const side = SIZE * scale;
    if (left < -STREAK_PX && top < -STREAK_PX && left + side > width + STREAK_PX && top + side > height + STREAK_PX) return;
    context.fillStyle = palette.outside;
    context.beginPath();
    context.rect(-1, -1, width + 2, height + 2);
    context.rect(left, top, side, side);
    context.fill("evenodd");
    context.strokeStyle = palette.wall;
    for (const [lineWidth, alpha] of [[18, 0.1], [9, 0.18], [2.5, 1]]) {
      context.lineWidth = lineWidth;
      context.globalAlpha = alpha;
      context.strokeRect(left, top, side, side);
    }
    context.globalAlpha = 1;
  }
}
