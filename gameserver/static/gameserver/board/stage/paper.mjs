// The paper: draws the shapes of the board, one node of the canvas library for each. Reads no messages, sends none.
//
// The paper is larger than the view by a margin on each side. While a board with very many shapes in view is panned or zoomed, the picture
// that is there is moved by the browser, and drawn anew when it rests or the margin is used up.

import { seen } from "./camera.mjs";
import { Figure, Konva } from "./konva.mjs";
import { Motion } from "./motion.mjs";

const MARGIN_PX = 256;
/** With more shapes in view than this their picture is moved while one pans. */
const MANY = 60;
/** With more shapes in view drawing all of them takes longer than a frame of a weak phone: those that move are drawn by themselves. */
const HEAVY = 400;
/** A picture is drawn anew when nobody has moved the view for so long. */
const REST_MS = 140;
/** How much larger or smaller a picture may be shown than it was drawn. */
const ZOOM_MOST = 1.7;
/** A shape that moved stays in the layer of moving ones for so long after. */
const MOVING_MS = 400;
/** A canvas finer than this is not seen to be finer, and costs as much again. */
const PIXELS_MOST = 2;

/** All shapes that are in view. `frame(nowMs)` draws what changed; everything else only notes it. */
export class Paper {
  #nodes = new Map();
  #motion = new Motion();
  /** Shapes that are shown other than the board has them, or are not on it: previews and sketches, by id. */
  #previews = new Map();
  #loose = new Map();
  #moving = new Map();
  #isStale = { still: true, live: true };
  #lastFrame = 0;
  #moved = -Infinity;

  /**
   * @param {{element: HTMLElement, board: any, places: any, measure: Function, now: () => number, isCalm: () => boolean}} options
   *   now: the clock that `frame` is told. isCalm: no easing wanted
   */
  constructor({ element, board, places, measure, now, isCalm }) {
    Object.assign(this, { element, board, places, now, isCalm });
    Konva.pixelRatio = Math.min(PIXELS_MOST, globalThis.devicePixelRatio || 1);
    this.stage = new Konva.Stage({ container: element, width: 1, height: 1, listening: false });
    this.still = new Konva.Layer({ listening: false });
    this.live = new Konva.Layer({ listening: false });
    this.stage.add(this.still, this.live);
    this.size = { width: 1, height: 1 };
    this.margin = 0;
    this.camera = this.drawn = { x: 0, y: 0, scale: 1 };
    this.look = { isDark: false, scale: 1, measure, writing: "" };
    this.writing = "";
  }

  resize(size) {
    this.size = size;
    this.margin = Math.round(Math.min(MARGIN_PX, size.width / 4));
    this.stage.size({ width: size.width + 2 * this.margin, height: size.height + 2 * this.margin });
    const [left, top] = [`${-this.margin}px`, `${-this.margin}px`];
    Object.assign(this.element.style, { left, top, width: `${this.stage.width()}px`, height: `${this.stage.height()}px` });
    this.redraw();
  }

  /** Everything is drawn anew with the next frame. */
  redraw() {
    this.#isStale = { still: true, live: true };
    this.drawn = null;
  }

  setDark(isDark) {
    this.look.isDark = isDark;
    this.redraw();
  }

  /** Look elsewhere. */
  lookAt(camera) {
    this.camera = camera;
    this.#moved = this.now();
  }

  /** The text of this shape is being written, in a field above it: it is not drawn. "" of none. */
  setWriting(id) {
    const before = this.writing;
    this.writing = this.look.writing = id;
    this.#stale(before);
    this.#stale(id);
  }

  /** Take over a change of the board. `isOwn(id)`: shown exactly and at once. */
  update({ all, touched, order }, isOwn) {
    if (all) {
      this.#nodes.clear();
      this.#motion.clear();
      this.#moving.clear();
      this.redraw();
      return;
    }
    if (order) this.#isStale.still = true;
    for (const id of touched) this.#touch(id, isOwn(id) || this.isCalm());
  }

  #touch(id, isExact) {
    const node = this.#nodes.get(id);
    const shape = this.board.get(id);
    if (!shape) {
      this.#nodes.delete(id);
      this.#motion.stop(id);
    } else if (node) {
      const before = node.shape;
      if (isExact) this.#motion.stop(id);
      node.shape = this.#previews.get(id) ?? (isExact ? shape : this.#motion.aim(id, before, shape));
    }
    this.#stale(id);
  }

  /** Show a shape otherwise than the board has it, or as it has it again (null). */
  preview(id, shape) {
    if (shape) this.#previews.set(id, shape);
    else this.#previews.delete(id);
    const node = this.#nodes.get(id);
    if (node && this.board.has(id)) node.shape = shape ?? this.board.get(id);
    this.#stale(id);
  }

  /** Show something that is no shape of the board yet, in front of all; null takes it away. */
  float(key, shape) {
    if (shape) this.#loose.set(key, this.#node(shape));
    else this.#loose.delete(key);
    this.#isStale.live = true;
  }

  #stale(id) {
    if (!id) return;
    if (!this.isHeavy || !this.#nodes.has(id)) {
      this.#isStale.still = true;
      return;
    }
    // Of very many shapes only those that move are drawn again, above the others for as long.
    if (!this.#moving.has(id)) this.#isStale.still = true;
    this.#moving.set(id, this.now() + MOVING_MS);
    this.#isStale.live = true;
  }

  get isHeavy() {
    return this.still.children.length + this.#moving.size > HEAVY;
  }

  /** How a shape is drawn just now, on its way perhaps. */
  shown(id) {
    return this.#previews.get(id) ?? this.#motion.get(id) ?? this.board.get(id);
  }

  /** Draw what is due. Returns whether there is more to draw without anything else happening. */
  frame(nowMs) {
    const moved = this.#motion.step(Math.min(100, nowMs - this.#lastFrame));
    this.#lastFrame = nowMs;
    for (const id of moved) {
      const node = this.#nodes.get(id);
      if (node) node.shape = this.shown(id);
      this.#stale(id);
    }
    for (const [id, until] of this.#moving) {
      if (until > nowMs) continue;
      this.#moving.delete(id);
      this.#isStale.still = this.#isStale.live = true;
    }
    const isWaiting = this.#turn(nowMs);
    if (this.#isStale.still || this.#isStale.live) this.#cull();
    if (this.#isStale.still) this.still.drawScene();
    if (this.#isStale.live) this.live.drawScene();
    this.#isStale = { still: false, live: false };
    return isWaiting || this.#motion.size > 0 || this.#moving.size > 0;
  }

  /** Bring the picture to where the camera is: by drawing, or by moving what is drawn. Returns whether it has to be drawn later. */
  #turn(nowMs) {
    const { drawn, camera, element } = this;
    if (drawn === camera) return false;
    const zoom = drawn ? camera.scale / drawn.scale : 0;
    const [dx, dy] = drawn ? [(drawn.x - camera.x) * camera.scale, (drawn.y - camera.y) * camera.scale] : [0, 0];
    const isNear = Math.max(Math.abs(dx), Math.abs(dy)) < this.margin && zoom < ZOOM_MOST && zoom > 1 / ZOOM_MOST;
    if (this.still.children.length > MANY && isNear && nowMs - this.#moved < REST_MS) {
      element.style.transform = `translate(${dx}px, ${dy}px) scale(${zoom})`;
      return true;
    }
    this.drawn = camera;
    this.look.scale = camera.scale;
    element.style.transform = "";
    const place = { x: this.stage.width() / 2 - camera.x * camera.scale, y: this.stage.height() / 2 - camera.y * camera.scale };
    for (const layer of [this.still, this.live]) layer.setAttrs({ ...place, scaleX: camera.scale, scaleY: camera.scale });
    this.#isStale = { still: true, live: true };
    return false;
  }

  /** Give the layers what is in view, in the order of the board. Nodes are made when they are seen first. */
  #cull() {
    const [still, live] = [[], []];
    for (const id of this.places.within(seen(this.drawn, this.size, this.margin))) {
      if (!this.#nodes.has(id)) this.#nodes.set(id, this.#node(this.shown(id)));
      const node = this.#nodes.get(id);
      (this.#moving.has(id) ? live : still).push(node);
    }
    for (const node of this.#loose.values()) live.push(node);
    // Lists are exchanged instead of moving thousands of nodes one by one; the library reads them only when it draws.
    this.#fill(this.still, still);
    this.#fill(this.live, live);
  }

  #fill(layer, nodes) {
    layer.children = nodes;
    for (const node of nodes) {
      node.parent = layer;
    }
  }

  #node(shape) {
    const node = new Figure(this.look);
    node.shape = shape;
    return node;
  }

  destroy() {
    this.still.children = [];
    this.live.children = [];
    this.stage.destroy();
  }
}
