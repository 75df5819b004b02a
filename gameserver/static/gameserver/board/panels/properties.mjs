// Fill, line, width and opacity of the selection or, with a tool in hand, of the next shape; order, copies and deletion of the selection.
// Reads no messages; the board sends the changes.

import { el } from "../../page.mjs";
import { PALETTE, kindOf } from "../desk.mjs";
import { WIDTHS, choices, hasField, steps } from "./choices.mjs";
import { commandKey, iconButton, put, rove, swatchOf } from "./controls.mjs";

const ORDERS = [
  ["back", "To the back", "{"],
  ["backward", "One back", "["],
  ["forward", "One forward", "]"],
  ["front", "To the front", "}"],
];
/** Where a copy is put, from its original, in pixels. */
const ASIDE = 16;

function group(title, className) {
  const heading = el("span", { className: "board-label", textContent: title });
  const row = el("div", { className, role: "group", ariaLabel: title });
  return { node: el("div", { className: "board-field" }, heading, row), row, name: (text) => {
    if (heading.textContent === text) return;
    heading.textContent = text;
    put(row, "aria-label", text);
  } };
}

function mountColours(title, choose) {
  const { node, row, name } = group(title, "board-swatches");
  const buttons = new Map();
  for (const [word, colour] of [["none", ""], ...Object.entries(PALETTE)]) {
    const button = el("button", { type: "button", className: `board-swatch board-swatch-${word}`, title: word, ariaLabel: word, onclick: () => choose(colour) });
    if (colour) button.style.setProperty("--swatch", swatchOf(colour));
    buttons.set(colour, button);
    row.append(button);
  }
  const settle = rove(row);
  const show = ({ value, canBeNone, title: now }) => {
    name(now);
    buttons.get("").hidden = !canBeNone;
    for (const [colour, button] of buttons) put(button, "aria-pressed", colour === value);
    settle(buttons.get(value));
  };
  return { node, show };
}

function mountWidths(choose) {
  const { node, row } = group("Width", "board-widths");
  const buttons = new Map();
  for (const { width, title } of WIDTHS) {
    const line = el("span", { className: "board-width", ariaHidden: "true" });
    line.style.setProperty("--width", `${Math.min(width, 10)}px`);
    buttons.set(width, el("button", { type: "button", className: "board-button", title, ariaLabel: title, onclick: () => choose(width) }, line));
  }
  row.append(...buttons.values());
  const settle = rove(row);
  const show = ({ value }) => {
    for (const [width, button] of buttons) put(button, "aria-pressed", width === value);
    settle(buttons.get(value));
  };
  return { node, show };
}

function mountOpacity(choose) {
  const input = el("input", { type: "range", min: "5", max: "100", step: "5", className: "board-range" });
  const number = el("output", { className: "board-number" });
  const tell = () => (number.textContent = `${input.value} %`);
  input.addEventListener("input", tell);
  // Once it is let go: one change, and one step to undo.
  input.addEventListener("change", () => choose(Number(input.value)));
  const node = el("label", { className: "board-field" }, el("span", { className: "board-label" }, "Opacity ", number), input);
  const show = ({ value }) => {
    if (document.activeElement === input && input.matches(":active")) return;
    input.value = String(value ?? 100);
    number.textContent = value === undefined ? "mixed" : `${value} %`;
  };
  return { node, show };
}

function mountDoings({ board, desk }) {
  const ids = () => [...desk.selection].filter((id) => board.has(id));
  const order = el("div", { className: "board-row", role: "group", ariaLabel: "Order" });
  order.append(...ORDERS.map(([to, title, keys]) => iconButton(to, title, () => board.order(ids(), to, { label: "order" }), { keys })));
  const copy = () => desk.select(board.duplicate(ids(), ASIDE, ASIDE, { label: "duplicate" }).ids);
  const row = el("div", { className: "board-row", role: "group", ariaLabel: "Selection" });
  row.append(iconButton("duplicate", "Duplicate", copy, { keys: `${commandKey()}D` }), iconButton("delete", "Delete", () => board.remove(ids(), { label: "delete" }), { keys: "Delete" }));
  rove(order);
  rove(row);
  return el("div", { className: "board-field board-doings" }, el("span", { className: "board-label", textContent: "Order" }), order, row);
}

/**
 * Returns the panel, which is hidden while there is nothing to choose.
 * @param {{board: any, desk: import("../desk.mjs").Desk, shown: (has: boolean, colour: string) => void}} options shown: whether there is something,
 *   and the colour that stands for it
 */
export function mountProperties({ board, desk, shown }) {
  const selected = () => (kindOf(desk.tool) ? [] : board.shapes([...desk.selection]));
  const choose = (field) => (value) => {
    const shapes = selected();
    const kinds = [...new Set(shapes.length ? shapes.map((shape) => shape.kind) : [kindOf(desk.tool)])].filter((kind) => hasField(kind, field));
    desk.restyle(kinds, { [field]: value });
    const todo = steps(shapes, field, value);
    if (todo.length) board.edit(todo, { label: field === "fill" || field === "stroke" ? "colour" : field });
  };
  const fields = { fill: mountColours("Fill", choose("fill")), stroke: mountColours("Line", choose("stroke")), width: mountWidths(choose("width")), opacity: mountOpacity(choose("opacity")) };
  const doings = mountDoings({ board, desk });
  const panel = el("section", { className: "board-properties board-card", ariaLabel: "Properties" }, ...Object.values(fields).map((field) => field.node), doings);
  const show = () => {
    const now = desk.readOnly ? null : choices({ shapes: selected(), tool: desk.tool, styles: desk.styles });
    panel.hidden = !now;
    shown(Boolean(now), now?.fields.fill?.value || now?.fields.stroke?.value || "");
    if (!now) return;
    put(panel, "aria-label", now.ofSelection ? "Properties of the selection" : "Properties of the next shape");
    doings.hidden = !now.ofSelection;
    for (const [name, field] of Object.entries(fields)) {
      field.node.hidden = !now.fields[name];
      if (now.fields[name]) field.show(now.fields[name]);
    }
  };
  show();
  desk.onChange((changed) => changed.some((name) => name === "tool" || name === "selection" || name === "styles") && show());
  board.onChange((change) => (change.all || [...desk.selection].some((id) => change.touched.has(id))) && show());
  return panel;
}
