// Writing in a shape: a field over the canvas, in the letters and at the place of what is drawn. Reads no messages; sends board.edit.

import { el } from "../../page.mjs";
import { textColour } from "./colours.mjs";
import { FONT, LINE_HEIGHT, TEXTED, TEXT_PX, boxOf, inside, laidOut } from "./text.mjs";
import { kindName } from "./words.mjs";

const TEXT_MOST = 2_000;
/** A text whose box is not wider than its lines need, by this much, grows with them. */
const LOOSE_PX = 6;

/** One text at a time. */
export class Editor {
  #shape = null;
  #field = null;
  /** Letters of a text without a box to fit into, and whether its box grows with its lines. */
  #size = TEXT_PX;
  #grows = false;

  constructor(stage) {
    this.stage = stage;
  }

  get isOpen() {
    return Boolean(this.#field);
  }

  /** Whether an event happened in the field. */
  has(target) {
    return target === this.#field && this.isOpen;
  }

  /** Write in a shape that is there. */
  open(id) {
    const shape = this.stage.board.get(id);
    if (!shape || !TEXTED.has(shape.kind) || this.stage.desk.readOnly) return;
    this.#start(shape, shape.text);
  }

  /** Write a text that is not there yet: it will be, with the first letter that stays. */
  openNew(given) {
    const style = this.stage.desk.styles.text;
    const box = given.w ? {} : boxOf("", TEXT_PX, this.stage.measure);
    // A click is where the letters begin: the line is about its height.
    const y = given.w ? given.y : given.y - box.h / 2;
    this.#start({ ...style, rotation: 0, text: "", points: [], width: 0, ...given, ...box, y, id: "" }, "");
  }

  #start(shape, text) {
    if (this.isOpen) this.close();
    const { stage } = this;
    const { measure } = stage;
    this.#shape = shape;
    this.#size = (text && laidOut(shape, measure)?.size) || TEXT_PX;
    this.#grows = shape.kind === "text" && !shape.isBroken && (!text || boxOf(text, this.#size, measure).w > shape.w - LOOSE_PX);
    const ariaLabel = `${kindName(shape.kind)}: write, Escape ends`;
    this.#field = el("textarea", { className: "board-editor", value: text, maxLength: TEXT_MOST, spellcheck: true, ariaLabel });
    this.#field.addEventListener("input", () => stage.request());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("blur", () => this.close({ takesFocus: false }));
    stage.host.append(this.#field);
    stage.paper.setWriting(shape.id);
    if (shape.id) stage.desk.select([shape.id]);
    stage.desk.set({ editing: shape.id || "new" });
    this.place();
    this.reveal();
    this.#field.focus({ preventScroll: true });
    this.#field.select();
    stage.remark();
  }

  /** Bring what is written into view: the stage may have become smaller, by a keyboard on the screen. */
  reveal() {
    if (this.#shape) this.stage.showAll(this.#shape);
  }

  #key(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    const isEnd = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
    if (!isEnd) return;
    event.preventDefault();
    this.close();
  }

  /** End, and keep what is written. */
  close({ takesFocus = true } = {}) {
    const field = this.#field;
    const shape = this.#shape;
    if (!field) return;
    this.#field = this.#shape = null;
    const text = field.value;
    this.stage.own(() => this.#keep(shape, text));
    this.#leave(field, takesFocus);
  }

  #leave(field, takesFocus) {
    const hadFocus = document.activeElement === field;
    field.remove();
    this.stage.paper.setWriting("");
    this.stage.desk.set({ editing: "" });
    if (takesFocus && hadFocus) this.stage.focus();
    this.stage.remark();
  }

  #keep(shape, text) {
    const { board, desk } = this.stage;
    const isEmpty = !text.trim();
    if (!shape.id) {
      if (isEmpty) return;
      const { id, isBroken, ...made } = { ...shape, text, ...this.#box(shape, text) };
      const { ids } = board.create([made], { label: "text" });
      desk.select(ids.filter((one) => board.has(one)));
    } else if (!board.has(shape.id) || text === shape.text) {
      return;
    } else if (shape.kind === "text" && isEmpty) {
      board.remove([shape.id], { label: "text" });
    } else {
      board.change([shape.id], { text, ...(shape.kind === "text" ? this.#box(shape, text) : {}) }, { label: "text" });
    }
  }

  /** The box that a text needs in letters of the size it has. */
  #box(shape, text) {
    return boxOf(text, this.#size, this.stage.measure, this.#grows ? Infinity : shape.w);
  }

  /** Somebody may delete what is being written in. */
  boardChanged() {
    const shape = this.#shape;
    if (!shape?.id) return;
    const now = this.stage.board.get(shape.id);
    if (now) {
      // It may be moved meanwhile; the text is compared with what it was when writing began.
      this.#shape = { ...now, text: shape.text };
      return;
    }
    const field = this.#field;
    this.#field = this.#shape = null;
    this.#leave(field, true);
    this.stage.warn("Somebody deleted what you were writing in.");
  }

  /** Lay the field over the shape, wherever that is now. */
  place() {
    const field = this.#field;
    if (!field) return;
    const { stage } = this;
    const shape = { ...this.#shape, text: field.value || " " };
    if (shape.kind === "text") Object.assign(shape, this.#box(shape, field.value));
    const room = inside(shape);
    const layout = laidOut(shape, stage.measure);
    const size = shape.kind === "text" ? this.#size : (layout?.size ?? Math.min(room.most, room.h / LINE_HEIGHT));
    const lines = layout?.lines.length ?? 1;
    const above = shape.kind === "text" ? 0 : Math.max(0, (room.h - lines * size * LINE_HEIGHT) / 2);
    const { x, y } = stage.toScreen(shape);
    const { scale } = stage.desk.camera;
    Object.assign(field.style, {
      // Half a letter more than the lines need: the caret stands behind the last one.
      width: `${room.w + (this.#grows ? size / 2 : 0)}px`,
      height: `${room.h}px`,
      paddingTop: `${above}px`,
      font: `${size}px/${LINE_HEIGHT} ${FONT}`,
      textAlign: shape.kind === "text" ? "left" : "center",
      whiteSpace: this.#grows ? "pre" : "pre-wrap",
      color: textColour(shape, stage.look.isDark),
      transform: `translate(${x}px, ${y}px) rotate(${shape.rotation}deg) scale(${scale}) translate(${room.x}px, ${room.y}px)`,
    });
  }
}
