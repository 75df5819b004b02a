// The table of keys. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { TOOLS } from "../desk.mjs";
import { commandKey } from "./controls.mjs";
import { openDialog } from "./dialogs.mjs";

/** Groups of [what it does, keys, whether it only looks], pure. `command` is how the command key is called. */
export function keymap(command) {
  const looking = new Set(["select", "hand"]);
  const back = command === "⌘" ? "⇧⌘Z" : "Ctrl+Y, Ctrl+Shift+Z";
  const drawing = [["Make a shape in the middle of the view", "Enter"], ["Edit the text of the selected shape", "Enter, double click"]];
  const selecting = [["Next shape, one before", "Tab, Shift+Tab", true], ["Select all", `${command}A`, true], ["Add to the selection", "Shift+click", true], ["Nothing", "Escape", true]];
  const changing = [
    ["Move by 1 or 10 pixels", "Arrows, Shift+arrows"],
    ["Undo", `${command}Z`],
    ["Redo", back],
    ["Copy, cut, paste", `${command}C, ${command}X, ${command}V`],
    ["Duplicate", `${command}D`],
    ["Delete", "Delete"],
    ["One back, one forward", "[, ]"],
    ["To the back, to the front", "{, }"],
  ];
  const shaping = [["Square, or a line in steps of 15°", "Shift"], ["From the middle", "Alt"], ["Do not snap", command === "⌘" ? "⌘" : "Ctrl"]];
  const viewing = [
    ["Move", "Wheel, Space+drag, two fingers", true],
    ["Zoom", `${command}wheel, pinch, +, −`, true],
    ["100 %", "0", true],
    ["All of the board", "1", true],
    ["Grid", "G", true],
    ["This table", "?", true],
  ];
  const tools = TOOLS.map(({ title, key, name }) => [title, key.toUpperCase(), looking.has(name)]);
  return [["Tools", [...tools, ...drawing]], ["Selection", selecting], ["Change", changing], ["While drawing", shaping], ["View", viewing]];
}

function table([title, rows], isReadOnly) {
  const meant = rows.filter(([, , isLooking]) => isLooking || !isReadOnly);
  if (!meant.length) return [];
  const body = meant.map(([what, keys]) => el("tr", {}, el("th", { scope: "row", textContent: what }), el("td", {}, ...keys.split(", ").map((one) => el("kbd", { textContent: one })))));
  return [el("table", {}, el("caption", { textContent: title }), el("tbody", {}, ...body))];
}

/** Open it. */
export function openKeys(home, { desk }) {
  const tables = keymap(commandKey()).flatMap((group) => table(group, desk.readOnly));
  return openDialog(home, { title: "Keys", className: "board-keys", body: [el("div", { className: "board-tables" }, ...tables)] });
}
