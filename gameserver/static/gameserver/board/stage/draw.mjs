// The tools that draw a shape by a drag or a click. Reads no messages; sends board.edit and drags of the board.
//
// Others see it grow: it is made with the first movement, and resized by a drag until the pointer is let go.

import { drawnBox, straightened } from "./strokes.mjs";
import { TEXT_PX, boxOf } from "./text.mjs";
import { lineBetween } from "./transform.mjs";
import { kindName } from "./words.mjs";

const CLICK_PX = 4;
/** What a click makes, in pixels of the board. */
const SIZES = { rect: [128, 80], ellipse: [128, 80], note: [192, 192], text: [240, 32], line: [128, 0], arrow: [128, 0] };
/** The least side of a shape that is not a line. */
const LEAST_PX = 1;

/** One kind of shape. */
export class Draw {
  #press = null;

  constructor(stage, kind) {
    Object.assign(this, { stage, kind });
    this.isLine = kind === "line" || kind === "arrow";
  }

  get cursor() {
    return this.kind === "text" ? "text" : "crosshair";
  }

  get pansAtEdges() {
    return Boolean(this.#press?.shape);
  }

  get isBusy() {
    return Boolean(this.#press);
  }

  press(at) {
    this.stage.desk.select([]);
    this.#press = { from: this.stage.stop(at, at), screen: at.screen, shape: null, drag: null };
  }

  move(at) {
    const press = this.#press;
    if (!press) return;
    const far = Math.hypot(at.screen.x - press.screen.x, at.screen.y - press.screen.y);
    if (!press.shape && far < CLICK_PX) return;
    const box = this.#boxTo(press.from, at);
    if (this.kind === "text") return this.#frame(press, box);
    if (!press.shape) this.#begin(press, box);
    else this.#follow(press, box);
  }

  release() {
    const press = this.#press;
    this.#press = null;
    if (!press) return;
    const { stage } = this;
    if (this.kind === "text") {
      stage.remark({ frame: null });
      return this.#write(press.shape ?? this.sized(press.from));
    }
    if (press.drag?.isLive) stage.own(() => press.drag.drop());
    stage.held = null;
    stage.isDragging = false;
    if (press.shape) this.#made([press.shape.id]);
    else this.#made(stage.own(() => stage.board.create([this.sized(press.from)], { label: kindName(this.kind).toLowerCase() })).ids);
  }

  /** Let go as if nothing had been drawn. */
  cancel() {
    const press = this.#press;
    this.#press = null;
    this.stage.held = null;
    this.stage.isDragging = false;
    if (press?.drag?.isLive) this.stage.own(() => press.drag.cancel());
    if (press?.shape?.id) this.stage.own(() => this.stage.board.undo());
    this.stage.remark({ frame: null });
  }

  /** Somebody deletes what is being drawn. */
  boardChanged() {
    const { drag, shape } = this.#press ?? {};
    if (!drag || (drag.isLive && this.stage.board.has(shape.id))) return;
    this.#press = this.stage.held = null;
    this.stage.isDragging = false;
    if (drag.isLive) this.stage.own(() => drag.cancel());
    this.stage.warn("Somebody deleted what you were drawing.");
  }

  /** Make the shape in its usual size about a point: what Enter does. */
  make(middle) {
    const [w, h] = SIZES[this.kind];
    const shape = this.sized(this.stage.stop({ x: middle.x - w / 2, y: middle.y - h / 2 }));
    if (this.kind === "text") return this.#write(shape);
    this.#made(this.stage.own(() => this.stage.board.create([shape], { label: kindName(this.kind).toLowerCase() })).ids);
  }

  /** The shape in its usual size, from its corner. */
  sized({ x, y }) {
    const [w, h] = SIZES[this.kind];
    const box = this.kind === "text" ? boxOf("", TEXT_PX, this.stage.measure) : { w, h };
    return { ...this.#styled(), x, y, ...box, ...(this.isLine ? lineBetween({ x, y }, { x: x + w, y: y + h }) : {}) };
  }

  #styled() {
    return { kind: this.kind, ...this.stage.desk.styles[this.kind], rotation: 0, text: "", points: [] };
  }

  #boxTo(from, at) {
    const wanted = this.stage.stop(at, at);
    if (this.isLine) {
      const to = at.isShift ? straightened(from, wanted) : wanted;
      return at.isAlt ? lineBetween({ x: 2 * from.x - to.x, y: 2 * from.y - to.y }, to) : lineBetween(from, to);
    }
    const box = drawnBox(from, wanted, { isSquare: at.isShift, isCentred: at.isAlt });
    return { ...box, w: Math.max(LEAST_PX, box.w), h: Math.max(LEAST_PX, box.h) };
  }

  #begin(press, box) {
    const { stage } = this;
    const shape = { ...this.#styled(), ...box };
    const { ids } = stage.own(() => stage.board.create([shape], { label: kindName(this.kind).toLowerCase() }));
    if (!stage.board.has(ids[0])) {
      this.#press = null;
      return;
    }
    press.shape = { ...shape, id: ids[0] };
    // Making it is the step that is taken back; that it was resized meanwhile is a part of it.
    press.drag = stage.own(() => stage.board.grab(ids, "reshape", { undoable: false }));
    stage.held = new Set(ids);
    stage.isDragging = true;
  }

  #follow(press, box) {
    const { stage } = this;
    const { shape } = press;
    const points = box.points ?? [];
    stage.own(() => {
      press.drag?.reshape({ [shape.id]: [box.x - shape.x, box.y - shape.y, box.w - shape.w, box.h - shape.h, 0] });
      // A line that points elsewhere, beyond a quarter, has other points in its box.
      if (points.join() !== shape.points.join()) stage.board.change([shape.id], { points }, { undoable: false });
    });
    shape.points = points;
  }

  #frame(press, box) {
    const { stage } = this;
    press.shape = { ...this.#styled(), ...box, w: Math.max(box.w, TEXT_PX), h: boxOf("", TEXT_PX, stage.measure).h, isBroken: true };
    const [a, b] = [stage.toScreen(box), stage.toScreen({ x: box.x + box.w, y: box.y + press.shape.h })];
    stage.remark({ frame: { x: a.x, y: a.y, w: b.x - a.x, h: b.y - a.y } });
  }

  #made(ids) {
    const { stage } = this;
    const there = ids.filter((id) => stage.board.has(id));
    stage.desk.set({ tool: "select" });
    stage.desk.select(there);
    if (there.length) stage.say(`${kindName(this.kind)} drawn.`);
    if (there.length && this.kind === "note") stage.editor.open(there[0]);
  }

  #write(shape) {
    this.stage.desk.set({ tool: "select" });
    this.stage.editor.openNew(shape);
  }
}
