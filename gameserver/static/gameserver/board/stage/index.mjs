// The board's stage: shows the shapes, and is where they are drawn, moved and written in.
// Reads no messages itself; sends what the board sends.

import { Stage } from "./stage.mjs";

/**
 * Put the stage into an element, which it fills. It can be looked at; `equip` brings the hands.
 *
 * @param {HTMLElement} element  with a position and a size
 * @param {{board: any, desk: any, now?: () => number, media?: (query: string) => MediaQueryList}} options
 * @returns {{resize: () => void, contentBounds: () => number[] | null, focus: () => void, destroy: () => void, fit: () => void,
 *   zoomTo: (scale: number) => void, centreOn: (x: number, y: number, scale?: number) => void, equip: () => Promise<void>,
 *   exportPng?: (options?: {scale?: number, background?: boolean}) => Promise<Blob>, run?: (name: string) => void}}
 *   contentBounds: what is painted, [left, top, right, bottom], null of an empty board. exportPng and run: see hands.mjs; there once
 *   `equip` is done
 */
export function mountStage(element, { board, desk, now = () => performance.now(), media = (query) => matchMedia(query) }) {
  const stage = new Stage(element, { board, desk, now, media });
  if (board.size) stage.lookAtAll();
  stage.request();

  const shown = {
    resize: () => stage.resize(),
    contentBounds: () => stage.places.painted(),
    focus: () => stage.focus(),
    destroy: () => stage.destroy(),
    zoomTo: (scale) => stage.zoomTo(scale),
    fit: () => stage.fit(),
    centreOn: (x, y, scale = desk.camera.scale) => stage.fly({ x, y, scale }),
    equip: async () => {
      const { equip } = await import("./hands.mjs");
      Object.assign(shown, equip(stage));
    },
  };
  return shown;
}
