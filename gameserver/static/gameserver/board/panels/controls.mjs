// What all panels are made of: buttons with an icon, one stop of the Tab key for a group, panels that open below a button.
// Reads no messages, sends none.

import { el } from "../../page.mjs";
import { PALETTE } from "../desk.mjs";
import { icon } from "./icons.mjs";

/** A button that shows an icon and is called by its title; `keys` are told in the title. */
export function iconButton(name, title, act, { keys = "", className = "" } = {}) {
  const props = { type: "button", className: `board-button ${className}`.trim(), title: keys ? `${title} (${keys})` : title, ariaLabel: title };
  const button = el("button", props, icon(name));
  if (keys && !keys.includes(" ") && keys.length < 3) button.setAttribute("aria-keyshortcuts", keys);
  // One that can do nothing now keeps the focus, which `disabled` would throw away.
  button.addEventListener("click", (event) => button.getAttribute("aria-disabled") !== "true" && act(event));
  return button;
}

/** Say whether a button can do something now. */
export function enable(button, can) {
  const text = String(!can);
  if (button.getAttribute("aria-disabled") !== text) button.setAttribute("aria-disabled", text);
}

/** Set an attribute, if it is not that already: screen readers tell of what is set anew. */
export function put(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * Make a group of buttons one stop of the Tab key: arrows, Home and End go through it, and it remembers where one was.
 * @param {HTMLElement} group  @param {string} query which of its elements are meant
 * @returns {(node?: HTMLElement) => void} to call after they have changed; with one of them: that is where Tab leads now
 */
export function rove(group, query = "button") {
  const all = () => [...group.querySelectorAll(query)].filter((node) => !node.hidden);
  const stop = (here) => {
    for (const node of all()) node.tabIndex = node === here ? 0 : -1;
  };
  group.addEventListener("keydown", (event) => {
    const nodes = all();
    const at = nodes.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = event.key === "Home" ? 0 : event.key === "End" ? nodes.length - 1 : event.key in STEPS ? (at + STEPS[event.key] + nodes.length) % nodes.length : -1;
    if (to < 0) return;
    event.preventDefault();
    stop(nodes[to]);
    nodes[to].focus();
  });
  group.addEventListener("focusin", (event) => all().includes(event.target) && stop(event.target));
  const settle = (node) => {
    const nodes = all();
    stop(node ?? nodes.find((one) => one.tabIndex === 0) ?? nodes[0]);
  };
  settle(all()[0]);
  return settle;
}

/**
 * A panel that a button opens and closes. Escape, a click elsewhere, and the focus going elsewhere close it; Escape gives the focus back.
 * @returns {{open: () => void, close: (refocus?: boolean) => void, isOpen: () => boolean}}
 */
export function disclose(button, panel, { onOpen = () => {} } = {}) {
  const isOpen = () => !panel.hidden;
  const close = (refocus = false) => {
    if (panel.hidden) return;
    panel.hidden = true;
    put(button, "aria-expanded", false);
    if (refocus) button.focus();
  };
  const open = () => {
    panel.hidden = false;
    put(button, "aria-expanded", true);
    onOpen();
  };
  panel.hidden = true;
  put(button, "aria-expanded", false);
  button.addEventListener("click", () => (isOpen() ? close() : open()));
  document.addEventListener("pointerdown", (event) => !panel.contains(event.target) && !button.contains(event.target) && close());
  for (const node of [panel, button]) {
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || panel.hidden) return;
      event.stopPropagation();
      close(true);
    });
  }
  panel.addEventListener("focusout", (event) => event.relatedTarget && !panel.contains(event.relatedTarget) && event.relatedTarget !== button && close());
  return { open, close, isOpen };
}

/** A colour of the board as the page shows it: the style sheet knows ink and paper in the dark. "" is no colour. */
export function swatchOf(colour) {
  if (colour === PALETTE.ink) return "var(--swatch-ink)";
  return colour === PALETTE.paper ? "var(--swatch-paper)" : colour || "transparent";
}

/** How the command key is called here: `⌘` or `Ctrl+`. */
export function commandKey(platform = navigator.platform ?? "") {
  return /mac|iphone|ipad/i.test(platform) ? "⌘" : "Ctrl+";
}
