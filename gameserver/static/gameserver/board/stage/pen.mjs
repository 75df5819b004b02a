// The pen. Reads no messages; sends board.sketch while it draws and board.edit with the stroke.

import { placed, straightened, tamed } from "./strokes.mjs";

/** Points nearer to each other on the screen tell nothing. */
const APART_PX = 1.5;
/** What is left out of a stroke may be seen this far off, in pixels of the screen. */
const TOLERANCE_PX = 0.5;
/** A stroke with more points than this, before it is simplified, ends, and goes on as the next. */
const POINTS_MOST = 4_000;
const KEY = "pen";

/** Draws strokes until another tool is taken. */
export class Pen {
  #points = null;
  #sketch = null;

  constructor(stage) {
    this.stage = stage;
  }

  get cursor() {
    return "crosshair";
  }

  get isBusy() {
    return Boolean(this.#points);
  }

  press(at) {
    const { board, desk } = this.stage;
    desk.select([]);
    this.#points = [{ x: at.x, y: at.y }];
    this.#sketch = board.sketch(this.#style());
    this.#show();
  }

  move(at) {
    if (!this.#points) return;
    const least = APART_PX / this.stage.desk.camera.scale;
    if (at.isShift) this.#points = [this.#points[0], straightened(this.#points[0], at)];
    else {
      for (const { x, y } of at.path ?? [at]) {
        const last = this.#points.at(-1);
        if (Math.hypot(x - last.x, y - last.y) >= least) this.#points.push({ x, y });
      }
    }
    this.#show();
    this.#sketch.to(this.#points.flatMap(({ x, y }) => [x, y]));
    if (this.#points.length < POINTS_MOST) return;
    this.release();
    this.press(at);
  }

  release() {
    const { stage } = this;
    if (!this.#points) return;
    const points = tamed(this.#points, TOLERANCE_PX / stage.desk.camera.scale);
    const shape = { kind: "stroke", ...this.#style(), rotation: 0, fill: "", text: "", ...placed(points) };
    const sketch = this.#sketch;
    this.#points = this.#sketch = null;
    stage.paper.float(KEY, null);
    stage.own(() => sketch.finish(shape, { label: "stroke" }));
    stage.request();
  }

  cancel() {
    this.#sketch?.cancel();
    this.#points = this.#sketch = null;
    this.stage.paper.float(KEY, null);
    this.stage.request();
  }

  /** A wave about a point: what Enter draws. */
  make(middle) {
    const wave = (i) => ({ x: middle.x - 64 + 4 * i, y: middle.y + 20 * Math.sin((i / 32) * 2 * Math.PI) });
    const points = Array.from({ length: 33 }, (_, i) => wave(i));
    const shape = { kind: "stroke", ...this.#style(), rotation: 0, fill: "", text: "", ...placed(points) };
    const { ids } = this.stage.own(() => this.stage.board.create([shape], { label: "stroke" }));
    this.stage.desk.set({ tool: "select" });
    this.stage.desk.select(ids);
  }

  #style() {
    const { stroke, width, opacity } = this.stage.desk.styles.stroke;
    return { stroke, width: Math.max(1, width), opacity };
  }

  #show() {
    const shape = { kind: "stroke", fill: "", text: "", rotation: 0, ...this.#style(), ...placed(this.#points) };
    this.stage.paper.float(KEY, shape);
    this.stage.request();
  }
}
