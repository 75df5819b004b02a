// Undo and redo. Reads no messages, sends none: the stage does it.

import { el } from "../../page.mjs";
import { commandKey, enable, iconButton, put } from "./controls.mjs";

/** Returns the two buttons in a group: grey when there is nothing. `run("undo")` does it, and selects what came back. */
export function mountUndo({ board, run }) {
  const command = commandKey();
  const undo = iconButton("undo", "Undo", () => run("undo"));
  const redo = iconButton("redo", "Redo", () => run("redo"));
  const show = () => {
    for (const [button, can, word, label, keys] of [
      [undo, board.canUndo, "Undo", board.undoLabel, `${command}Z`],
      [redo, board.canRedo, "Redo", board.redoLabel, command === "⌘" ? "⇧⌘Z" : "Ctrl+Y"],
    ]) {
      enable(button, can);
      const title = can && label ? `${word} ${label}` : word;
      put(button, "aria-label", title);
      put(button, "title", `${title} (${keys})`);
    }
  };
  show();
  board.onChange((change) => (change.history || change.all) && show());
  return el("div", { className: "board-undo board-card", role: "group", ariaLabel: "History" }, undo, redo);
}
