// The hands of a stage: tools, keys, pointer, clipboard, and where others are. They come when there is a picture, which does not wait for
// them. Read no messages themselves; send what the board sends.

import { Actions } from "./actions.mjs";
import { listen } from "./clipboard.mjs";
import { Draw } from "./draw.mjs";
import { Editor } from "./editor.mjs";
import { Pen } from "./pen.mjs";
import { pictureOf } from "./picture.mjs";
import { Pointer } from "./pointer.mjs";
import { Presence } from "./presence.mjs";
import { Select } from "./select.mjs";

const KINDS = ["rect", "ellipse", "line", "arrow", "text", "note"];

/**
 * Put them on a stage.
 *
 * @param {import("./stage.mjs").Stage} stage
 * @returns {{exportPng: (options?: {scale?: number, background?: boolean}) => Promise<Blob>, run: (name: string) => void}}
 *   exportPng is rejected for an empty board. run: an action of keys.mjs, or "create"
 */
export function equip(stage) {
  const { board, desk } = stage;
  const drawing = Object.fromEntries(KINDS.map((kind) => [kind, new Draw(stage, kind)]));
  stage.tools = { select: new Select(stage), pen: new Pen(stage), ...drawing };
  Object.defineProperty(stage, "tool", { get: () => stage.tools[desk.tool] });
  stage.editor = new Editor(stage);
  stage.presence = new Presence(stage);
  stage.pointer = new Pointer(stage);
  const actions = new Actions(stage, { isMac: /Mac|iPhone|iPad/.test(navigator.platform) });
  stage.settle = () => actions.settle();
  listen({ host: stage.host, stage, actions });
  stage.remark();
  return {
    exportPng: async ({ scale = 2, background = true } = {}) => {
      const bounds = stage.places.painted();
      if (!bounds) throw new Error("There is nothing on the board.");
      const { isDark, ground } = stage.look;
      return pictureOf(board.shapes(), bounds, { scale, background: background ? ground : "", isDark, measure: stage.measure });
    },
    run: (name) => void actions.run(name),
  };
}
