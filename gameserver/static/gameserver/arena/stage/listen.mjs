// What hands do in the stage: keys, mouse and touch come in here. Reads no messages, sends none.

import { isMeant } from "./hands.mjs";

const AIM_KEY = "KeyM";
const SPECTATE = { ArrowLeft: -1, ArrowRight: 1 };
/** Where letters are written or arrows mean something else. */
const BUSY = "input, textarea, select, [contenteditable], dialog";

/** Whether an element is to be seen: on a phone it takes turns with the chat. */
export const isShown = (node) => node.checkVisibility?.({ visibilityProperty: true }) ?? true;

/**
 * Listen for as long as the page lives.
 * @param {HTMLElement} node the stage
 * @param {{hands: import("./hands.mjs").Hands, isFlying: () => boolean, play: () => void, follow: (step: number) => void,
 *   touched: () => void, aimed: (isAiming: boolean) => void}} options isFlying: whether there is an own ship; play: somebody wants one; follow:
 *   watch the next one (1) or the one before (-1); touched: whenever somebody does something here, before anything else; aimed: the mouse
 *   was chosen by a key, or left
 */
export function listen(node, options) {
  listenToKeys(node, options);
  listenToPointers(node, options);
  const release = () => options.hands.release();
  globalThis.addEventListener("blur", release);
  document.addEventListener("visibilitychange", release);
  node.addEventListener("blur", release);
}

function listenToKeys(node, { hands, isFlying, play, follow, touched, aimed }) {
  // Escape gives the keys back to the page until the stage is chosen again.
  let isFreed = false;
  node.addEventListener("focus", () => (isFreed = false));
  const isMine = ({ target }) => {
    const isHere = node.contains(target) || (target === document.body && !isFreed);
    return isHere && isShown(node) && !target.closest(BUSY);
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !isMine(event)) return;
    touched();
    if (event.code === "Escape") {
      isFreed = true;
      hands.release();
      node.blur();
    } else if (isFlying()) {
      if (hands.press(event.code)) event.preventDefault();
      if (event.code !== AIM_KEY || event.repeat) return;
      hands.toggleAim();
      aimed(hands.isAiming);
    } else {
      watch(event, { play, follow });
    }
  });
  // Wherever it is lifted: what is held down must never stay so.
  document.addEventListener("keyup", (event) => hands.lift(event.code));
}

function watch(event, { play, follow }) {
  if (Object.hasOwn(SPECTATE, event.code) && !event.repeat) follow(SPECTATE[event.code]);
  else if (event.code === "Enter" && !event.repeat) play();
  else if (!isMeant(event.code)) return;
  event.preventDefault();
}

function listenToPointers(node, { hands, isFlying, touched }) {
  const at = (event) => {
    const box = node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, box.width];
  };
  node.addEventListener("pointerdown", (event) => {
    touched();
    node.focus({ preventScroll: true });
    if (!isFlying()) return;
    const [x, y, width] = at(event);
    node.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") hands.mouse(x, y, event.buttons, true);
    else hands.touch(event.pointerId, x, y, width);
    event.preventDefault();
  });
  node.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    // A second button of the mouse comes as a move, too.
    if (event.pointerType === "mouse") hands.mouse(x, y, node.hasPointerCapture(event.pointerId) ? event.buttons : 0);
    else hands.slide(event.pointerId, x, y);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    node.addEventListener(name, (event) => {
      const [x, y] = at(event);
      if (event.pointerType === "mouse") hands.mouse(x, y, event.buttons);
      else hands.raise(event.pointerId);
    });
  }
  node.addEventListener("contextmenu", (event) => event.preventDefault());
}
