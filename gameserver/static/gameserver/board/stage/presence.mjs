// The others: their pointers, selections and sketches, whose view is followed, and what they see of oneself.
// Reads no messages itself; sends board.point and board.show by the board.

import { between } from "./camera.mjs";
import { inkOn, personal } from "./colours.mjs";
import { Motion } from "./motion.mjs";
import { placed } from "./strokes.mjs";

const SVG = "http://www.w3.org/2000/svg";
const ARROW = "M2 1.5 L17 9.5 L10 11.6 L6.6 18.4 Z";
/** More outlines of others than this hide the board. */
const OUTLINES_MOST = 400;
/** After this long a followed view has come two thirds of its way. */
const FOLLOW_MS = 110;
const ARRIVED = 0.002;

/** Draws others and tells them of oneself. */
export class Presence {
  #cursors = new Map();
  #motion = new Motion();
  #drawnSketches = new Set();
  #lastFrame = 0;

  constructor(stage) {
    this.stage = stage;
    this.changed({ all: true });
    this.#tell();
  }

  /** One's own pointer is here. */
  pointed({ x, y }) {
    if (!this.stage.desk.readOnly) this.stage.board.point(x, y);
  }

  /** Take over what a change of the board says of people and their sketches. */
  changed({ all, people, sketches }) {
    if (all || people) this.#meetAll();
    if (all || sketches) this.#sketch();
  }

  #meetAll() {
    const { board, desk } = this.stage;
    for (const person of board.people.values()) this.#meet(person);
    for (const [id, cursor] of this.#cursors) {
      if (board.people.has(id)) continue;
      cursor.node.remove();
      this.#cursors.delete(id);
      this.#motion.stop(id);
    }
    if (desk.following && !board.people.has(desk.following)) desk.set({ following: "" });
  }

  #sketch() {
    const { board, paper } = this.stage;
    for (const [key, sketch] of board.sketches) {
      const { points: flat, stroke, width, opacity } = sketch;
      const points = Array.from({ length: flat.length / 2 }, (_, i) => ({ x: flat[2 * i], y: flat[2 * i + 1] }));
      const look = { kind: "stroke", fill: "", text: "", rotation: 0, stroke, width, opacity };
      if (points.length) paper.float(key, { ...look, ...placed(points) });
      this.#drawnSketches.add(key);
    }
    for (const key of this.#drawnSketches) {
      if (board.sketches.has(key)) continue;
      paper.float(key, null);
      this.#drawnSketches.delete(key);
    }
  }

  /** The desk is another one: tell others what they may see. */
  deskChanged(names) {
    if (names.includes("camera") || names.includes("selection")) this.#tell();
  }

  /** The page has other colours. */
  relook() {
    for (const id of this.#cursors.keys()) this.#colour(id);
  }

  #tell() {
    const { board, desk } = this.stage;
    if (desk.readOnly) return;
    const { x, y, scale } = desk.camera;
    board.show({ selection: desk.selection, view: [Math.round(x), Math.round(y), Math.round(scale * 1000) / 1000] });
  }

  #meet(person) {
    if (!person.hasPointer) return;
    const known = this.#cursors.get(person.id);
    const cursor = known ?? { node: this.#cursorNode(), x: person.x, y: person.y };
    const target = { x: person.x, y: person.y };
    // One that was hidden appears where it is, and does not fly in from where it was.
    if (!known || cursor.person.isStill || this.stage.isCalm()) {
      this.#motion.stop(person.id);
      Object.assign(cursor, target);
    } else {
      this.#motion.aim(person.id, { x: cursor.x, y: cursor.y }, target);
    }
    const hasOtherLook = !known || known.person.name !== person.name || known.person.colour !== person.colour;
    cursor.person = person;
    this.#cursors.set(person.id, cursor);
    if (hasOtherLook) this.#colour(person.id);
    if (cursor.node.dataset.still !== String(person.isStill)) cursor.node.dataset.still = String(person.isStill);
  }

  #cursorNode() {
    const node = document.createElement("div");
    node.className = "board-other";
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "0 0 20 22");
    const path = document.createElementNS(SVG, "path");
    const look = { d: ARROW, fill: "currentColor", stroke: "#ffffff", "stroke-width": "1.4", "stroke-linejoin": "round" };
    for (const [name, value] of Object.entries(look)) path.setAttribute(name, value);
    picture.append(path);
    node.append(picture, document.createElement("span"));
    this.stage.othersBox.append(node);
    return node;
  }

  #colour(id) {
    const { node, person } = this.#cursors.get(id);
    const shown = personal(person.colour, this.stage.look?.isDark);
    node.lastChild.textContent = person.name;
    node.style.setProperty("--shown", shown);
    node.style.setProperty("--on-shown", inkOn(shown));
  }

  /** Outlines of what others have selected, as `paintMarks` wants them. */
  outlines() {
    const found = [];
    for (const { name, colour, selection } of this.stage.board.people.values()) {
      let isFirst = true;
      for (const id of selection) {
        const shape = this.stage.paper.shown(id);
        if (!shape || found.length >= OUTLINES_MOST) continue;
        const points = this.stage.marking.outline(shape);
        found.push({ points, colour: personal(colour, this.stage.look.isDark), name: isFirst ? name : "" });
        isFirst = false;
      }
    }
    return found;
  }

  /** Move pointers and the followed view on. Returns whether they are still on their way. */
  frame(nowMs) {
    const ms = Math.min(100, nowMs - this.#lastFrame);
    this.#lastFrame = nowMs;
    const isFollowing = this.#follow(ms);
    for (const [id, cursor] of this.#cursors) {
      Object.assign(cursor, this.#motion.get(id));
      const { x, y } = this.stage.toScreen(cursor);
      cursor.node.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
    this.#motion.step(ms);
    return isFollowing || this.#motion.size > 0;
  }

  #follow(ms) {
    const { desk, board } = this.stage;
    const view = desk.following && board.people.get(desk.following)?.view;
    if (!view) return false;
    const [x, y, scale] = view;
    const { camera } = desk;
    const far = Math.abs(x - camera.x) + Math.abs(y - camera.y);
    const isThere = far * camera.scale < 0.5 && Math.abs(Math.log(scale / camera.scale)) < ARRIVED;
    if (isThere && far === 0 && scale === camera.scale) return false;
    const part = isThere || this.stage.isCalm() ? 1 : 1 - Math.exp(-ms / FOLLOW_MS);
    this.stage.lookAt(part === 1 ? { x, y, scale } : between(camera, { x, y, scale }, part), { isOwn: false });
    return part < 1;
  }
}
