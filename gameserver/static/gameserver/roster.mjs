// Who is here, live; a drawer on a phone. Draws `present` of the state.

import { el } from "./page.mjs";

/** Returns a function to call after every change of the state. */
export function mountRoster({ open, close, drawer, list, count }) {
  const set = (isOpen) => {
    drawer.classList.toggle("open", isOpen);
    open.setAttribute("aria-expanded", String(isOpen));
    (isOpen ? close : open).focus();
  };
  open.addEventListener("click", () => set(!drawer.classList.contains("open")));
  close.addEventListener("click", () => set(false));
  drawer.addEventListener("keydown", (event) => event.key === "Escape" && set(false));

  return function show(state) {
    count.textContent = state.welcome ? String(state.players) : "–";
    const people = [...state.present.values()].sort((a, b) => a.name.localeCompare(b.name));
    list.replaceChildren(
      ...people.map((player) => {
        const row = el("li", {}, el("span", { className: "me-dot", who: player.colour, ariaHidden: "true" }), el("span", { textContent: player.name }));
        if (player.id === state.you.id) row.append(el("span", { className: "you", textContent: "you" }));
        return row;
      }),
    );
    const more = state.players - people.length;
    if (more > 0) list.append(el("li", { className: "you", textContent: `and ${more} more` }));
  };
}
