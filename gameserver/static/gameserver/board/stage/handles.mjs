// The handles of a selection: a box that is resized and turned by the canvas library's transformer. Reads no messages, sends none.
//
// The transformer holds a rectangle of no colour in pixels of the screen, never a shape: what becomes of the shapes is reckoned from the
// rectangle's box before and after (transform.mjs), and a selection of thousands costs as little as one of two.

import { Konva } from "./konva.mjs";
import { clamped, LEAST_PX } from "./transform.mjs";

const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"];
const SIDES = ["top-center", "middle-left", "middle-right", "bottom-center"];
/** A side with less than this on the screen has no handle of its own: the corners' would lie over it. */
const SIDE_LEAST_PX = 44;
const ANCHOR_PX = 10;
const TOUCH_ANCHOR_PX = 14;
/** How far around a handle a pointer catches it. */
const CATCH_PX = 8;
const TOUCH_CATCH_PX = 24;
const TURN_STEPS = Array.from({ length: 8 }, (_, i) => i * 45);

/** Handles in a layer of their own, which hears the pointer. */
export class Handles {
  #isActive = false;

  /**
   * @param {{layer: any, view: {toScreen: Function, toBoard: Function, scale: () => number}, isTouch: boolean,
   *   begin: () => boolean, change: (box: any, anchor: string) => void, end: () => void,
   *   snap: (point: any, anchor: string, event: any) => any}} options
   *   snap: where a handle is to stop, in points of the board
   */
  constructor({ layer, view, isTouch, begin, change, end, snap }) {
    Object.assign(this, { layer, view, isTouch, begin, change, end, snap });
    this.box = new Konva.Rect({ listening: false, visible: true });
    this.transformer = new Konva.Transformer({
      nodes: [this.box],
      visible: false,
      flipEnabled: false,
      ignoreStroke: true,
      rotationSnaps: TURN_STEPS,
      rotationSnapTolerance: 3,
      rotateAnchorOffset: isTouch ? 30 : 22,
      rotateAnchorCursor: "grab",
      anchorSize: isTouch ? TOUCH_ANCHOR_PX : ANCHOR_PX,
      anchorCornerRadius: 3,
      borderStrokeWidth: 1.5,
      anchorDragBoundFunc: (_, wanted, event) => this.#stop(wanted, event),
    });
    this.layer.add(this.box, this.transformer);
    this.transformer.on("transformstart", () => (this.#isActive = this.begin()));
    this.transformer.on("transform", () => this.#changed());
    this.transformer.on("transformend", () => this.#ended());
  }

  /** Colours as the page has them now. */
  paint({ accent, ground }) {
    const catchPx = this.isTouch ? TOUCH_CATCH_PX : CATCH_PX;
    this.transformer.setAttrs({
      borderStroke: accent, anchorStroke: accent, anchorFill: ground, anchorStrokeWidth: 1.5,
      anchorStyleFunc: (anchor) => {
        anchor.hitStrokeWidth(catchPx);
        if (anchor.hasName("rotater")) anchor.cornerRadius(anchor.width() / 2);
      },
    });
    this.layer.batchDraw();
  }

  get isActive() {
    return this.#isActive;
  }

  /** Put the handles around a box of the board, or nowhere (null). Not while they are dragged: then they are where the pointer has them. */
  show(box, { keepsRatio = false, isFlat = false } = {}) {
    if (this.#isActive) return;
    this.transformer.visible(Boolean(box));
    if (box) {
      const scale = this.view.scale();
      const { x, y } = this.view.toScreen(box);
      const [width, height] = [box.w * scale, box.h * scale];
      this.box.setAttrs({ x, y, width, height, scaleX: 1, scaleY: 1, rotation: box.rotation });
      this.transformer.keepRatio(keepsRatio);
      const sides = SIDES.filter((side) => (side.includes("middle") ? height >= SIDE_LEAST_PX : width >= SIDE_LEAST_PX && !isFlat));
      this.transformer.enabledAnchors(keepsRatio && !isFlat ? CORNERS : [...CORNERS, ...sides]);
      this.transformer.rotation(box.rotation);
      this.transformer.forceUpdate();
    }
    this.layer.batchDraw();
  }

  /** Whether a handle is at a point of the view. */
  isAt(point) {
    return this.transformer.visible() && Boolean(this.layer.getIntersection(point)?.hasName("_anchor"));
  }

  /** Let go of the handle that is held, as if the pointer had. */
  release() {
    if (this.transformer.isTransforming()) this.transformer.stopTransform();
  }

  #stop(wanted, event) {
    const anchor = this.transformer.getActiveAnchor();
    if (!this.#isActive || anchor === "rotater" || this.box.rotation() || event.ctrlKey || event.metaKey) return wanted;
    return this.view.toScreen(this.snap(this.view.toBoard(wanted), anchor, event));
  }

  #changed() {
    if (!this.#isActive) return;
    const scale = this.view.scale();
    const { x, y } = this.view.toBoard(this.box.position());
    const [w, h] = [(this.box.width() * this.box.scaleX()) / scale, (this.box.height() * this.box.scaleY()) / scale];
    const anchor = this.transformer.getActiveAnchor() ?? "";
    const rotation = ((this.box.rotation() % 360) + 360) % 360;
    this.change(clamped({ x, y, w, h, rotation }, anchor, LEAST_PX), anchor);
  }

  #ended() {
    const wasActive = this.#isActive;
    this.#isActive = false;
    if (wasActive) this.end();
  }
}
