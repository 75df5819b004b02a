// The shapes as a list in words, for screen readers and the keyboard: select, move, delete. Reads no messages; the board sends the changes.

import { el } from "../../page.mjs";
import { iconButton, put } from "./controls.mjs";
import { count, describe, sentence } from "./words.mjs";

/** Shapes that are listed at first, and how many more each time. */
export const PAGE = 200;
/** How far the arrows beside a shape move it, in pixels. */
const STEP = 8;
const MOVES = [
  ["left", "Move left", -STEP, 0],
  ["forward", "Move up", 0, -STEP],
  ["backward", "Move down", 0, STEP],
  ["right", "Move right", STEP, 0],
];

/** The ids to list, pure: what is in front first, at most `limit`. */
export function listed(inOrder, limit) {
  return inOrder.slice(-limit).reverse();
}

/** Put these nodes, and no others, into a list in this order; those that are in their place are not touched, so that the focus stays. */
export function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => list.children[at] !== node && list.insertBefore(node, list.children[at] ?? null));
}

/** One shape: a button that selects it, and what can be done with it while it is selected. */
class Row {
  constructor(id, { board, desk, reveal }) {
    Object.assign(this, { id, board, desk, reveal });
    this.button = el("button", { type: "button", className: "board-item board-shape", onclick: () => this.#toggle() });
    this.node = el("li", {}, this.button);
    this.doings = null;
  }

  show() {
    const text = describe(this.board.get(this.id));
    if (this.button.textContent !== text) this.button.textContent = text;
    const isSelected = this.desk.selection.has(this.id);
    put(this.button, "aria-pressed", isSelected);
    if (isSelected && !this.doings && !this.desk.readOnly) this.node.append((this.doings = this.#doings()));
    if (this.doings) this.doings.hidden = !isSelected;
  }

  #toggle() {
    const selection = new Set(this.desk.selection);
    if (!selection.delete(this.id)) selection.add(this.id);
    this.desk.select(selection);
    if (selection.has(this.id)) this.reveal(this.id);
  }

  #doings() {
    const { board, id } = this;
    const moves = MOVES.map(([name, title, dx, dy]) => iconButton(name, title, () => board.move([id], dx, dy, { label: "move" })));
    const remove = iconButton("delete", "Delete", () => board.remove([id], { label: "delete" }));
    return el("div", { className: "board-row", role: "group", ariaLabel: "This shape" }, ...moves, remove);
  }
}

class List {
  #limit = PAGE;
  #rows = new Map();

  constructor(options) {
    Object.assign(this, options);
    this.heading = el("h2", { textContent: "Shapes", tabIndex: -1 });
    this.list = el("ol", { className: "board-shapes", ariaLabel: "Shapes, those in front first" });
    this.more = el("button", { type: "button", className: "button button-quiet", onclick: () => this.#showMore() });
    const head = el("div", { className: "sheet-head" }, this.heading, iconButton("close", "Close the list", () => this.toggle()));
    this.node = el("section", { className: "board-list board-card", ariaLabel: "List of shapes", hidden: true }, head, this.list, this.more);
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && this.toggle());
  }

  toggle() {
    this.node.hidden = !this.node.hidden;
    this.changed();
    if (this.node.hidden) return this.closed();
    this.#limit = PAGE;
    this.renew();
    return this.heading.focus();
  }

  #showMore() {
    const first = this.list.children.length;
    this.#limit += PAGE;
    this.renew();
    this.list.children[first]?.querySelector("button").focus();
  }

  /** Show these shapes anew, if they are listed; those that are gone come off the list with `renew`. */
  show(ids = this.#rows.keys()) {
    for (const id of ids) if (this.board.has(id)) this.#rows.get(id)?.show();
  }

  renew() {
    const { board, list, more } = this;
    const ids = listed(board.inOrder(), this.#limit);
    const before = document.activeElement;
    const place = [...list.children].findIndex((row) => row.contains(before));
    this.#keep(ids);
    this.show();
    arrange(list, ids.map((id) => this.#rows.get(id).node));
    const hidden = board.size - ids.length;
    more.hidden = hidden <= 0;
    more.textContent = `${count(Math.min(PAGE, hidden))} more`;
    this.heading.textContent = board.size ? sentence(count(board.size)) : "No shapes yet";
    if (place >= 0 && document.activeElement !== before) this.#refocus(before, place);
  }

  #keep(ids) {
    const kept = new Set(ids);
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    for (const id of ids) if (!this.#rows.has(id)) this.#rows.set(id, new Row(id, this));
  }

  /** The row that had the focus was moved, or somebody deleted its shape: the focus stays at its place. */
  #refocus(before, place) {
    const { children } = this.list;
    if (before.isConnected) before.focus();
    else (children[Math.min(place, children.length - 1)]?.querySelector("button") ?? this.heading).focus();
  }
}

/**
 * Returns {node, toggle, isOpen}: the panel, hidden until it is opened; it costs nothing while it is not.
 * @param {{board: any, desk: any, closed: () => void, changed?: () => void, reveal?: (id: string) => void}} options
 *   closed: the focus is to go elsewhere; changed: open or not; reveal: a shape was selected that may be out of sight
 */
export function mountList({ board, desk, closed, changed = () => {}, reveal = () => {} }) {
  const list = new List({ board, desk, closed, changed, reveal });
  const isOpen = () => !list.node.hidden;
  board.onChange((change) => {
    if (!isOpen()) return;
    if (change.all || change.order) list.renew();
    else list.show(change.touched);
  });
  desk.onChange((names) => isOpen() && names.includes("selection") && list.show());
  return { node: list.node, toggle: () => list.toggle(), isOpen };
}
