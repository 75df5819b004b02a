// Where the panels stand around the stage, and where the focus goes. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { action } from "../stage/keys.mjs";
import { disclose, iconButton, swatchOf } from "./controls.mjs";

const WRITING = "input, textarea, select, [contenteditable]";
/** Buttons after whose use by the pointer the keys are the board's again. */
const PASSING = ":is(.board-tools, .board-undo, .board-zoom, .board-properties) button, .board-avatars [data-id]";

/** A button for small screens, that opens the properties there; on large ones they are always open and it is not seen. */
export function mountStyleButton(properties) {
  const button = iconButton("style", "Colour and width", () => {}, { className: "board-style" });
  button.setAttribute("aria-haspopup", "true");
  const holder = el("div", { className: "board-drawer" }, properties);
  const pop = disclose(button, holder);
  const show = (has, colour) => {
    button.hidden = !has;
    if (!has) pop.close();
    button.style.setProperty("--swatch", swatchOf(colour));
  };
  return { button, holder, show };
}

/** Put the panels into their places. Each is a node or null; the order is the one of the Tab key. */
export function layOut(home, { menu, undo, badge, banner, stage, tools, style, drawer, zoom, people, share, notice, list, hint }) {
  const place = (name, ...nodes) => el("div", { className: `board-place board-${name}` }, ...nodes.filter(Boolean));
  // The stage stays where it is: what is moved in the document loses the focus.
  stage.before(place("start", menu, undo), place("middle", badge, banner));
  home.append(
    hint,
    place("foot", notice, place("below", style), tools),
    place("side", drawer),
    place("scale", zoom),
    place("end", people, share),
    list,
  );
}

/**
 * Keys that mean the board wherever the focus is among the panels, and the focus itself: after a click it goes back to the stage.
 * @param {{stageNode: HTMLElement, stage: {focus: () => void, run: (name: string) => void}, desk: any, openKeys: () => void}} options
 */
export function listen(home, { stageNode, stage, desk, openKeys }) {
  home.addEventListener("click", (event) => {
    const isByPointer = event.detail > 0 && event.target.closest(PASSING);
    // The drawer of a small screen closes when the focus leaves it; one may want a width after the colour.
    const isInDrawer = event.target.closest(".board-drawer") && home.querySelector(".board-style")?.offsetParent;
    if (isByPointer && !isInDrawer) stage.focus();
  });
  const isMac = /mac|iphone|ipad/i.test(navigator.platform ?? "");
  const passedOn = ["undo", "redo", "duplicate", "select all", "grid", "fit", "zoom in", "zoom out", "zoom to 100%"].map((name) => [name, () => stage.run(name)]);
  const does = { ...Object.fromEntries(passedOn), keys: openKeys, tool: ({ tool }) => desk.set({ tool }) };
  home.addEventListener("board-keys", openKeys);
  // Whoever has just come has the focus nowhere, and takes a tool by its letter all the same.
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!home.offsetParent || !(home.contains(target) || target === document.body)) return;
    if (event.defaultPrevented || event.isComposing || target.closest(`${WRITING}, dialog, .board-popup`)) return;
    const meant = action(event, { isMac, isReadOnly: desk.readOnly });
    if (!meant || stageNode.contains(target) || !Object.hasOwn(does, meant.name)) return;
    event.preventDefault();
    does[meant.name](meant);
  });
}
