// How text stands in a shape: in which size, in which lines. A shape has a box and no size of letters, so the box decides.
// Pure: who measures letters is passed in. Reads no messages, sends none.

export const FONT = 'ui-rounded, "SF Pro Rounded", "Nunito", "Segoe UI", system-ui, -apple-system, "Noto Sans", sans-serif';
/** From line to line, in parts of the size of the letters. */
export const LINE_HEIGHT = 1.3;
/** Where letters stand in their line, from its top, in parts of the size: the place of the baseline that looks even. */
const BASELINE = 1;
/** The kinds of shapes in which text is shown. */
export const TEXTED = new Set(["text", "note", "rect", "ellipse"]);
/** A new text has letters of this size, in pixels at 100%. */
export const TEXT_PX = 24;
const LABEL_PX = 20;
const LEAST_PX = 4;
/** Another computer has other letters, a little wider perhaps: a line may be this much too long before it is broken. */
const TOLERANCE = 1.01;
/** For the same reason a box that is made for a text is a little wider than its lines are here. */
const SPARE = 1.03;
/** Scripts without spaces may be broken after each letter. */
const PIECES = /\s+|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+/gu;

/**
 * A shape's text in lines, or null when it shows none.
 *
 * Letters are as large as the box allows, in notes and labels not larger than is usual there.
 * @param {(text: string) => number} measure width in parts of the size of the letters
 * @returns {null | {size: number, lineHeight: number, align: "left" | "center", x: number, lines: {text: string, y: number}[]}}
 *   in pixels of the shape's own frame; x: where lines begin, or their middle; y: of the baseline
 */
export function laidOut(shape, measure) {
  if (!shape.text || !TEXTED.has(shape.kind)) return null;
  const room = inside(shape);
  const size = fittingSize(shape.text, room, measure);
  const lines = wrapped(shape.text, (room.w / size) * TOLERANCE, measure);
  const lineHeight = size * LINE_HEIGHT;
  const isText = shape.kind === "text";
  const top = room.y + (isText ? 0 : Math.max(0, (room.h - lines.length * lineHeight) / 2));
  return {
    size,
    lineHeight,
    align: isText ? "left" : "center",
    x: isText ? room.x : room.x + room.w / 2,
    lines: lines.map((text, at) => ({ text, y: top + at * lineHeight + size * BASELINE })),
  };
}

/** The part of a shape in which its text stands, and how large letters may be: `{x, y, w, h, most}`. */
export function inside({ kind, w, h, width }) {
  if (kind === "text") return { x: 0, y: 0, w: Math.max(1, w), h, most: h / LINE_HEIGHT + 1 };
  const least = Math.min(w, h);
  const part = kind === "ellipse" ? 0.147 : 0;
  const pad = kind === "note" ? Math.min(16, least * 0.08) : Math.min(8, least * 0.06) + width / 2;
  const [x, y] = [w * part + pad, h * part + pad];
  const most = kind === "note" ? Math.max(LABEL_PX, least * 0.12) : Math.max(LABEL_PX, least * 0.05);
  return { x, y, w: Math.max(1, w - 2 * x), h: Math.max(1, h - 2 * y), most };
}

/** The largest size in which a text fits into a room, in steps of 1/8. Words are broken only where nothing else is left. */
function fittingSize(text, room, measure) {
  const longest = longestPiece(text, measure);
  const fits = (size) => {
    if (longest * size > room.w * TOLERANCE + 0.5) return false;
    return wrapped(text, (room.w / size) * TOLERANCE, measure).length * size * LINE_HEIGHT <= room.h + 0.05;
  };
  let [low, high] = [LEAST_PX * 8, Math.max(LEAST_PX * 8, Math.floor(Math.min(room.most, room.h / LINE_HEIGHT + 0.05) * 8))];
  if (fits(high / 8)) return high / 8;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle / 8)) low = middle;
    else high = middle;
  }
  return low / 8;
}

function longestPiece(text, measure) {
  return Math.max(0, ...(text.match(PIECES) ?? []).map((piece) => (piece.trim() ? measure(piece) : 0)));
}

/**
 * A text broken into lines that are at most `width` wide (in parts of the size of the letters); spaces at the break are left out.
 * @returns {string[]} at least one
 */
export function wrapped(text, width, measure) {
  return text.split("\n").flatMap((paragraph) => broken(paragraph, width, measure));
}

function broken(paragraph, width, measure) {
  const lines = [];
  let [line, length, space] = ["", 0, ""];
  for (const piece of paragraph.match(PIECES) ?? []) {
    if (!piece.trim()) {
      space += piece;
      continue;
    }
    const gap = space ? measure(space) : 0;
    const own = measure(piece);
    if (line && length + gap + own > width) {
      lines.push(line);
      [line, length] = ["", 0];
    } else if (space) {
      [line, length] = [line + space, length + gap];
    }
    space = "";
    if (own <= width) [line, length] = [line + piece, length + own];
    else [line, length] = splitInto(lines, line, length, piece, width, measure);
  }
  return [...lines, line];
}

function splitInto(lines, start, startLength, piece, width, measure) {
  let [line, length] = [start, startLength];
  for (const letter of piece) {
    const own = measure(letter);
    if (line && length + own > width) {
      lines.push(line);
      [line, length] = ["", 0];
    }
    [line, length] = [line + letter, length + own];
  }
  return [line, length];
}

/** The box that a text needs in letters of a size: as wide as its longest line, or `width` if given and it is to be broken there. */
export function boxOf(text, size, measure, width = Infinity) {
  const lines = wrapped(text, (width / size) * TOLERANCE, measure);
  const w = width === Infinity ? Math.max(...lines.map(measure)) * size * SPARE + 2 : width;
  return { w: Math.max(size / 2, Math.ceil(w * 8) / 8), h: Math.ceil(lines.length * size * LINE_HEIGHT * 8) / 8 };
}
