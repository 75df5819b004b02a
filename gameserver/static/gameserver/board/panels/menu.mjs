// The menu. Reads no messages, sends none: each entry is done by whoever mounts it.

import { el } from "../../page.mjs";
import { disclose, iconButton, put, rove } from "./controls.mjs";

/**
 * Returns {node, show}: the button with its menu, and what to call when a check mark may have changed.
 * @param {({title: string, act: () => void, keys?: string, isOn?: () => boolean, isDanger?: boolean} | null)[]} entries null: a line between;
 *   isOn: for entries that are on or off
 */
export function mountMenu(entries) {
  const button = iconButton("menu", "Menu", () => {});
  const list = el("div", { className: "board-popup board-menu board-card", role: "menu", ariaLabel: "Menu" });
  const marks = [];
  button.setAttribute("aria-haspopup", "menu");
  const pop = disclose(button, list, { onOpen: () => list.querySelector("button").focus() });
  for (const entry of entries) {
    if (!entry) {
      list.append(el("div", { className: "board-between", role: "separator" }));
      continue;
    }
    const item = el("button", { type: "button", className: "board-item", role: entry.isOn ? "menuitemcheckbox" : "menuitem" }, el("span", { className: "board-name", textContent: entry.title }));
    if (entry.isDanger) item.classList.add("board-warns");
    if (entry.keys) item.append(el("kbd", { textContent: entry.keys, ariaHidden: "true" }));
    if (entry.isOn) marks.push(() => put(item, "aria-checked", entry.isOn()));
    item.addEventListener("click", () => {
      pop.close(true);
      entry.act();
    });
    list.append(item);
  }
  const show = () => marks.forEach((mark) => mark());
  rove(list, "[role^=menuitem]");
  show();
  return { node: el("div", { className: "board-menu-home" }, el("div", { className: "board-card" }, button), list), show };
}
