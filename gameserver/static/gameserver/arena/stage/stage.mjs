// The arena's stage: a canvas that fills its place, a picture for each frame of the screen, and hands that fly. Sends inputs, by the game.

import { el } from "../../page.mjs";
import { Eye } from "./eye.mjs";
import { Hands } from "./hands.mjs";
import { isShown, listen } from "./listen.mjs";
import { Palette, watchColours } from "./palette.mjs";
import { Scene } from "./scene.mjs";
import { mountThumbs } from "./thumbs.mjs";

const MOST_PIXEL_RATIO = 2;
/** Ms of a frame that are drawn at most: what a page that slept missed does not fly by. */
const MOST_PASSED_MS = 100;

export class Stage {
  eye;
  hands = new Hands();
  /** Px of the screen, once for all. */
  #own = { x: 0, y: 0 };
  palette = new Palette();
  #pixelRatio = 1;
  #atMs = null;
  #isStale = true;
  #canvas = el("canvas", { className: "arena-canvas", ariaHidden: "true" });

  /**
   * @param {{game: import("../core/game.mjs").Game, transmit: (bytes: Uint8Array) => void, now: () => number, random: () => number,
   *   media: (query: string) => MediaQueryList, seen: (view: import("../core/view.mjs").View, nowMs: number, passedMs: number) => void}} options
   *   seen: called with each picture
   */
  constructor({ game, transmit, now, random, media, seen }) {
    const calm = media("(prefers-reduced-motion: reduce)");
    Object.assign(this, { game, transmit, now, seen, eye: new Eye(random) });
    this.scene = new Scene({ eye: this.eye, palette: this.palette, random, isCalm: () => calm.matches });
    this.thumbs = mountThumbs(this.hands);
    this.node = el("div", { className: "arena-stage", tabIndex: 0, role: "application" }, this.#canvas, this.thumbs.node);
    this.node.setAttribute("aria-roledescription", "game");
    this.context = this.#canvas.getContext("2d", { alpha: false });
    this.media = media;
  }

  /** Begin; the node is in the page, and this ends when it is not any more. `acts`: listen.mjs. */
  start(acts) {
    listen(this.node, { hands: this.hands, ...acts });
    new ResizeObserver(() => (this.#isStale = true)).observe(this.node);
    watchColours(this.media, () => (this.#isStale = true));
    const frame = () => {
      // The room has another world, or none.
      if (!this.node.isConnected) return;
      // First: a picture that fails is not to be the last one.
      requestAnimationFrame(frame);
      this.#frame(this.now());
    };
    requestAnimationFrame(frame);
  }

  focus() {
    this.node.focus({ preventScroll: true });
  }

  #frame(nowMs) {
    const passedMs = Math.min(MOST_PASSED_MS, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    if (!this.node.clientWidth) return;
    if (this.#isStale || this.#pixelRatio !== this.#wanted) this.#prepare();
    const { game, scene } = this;
    const bytes = game.step(nowMs, this.hands.controls(this.#own));
    if (bytes) this.transmit(bytes);
    const view = (this.view = game.view(nowMs));
    scene.enter(game.rocks, game.state.seed);
    this.eye.look(view.camera, view.own ?? view.find(view.slot), passedMs);
    scene.happen(view);
    if (isShown(this.node)) scene.paint(this.context, view, nowMs, passedMs);
    this.#point(view);
    this.thumbs.show(view.role !== "nobody");
    const aiming = String(view.role !== "nobody" && this.hands.isAiming);
    if (this.node.dataset.aiming !== aiming) this.node.dataset.aiming = aiming;
    this.seen(view, nowMs, passedMs);
  }

  /** Where the own ship is on the screen: what the mouse aims from in the next frame. */
  #point({ own, camera }) {
    const { eye } = this;
    this.#own.x = eye.left + (own ?? camera).x * eye.scale;
    this.#own.y = eye.top + (own ?? camera).y * eye.scale;
  }

  get #wanted() {
    return Math.min(MOST_PIXEL_RATIO, globalThis.devicePixelRatio || 1);
  }

  #prepare() {
    this.#isStale = false;
    this.#pixelRatio = this.#wanted;
    const { clientWidth: width, clientHeight: height } = this.node;
    this.#canvas.width = Math.round(width * this.#pixelRatio);
    this.#canvas.height = Math.round(height * this.#pixelRatio);
    this.context.setTransform(this.#pixelRatio, 0, 0, this.#pixelRatio, 0, 0);
    this.eye.resize(width, height);
    this.palette.read(this.node);
    this.scene.prepare(this.context, this.#pixelRatio);
  }
}
