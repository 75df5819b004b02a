// The canvas library, as the page's import map names it, and the node that draws a shape. Reads no messages, sends none.

import "konva";
import { paint } from "./figure.mjs";

/** Konva puts itself into the page; nothing but the stage uses it. */
export const Konva = globalThis.Konva;

// The paper and the glass decide themselves when they draw: 5,000 shapes are drawn once a frame and not once for each attribute.
Konva.autoDrawEnabled = false;

const RADIANS = Math.PI / 180;

/**
 * A shape of the board in a layer. `shape` is exchanged when it changes. It paints itself with one change of the canvas's matrix and
 * none of the caches, shadows and filters that the library has for each node: of 5,000 nodes those were most of the time.
 */
export class Figure extends Konva.Shape {
  /** @param {any} look  as `paint` wants it, shared by all nodes; and `writing`: id of the shape whose text is not drawn */
  constructor(look) {
    super({ listening: false });
    this.look = look;
    this.memo = {};
    this.shape = null;
  }

  drawScene(canvas) {
    const { shape, look, memo } = this;
    const layer = this.getLayer();
    const on = canvas ?? layer.getCanvas();
    const context = on.getContext()._context;
    const ratio = on.getPixelRatio();
    const scale = layer.scaleX() * ratio;
    const angle = shape.rotation * RADIANS;
    const [cos, sin] = angle ? [Math.cos(angle) * scale, Math.sin(angle) * scale] : [scale, 0];
    context.setTransform(cos, sin, -sin, cos, shape.x * scale + layer.x() * ratio, shape.y * scale + layer.y() * ratio);
    context.globalAlpha = shape.opacity / 100;
    paint(context, shape, look, memo);
    context.globalAlpha = 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return this;
  }
}
