// What a key means on the board. Pure; reads no messages, sends none.

import { TOOLS } from "../desk.mjs";

/** Actions that only look; what is read only has no others. */
const LOOKING = new Set([
  "select", "hand", "pan", "select all", "clear", "next", "previous", "copy", "zoom in", "zoom out", "zoom to 100%", "fit", "grid", "keys",
]);

/** Whether an action, or taking a tool, changes nothing of the board. */
export function isLooking(name) {
  return LOOKING.has(name);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** With Ctrl, on a Mac Cmd. */
const WITH_COMMAND = {
  z: "undo", y: "redo", a: "select all", d: "duplicate", c: "copy", x: "cut", v: "paste",
  "+": "zoom in", "=": "zoom in", "-": "zoom out", 0: "zoom to 100%",
};

const ALONE = {
  Delete: "delete", Backspace: "delete", Escape: "clear", Enter: "enter", "[": "backward", "]": "forward", "{": "to back", "}": "to front",
  "+": "zoom in", "=": "zoom in", "-": "zoom out", 0: "zoom to 100%", 1: "fit", g: "grid", "?": "keys", " ": "pan",
};

/**
 * The action of a key, or null when it is not the board's: the browser then does what it does.
 *
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, shiftKey?: boolean, altKey?: boolean}} event
 * @param {{isMac?: boolean, isReadOnly?: boolean}} context
 * @returns {{name: string, tool?: string, dx?: number, dy?: number} | null} dx, dy: of `nudge`, in pixels of the board
 */
export function action(event, { isMac = false, isReadOnly = false } = {}) {
  const found = named(event, isMac);
  return found && isReadOnly && !isLooking(found.tool ?? found.name) ? null : found;
}

function named(event, isMac) {
  const { shiftKey = false, altKey = false } = event;
  const isCommand = Boolean(isMac ? event.metaKey : event.ctrlKey);
  const isOther = Boolean(isMac ? event.ctrlKey : event.metaKey);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // Alt makes letters on many keyboards: [ and { are typed with it on some, so those count with it, too.
  if (isOther) return null;
  if (isCommand) return commanded(key, shiftKey, altKey);
  if (Object.hasOwn(ARROWS, key)) return altKey ? null : nudge(ARROWS[key], shiftKey);
  if (key === "Tab") return altKey ? null : { name: shiftKey ? "previous" : "next" };
  if (Object.hasOwn(ALONE, key)) return { name: ALONE[key] };
  const tool = !shiftKey && !altKey && TOOLS.find((one) => one.key === key);
  return tool ? { name: "tool", tool: tool.name } : null;
}

function nudge([dx, dy], isFar) {
  const px = isFar ? 10 : 1;
  return { name: "nudge", dx: dx * px, dy: dy * px };
}

function commanded(key, shiftKey, altKey) {
  if (altKey || !Object.hasOwn(WITH_COMMAND, key)) return null;
  if (key === "z") return { name: shiftKey ? "redo" : "undo" };
  // With shift they are the browser's: developer tools, closed tabs, private windows.
  return shiftKey && !"+=-".includes(key) ? null : { name: WITH_COMMAND[key] };
}
