// The board's stage: shows the shapes, and is where they are drawn, moved and written in.
// Reads no messages itself; sends what the board sends.

import { Actions } from "./actions.mjs";
import { listen } from "./clipboard.mjs";
import { Draw } from "./draw.mjs";
import { Editor } from "./editor.mjs";
import { Pen } from "./pen.mjs";
import { pictureOf } from "./picture.mjs";
import { Pointer } from "./pointer.mjs";
import { Presence } from "./presence.mjs";
import { Select } from "./select.mjs";
import { Stage } from "./stage.mjs";

const KINDS = ["rect", "ellipse", "line", "arrow", "text", "note"];

/**
 * Put the stage into an element, which it fills.
 *
 * @param {HTMLElement} element  with a position and a size
 * @param {{board: any, desk: any, now?: () => number, media?: (query: string) => MediaQueryList}} options
 * @returns {{resize: () => void, contentBounds: () => number[] | null, focus: () => void, destroy: () => void, fit: () => void,
 *   exportPng: (options?: {scale?: number, background?: boolean}) => Promise<Blob>, zoomTo: (scale: number) => void,
 *   centreOn: (x: number, y: number, scale?: number) => void, run: (name: string) => void}}
 *   contentBounds: what is painted, [left, top, right, bottom], null of an empty board.
 *   exportPng is rejected for an empty board. run: an action of keys.mjs, or "create"
 */
export function mountStage(element, { board, desk, now = () => performance.now(), media = (query) => matchMedia(query) }) {
  const stage = new Stage(element, { board, desk, now, media });
  const drawing = Object.fromEntries(KINDS.map((kind) => [kind, new Draw(stage, kind)]));
  stage.tools = { select: new Select(stage), pen: new Pen(stage), ...drawing };
  Object.defineProperty(stage, "tool", { get: () => stage.tools[desk.tool] });
  stage.editor = new Editor(stage);
  stage.presence = new Presence(stage);
  stage.pointer = new Pointer(stage);
  const actions = new Actions(stage, { isMac: /Mac|iPhone|iPad/.test(navigator.platform) });
  stage.settle = () => actions.settle();
  listen({ host: stage.host, stage, actions });
  if (board.size) stage.lookAtAll();
  stage.request();

  return {
    resize: () => stage.resize(),
    contentBounds: () => stage.places.painted(),
    exportPng: async ({ scale = 2, background = true } = {}) => {
      const bounds = stage.places.painted();
      if (!bounds) throw new Error("There is nothing on the board.");
      const { isDark, ground } = stage.look;
      return pictureOf(board.shapes(), bounds, { scale, background: background ? ground : "", isDark, measure: stage.measure });
    },
    focus: () => stage.focus(),
    destroy: () => stage.destroy(),
    zoomTo: (scale) => stage.zoomTo(scale),
    fit: () => stage.fit(),
    centreOn: (x, y, scale = desk.camera.scale) => stage.fly({ x, y, scale }),
    run: (name) => void actions.run(name),
  };
}
