// How large the board is seen. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { iconButton, put } from "./controls.mjs";

/** Steps that − and + go through, as parts of one. */
export const SCALES = Object.freeze([0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8]);

/** The next step up (1) or down (-1) from a scale, pure; the last one where there is no other. */
export function nextScale(scale, direction) {
  const near = 0.001;
  if (direction > 0) return SCALES.find((one) => one > scale + near) ?? SCALES.at(-1);
  return SCALES.findLast((one) => one < scale - near) ?? SCALES[0];
}

/** Returns the buttons: −, the scale in percent (back to 100), +, all of it. */
export function mountZoom({ desk, stage }) {
  const step = (direction) => () => stage.zoomTo(nextScale(desk.camera.scale, direction));
  const percent = el("button", { type: "button", className: "board-button board-percent", title: "Zoom to 100 % (0)", onclick: () => stage.zoomTo(1) });
  const show = () => {
    const text = `${Math.round(desk.camera.scale * 100)} %`;
    if (percent.textContent === text) return;
    percent.textContent = text;
    put(percent, "aria-label", `Zoom to 100 %; now ${text}`);
  };
  show();
  desk.onChange((changed) => changed.includes("camera") && show());
  const fit = iconButton("fit", "Show all of the board", () => stage.fit(), { keys: "1" });
  const out = iconButton("minus", "Zoom out", step(-1), { keys: "−" });
  return el("div", { className: "board-zoom board-card", role: "group", ariaLabel: "Zoom" }, out, percent, iconButton("plus", "Zoom in", step(1), { keys: "+" }), fit);
}
