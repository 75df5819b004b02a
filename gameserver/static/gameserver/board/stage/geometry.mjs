// Where shapes are and what a pointer touches. Pure; reads no messages, sends none.
//
// A shape is as docs/board.md says: turned clockwise about its corner x, y. Bounds are [left, top, right, bottom] of the board.

const RADIANS = Math.PI / 180;
/** Parts of w and h in which points are counted. */
export const PARTS = 10_000;
const POINTED = new Set(["line", "arrow", "stroke"]);

/** Whether a shape is made of points, and has no inside. */
export function isPointed(shape) {
  return POINTED.has(shape.kind);
}

/** A point of the board, from one in the shape's own frame, whose origin is its corner. */
export function outward(shape, x, y) {
  if (!shape.rotation) return { x: shape.x + x, y: shape.y + y };
  const [cos, sin] = [Math.cos(shape.rotation * RADIANS), Math.sin(shape.rotation * RADIANS)];
  return { x: shape.x + x * cos - y * sin, y: shape.y + x * sin + y * cos };
}

/** A point in the shape's own frame, from one of the board. */
export function inward(shape, x, y) {
  const [dx, dy] = [x - shape.x, y - shape.y];
  if (!shape.rotation) return { x: dx, y: dy };
  const [cos, sin] = [Math.cos(shape.rotation * RADIANS), Math.sin(shape.rotation * RADIANS)];
  return { x: dx * cos + dy * sin, y: dy * cos - dx * sin };
}

/** The four corners, clockwise from the one that is top left before turning. */
export function corners(shape) {
  return [outward(shape, 0, 0), outward(shape, shape.w, 0), outward(shape, shape.w, shape.h), outward(shape, 0, shape.h)];
}

/** What a shape covers, without the half of its line that is outside. */
export function boundsOf(shape) {
  const { x, y, w, h } = shape;
  return shape.rotation ? around(corners(shape)) : [x, y, x + w, y + h];
}

/** What a shape can paint on: its bounds, its line, the head of an arrow or the shadow of a note. */
export function paintedBounds(shape) {
  const [left, top, right, bottom] = boundsOf(shape);
  const more = shape.kind === "arrow" ? headSize(shape.width) : shape.kind === "note" ? 16 : shape.width / 2 + 1;
  return [left - more, top - more, right + more, bottom + more];
}

/** The bounds of many points, or null of none. */
export function around(points) {
  if (!points.length) return null;
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    bounds[0] = Math.min(bounds[0], x);
    bounds[1] = Math.min(bounds[1], y);
    bounds[2] = Math.max(bounds[2], x);
    bounds[3] = Math.max(bounds[3], y);
  }
  return bounds;
}

/** The bounds of many bounds, or null of none. */
export function united(many) {
  let all = null;
  for (const one of many) {
    all = all
      ? [Math.min(all[0], one[0]), Math.min(all[1], one[1]), Math.max(all[2], one[2]), Math.max(all[3], one[3])]
      : [...one];
  }
  return all;
}

/** Whether two bounds have anything in common. */
export function overlaps(a, b) {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/** How long the head of an arrow is, along the line. */
export function headSize(width) {
  return 8 + 3 * width;
}

/** The points of a line, an arrow or a stroke in its own frame: [x, y, x, y, …] in pixels at 100%. */
export function ownPoints(shape) {
  const [across, down] = [shape.w / PARTS, shape.h / PARTS];
  return shape.points.map((part, at) => part * (at % 2 ? down : across));
}

/**
 * Whether a pointer at x, y of the board touches what is drawn, or comes as near as `slack`. A shape with a filling or a text is
 * touched anywhere inside, one without only at its line, so that one can reach what it goes around.
 */
export function isHit(shape, x, y, slack) {
  const at = inward(shape, x, y);
  const near = slack + shape.width / 2;
  if (at.x < -near || at.y < -near || at.x > shape.w + near || at.y > shape.h + near) return false;
  if (isPointed(shape)) return distanceToPath(ownPoints(shape), at) <= near;
  if (shape.kind === "ellipse") return isInEllipse(shape, at, near);
  const isSolid = shape.kind === "text" || shape.kind === "note" || shape.fill || shape.text;
  return Boolean(isSolid) || at.x <= near || at.y <= near || at.x >= shape.w - near || at.y >= shape.h - near;
}

/** Whether a frame touches a shape: any of its line or, where it has an inside, of that. */
export function isFramed(shape, frame) {
  if (!overlaps(boundsOf(shape), frame)) return false;
  const outline = isPointed(shape) ? path(shape) : shape.kind === "ellipse" ? ring(shape) : [...corners(shape), outward(shape, 0, 0)];
  for (let i = 0; i + 1 < outline.length; i += 1) if (crosses(outline[i], outline[i + 1], frame)) return true;
  if (isPointed(shape)) return false;
  const middle = { x: (frame[0] + frame[2]) / 2, y: (frame[1] + frame[3]) / 2 };
  return isHit({ ...shape, fill: "#000000" }, middle.x, middle.y, 0);
}

function path(shape) {
  const points = ownPoints(shape);
  return Array.from({ length: points.length / 2 }, (_, i) => outward(shape, points[2 * i], points[2 * i + 1]));
}

function ring(shape) {
  return Array.from({ length: 33 }, (_, i) => {
    const turn = (i / 32) * 2 * Math.PI;
    return outward(shape, (shape.w / 2) * (1 + Math.cos(turn)), (shape.h / 2) * (1 + Math.sin(turn)));
  });
}

function isInEllipse(shape, at, near) {
  const [a, b] = [shape.w / 2, shape.h / 2];
  const reach = (grow) => (a + grow <= 0 || b + grow <= 0 ? Infinity : ((at.x - a) / (a + grow)) ** 2 + ((at.y - b) / (b + grow)) ** 2);
  return reach(near) <= 1 && (Boolean(shape.fill || shape.text) || reach(-near) >= 1);
}

function distanceToPath(points, at) {
  let least = Infinity;
  for (let i = 0; i + 3 < points.length; i += 2) {
    least = Math.min(least, distanceToLine(points[i], points[i + 1], points[i + 2], points[i + 3], at));
  }
  return points.length === 2 ? Math.hypot(at.x - points[0], at.y - points[1]) : least;
}

/** From a point to the line between two others, ends included. */
export function distanceToLine(x1, y1, x2, y2, { x, y }) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const part = length ? Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length)) : 0;
  return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
}

/** Whether the line from a to b enters a frame: what is left of it when it is cut at each of the frame's sides. */
function crosses(a, b, [left, top, right, bottom]) {
  let [from, to] = [0, 1];
  for (const [start, step, low, high] of [[a.x, b.x - a.x, left, right], [a.y, b.y - a.y, top, bottom]]) {
    if (!step) {
      if (start < low || start > high) return false;
      continue;
    }
    const [one, other] = [(low - start) / step, (high - start) / step];
    from = Math.max(from, Math.min(one, other));
    to = Math.min(to, Math.max(one, other));
    if (from > to) return false;
  }
  return true;
}
