// The glass over the paper: handles and marks, drawn anew whenever one of them changes. Reads no messages, sends none.

import { Handles } from "./handles.mjs";
import { Konva } from "./konva.mjs";
import { paintMarks } from "./marks.mjs";

const NOTHING = { others: [], own: [], hover: null, focus: null, frame: null, guides: [], ends: [] };

/** Holds what is marked; `set` any part of it, `frame` draws. */
export class Glass {
  #marks = { ...NOTHING };
  #isStale = true;

  /** @param {any} options  as for `Handles`, and element */
  constructor({ element, ...options }) {
    this.look = { accent: "#1d4ed8", ground: "#ffffff", guide: "#db2777", onColour: "#ffffff", font: "sans-serif" };
    this.stage = new Konva.Stage({ container: element, width: 1, height: 1 });
    this.layer = new Konva.Layer({ listening: false });
    this.hearing = new Konva.Layer();
    this.stage.add(this.layer, this.hearing);
    this.layer.add(new Konva.Shape({ listening: false, sceneFunc: (context) => paintMarks(context._context, this.#marks, this.look) }));
    this.handles = new Handles({ layer: this.hearing, ...options });
  }

  resize(size) {
    this.stage.size(size);
    this.#isStale = true;
    this.hearing.batchDraw();
  }

  paint(look) {
    this.look = look;
    this.handles.paint(look);
    this.#isStale = true;
  }

  /** Mark something else: see `paintMarks`. */
  set(marks) {
    this.#marks = { ...this.#marks, ...marks };
    this.#isStale = true;
  }

  frame() {
    if (this.#isStale) this.layer.drawScene();
    this.#isStale = false;
  }

  destroy() {
    this.stage.destroy();
  }
}
