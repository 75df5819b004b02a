// Paints one shape, in its own frame: the canvas is moved and turned already. Reads no messages, sends none.

import { drawn, textColour } from "./colours.mjs";
import { headSize, ownPoints } from "./geometry.mjs";
import { trace } from "./strokes.mjs";
import { FONT, LINE_HEIGHT, TEXTED, inside, laidOut } from "./text.mjs";

const CORNER_PX = 2;
const NOTE_CORNER_PX = 3;
/** Letters that are smaller on the screen cannot be read, and are drawn as bars. */
const READABLE_PX = 4;
/** The width of letters in parts of their size, as it is on average. */
const LETTER = 0.52;
/** A shadow that is smaller on the screen is not seen. */
const SHADOW_LEAST_PX = 24;
/** The shadow of a note: a few pale rectangles cost a tenth of a blur. [grows by, lies lower by, opacity] */
const SHADOW = [[4, 6, 0.04], [2, 4, 0.06], [0.5, 2, 0.1]];

/**
 * Paint a shape.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {any} shape
 * @param {{isDark: boolean, scale: number, measure: (text: string) => number, writing?: string}} look
 *   scale: pixels of the screen for one of the board. writing: id of the shape whose text is not painted
 * @param {any} memo  keeps the lines of the text between two paintings of the same shape
 */
export function paint(context, shape, look, memo = {}) {
  context.lineJoin = context.lineCap = "round";
  context.lineWidth = shape.width;
  context.strokeStyle = drawn(shape.stroke, look.isDark) || "transparent";
  context.fillStyle = drawn(shape.fill, look.isDark) || "transparent";
  PAINTERS[shape.kind]?.(context, shape, look);
  if (shape.text && (!look.writing || shape.id !== look.writing)) paintText(context, shape, look, memo);
}

const PAINTERS = {
  rect(context, shape) {
    box(context, shape, CORNER_PX);
  },
  ellipse(context, { w, h, ...shape }) {
    const path = (less) => context.ellipse(w / 2, h / 2, Math.max(0, w / 2 - less), Math.max(0, h / 2 - less), 0, 0, 2 * Math.PI);
    fillAndLine(context, shape, path);
  },
  line(context, shape) {
    paintLine(context, ownPoints(shape));
  },
  stroke(context, shape) {
    if (!shape.width) return;
    context.beginPath();
    trace(context, ownPoints(shape));
    context.stroke();
  },
  arrow(context, shape) {
    const points = ownPoints(shape);
    const head = headOf(points, shape.width);
    if (!head) return paintLine(context, points);
    paintLine(context, [...points.slice(0, -2), ...head.base]);
    context.fillStyle = context.strokeStyle;
    context.lineWidth = Math.min(2, shape.width);
    context.beginPath();
    context.moveTo(...head.tip);
    context.lineTo(...head.left);
    context.lineTo(...head.right);
    context.closePath();
    context.fill();
    if (shape.width) context.stroke();
  },
  note(context, shape, look) {
    if (Math.min(shape.w, shape.h) * look.scale >= SHADOW_LEAST_PX && shape.fill) paintShadow(context, shape);
    context.fillStyle = drawn(shape.fill, look.isDark) || "transparent";
    box(context, shape, NOTE_CORNER_PX);
  },
};

function box(context, { w, h, ...shape }, round) {
  const corner = Math.min(round, w / 2, h / 2);
  const side = (length, less) => Math.max(0, length - 2 * less);
  fillAndLine(context, shape, (less) => context.roundRect(less, less, side(w, less), side(h, less), Math.max(0, corner - less)));
}

/** Where both are to be seen through, the filling ends where the line begins: under the line it would show through it. */
function fillAndLine(context, { fill, stroke, width, opacity }, path) {
  const hasLine = stroke && width > 0;
  if (fill) {
    context.beginPath();
    path(hasLine && opacity < 100 ? width / 2 : 0);
    context.fill();
  }
  if (!hasLine) return;
  if (!fill || opacity < 100) {
    context.beginPath();
    path(0);
  }
  context.stroke();
}

function paintLine(context, points) {
  if (!context.lineWidth || points.length < 4) return;
  context.beginPath();
  context.moveTo(points[0], points[1]);
  for (let at = 2; at < points.length; at += 2) context.lineTo(points[at], points[at + 1]);
  context.stroke();
}

function paintShadow(context, { w, h }) {
  context.fillStyle = "#000000";
  const opacity = context.globalAlpha;
  for (const [more, lower, part] of SHADOW) {
    context.globalAlpha = opacity * part;
    context.beginPath();
    context.roundRect(-more, lower - more, w + 2 * more, h + 2 * more, NOTE_CORNER_PX + more);
    context.fill();
  }
  context.globalAlpha = opacity;
}

/**
 * The head of an arrow in the shape's frame: its tip, two other corners, and the base, where the line ends.
 * A short arrow has a short head, one without length none: null.
 */
export function headOf(points, width) {
  const last = points.length - 2;
  const [x, y] = [points[last], points[last + 1]];
  let before = last - 2;
  while (before >= 0 && points[before] === x && points[before + 1] === y) before -= 2;
  if (before < 0) return null;
  const [dx, dy] = [x - points[before], y - points[before + 1]];
  const length = Math.hypot(dx, dy);
  const size = Math.min(headSize(width), before ? Infinity : length * 0.8);
  const [ux, uy] = [(dx / length) * size, (dy / length) * size];
  const corner = (side) => [x - ux - side * uy * 0.42, y - uy + side * ux * 0.42];
  return { tip: [x, y], left: corner(1), right: corner(-1), base: [x - ux * 0.9, y - uy * 0.9] };
}

function paintText(context, shape, { isDark, scale, measure }, memo) {
  context.fillStyle = textColour(shape, isDark);
  const rough = roughSize(shape);
  if (rough * scale < READABLE_PX) return paintBars(context, shape, rough);
  const key = `${shape.kind} ${shape.w} ${shape.h} ${shape.width} ${shape.text}`;
  if (memo.key !== key) Object.assign(memo, { key, layout: laidOut(shape, measure) });
  const { layout } = memo;
  if (!layout) return;
  context.font = `${layout.size}px ${FONT}`;
  context.textAlign = layout.align;
  context.textBaseline = "alphabetic";
  for (const { text, y } of layout.lines) if (text) context.fillText(text, layout.x, y);
}

/** About how large the letters of a text are, by the room that each of them has: what cannot be read need not be measured. */
function roughSize(shape) {
  const { w, h, most } = inside(shape);
  return Math.min(most, Math.sqrt((w * h) / (shape.text.length * LETTER * LINE_HEIGHT)));
}

/** Lines without letters, as many as there would be. */
function paintBars(context, shape, size) {
  if (!TEXTED.has(shape.kind)) return;
  const { x, y, w, h } = inside(shape);
  const length = shape.text.length * LETTER * size;
  const count = Math.min(Math.ceil(length / w), Math.floor(h / (size * LINE_HEIGHT)) || 1);
  const isText = shape.kind === "text";
  const top = isText ? y : y + (h - count * size * LINE_HEIGHT) / 2;
  context.globalAlpha *= 0.35;
  for (let line = 0; line < count; line += 1) {
    const width = Math.min(w, length - line * w);
    context.fillRect(isText ? x : x + (w - width) / 2, top + (line * LINE_HEIGHT + 0.4) * size, width, size * 0.6);
  }
}
