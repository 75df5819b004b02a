// The stage: what the tools, the keys and the pointer have in common. Reads no messages; sends what the board sends.

import { between, fitted, seen, toBoard, toScreen, zoomedAt } from "./camera.mjs";
import { boundsOf, overlaps } from "./geometry.mjs";
import { Glass } from "./glass.mjs";
import { layoutOf, readLook, showGrid, watchHands, watchLook } from "./look.mjs";
import { Marking } from "./marking.mjs";
import { measure } from "./measure.mjs";
import { Paper } from "./paper.mjs";
import { Places } from "./places.mjs";
import { Resize } from "./resize.mjs";
import { onGrid } from "./snap.mjs";

const FLIGHT_MS = 180;
/** Among more neighbours than this everything is in line with something. */
const NEIGHBOURS_MOST = 300;
const REACH_PX = 6;
/** A warning stands this long. */
const WARNING_MS = 5_000;

/** Everything that is drawn, and where one looks. Tools and keys are added by `mountStage`. */
export class Stage {
  #isActing = false;
  #frame = 0;
  #flight = null;
  #ends = [];
  #warning = 0;
  #hasLooked = false;

  constructor(element, { board, desk, now, media }) {
    Object.assign(this, { board, desk, now, measure, hovered: "", focused: "", held: null });
    this.isTouch = media("(pointer: coarse)").matches;
    const calm = media("(prefers-reduced-motion: reduce)");
    this.isCalm = () => calm.matches;
    Object.assign(this, layoutOf(element, desk.readOnly));
    this.size = { width: 1, height: 1 };
    this.places = new Places(board);
    this.paper = new Paper({ element: this.paperBox, board, places: this.places, measure, now, isCalm: this.isCalm });
    const view = { toScreen: (point) => this.toScreen(point), toBoard: (point) => this.toBoard(point), scale: () => desk.camera.scale };
    this.resizing = new Resize(this);
    this.glass = new Glass({ element: this.glassBox, view, isTouch: this.isTouch, ...this.resizing.events });
    this.marking = new Marking(this);
    this.#ends.push(board.onChange((change) => this.#boardChanged(change)), desk.onChange((names) => this.#deskChanged(names)));
    this.#ends.push(watchLook(media, () => this.#relook()), watchHands(this.host));
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.host);
    this.#ends.push(() => observer.disconnect());
    this.resize();
    this.#relook();
  }

  toBoard(point) {
    return toBoard(this.desk.camera, this.size, point);
  }

  toScreen(point) {
    return toScreen(this.desk.camera, this.size, point);
  }

  /** The bounds of the board that are in view. */
  seen() {
    return seen(this.desk.camera, this.size);
  }

  /** The shapes that are selected and there, back to front. */
  selected() {
    const { selection } = this.desk;
    if (selection.size < 2) return [...selection].map((id) => this.board.get(id)).filter(Boolean);
    return this.board.inOrder().filter((id) => selection.has(id)).map((id) => this.board.get(id));
  }

  /** Do something of one's own: what it changes is shown exactly, and at once. Returns what `act` does. */
  own(act) {
    const wasActing = this.#isActing;
    this.#isActing = true;
    try {
      return act();
    } finally {
      this.#isActing = wasActing;
    }
  }

  /** Look elsewhere. Whoever does so by hand does not follow anybody any more. */
  lookAt(camera, { isOwn = true } = {}) {
    this.#flight = null;
    this.desk.set(isOwn && this.desk.following ? { camera, following: "" } : { camera });
  }

  /** Go there in a moment, or at once where motion is not wanted. */
  fly(camera, { isOwn = true } = {}) {
    if (this.isCalm()) return this.lookAt(camera, { isOwn });
    if (isOwn && this.desk.following) this.desk.set({ following: "" });
    this.#flight = { from: this.desk.camera, to: camera, start: this.now() };
    this.request();
  }

  /** Where one will look when the flight is over that is under way. */
  get aim() {
    return this.#flight?.to ?? this.desk.camera;
  }

  /** Zoom about the middle of the view. */
  zoomTo(scale) {
    this.fly(zoomedAt(this.aim, this.size, { x: this.size.width / 2, y: this.size.height / 2 }, scale));
  }

  fit() {
    this.fly(fitted(this.places.painted(), this.size));
  }

  /** Begin with all of a board in view, once: who comes back to it looks where they did. */
  lookAtAll() {
    if (this.#hasLooked || this.size.width <= 1) return;
    this.#hasLooked = true;
    this.lookAt(fitted(this.places.painted(), this.size), { isOwn: false });
  }

  /** Bring all of a shape that is written in into view, as far as it fits. */
  showAll(shape) {
    const [box, view, air] = [boundsOf(shape), this.seen(), 16 / this.desk.camera.scale];
    const way = (axis) => {
      const before = box[axis] - air - view[axis];
      return before < 0 ? before : Math.max(0, Math.min(box[axis + 2] + air - view[axis + 2], before));
    };
    const [dx, dy] = [way(0), way(1)];
    if (dx || dy) this.fly({ ...this.desk.camera, x: this.desk.camera.x + dx, y: this.desk.camera.y + dy });
  }

  /** Bring a shape into view, if none of it is. */
  reveal(id) {
    const shape = this.board.get(id);
    if (!shape || overlaps(boundsOf(shape), this.seen())) return;
    const [left, top, right, bottom] = boundsOf(shape);
    this.fly({ ...this.desk.camera, x: (left + right) / 2, y: (top + bottom) / 2 });
  }

  /** Bounds of the shapes in view that are not selected: those to be in line with. */
  neighbours() {
    const { selection } = this.desk;
    const ids = this.places.within(this.seen()).filter((id) => !selection.has(id));
    return ids.slice(-NEIGHBOURS_MOST).map((id) => boundsOf(this.board.get(id)));
  }

  /** How near to a neighbour's edge a thing has to come to be drawn to it, in pixels of the board. */
  reach() {
    return REACH_PX / this.desk.camera.scale;
  }

  /** A point where a new edge is to be: on the grid, unless the grid is off or the pointer says not to (Ctrl or Cmd). */
  stop(point, { isCommand = false } = {}) {
    return this.desk.grid && !isCommand ? { x: onGrid(point.x), y: onGrid(point.y) } : { x: point.x, y: point.y };
  }

  /** Say something to screen readers. */
  say(text) {
    this.voice.textContent = text;
  }

  /** Say something that everybody should read. */
  warn(text) {
    this.warning.textContent = text;
    clearTimeout(this.#warning);
    this.#warning = setTimeout(() => (this.warning.textContent = ""), WARNING_MS);
  }

  focus() {
    this.host.focus({ preventScroll: true });
  }

  /** Draw with the next frame. */
  request() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** What is marked has changed; see `paintMarks` for `marks`. */
  remark(marks) {
    if (marks) this.glass.set(marks);
    this.marking.isStale = true;
    this.request();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height || (width === this.size.width && height === this.size.height)) return;
    this.size = { width, height };
    this.paper.resize(this.size);
    this.glass.resize(this.size);
    if (this.board.size) this.lookAtAll();
    this.editor?.reveal();
    showGrid(this.grid, this.desk, this.size);
    this.remark();
  }

  destroy() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#warning);
    for (const end of this.#ends) end();
    this.paper.destroy();
    this.glass.destroy();
    this.root.remove();
  }

  #relook() {
    this.look = readLook(this.host);
    this.glass.paint(this.look);
    this.paper.setDark(this.look.isDark);
    this.presence?.relook();
    this.remark();
  }

  #boardChanged(change) {
    this.places.update(change);
    this.paper.update(change, (id) => this.#isActing || Boolean(this.held?.has(id)));
    if (change.all || change.touched.size) {
      const { selection } = this.desk;
      const there = [...selection].filter((id) => this.board.has(id));
      if (there.length < selection.size) this.desk.select(there);
      if (change.all && this.board.size) this.lookAtAll();
      for (const listener of [this.resizing, this.editor, ...Object.values(this.tools ?? {})]) listener?.boardChanged?.(change);
    }
    this.presence?.changed(change);
    this.remark();
  }

  #deskChanged(names) {
    if (names.includes("camera")) this.paper.lookAt(this.desk.camera);
    if (names.includes("camera") || names.includes("grid")) showGrid(this.grid, this.desk, this.size);
    if (names.includes("tool")) this.pointer?.toolChanged();
    if (names.includes("selection") && !this.desk.selection.has(this.focused)) this.focused = "";
    this.presence?.deskChanged(names);
    this.remark();
  }

  #draw() {
    this.#frame = 0;
    const nowMs = this.now();
    if (this.#flight) this.#glide(nowMs);
    const isBusy = [this.pointer?.frame(), this.presence?.frame(nowMs), this.paper.frame(nowMs)].some(Boolean);
    if (this.marking.isStale || isBusy) this.marking.mark();
    this.editor?.place();
    this.glass.frame();
    if (isBusy || this.#flight) this.request();
  }

  #glide(nowMs) {
    const { from, to, start } = this.#flight;
    const part = Math.min(1, (nowMs - start) / FLIGHT_MS);
    this.desk.set({ camera: part === 1 ? to : between(from, to, 1 - (1 - part) ** 3) });
    if (part === 1) this.#flight = null;
  }
}
