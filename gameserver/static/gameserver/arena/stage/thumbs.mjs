// The stick and the button that thumbs see on a touch screen. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { STICK_PX } from "./hands.mjs";

/** Returns {node, show(isFlying)}: where thumbs are, for each picture. They are seen on screens that are touched, and let the pointer through. */
export function mountThumbs(hands) {
  const knob = el("div", { className: "arena-knob" });
  const stick = el("div", { className: "arena-stick" }, knob);
  const fire = el("div", { className: "arena-fire" });
  const node = el("div", { className: "arena-thumbs", ariaHidden: "true", hidden: true }, stick, fire);
  let shown = "";
  const show = (isFlying) => {
    if (node.hidden === isFlying) node.hidden = !isFlying;
    if (!isFlying) return;
    const held = hands.stick;
    const now = `${held ? `${held.x} ${held.y} ${held.dx} ${held.dy}` : ""} ${hands.isTouchFiring}`;
    if (now === shown) return;
    shown = now;
    stick.dataset.held = String(Boolean(held));
    stick.style.left = held ? `${held.x}px` : "";
    stick.style.top = held ? `${held.y}px` : "";
    knob.style.transform = held ? `translate(${held.dx * STICK_PX}px, ${held.dy * STICK_PX}px)` : "";
    fire.dataset.held = String(hands.isTouchFiring);
  };
  return { node, show };
}
