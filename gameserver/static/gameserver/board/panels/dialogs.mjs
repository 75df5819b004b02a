// Dialogs of the board. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { icon } from "./icons.mjs";

let number = 0;

/**
 * Open a dialog. Escape, ✕ and a click beside it close it; the focus then goes back to where it was.
 * @param {{title: string, body: (Node|string)[], className?: string, closed?: () => void}} options closed: called when it is gone
 * @returns {{node: HTMLDialogElement, close: () => void}}
 */
export function openDialog(home, { title, body, className = "", closed = () => {} }) {
  const before = document.activeElement;
  const heading = el("h2", { textContent: title, id: `board-dialog-${(number += 1)}` });
  const cross = el("button", { type: "button", className: "icon-button board-close", ariaLabel: "Close", title: "Close" }, icon("close"));
  const node = el("dialog", { className: `sheet board-dialog ${className}`.trim() }, el("div", { className: "sheet-head" }, heading, cross), ...body);
  node.setAttribute("aria-labelledby", heading.id);
  const close = () => node.close();
  cross.addEventListener("click", close);
  node.addEventListener("click", (event) => event.target === node && close());
  node.addEventListener("keydown", (event) => event.stopPropagation());
  node.addEventListener("close", () => {
    node.remove();
    if (before?.isConnected) before.focus();
    closed();
  });
  home.append(node);
  node.showModal();
  return { node, close };
}

/** Ask before something is done; `act` is called when the answer is yes. The way back is where the focus is. */
export function confirm(home, { title, text, yes, act, isLoss = false }) {
  const back = el("button", { type: "button", className: "button button-quiet", textContent: "Cancel" });
  const go = el("button", { type: "button", className: isLoss ? "button board-danger" : "button", textContent: yes });
  const dialog = openDialog(home, { title, body: [el("p", { textContent: text }), el("div", { className: "board-ways" }, back, go)] });
  back.addEventListener("click", dialog.close);
  go.addEventListener("click", () => {
    dialog.close();
    act();
  });
  back.focus();
}
