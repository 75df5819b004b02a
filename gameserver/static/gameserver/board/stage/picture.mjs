// The board as a picture, for keeping. Reads no messages, sends none.

import { paint } from "./figure.mjs";

const AIR_PX = 24;
/** Browsers refuse canvases that are much larger. */
const SIDE_MOST_PX = 8_000;
const RADIANS = Math.PI / 180;

/**
 * A PNG of shapes, back to front.
 *
 * @param {any[]} shapes
 * @param {number[]} bounds what they paint on
 * @param {{scale: number, background: string, isDark: boolean, measure: Function}} options
 *   scale: pixels of the picture for one of the board; smaller where a side would pass 8,000. background: a colour, or "" for none
 * @returns {Promise<Blob>} rejected when the browser makes no picture of that size
 */
export function pictureOf(shapes, bounds, { scale: wanted, background, isDark, measure }) {
  const [left, top, right, bottom] = bounds;
  const [wide, tall] = [right - left + 2 * AIR_PX, bottom - top + 2 * AIR_PX];
  const scale = Math.min(wanted, SIDE_MOST_PX / wide, SIDE_MOST_PX / tall);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(wide * scale));
  canvas.height = Math.max(1, Math.floor(tall * scale));
  const context = canvas.getContext("2d");
  if (background) {
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  for (const shape of shapes) {
    context.setTransform(scale, 0, 0, scale, (shape.x - left + AIR_PX) * scale, (shape.y - top + AIR_PX) * scale);
    context.rotate(shape.rotation * RADIANS);
    context.globalAlpha = shape.opacity / 100;
    paint(context, shape, { isDark, scale, measure });
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser made no picture."))), "image/png");
  });
}
