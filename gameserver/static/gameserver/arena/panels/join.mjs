// Who does not fly: a large button to do so, whom one watches, and why one cannot. Sends arena.play, arena.watch.

import { el } from "../../page.mjs";
import { iconButton, put, reveal, write } from "./controls.mjs";
import { neighbour } from "./standing.mjs";

/** What the page says where nobody has flown from it yet, and after that. */
const NEW = { said: "Fly, shoot, collect crystals.", button: "Play" };
const LEFT = { said: "You are watching now.", button: "Play again" };
const KEYS = "Arrows or WASD fly, space fires. Or the mouse: it aims, left fires, right thrusts.";
const THUMBS = "The left thumb flies, the right one fires.";

/** The address of an arena in another region: of a room of the same name, or of the region where this one has none. */
export function elsewhere(lobbyUrl, region, slug) {
  const home = lobbyUrl.replace("://", `://${region}.`);
  return slug ? `${home.replace(/\/$/, "")}/r/${slug}/?world=arena` : home;
}

export class Join {
  #said = el("p", { className: "arena-said", role: "status" });
  #button = el("button", { type: "button", className: "button arena-play", onclick: () => this.play() });
  #whom = el("span", { className: "arena-whom" });
  #followed = el("div", { className: "arena-followed" });
  #isAsking = false;
  #words = NEW;
  /** Whom to count from for the next one, and who was seen to be followed. */
  #slot = -1;
  #seenSlot = -1;
  node = el("section", { className: "arena-card arena-join", ariaLabel: "Play" }, this.#said);

  /**
   * @param {{room: any, page: any, flying: () => void, state: () => import("../core/state.mjs").State}} options page: what the server told the
   *   page; flying: called when the owner has given one a ship
   */
  constructor({ room, page, flying, state }) {
    Object.assign(this, { room, page, flying, state });
    if (room.readOnly) {
      this.#followed.append(this.#whom);
    } else {
      const [before, after] = [["before", "Watch the one before", -1], ["after", "Watch the next one", 1]].map(([name, title, step]) => {
        return iconButton(name, title, () => this.follow(step));
      });
      this.#followed.append(before, this.#whom, after);
      const hint = (device, textContent) => el("p", { className: `arena-hint arena-hint-${device}`, textContent });
      this.node.append(this.#button, hint("keys", KEYS), hint("thumbs", THUMBS));
    }
    this.node.append(this.#followed);
    this.#greet();
  }

  /** Ask for a ship. */
  async play() {
    if (this.#isAsking || this.room.readOnly) return;
    this.#isAsking = true;
    this.#dress();
    const reply = await this.room.send({ cmd: "arena.play" });
    this.#isAsking = false;
    this.#dress();
    if (reply.ok) this.flying();
    else this.#refuse(reply);
  }

  /** Watch the next one (1), or the one before (-1). */
  follow(step) {
    const slot = neighbour(this.state().ships, this.#slot, step);
    if (slot < 0 || this.room.readOnly) return;
    this.#slot = slot;
    this.room.send({ cmd: "arena.watch", slot }, { keep: false });
  }

  /** `name`: of who is followed, "" while it is not known. */
  show(view, name) {
    const isWatching = view.role === "nobody";
    if (!isWatching) this.#words = LEFT;
    else if (this.node.hidden) this.#greet();
    // An arrow that was pressed counts from where it led to, before that is seen.
    if (view.slot !== this.#seenSlot) this.#slot = this.#seenSlot = view.slot;
    reveal(this.node, isWatching);
    reveal(this.#followed, view.slot >= 0);
    write(this.#whom, name ? `Watching ${name}` : "Watching");
  }

  #greet() {
    write(this.#said, this.#words.said);
    this.#dress();
  }

  #dress() {
    write(this.#button, this.#isAsking ? "One moment…" : this.#words.button);
    put(this.#button, "aria-disabled", this.#isAsking);
  }

  #refuse({ code, text }) {
    const { nearest, lobby_url: lobbyUrl, places = {} } = this.page;
    this.#said.replaceChildren(text);
    if (code !== "full" || !nearest || !lobbyUrl) return;
    const href = elsewhere(lobbyUrl, nearest, this.room.slug);
    const textContent = `Play in ${places[nearest] ?? nearest} instead`;
    this.#said.append(" ", el("a", { className: "button button-quiet", href, textContent }));
  }
}
