// What one person's desk looks like: tool, style of the next shape, selection, view. Pure; reads no messages, sends none.

// The colour of the canvas is the custom property --board-paper, which worlds/board.css sets for the dark and for the light.

/** Colours that are offered. `ink` and `paper` are drawn as each other in the dark. */
export const PALETTE = Object.freeze({
  ink: "#1f2937",
  grey: "#6b7280",
  red: "#dc2626",
  orange: "#ea580c",
  yellow: "#facc15",
  green: "#16a34a",
  teal: "#0d9488",
  blue: "#2563eb",
  violet: "#7c3aed",
  pink: "#db2777",
  sand: "#fde68a",
  paper: "#ffffff",
});

/** Tools, in the order of the toolbar, with their keys. */
export const TOOLS = Object.freeze([
  { name: "select", key: "v", title: "Select" },
  { name: "hand", key: "h", title: "Hand" },
  { name: "rect", key: "r", title: "Rectangle" },
  { name: "ellipse", key: "o", title: "Ellipse" },
  { name: "line", key: "l", title: "Line" },
  { name: "arrow", key: "a", title: "Arrow" },
  { name: "pen", key: "p", title: "Pen" },
  { name: "text", key: "t", title: "Text" },
  { name: "note", key: "n", title: "Note" },
]);

/** The style that a new shape of each kind begins with; what a person chooses is remembered by kind. */
const STYLES = Object.freeze({
  rect: { fill: "", stroke: PALETTE.ink, width: 2, opacity: 100 },
  ellipse: { fill: "", stroke: PALETTE.ink, width: 2, opacity: 100 },
  line: { fill: "", stroke: PALETTE.ink, width: 2, opacity: 100 },
  arrow: { fill: "", stroke: PALETTE.ink, width: 2, opacity: 100 },
  stroke: { fill: "", stroke: PALETTE.ink, width: 4, opacity: 100 },
  text: { fill: PALETTE.ink, stroke: "", width: 0, opacity: 100 },
  note: { fill: PALETTE.sand, stroke: "", width: 0, opacity: 100 },
});

/** Local state that the stage and the panels share. `onChange(callback)`: callback(names of what changed). */
export class Desk {
  #callbacks = new Set();

  constructor({ readOnly = false } = {}) {
    this.readOnly = readOnly;
    this.tool = readOnly ? "hand" : "select";
    this.styles = Object.fromEntries(Object.entries(STYLES).map(([kind, style]) => [kind, { ...style }]));
    /** Ids, in the order in which they were selected. */
    this.selection = new Set();
    /** The point of the board in the middle of the view, and pixels of the screen for one of the board. */
    this.camera = { x: 0, y: 0, scale: 1 };
    this.grid = true;
    /** The id of the player whose view is followed, or "". */
    this.following = "";
    /** The id of the shape whose text is being edited, or "". */
    this.editing = "";
  }

  /** Change some of it, and tell whoever listens. */
  set(patch) {
    const changed = Object.keys(patch).filter((name) => this[name] !== patch[name]);
    if (!changed.length) return;
    Object.assign(this, patch);
    for (const callback of this.#callbacks) callback(changed);
  }

  /** Select these ids and no others. */
  select(ids) {
    const selection = new Set(ids);
    const isSame = selection.size === this.selection.size && [...selection].every((id) => this.selection.has(id));
    if (!isSame) this.set({ selection });
  }

  /** Remember a style for the next shapes of these kinds. */
  restyle(kinds, style) {
    const styles = { ...this.styles };
    for (const kind of kinds) styles[kind] = { ...styles[kind], ...style };
    this.set({ styles });
  }

  /** Returns a function that ends it. */
  onChange(callback) {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }
}

/** The kind of shape that a tool makes, or "". */
export function kindOf(tool) {
  return tool === "pen" ? "stroke" : Object.hasOwn(STYLES, tool) ? tool : "";
}
