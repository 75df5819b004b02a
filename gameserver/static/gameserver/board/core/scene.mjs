// A board's contents: Scene, what the owner decided, and Draft, what would be if more were done. Both have the same methods; only
// reduce.mjs and steps.mjs change them. Pure; reads no messages, sends none.

import { charactersOf, pointsOf, weighsSame } from "./shapes.mjs";

/** Deleted shapes that are remembered, as the owner does, and their points and characters: the oldest are forgotten. */
const BIN = 10_000;
const BIN_POINTS = 400_000;
const BIN_CHARACTERS = 1_000_000;
/** Drags that are remembered, and ids of all of them: the oldest end. */
const DRAGS = 1000;
const DRAGGED = 100_000;
export const CHECKPOINTS = 50;

/** What was decided. `shapes` are replaced, never changed. `drags`: by number, oldest first. */
export class Scene {
  /** Shapes by id, and the deleted ones: `{shape, op, player}` by id. */
  #shapes = new Map();
  #bin = new Map();
  #before = new Map();
  #binPoints = 0;
  #binCharacters = 0;
  #dragged = 0;

  constructor({ shapes = [], drags = [], top = 0, bottom = 0, next = 1, checkpoints = [] } = {}) {
    Object.assign(this, { top, bottom, next, size: 0, points: 0, characters: 0 });
    this.checkpoints = [...checkpoints];
    this.drags = new Map();
    this.dragOf = new Map();
    for (const drag of drags) this.hold({ ...drag });
    for (const shape of shapes) this.put(shape);
    this.#before.clear();
  }

  get(id) {
    return this.#shapes.get(id);
  }

  /** All ids, in no order that means anything. */
  ids() {
    return this.#shapes.keys();
  }

  /** Set a shape, there or not. */
  put(shape) {
    const before = this.#note(shape.id);
    this.#count(before, shape);
    this.#shapes.set(shape.id, shape);
    this.#forget(shape.id);
    this.top = Math.max(this.top, shape.z);
    this.bottom = Math.min(this.bottom, shape.z);
  }

  /** Delete a shape that is there. */
  drop(id, op, player) {
    const before = this.#note(id);
    this.#count(before, undefined);
    this.#shapes.delete(id);
    this.bury({ shape: before, op, player });
  }

  /** Remember a deleted shape; the oldest are forgotten. */
  bury(buried) {
    this.#forget(buried.shape.id);
    this.#bin.set(buried.shape.id, buried);
    this.#binPoints += pointsOf(buried.shape);
    this.#binCharacters += charactersOf(buried.shape);
    const isFull = () => this.#bin.size > BIN || this.#binPoints > BIN_POINTS || this.#binCharacters > BIN_CHARACTERS;
    while (isFull()) this.#forget(this.#bin.keys().next().value);
  }

  #forget(id) {
    const shape = this.#bin.get(id)?.shape;
    if (!shape) return;
    this.#bin.delete(id);
    this.#binPoints -= pointsOf(shape);
    this.#binCharacters -= charactersOf(shape);
  }

  /** `{shape, op, player}` of a deleted shape, or undefined. */
  buried(id) {
    return this.#bin.get(id);
  }

  /** All that was deleted by one `op`. */
  deletedBy(op) {
    return [...this.#bin.values()].filter((one) => one.op === op);
  }

  /** Remember what another scene does of what is deleted: the owner's state does not tell newcomers. */
  inherit(scene) {
    for (const [id, buried] of scene.#bin) if (!this.#shapes.has(id)) this.bury(buried);
  }

  /** Remember a drag; the oldest end when there are too many. */
  hold(drag) {
    this.release(drag.drag);
    this.drags.set(drag.drag, drag);
    this.dragOf.set(drag.op, drag.drag);
    this.#dragged += drag.ids.length;
    while (this.drags.size > DRAGS || (this.#dragged > DRAGGED && this.drags.size > 1)) this.release(this.drags.keys().next().value);
  }

  /** Forget a drag, if there is one. */
  release(number) {
    const drag = this.drags.get(number);
    if (!drag) return;
    this.drags.delete(number);
    this.#dragged -= drag.ids.length;
    if (this.dragOf.get(drag.op) === number) this.dragOf.delete(drag.op);
  }

  /** What has changed since the last call: the shapes as they were before, undefined for those that were not there, by id. */
  drain() {
    const before = this.#before;
    this.#before = new Map();
    return before;
  }

  #note(id) {
    const before = this.#shapes.get(id);
    if (!this.#before.has(id)) this.#before.set(id, before);
    return before;
  }

  #count(before, after) {
    this.size += Boolean(after) - Boolean(before);
    if (weighsSame(before, after)) return;
    this.points += (after ? pointsOf(after) : 0) - (before ? pointsOf(before) : 0);
    this.characters += (after ? charactersOf(after) : 0) - (before ? charactersOf(before) : 0);
  }
}

/**
 * What would be: an overlay on a Scene or on another Draft, which it reads through and never changes. It knows what it was made of, so that
 * it need not be made again for what others do elsewhere: `isStale(before)`.
 */
export class Draft {
  #base;
  /** Shapes, or undefined for deleted ones, by id. */
  #shapes = new Map();
  #bin = new Map();
  #reads = new Set();
  #ends;
  #isWide = false;
  #size = 0;
  #points = 0;
  #characters = 0;

  constructor(base) {
    this.#base = base;
  }

  get size() {
    return this.#base.size + this.#size;
  }

  get points() {
    return this.#base.points + this.#points;
  }

  get characters() {
    return this.#base.characters + this.#characters;
  }

  get top() {
    this.#ends ??= [this.#base.top, this.#base.bottom, this.#base.top, this.#base.bottom];
    return this.#ends[0];
  }

  get bottom() {
    return this.top, this.#ends[1];
  }

  set top(value) {
    if (value !== this.top) this.#ends[0] = value;
  }

  set bottom(value) {
    if (value !== this.bottom) this.#ends[1] = value;
  }

  get drags() {
    return this.#base.drags;
  }

  get dragOf() {
    return this.#base.dragOf;
  }

  /** A shape, without leaving a trace: for looking, not for deciding. */
  peek(id) {
    return this.#shapes.has(id) ? this.#shapes.get(id) : this.#base instanceof Draft ? this.#base.peek(id) : this.#base.get(id);
  }

  get(id) {
    if (this.#shapes.has(id)) return this.#shapes.get(id);
    this.#reads.add(id);
    return this.#base.get(id);
  }

  *ids() {
    this.#isWide = true;
    for (const id of this.#base.ids()) if (!this.#shapes.has(id)) yield id;
    for (const [id, shape] of this.#shapes) if (shape) yield id;
  }

  put(shape) {
    const before = this.#set(shape.id, shape);
    if (!before) this.#bin.set(shape.id, undefined);
    if (before?.z === shape.z) return;
    if (shape.z > this.top) this.top = shape.z;
    if (shape.z < this.bottom) this.bottom = shape.z;
  }

  drop(id, op, player) {
    this.#bin.set(id, { shape: this.get(id), op, player });
    this.#set(id, undefined);
  }

  buried(id) {
    return this.#bin.has(id) ? this.#bin.get(id) : this.#base.buried(id);
  }

  deletedBy(op) {
    const below = this.#base.deletedBy(op).filter(({ shape }) => !this.#bin.has(shape.id));
    return [...below, ...[...this.#bin.values()].filter((one) => one?.op === op)];
  }

  /** Ids of shapes that are not as they are below. */
  own() {
    return this.#shapes.keys();
  }

  /** Whether a shape is not as it is below. */
  covers(id) {
    return this.#shapes.has(id);
  }

  /** Take over what a Draft on this one did. */
  absorb(draft) {
    for (const [id, shape] of draft.#shapes) this.#set(id, shape);
    for (const [id, buried] of draft.#bin) this.#bin.set(id, buried);
    if (draft.#ends) [this.top, this.bottom] = draft.#ends;
  }

  /** From now on anything that happens below may make a difference. */
  widen() {
    this.#isWide = true;
    if (this.#base instanceof Draft) this.#base.widen();
  }

  /** Whether it may be another one, now that these ids have changed below. */
  isStale(ids) {
    if (this.#ends && (this.#ends[2] !== this.#base.top || this.#ends[3] !== this.#base.bottom)) return true;
    if (this.#isWide) return ids.size > 0;
    for (const id of ids.keys()) if (this.#reads.has(id) || this.#shapes.has(id)) return true;
    return false;
  }

  #set(id, shape) {
    const before = this.get(id);
    this.#shapes.set(id, shape);
    this.#size += Boolean(shape) - Boolean(before);
    if (weighsSame(before, shape)) return before;
    this.#points += (shape ? pointsOf(shape) : 0) - (before ? pointsOf(before) : 0);
    this.#characters += (shape ? charactersOf(shape) : 0) - (before ? charactersOf(before) : 0);
    return before;
  }
}
