// Resizing and turning what is selected, by the handles. Reads no messages; sends a drag of the board.

import { snapped } from "./snap.mjs";
import { boxOf as textBox, laidOut } from "./text.mjs";
import { boxAround, reshaped } from "./transform.mjs";

/** What the handles tell: `events` are given to them. */
export class Resize {
  #drag = null;
  #from = null;
  #shapes = [];
  #neighbours = [];

  constructor(stage) {
    this.stage = stage;
    this.events = {
      begin: () => this.begin(),
      change: (box, anchor) => this.change(box, anchor),
      end: () => this.end(),
      snap: (point, anchor, event) => this.snap(point, anchor, event),
    };
  }

  /** A handle was taken. Returns whether there is anything to resize. */
  begin() {
    const { stage } = this;
    this.#shapes = stage.selected();
    this.#from = boxAround(this.#shapes);
    const isTurn = stage.glass.handles.transformer.getActiveAnchor() === "rotater";
    this.#drag = stage.own(() => stage.board.grab(this.#shapes.map(({ id }) => id), "reshape", { label: isTurn ? "turn" : "resize" }));
    stage.held = this.#drag?.ids ?? null;
    this.#neighbours = stage.neighbours();
    return Boolean(this.#drag);
  }

  /** The handles' box is another one. */
  change(box, anchor) {
    const [shape] = this.#shapes;
    if (!this.#drag?.isLive) return;
    if (this.#shapes.length === 1 && shape.kind === "text" && anchor.startsWith("middle")) box.h = this.#flowed(shape, box.w);
    const boxes = reshaped(this.#shapes, this.#from, box);
    this.stage.own(() => this.#drag.reshape(boxes));
  }

  /** A text whose side is dragged keeps its letters and gets other lines. */
  #flowed(shape, width) {
    const layout = laidOut(shape, this.stage.measure);
    return layout ? textBox(shape.text, layout.size, this.stage.measure, width).h : shape.h;
  }

  end() {
    const drag = this.#drag;
    this.#drag = this.stage.held = null;
    if (drag?.isLive) this.stage.own(() => drag.drop());
    this.stage.remark({ guides: [] });
  }

  get isBusy() {
    return Boolean(this.#drag);
  }

  /** Put everything back; returns whether anything was resized. */
  cancel() {
    const drag = this.#drag;
    if (!drag) return false;
    this.#drag = null;
    if (drag.isLive) this.stage.own(() => drag.cancel());
    this.stage.glass.handles.release();
    this.end();
    return true;
  }

  /** Stop a handle at the grid or a neighbour's edge. Points are of the board. */
  snap(point, anchor) {
    const { stage } = this;
    const edges = { x: /left|right/.test(anchor) ? [0] : [], y: /top|bottom/.test(anchor) ? [0] : [] };
    const options = { reach: stage.reach(), hasGrid: stage.desk.grid, edges };
    const { dx, dy, guides } = snapped([point.x, point.y, point.x, point.y], this.#neighbours, options);
    stage.marking.guide(guides);
    return { x: point.x + dx, y: point.y + dy };
  }

  /** When all that is resized was deleted by others, or the owner ended the drag, the handle is let go. */
  boardChanged() {
    const drag = this.#drag;
    if (!drag || (drag.isLive && [...drag.ids].some((id) => this.stage.board.has(id)))) return;
    this.cancel();
    this.stage.warn("Somebody deleted what you were changing.");
  }
}

