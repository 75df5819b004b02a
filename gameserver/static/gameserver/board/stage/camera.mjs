// What part of the board is seen: all the arithmetic of panning and zooming. Pure; reads no messages, sends none.
//
// A camera is {x, y, scale}: the point of the board in the middle of the view, and pixels of the screen for one of the board.
// A size is {width, height} of the view in pixels of the screen.

export const MIN_SCALE = 0.1;
export const MAX_SCALE = 8;
/** Zoom for each pixel: one notch of a wheel is about an eighth; a pinch on a trackpad comes in many small steps, each of more effect. */
const WHEEL_ZOOM = 0.0022;
const WHEEL_STEP_MAX = 60;
const PINCH_ZOOM = 0.01;
const PINCH_STEP_MAX = 12;
/** What a line and a page of a wheel are in pixels, for browsers that count in those. */
const LINE_PX = 16;

/** A scale within 10% and 800%. */
export function clampScale(scale) {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}

/** The point of the board that is seen at a point of the view. */
export function toBoard(camera, size, point) {
  return { x: camera.x + (point.x - size.width / 2) / camera.scale, y: camera.y + (point.y - size.height / 2) / camera.scale };
}

/** Where in the view a point of the board is seen. */
export function toScreen(camera, size, point) {
  return { x: (point.x - camera.x) * camera.scale + size.width / 2, y: (point.y - camera.y) * camera.scale + size.height / 2 };
}

/** The camera after the board was pushed by so many pixels of the screen. */
export function panned(camera, dx, dy) {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale };
}

/** The camera with another scale; what is seen at `point` of the view stays there. */
export function zoomedAt(camera, size, point, wanted) {
  const scale = clampScale(wanted);
  const anchor = toBoard(camera, size, point);
  return { scale, x: anchor.x - (point.x - size.width / 2) / scale, y: anchor.y - (point.y - size.height / 2) / scale };
}

/** Two fingers moved from `before` to `after` (two points of the view each): what was under their middle stays under it. */
export function pinched(camera, size, before, after) {
  const [from, to] = [middle(before), middle(after)];
  const zoom = spread(after) / Math.max(1, spread(before));
  const moved = panned(camera, to.x - from.x, to.y - from.y);
  return zoomedAt(moved, size, to, camera.scale * zoom);
}

/** What a wheel asks for: `{dx, dy}` to push the board by, or `{zoom}` to multiply the scale with. */
export function wheeled({ deltaX, deltaY, deltaMode, ctrlKey, metaKey, shiftKey }, pageHeight) {
  const unit = deltaMode === 1 ? LINE_PX : deltaMode === 2 ? pageHeight : 1;
  const [x, y] = [deltaX * unit, deltaY * unit];
  if (ctrlKey || metaKey) {
    const step = Math.max(-WHEEL_STEP_MAX, Math.min(WHEEL_STEP_MAX, y));
    return { zoom: Math.exp(-step * (Math.abs(y) < PINCH_STEP_MAX ? PINCH_ZOOM : WHEEL_ZOOM)) };
  }
  // A mouse without a second wheel pans sideways with shift; some systems turn the axes themselves.
  return shiftKey && !x ? { dx: -y, dy: 0 } : { dx: -x, dy: -y };
}

/** The part of the board that is seen, `margin` pixels of the screen more on each side: `[left, top, right, bottom]`. */
export function seen(camera, size, margin = 0) {
  const [half, tall] = [(size.width / 2 + margin) / camera.scale, (size.height / 2 + margin) / camera.scale];
  return [camera.x - half, camera.y - tall, camera.x + half, camera.y + tall];
}

/** The camera that shows all of `[left, top, right, bottom]` with some air; not nearer than `most`. Of nothing: the origin at 100%. */
export function fitted(bounds, size, { air = 48, most = 1 } = {}) {
  if (!bounds) return { x: 0, y: 0, scale: 1 };
  const [left, top, right, bottom] = bounds;
  const wide = (size.width - 2 * air) / Math.max(1, right - left);
  const tall = (size.height - 2 * air) / Math.max(1, bottom - top);
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: clampScale(Math.min(wide, tall, most)) };
}

/** Between two cameras, `part` of the way from 0 to 1; scales go by proportion, so that a zoom looks even. */
export function between(from, to, part) {
  const mix = (a, b) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), scale: from.scale * (to.scale / from.scale) ** part };
}

/** The next step of a zoom by buttons and keys: 10, 15, 25, 35, 50, 75, 100, 150, 200, 300, 400, 600, 800 percent. */
export function zoomStep(scale, direction) {
  const steps = [0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];
  const next = direction > 0 ? steps.find((step) => step > scale * 1.01) : steps.findLast((step) => step < scale * 0.99);
  return next ?? clampScale(scale);
}

function middle([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function spread([a, b]) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
