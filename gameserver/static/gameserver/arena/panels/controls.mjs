// What the panels are made of. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { icon } from "./icons.mjs";

/** A button that shows an icon and is called by its title. */
export function iconButton(name, title, act, className = "") {
  return el("button", { type: "button", className: `arena-button ${className}`.trim(), title, ariaLabel: title, onclick: act }, icon(name));
}

/** Set a text, if it is not that already: screen readers tell of what is set anew, and browsers lay it out. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a node, or not. */
export function reveal(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Set an attribute, if it is not that already. */
export function put(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/**
 * A card with a title that a button opens and closes. It stays open while one flies; Escape within it closes it, and gives the focus back.
 * @returns {{close: () => void, isOpen: () => boolean}}
 */
export function disclose(button, card, { opened = () => {}, closed = () => {} } = {}) {
  const isOpen = () => !card.hidden;
  const set = (isShown) => {
    reveal(card, isShown);
    put(button, "aria-expanded", isShown);
    if (isShown) opened();
    else closed();
  };
  card.hidden = true;
  put(button, "aria-expanded", false);
  button.addEventListener("click", () => set(!isOpen()));
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    set(false);
    button.focus();
  });
  return { close: () => isOpen() && set(false), isOpen };
}
