// The tools. Reads no messages, sends none: the desk knows the tool, the stage does with it what is to be done.

import { el } from "../../page.mjs";
import { TOOLS } from "../desk.mjs";
import { iconButton, put, rove } from "./controls.mjs";

const LOOKING = new Set(["select", "hand"]);

/** Returns the toolbar. Arrows go through it, Enter or a click takes the tool; `taken` is called then. */
export function mountToolbar({ desk, taken }) {
  const bar = el("div", { className: "board-tools board-card", role: "toolbar", ariaLabel: "Tools" });
  const buttons = new Map();
  for (const { name, key, title } of TOOLS.filter((tool) => !desk.readOnly || LOOKING.has(tool.name))) {
    const take = () => {
      desk.set({ tool: name });
      taken();
    };
    const button = iconButton(name, title, take, { keys: key.toUpperCase(), className: "board-tool" });
    buttons.set(name, button);
    bar.append(button);
  }
  const settle = rove(bar);
  const show = () => {
    for (const [name, button] of buttons) put(button, "aria-pressed", name === desk.tool);
    settle(buttons.get(desk.tool));
  };
  show();
  desk.onChange((changed) => changed.includes("tool") && show());
  return bar;
}
