// The tool that selects and moves. Reads no messages; sends drags of the board.
//
// `at` of all tools: {x, y} of the board, screen: {x, y} of the view, isShift, isAlt, isCommand, isTouch.

import { boundsOf, inward, isPointed, united } from "./geometry.mjs";
import { snapped } from "./snap.mjs";
import { straightened } from "./strokes.mjs";
import { boxAround, endsOf, lineBetween } from "./transform.mjs";

const CATCH_PX = 5;
const TOUCH_CATCH_PX = 12;
/** A pointer that moved less than this has clicked. */
const CLICK_PX = 3;
const TOUCH_CLICK_PX = 8;

/** Click, shift-click, frame, move, and the ends of a line. */
export class Select {
  #press = null;

  constructor(stage) {
    this.stage = stage;
  }

  get cursor() {
    return "default";
  }

  /** Only what was begun: a click at a side of the view pans nothing. */
  get pansAtEdges() {
    return Boolean(this.#press?.hasMoved);
  }

  press(at) {
    const { stage } = this;
    stage.focused = "";
    const end = this.#endAt(at);
    const id = end ? "" : stage.places.at(at, this.#slack(at));
    const { selection } = stage.desk;
    const isInside = !end && !id && !at.isShift && this.#isInSelection(at);
    const how = end ? "end" : id || isInside ? "move" : "frame";
    this.#press = { at, id, end, how, wasSelected: selection.has(id), before: new Set(selection) };
    if (id && at.isShift) stage.desk.select(this.#press.wasSelected ? selection : [...selection, id]);
    else if (id && !this.#press.wasSelected) stage.desk.select([id]);
    else if (!id && !end && !isInside && !at.isShift) stage.desk.select([]);
  }

  move(at) {
    const press = this.#press;
    if (!press) return this.hover(at);
    if (!press.hasMoved) {
      const far = Math.hypot(at.screen.x - press.at.screen.x, at.screen.y - press.at.screen.y);
      if (far < (at.isTouch ? TOUCH_CLICK_PX : CLICK_PX)) return;
      press.hasMoved = true;
      this.#begin(press);
    }
    MOVES[press.how].call(this, press, at);
  }

  release(at) {
    const press = this.#press;
    this.#press = null;
    if (!press) return;
    if (press.preview) this.#setEnd(press);
    else if (!press.hasMoved) this.#clicked(press, at);
    this.#finish(press, (drag) => drag.drop());
    this.stage.remark({ frame: null, guides: [] });
  }

  cancel() {
    const press = this.#press;
    this.#press = null;
    if (!press) return;
    if (press.preview) this.stage.paper.preview(press.preview.id, null);
    if (press.how === "frame") this.stage.desk.select(press.before);
    this.#finish(press, (drag) => drag.cancel());
    this.stage.remark({ frame: null, guides: [] });
  }

  get isBusy() {
    return Boolean(this.#press);
  }

  /** The pointer is over something, without being pressed. */
  hover(at) {
    const id = at.isTouch ? "" : this.stage.places.at(at, this.#slack(at));
    if (id === this.stage.hovered) return;
    this.stage.hovered = id;
    this.stage.remark();
  }

  /** Pressed twice: write in what is there, or a new text where nothing is. */
  doublePress(at) {
    const { stage } = this;
    const id = stage.places.at(at, this.#slack(at)) || stage.places.at(at, this.#slack(at) * 2) || this.#hollowAt(at);
    this.#press = null;
    if (stage.desk.readOnly) return;
    if (id && isPointed(stage.board.get(id))) return;
    if (id) stage.editor.open(id);
    else stage.editor.openNew({ kind: "text", x: at.x, y: at.y });
  }

  /** What is moved may be deleted by somebody, or its drag be ended by the owner. */
  boardChanged() {
    const { preview, drag } = this.#press ?? {};
    const isThere = (id) => this.stage.board.has(id);
    if ((preview && !isThere(preview.id)) || (drag && !(drag.isLive && [...drag.ids].some(isThere)))) this.#lost();
  }

  #lost() {
    const press = this.#press;
    this.#press = null;
    this.#finish(press, (drag) => drag.isLive && drag.cancel());
    this.stage.remark({ frame: null, guides: [] });
    this.stage.warn("Somebody deleted what you were moving.");
  }

  #begin(press) {
    const { stage } = this;
    if (press.how !== "move" || stage.desk.readOnly) return;
    const isCopy = press.at.isAlt;
    if (isCopy) stage.desk.select(stage.own(() => stage.board.duplicate([...stage.desk.selection], 0, 0, { label: "copy" })).ids);
    const shapes = stage.selected();
    if (!shapes.length) return;
    press.box = united(shapes.map(boundsOf));
    press.neighbours = stage.neighbours();
    // A copy is taken back as one: the copying alone is a step.
    press.drag = stage.own(() => stage.board.grab(shapes.map(({ id }) => id), "move", { label: "move", undoable: !isCopy }));
    stage.held = press.drag?.ids ?? null;
    stage.isDragging = true;
  }

  #finish(press, end) {
    if (!press?.drag) return;
    this.stage.held = null;
    this.stage.isDragging = false;
    this.stage.own(() => end(press.drag));
  }

  #clicked(press, at) {
    const { desk } = this.stage;
    if (at.isShift) {
      if (press.id && press.wasSelected) desk.select([...desk.selection].filter((id) => id !== press.id));
    } else if (press.how === "move") {
      // Clicking into a selection takes the one that is there, or nothing.
      desk.select(press.id ? [press.id] : []);
    }
  }

  #slack(at) {
    return (at.isTouch ? TOUCH_CATCH_PX : CATCH_PX) / this.stage.desk.camera.scale;
  }

  #endAt(at) {
    const [shape, another] = this.stage.selected();
    const ends = !another && shape && !this.stage.desk.readOnly && endsOf(shape);
    if (!ends) return null;
    const reach = (at.isTouch ? 22 : 9) / this.stage.desk.camera.scale;
    const which = ends.findIndex((end) => Math.hypot(end.x - at.x, end.y - at.y) <= reach);
    return which < 0 ? null : { shape, which, other: ends[1 - which] };
  }

  #isInSelection({ x, y }) {
    const box = boxAround(this.stage.selected());
    if (!box) return false;
    const at = inward(box, x, y);
    return at.x >= 0 && at.y >= 0 && at.x <= box.w && at.y <= box.h;
  }

  /** A shape without filling, whose middle is pressed twice: its label is meant. */
  #hollowAt({ x, y }) {
    const { board } = this.stage;
    return board.inOrder().findLast((id) => {
      const shape = board.get(id);
      if (isPointed(shape)) return false;
      const at = inward(shape, x, y);
      return at.x >= 0 && at.y >= 0 && at.x <= shape.w && at.y <= shape.h;
    });
  }

  #setEnd({ preview }) {
    const { stage } = this;
    const { id, x, y, w, h, rotation, points } = preview;
    stage.paper.preview(id, null);
    stage.own(() => stage.board.change([id], { x, y, w, h, rotation, points }, { label: "line" }));
  }
}

/** What a pressed pointer does as it moves. */
const MOVES = {
  move(press, at) {
    if (press.drag?.isLive) this.stage.own(() => press.drag.move(...wayOf(this.stage, press, at)));
  },
  frame(press, at) {
    const [from, to] = [press.at, at];
    const frame = [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)];
    const framed = this.stage.places.framed(frame);
    this.stage.desk.select(at.isShift ? [...press.before, ...framed] : framed);
    const [a, b] = [this.stage.toScreen({ x: frame[0], y: frame[1] }), this.stage.toScreen({ x: frame[2], y: frame[3] })];
    this.stage.remark({ frame: { x: Math.round(a.x), y: Math.round(a.y), w: Math.round(b.x - a.x), h: Math.round(b.y - a.y) } });
  },
  end(press, at) {
    const { shape, which, other } = press.end;
    const end = this.stage.stop(at.isShift ? straightened(other, at) : at, at);
    press.preview = { ...shape, ...(which ? lineBetween(other, end) : lineBetween(end, other)) };
    this.stage.paper.preview(shape.id, press.preview);
    this.stage.remark();
  },
};

/** How far a drag has moved its shapes, `[dx, dy]`: as far as the pointer, or to where they are in line with something. */
function wayOf(stage, { at: from, box, neighbours }, at) {
  let [dx, dy] = [at.x - from.x, at.y - from.y];
  if (at.isShift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
  if (at.isCommand) {
    stage.marking.guide([]);
    return [dx, dy];
  }
  const wanted = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
  const edges = at.isShift ? { x: dx ? [0, 0.5, 1] : [], y: dy ? [0, 0.5, 1] : [] } : undefined;
  const snap = snapped(wanted, neighbours, { reach: stage.reach(), hasGrid: stage.desk.grid, edges });
  stage.marking.guide(snap.guides);
  return [dx + snap.dx, dy + snap.dy];
}
