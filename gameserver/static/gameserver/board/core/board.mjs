// The board of one page: what it shows, what it asks for, what can be undone, who else is there. docs/board.md section 5.
// Reads all events of the board, after reduce. Sends its commands: doings.mjs, drags.mjs, pointing.mjs say which.

import { Doings } from "./doings.mjs";
import { FRAME, bytesOf, parts } from "./frames.mjs";
import { History } from "./history.mjs";
import { People } from "./people.mjs";
import { Pointing } from "./pointing.mjs";
import { Refusal, attempt } from "./refusal.mjs";
import { byDepth, complete } from "./shapes.mjs";
import { Shown } from "./shown.mjs";

/** Characters of a shape's id. */
const ID = 8;
const FLAGS = ["all", "order", "history", "people", "sketches", "checkpoints", "pending"];
const NONE = Object.freeze({ touched: new Set(), ...Object.fromEntries(FLAGS.map((name) => [name, false])) });

export class Board {
  #history = new History();
  #changes = new Set();
  #refusals = new Set();
  /** What was told last of the stacks and of what is pending. */
  #told = { undos: 0, undo: undefined, redo: undefined, redos: 0, pending: 0 };
  #doings;
  #people;
  #pointing;

  /**
   * @param {{send: (fields: any, options?: any) => Promise<any>, newId: (count: number) => string, now: () => number,
   *   timers: {set: (callback: () => void, ms: number) => any, clear: (id: any) => void}, you: () => {id: string} | null}} options
   *   send: as `room.send` of docs/worlds.md. newId: so many random characters of `A-Za-z0-9_-`. now: milliseconds
   */
  constructor({ send, newId, now, timers, you }) {
    this.newId = newId;
    /** What is shown and why: for this module and its tests. */
    this.shown = new Shown();
    const refused = ({ text, code }, label) => this.#refusals.forEach((callback) => callback(text, code, label));
    const kept = { shown: this.shown, history: this.#history };
    this.#doings = new Doings({ ...kept, send, newId, now, timers, you, refresh: () => this.#refresh(), refused });
    this.#people = new People({ now, timers, you, changed: (change) => this.#tell(change) });
    this.#pointing = new Pointing({ send, now, timers, isDragging: () => this.#doings.drags.length > 0 });
  }

  /** A fresh start: this is what is decided. Own commands without a decision, and what can be undone, stay. */
  restart(scene) {
    this.shown.restart(scene);
    this.#doings.restarted();
    this.#pointing.remind();
    this.#refresh({ all: true, order: true, checkpoints: true });
    this.#doings.resume();
  }

  /** These events happened, and `reduce` has had them. */
  take(events) {
    let [people, sketches] = [false, false];
    for (const event of events) {
      this.#doings.happened(event);
      const change = this.#people.take(event);
      people ||= change.people;
      sketches ||= change.sketches;
    }
    this.#refresh({ people, sketches, checkpoints: events.some(({ ev }) => ev === "board.kept") });
    this.#doings.endLost();
  }

  get scene() {
    return this.shown.scene;
  }

  get checkpoints() {
    return this.scene.checkpoints;
  }

  /** Own commands without a decision. */
  get pending() {
    return this.shown.entries.length;
  }

  get size() {
    return this.shown.size;
  }

  /** The shape as it is shown, or undefined. Not to be changed. */
  get(id) {
    return this.shown.get(id);
  }

  has(id) {
    return this.get(id) !== undefined;
  }

  isPending(id) {
    return this.shown.isPending(id);
  }

  /** Ids from back to front. Not to be changed; another array when the order is another one. */
  inOrder() {
    return this.shown.order.read();
  }

  /** Those of these shapes that are there. */
  shapes(ids = this.inOrder()) {
    return Array.from(ids, (id) => this.get(id)).filter(Boolean);
  }

  /** `callback(change)` after everything that changed something; returns a function that ends it. */
  onChange(callback) {
    this.#changes.add(callback);
    return () => this.#changes.delete(callback);
  }

  /** `callback(text, code, label)` when something is refused; returns a function that ends it. */
  onRefused(callback) {
    this.#refusals.add(callback);
    return () => this.#refusals.delete(callback);
  }

  /** Do steps whole or not at all; if they pass 40 KiB, in several commands. The promise is the reply. */
  edit(steps, { label = "change", undoable = true } = {}) {
    return this.#doings.perform(steps, { label, stack: undoable ? "" : null });
  }

  change(ids, set, options) {
    return this.edit([{ do: "change", ids: [...ids], set }], options);
  }

  move(ids, dx, dy, options) {
    return this.edit([{ do: "move", ids: [...ids], dx, dy }], { label: "move", ...options });
  }

  order(ids, to, options) {
    return this.edit([{ do: "order", ids: [...ids], to }], { label: "order", ...options });
  }

  remove(ids, options) {
    return this.edit([{ do: "delete", ids: [...ids] }], { label: "delete", ...options });
  }

  clear(options) {
    return this.edit([{ do: "clear" }], { label: "clear", ...options });
  }

  /** New shapes in front of all; `{ids, done}`. */
  create(shapes, options) {
    return this.#place("create", shapes, { label: "drawing", ...options });
  }

  /** Copies of shapes from anywhere, under new ids; `{ids, done}`. One command whatever its size. */
  paste(shapes, options) {
    const named = shapes.map((shape) => ({ ...shape, id: this.newId(ID) }));
    return this.#place("paste", named, { label: "paste", ...options });
  }

  #place(what, shapes, { label, undoable = true, progress = () => {}, op }) {
    const made = attempt(() => shapes.map((shape) => complete({ ...shape, id: shape.id ?? this.newId(ID) })));
    const ids = made instanceof Refusal ? [] : made.map(({ id }) => id);
    const options = { label, stack: undoable ? "" : null, op };
    if (!ids.length) return { ids, done: this.#doings.refuse(made instanceof Refusal ? made : new Refusal("nothing"), label) };
    const text = JSON.stringify(made);
    if (bytesOf(text) <= FRAME) return { ids, done: this.#doings.perform([{ do: "create", shapes: made, isClean: true }], options) };
    const texts = parts(text);
    if (!texts) return { ids: [], done: this.#doings.refuse(new Refusal("full"), label) };
    const name = this.#doings.newOp();
    const step = { do: "paste", upload: name, shapes: made, isClean: true };
    return { ids, done: this.#doings.perform([step], { ...options, upload: { name, texts, progress } }) };
  }

  /** Copies in front of all, in the order of the originals; `{ids, done}`. */
  duplicate(ids, dx, dy, { label = "duplicate", undoable = true } = {}) {
    const originals = this.shapes(new Set(ids)).sort(byDepth);
    const as = originals.map(() => this.newId(ID));
    const step = { do: "duplicate", ids: originals.map(({ id }) => id), as, dx, dy };
    return { ids: as, done: this.edit([step], { label, undoable }) };
  }

  /** Keep the board as it is, under a name. */
  keep(name) {
    return this.#doings.ask({ cmd: "board.keep", op: this.#doings.newOp(), name }, { event: "board.kept", label: "keep" });
  }

  /** Be as a checkpoint says, once that is decided. */
  restore(key, { label = "restore", undoable = true } = {}) {
    return this.#doings.restore(key, { label, stack: undoable ? "" : null });
  }

  /** A drag of these shapes, `how`: "move" or "reshape"; null if none is there. */
  grab(ids, how, { label = how === "move" ? "move" : "resize", undoable = true } = {}) {
    const shapes = this.shapes(new Set(ids));
    return shapes.length && this.#doings.isOpen ? this.#doings.grab(shapes, how, { label, undoable }) : null;
  }

  undo() {
    return this.#doings.rewind("undos");
  }

  redo() {
    return this.#doings.rewind("redos");
  }

  get canUndo() {
    return this.#history.undos.length > 0;
  }

  get canRedo() {
    return this.#history.redos.length > 0;
  }

  get undoLabel() {
    return this.#history.undos.at(-1)?.label ?? "";
  }

  get redoLabel() {
    return this.#history.redos.at(-1)?.label ?? "";
  }

  /** Others, by player id. */
  get people() {
    return this.#people.people;
  }

  /** Strokes that others are drawing. */
  get sketches() {
    return this.#people.sketches;
  }

  /** These players are not in the room any more. */
  left(ids) {
    this.#tell(this.#people.left(ids));
  }

  point(x, y) {
    this.#pointing.point(x, y);
  }

  show(shown) {
    this.#pointing.show(shown);
  }

  /** A stroke that others see while it is drawn, and that becomes a shape: `{to(points), finish(shape, options), cancel()}`. */
  sketch(look) {
    const op = this.#doings.newOp();
    const sketch = this.#pointing.sketch(op, look);
    const finish = (shape, options) => {
      sketch.end();
      return this.create([shape], { ...options, op });
    };
    return { to: (points) => sketch.to(points), finish, cancel: () => sketch.end() };
  }

  #refresh(change = {}) {
    const { touched, order } = this.shown.refresh();
    this.#tell({ ...change, touched, order: order || Boolean(change.order) });
  }

  #tell(news) {
    const { undos, redos } = this.#history;
    const now = { undos: undos.length, undo: undos.at(-1), redos: redos.length, redo: redos.at(-1), pending: this.pending };
    const before = this.#told;
    this.#told = now;
    const history = ["undos", "undo", "redos", "redo"].some((name) => now[name] !== before[name]);
    const change = { ...NONE, ...news, history, pending: now.pending !== before.pending };
    if (change.all) change.touched = new Set();
    if (change.touched.size || Object.values(change).includes(true)) this.#changes.forEach((callback) => callback(change));
  }
}
