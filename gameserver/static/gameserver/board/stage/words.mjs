// What a screen reader is told about shapes. Pure; reads no messages, sends none.

const KINDS = { rect: "Rectangle", ellipse: "Ellipse", line: "Line", arrow: "Arrow", stroke: "Stroke", text: "Text", note: "Note" };
const QUOTED = 60;

/** A kind in a word. */
export function kindName(kind) {
  return KINDS[kind] ?? "Shape";
}

/** One shape of many: "Rectangle “hello”, 3 of 12". */
export function placeInWords(shape, at, count) {
  const text = shape.text.replace(/\s+/gu, " ").trim();
  const quoted = text ? ` “${text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text}”` : "";
  return `${kindName(shape.kind)}${quoted}, ${at + 1} of ${count}`;
}

/** How many there are: "1 shape", "3 shapes". */
export function countInWords(count) {
  return `${count} ${count === 1 ? "shape" : "shapes"}`;
}
