// Who is here, as avatars: a click follows somebody's view. Reads no messages, sends none: the stage follows.

import { el } from "../../page.mjs";
import { disclose, put, rove } from "./controls.mjs";
import { initial } from "./words.mjs";

/** Avatars beside each other; the others are in a list behind “+3”. */
export const BESIDE = 4;
const LISTED = 100;

/**
 * Whom to show, pure: others than `you`, those seen on the board lately first, then by name.
 * @param {Iterable<{id: string, name: string, colour: string}>} present  @param {Map<string, any>} active `board.people`
 */
export function others(present, active, you) {
  const known = new Map([...present].map((player) => [player.id, player]));
  for (const person of active.values()) if (!known.has(person.id)) known.set(person.id, person);
  known.delete(you);
  const isAway = (player) => Number(active.get(player.id)?.isStill ?? true);
  return [...known.values()].sort((a, b) => isAway(a) - isAway(b) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}

function avatar(player, follow) {
  const button = el("button", { type: "button", className: "board-avatar", who: player.colour, textContent: initial(player.name), onclick: follow });
  button.dataset.id = player.id;
  return button;
}

function row(player, follow) {
  const dot = el("span", { className: "board-avatar", who: player.colour, textContent: initial(player.name), ariaHidden: "true" });
  const button = el("button", { type: "button", className: "board-item", onclick: follow }, dot, el("span", { className: "board-name", textContent: player.name }));
  button.dataset.id = player.id;
  return button;
}

/** The line that says who is followed, and ends it. Returns {node, show(name)}: "" hides it. */
function mountBanner(stop) {
  const name = el("span");
  const button = el("button", { type: "button", className: "board-link", textContent: "Stop", onclick: stop });
  const node = el("p", { className: "board-following", role: "status", hidden: true });
  const show = (text) => {
    node.hidden = !text;
    name.textContent = text;
    if (!text) node.replaceChildren();
    else if (!node.contains(button)) node.replaceChildren(name, button);
  };
  return { node, show };
}

class People {
  #drawn = "";

  constructor({ board, desk, room, say, ended }) {
    Object.assign(this, { board, desk, room, say });
    this.avatars = el("div", { className: "board-avatars", role: "group", ariaLabel: "People here" });
    this.more = el("button", { type: "button", className: "board-avatar board-more", ariaHaspopup: "true", hidden: true });
    this.list = el("div", { className: "board-popup board-card board-people-list", role: "group", ariaLabel: "All people here" });
    this.node = el("div", { className: "board-people" }, this.avatars, this.list);
    this.banner = mountBanner(() => {
      desk.set({ following: "" });
      ended();
    });
    this.pop = disclose(this.more, this.list, { onOpen: () => this.list.querySelector("button")?.focus() });
    this.settle = [rove(this.avatars), rove(this.list)];
  }

  #others() {
    return others(presentOf(this.room), this.board.people, this.room.you?.id);
  }

  #follow(id, name) {
    const { desk } = this;
    this.pop.close(true);
    if (desk.following !== id && !this.board.people.get(id)?.view) this.say(`${name} is not looking at the board just now.`);
    else desk.set({ following: desk.following === id ? "" : id });
  }

  /** Draw who is here, if they are others than before; whoever was followed may be gone. */
  show() {
    const people = this.#others();
    const now = JSON.stringify(people.map(({ id, name, colour }) => [id, name, colour]));
    if (now !== this.#drawn) {
      this.#drawn = now;
      this.#draw(people);
    }
    const { following } = this.desk;
    if (following && !people.some((player) => player.id === following)) this.desk.set({ following: "" });
    this.mark(people);
  }

  #draw(people) {
    const { avatars, list, more } = this;
    const follow = (player) => () => this.#follow(player.id, player.name);
    const beside = people.length > BESIDE + 1 ? people.slice(0, BESIDE) : people;
    avatars.replaceChildren(...beside.map((player) => avatar(player, follow(player))), more);
    list.replaceChildren(...people.slice(0, LISTED).map((player) => row(player, follow(player))));
    const hidden = people.length - beside.length;
    more.hidden = !hidden;
    more.textContent = `+${hidden}`;
    put(more, "aria-label", `${hidden} more people`);
    for (const settle of this.settle) settle();
  }

  /** Say who is followed. */
  mark(people = this.#others()) {
    const { following } = this.desk;
    const names = new Map(people.map(({ id, name }) => [id, name]));
    for (const button of [...this.avatars.querySelectorAll("[data-id]"), ...this.list.querySelectorAll("[data-id]")]) {
      const { id } = button.dataset;
      put(button, "aria-pressed", id === following);
      put(button, "aria-label", `${id === following ? "Stop following" : "Follow"} ${names.get(id)}`);
      button.title = button.getAttribute("aria-label");
    }
    this.banner.show(following ? `Following ${names.get(following) ?? "somebody"}` : "");
  }
}

/**
 * Returns {node, banner}: avatars, and the line that says who is followed.
 * @param {{board: any, desk: any, room: any, say: (text: string) => void, ended: () => void}} options
 *   ended: the line is gone, and with it the button that had the focus
 */
export function mountPeople(options) {
  const { board, desk, room } = options;
  const people = new People(options);
  people.show();
  room.onPresent?.(() => people.show());
  board.onChange((change) => (change.people || change.all) && people.show());
  desk.onChange((changed) => changed.includes("following") && people.mark());
  return { node: people.node, banner: people.banner.node };
}

/** Players who are in the room, in whatever form it has them. */
function presentOf(room) {
  const present = room.present?.() ?? [];
  return present instanceof Map ? present.values() : present;
}
