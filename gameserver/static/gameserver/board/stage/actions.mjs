// What the keys do. Reads no messages; sends what the board sends.

import { zoomStep } from "./camera.mjs";
import { paste } from "./clipboard.mjs";
import { action, isLooking } from "./keys.mjs";
import { countInWords, kindName, placeInWords } from "./words.mjs";

/** Presses of arrows that follow each other as fast as this are one step of undo. */
const RUN_MS = 600;
const COPY_OFFSET_PX = 16;

/** Actions by name: `run(name)` as a key does it. */
export class Actions {
  #run = null;

  constructor(stage, { isMac }) {
    Object.assign(this, { stage, isMac });
    stage.host.addEventListener("keydown", (event) => this.#down(event));
    stage.host.addEventListener("keyup", (event) => event.key === " " && stage.pointer.setSpace(false));
    stage.host.addEventListener("blur", () => {
      this.settle();
      stage.pointer.setSpace(false);
      if (stage.focused) stage.remark(void (stage.focused = ""));
    });
  }

  #down(event) {
    const { stage } = this;
    if (event.target !== stage.host || event.isComposing) return;
    const found = action(event, { isMac: this.isMac, isReadOnly: stage.desk.readOnly });
    if (found && this.run(found.name, found) !== false) event.preventDefault();
  }

  /**
   * Do what a key of this name does. Returns false when it is nothing for the stage.
   * @param {string} name  of keys.mjs, or "create": the shape of the tool in hand, in the middle of the view
   */
  run(name, details = {}) {
    const { desk, resizing, isDragging } = this.stage;
    if (desk.readOnly && !isLooking(details.tool ?? name)) return false;
    // What is being dragged is neither deleted nor taken back: the key is the stage's all the same.
    if ((isDragging || resizing.isBusy) && !isLooking(name)) return true;
    if (name !== "nudge") this.settle();
    const done = Object.hasOwn(ACTIONS, name) && ACTIONS[name].call(this, details);
    this.stage.request();
    return done === false ? false : Object.hasOwn(ACTIONS, name);
  }

  /** End a run of arrows: the next one is another step. */
  settle() {
    const run = this.#run;
    this.#run = this.stage.held = null;
    if (!run) return;
    clearTimeout(run.timer);
    if (run.drag.isLive) this.stage.own(() => run.drag.drop());
  }

  nudge(dx, dy) {
    const { stage } = this;
    const ids = stage.selected().map(({ id }) => id);
    if (!ids.length || stage.isDragging) return;
    if (this.#run && !this.#run.drag.isLive) this.settle();
    if (!this.#run) {
      const drag = stage.own(() => stage.board.grab(ids, "move", { label: "move" }));
      if (!drag) return;
      this.#run = { drag, dx: 0, dy: 0, timer: 0 };
      stage.held = drag.ids;
    }
    const run = this.#run;
    run.dx += dx;
    run.dy += dy;
    stage.own(() => run.drag.move(run.dx, run.dy));
    clearTimeout(run.timer);
    run.timer = setTimeout(() => this.settle(), RUN_MS);
  }

  /** Go to the next shape, or the one before; false beyond the last, so that the key leaves the stage. */
  step(by) {
    const { stage } = this;
    const ids = stage.board.inOrder();
    const from = ids.indexOf(stage.focused || stage.selected().at(by > 0 ? -1 : 0)?.id);
    const to = from < 0 ? (by > 0 ? 0 : ids.length - 1) : from + by;
    if (!ids[to]) {
      stage.focused = "";
      stage.remark();
      return false;
    }
    stage.desk.set({ tool: "select" });
    stage.desk.select([ids[to]]);
    stage.focused = ids[to];
    stage.reveal(ids[to]);
    stage.say(placeInWords(stage.board.get(ids[to]), to, ids.length));
  }

  /** Put the shapes of a text, or the text itself, where one looks. */
  paste(text) {
    const { stage } = this;
    const at = stage.pointer.last && stage.toBoard(stage.pointer.last);
    const shapes = paste(text, { seen: stage.seen(), at, styles: stage.desk.styles, measure: stage.measure });
    if (!shapes.length) return;
    const { ids } = stage.own(() => stage.board.paste(shapes));
    this.took(ids, `${countInWords(ids.length)} pasted.`);
  }

  /** Select what was made, and say so. */
  took(ids, said) {
    const there = ids.filter((id) => this.stage.board.has(id));
    this.stage.desk.set({ tool: "select" });
    this.stage.desk.select(there);
    if (there.length) this.stage.say(said);
  }

  async rewind(reply, word) {
    const { stage } = this;
    const { ok, ids = [], text = "", code } = await reply;
    if (!ok) return stage.say(code === "nothing" ? `There is nothing to ${word}.` : text);
    stage.desk.select(ids.filter((id) => stage.board.has(id)));
    stage.say(word === "undo" ? "Taken back." : "Done again.");
  }

  order(to) {
    const { stage } = this;
    const ids = stage.selected().map(({ id }) => id);
    if (ids.length) stage.own(() => stage.board.order(ids, to));
  }

  zoom(direction) {
    const { stage } = this;
    const scale = direction ? zoomStep(stage.aim.scale, direction) : 1;
    stage.zoomTo(scale);
    stage.say(`${Math.round(scale * 100)} percent.`);
  }
}

const ACTIONS = {
  tool({ tool }) {
    this.stage.desk.set({ tool });
    const isForShapes = !["select", "hand", "pen"].includes(tool);
    this.stage.say(isForShapes ? `${kindName(tool)}: drag, or press Enter.` : `${tool[0].toUpperCase()}${tool.slice(1)}.`);
  },
  nudge({ dx, dy }) {
    if (!this.stage.selected().length) return false;
    this.nudge(dx, dy);
  },
  delete() {
    const { stage } = this;
    const ids = stage.selected().map(({ id }) => id);
    if (!ids.length) return;
    stage.own(() => stage.board.remove(ids));
    stage.say(`${countInWords(ids.length)} deleted.`);
  },
  clear() {
    const { stage } = this;
    if (stage.resizing.cancel() || stage.pointer.giveUp()) return;
    if (stage.desk.tool !== "select" && !stage.desk.readOnly) stage.desk.set({ tool: "select" });
    else stage.desk.select([]);
    stage.focused = "";
    stage.remark();
  },
  enter() {
    const { stage } = this;
    const [shape, another] = stage.selected();
    if (stage.desk.tool !== "select" && stage.desk.tool !== "hand") return ACTIONS.create.call(this);
    if (!shape || another) return false;
    stage.editor.open(shape.id);
  },
  create() {
    const { stage } = this;
    stage.tool?.make?.(stage.desk.camera);
  },
  next() {
    return this.step(1);
  },
  previous() {
    return this.step(-1);
  },
  undo() {
    this.rewind(this.stage.own(() => this.stage.board.undo()), "undo");
  },
  redo() {
    this.rewind(this.stage.own(() => this.stage.board.redo()), "redo");
  },
  duplicate() {
    const { stage } = this;
    const ids = stage.selected().map(({ id }) => id);
    if (!ids.length) return;
    const copies = stage.own(() => stage.board.duplicate(ids, COPY_OFFSET_PX, COPY_OFFSET_PX));
    this.took(copies.ids, `${countInWords(ids.length)} copied.`);
  },
  "select all"() {
    this.stage.desk.set({ tool: "select" });
    this.stage.desk.select(this.stage.board.inOrder());
    this.stage.say(`${countInWords(this.stage.board.size)} selected.`);
  },
  "to front"() {
    this.order("front");
  },
  "to back"() {
    this.order("back");
  },
  forward() {
    this.order("forward");
  },
  backward() {
    this.order("backward");
  },
  "zoom in"() {
    this.zoom(1);
  },
  "zoom out"() {
    this.zoom(-1);
  },
  "zoom to 100%"() {
    this.zoom(0);
  },
  fit() {
    this.stage.fit();
  },
  grid() {
    const { desk } = this.stage;
    desk.set({ grid: !desk.grid });
    this.stage.say(desk.grid ? "Grid on." : "Grid off.");
  },
  keys() {
    this.stage.root.dispatchEvent(new CustomEvent("board-keys", { bubbles: true }));
  },
  pan() {
    this.stage.pointer.setSpace(true);
  },
  // The browser's own events for these bring the clipboard, without asking for a permission.
  copy: () => false,
  cut: () => false,
  paste: () => false,
};
