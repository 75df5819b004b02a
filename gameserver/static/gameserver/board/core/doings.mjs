// What this tab asks for: shown at once, sent, and no longer on top of what is decided when it is decided.
// Reads board.edited, board.grabbed, board.dropped, board.kept, board.restored, and replies.
// Sends board.edit, board.upload, board.keep, board.restore, board.drop; drags send board.grab and board.move.

import { Drag } from "./drags.mjs";
import { Edit, Question } from "./entries.mjs";
import { frame } from "./frames.mjs";
import { stepsOf } from "./history.mjs";
import { invert } from "./inverse.mjs";
import { Refusal, attempt } from "./refusal.mjs";
import { possible, predict } from "./steps.mjs";

/** Commands without a decision: a room remembers a hundred replies of a session, which is what makes a command happen once. */
const MOST_PENDING = 90;
/** How often an upload is sent whose owner died before it was pasted. */
const UPLOADS = 4;
const OP = 12;
const DONE = Object.freeze({ ok: true, outcome: "commit" });

/** `refresh()`: what is shown may be another. `refused(reply, label)`: the person is to be told. */
export class Doings {
  /** How often there was a fresh start. What was asked for before one may be in what it gave. */
  #starts = 0;

  constructor({ shown, history, send, newId, now, timers, you, refresh, refused }) {
    Object.assign(this, { shown, history, send, newId, now, timers, you, refresh, refused });
  }

  get isOpen() {
    return this.#starts > 0;
  }

  get drags() {
    return this.shown.entries.filter((entry) => entry instanceof Drag);
  }

  /** A name for something that is done. */
  newOp() {
    return this.newId(OP);
  }

  /**
   * Do steps, as one command or, if they do not fit into a message, as several. `stack`: where what takes them back is kept; null for
   * nowhere, and "" for a new doing. `upload`: `{name, texts, progress}`, of a step `paste`.
   */
  perform(steps, { label, stack = "", op = this.newOp(), upload }) {
    const lists = frame(steps);
    const record = { label, parts: [] };
    const begin = (list, index) => this.#begin({ op: index ? this.newOp() : op, steps: list, label, upload }, record);
    const sent = this.#problem(lists) ?? attempt(() => lists.map(begin));
    if (sent instanceof Refusal) return this.refuse(sent, label);
    if (stack !== null) this.#record(record, stack);
    this.refresh();
    return Promise.all(sent.map((edit) => this.#transmit(edit))).then(merged);
  }

  #problem(lists) {
    if (!this.#hasRoom(lists.length)) return new Refusal("unavailable");
    // One that can not be done does nothing; of several all must be possible before the first one is done.
    if (lists.length === 1) return null;
    const trial = this.shown.draft();
    const tried = attempt(() => lists.forEach((steps) => predict(trial, { steps, op: "", player: this.#player })));
    return tried instanceof Refusal ? tried : null;
  }

  #hasRoom(count) {
    return this.isOpen && this.shown.entries.length + count <= MOST_PENDING;
  }

  get #player() {
    return this.you()?.id ?? "";
  }

  #begin(fields, record) {
    const edit = this.#marked(new Edit({ ...fields, player: this.#player }));
    const draft = this.shown.draft();
    const steps = [];
    let at = 0;
    const each = (did) => {
      steps.push(...invert(draft, did, edit.op).map((step) => ({ at, step })));
      at += 1;
    };
    const did = predict(draft, { ...edit, each });
    if (steps.length) record.parts.push({ op: edit.op, dids: did.length, steps });
    this.shown.add(edit, draft);
    return edit;
  }

  #record(record, stack) {
    if (!record.parts.length) return;
    if (stack) this.history.keep(stack, record);
    else this.history.push(record);
  }

  async #transmit(edit) {
    for (let tries = 1; ; tries += 1) {
      if (edit.upload) this.#upload(edit.upload);
      const reply = await this.send(edit.command);
      if (!edit.upload || reply.code !== "no_upload" || tries === UPLOADS) return this.#answered(edit, reply);
    }
  }

  #upload({ name, texts, progress }) {
    let done = 0;
    texts.forEach(async (text, part) => {
      const reply = await this.send({ cmd: "board.upload", upload: name, part, parts: texts.length, text });
      if (reply.ok) progress((done += 1) / texts.length);
    });
  }

  /** Ask for something that is shown when it is decided. */
  async ask(fields, { event, label }) {
    if (!this.#hasRoom(1)) return this.refuse(new Refusal("unavailable"), label);
    const question = this.#marked(new Question({ op: fields.op, event, label }));
    this.shown.add(question, this.shown.draft());
    this.refresh();
    return this.#answered(question, await this.send(fields));
  }

  /** Go back to a checkpoint. `stack` as in `perform`. */
  restore(key, { label, stack = "" }) {
    const op = this.newOp();
    const reply = this.ask({ cmd: "board.restore", op, checkpoint: key }, { event: "board.restored", label });
    if (stack === null || !this.shown.find(op)) return reply;
    const restoring = reply.then(({ undo }) => undo ?? null);
    this.#record({ label, parts: [{ op, dids: -1, steps: [] }], restoring }, stack);
    this.refresh();
    return reply;
  }

  /** Take back the newest record of a stack, "undos" or "redos"; what takes that back goes to the other one. */
  rewind(stack) {
    const record = this.history[stack].at(-1);
    const other = stack === "undos" ? "redos" : "undos";
    if (!record) return Promise.resolve(new Refusal("nothing").reply);
    const { label } = record;
    if (!this.#hasRoom(record.parts.length)) return this.refuse(new Refusal("unavailable"), label);
    this.history[stack].pop();
    if (record.restoring) {
      this.refresh();
      return record.restoring.then((key) => (key ? this.restore(key, { label, stack: other }) : new Refusal("nothing").reply));
    }
    const steps = possible(this.shown.draft(), stepsOf(record), this.#player);
    if (steps instanceof Refusal) return this.refuse(steps, label);
    const ids = new Set(steps.flatMap((step) => step.ids ?? this.#named(step)));
    return this.perform(steps, { label, stack: other }).then((reply) => ({ ...reply, ids: [...ids].filter((id) => this.shown.get(id)) }));
  }

  #named({ of, boxes, z }) {
    return of ? this.shown.draft().deletedBy(of).map(({ shape }) => shape.id) : Object.keys(boxes ?? z ?? {});
  }

  /** Begin a drag of these shapes. */
  grab(shapes, how, { label, undoable = true }) {
    const { send, now, timers } = this;
    const board = { send, now, timers, changed: () => this.#moved(), dropped: (drag) => this.#dropped(drag) };
    const drag = this.#marked(new Drag(board, { op: this.newOp(), shapes, how, label, undoable }));
    this.shown.add(drag, this.shown.draft());
    this.refresh();
    if (!drag.isLocal) drag.begin().then((reply) => this.#grabbed(drag, reply));
    return drag;
  }

  #moved() {
    this.shown.stale();
    this.refresh();
  }

  #grabbed(drag, reply) {
    if (reply.ok) {
      // Its event is on its way through this page, unless it came with a fresh start.
      drag[drag.starts === this.#starts ? "isAnswered" : "isGrabbed"] = true;
      this.#moved();
      return;
    }
    this.#end(drag, reply);
    this.history.refuse(drag.op);
    this.shown.remove(drag);
    this.refresh();
    this.refused(reply, drag.label);
  }

  #end(drag, reply) {
    drag.end();
    drag.ended = reply;
  }

  #dropped(drag) {
    const steps = drag.inverse();
    if (drag.isLocal) return this.#dropLocal(drag);
    const record = { label: drag.label, parts: steps.map((step) => ({ op: drag.op, dids: -1, steps: [{ at: 0, step }] })) };
    if (drag.undoable) this.#record(record, "");
    this.refresh();
    return this.send({ cmd: "board.drop", op: drag.op, ...drag.totals() }).then((reply) => this.#answered(drag, reply));
  }

  #dropLocal(drag) {
    this.shown.remove(drag);
    const boxes = Object.fromEntries(Object.entries(drag.boxes).filter(([, box]) => box.some(Boolean)));
    if (Object.keys(boxes).length) return this.perform([{ do: "reshape", boxes }], { label: drag.label, stack: drag.undoable ? "" : null });
    this.refresh();
    return Promise.resolve(DONE);
  }

  #marked(entry) {
    return Object.assign(entry, { starts: this.#starts });
  }

  /** An entry has its reply. Mostly its event came before, and it is none any more. */
  #answered(entry, reply) {
    if (!reply.ok) {
      this.history.refuse(entry.op);
      this.shown.remove(entry);
      this.refresh();
      if (!entry.ended) this.refused(reply, entry.label);
    } else if (reply.seq === undefined || entry.starts !== this.#starts) {
      this.#lift(entry);
    } else {
      // The event is on its way through this page; until it is in what is decided, the entry stands for it.
      entry.seq = reply.seq;
    }
    return reply;
  }

  #lift(entry) {
    if (this.shown.remove(entry)) this.refresh();
  }

  /** Tell the person at once, without asking. Returns the promise of the reply. */
  refuse(refusal, label) {
    this.refresh();
    this.refused(refusal.reply, label);
    return Promise.resolve(refusal.reply);
  }

  /** Another scene is there, in which are all commands that have a reply. */
  restarted() {
    this.#starts += 1;
    for (const entry of [...this.shown.entries]) {
      if (entry.seq !== undefined) this.shown.remove(entry);
      if (entry.isAnswered) entry.isGrabbed = true;
    }
  }

  /** Drags go on after a fresh start: the owner may not know their last totals. */
  resume() {
    this.endLost();
    for (const drag of this.drags) drag.tell();
  }

  /** An event is in what is decided. */
  happened(event) {
    for (const entry of [...this.shown.entries]) if (event.seq > entry.seq) this.shown.remove(entry);
    // The owner may have ended an older drag for it.
    if (event.ev === "board.grabbed" && this.drags.length) this.shown.stale();
    if (event.player?.id !== this.#player) return;
    const entry = this.shown.find(event.op);
    if (event.ev === "board.edited") this.history.settle(event.op, event.did);
    if (entry?.event === event.ev) this.shown.remove(entry);
    if (event.ev !== "board.grabbed" || !(entry instanceof Drag)) return;
    entry.isGrabbed = true;
    entry.tell();
  }

  /** Drags that the owner ended, because there were too many, are over here, too. */
  endLost() {
    const lost = this.drags.filter((drag) => drag.isLive && drag.isGrabbed && !this.shown.scene.dragOf.has(drag.op));
    for (const drag of lost) {
      const { reply } = new Refusal("no_drag");
      this.#end(drag, reply);
      this.#lift(drag);
      this.refused(reply, drag.label);
    }
  }
}

/** One reply for several commands that were one doing: the first refusal, or the last reply. */
function merged(replies) {
  if (replies.length === 1) return replies[0];
  const outcome = replies.every((reply) => reply.outcome === "commit") ? "commit" : "rebase";
  return replies.find(({ ok }) => !ok) ?? { ...replies.at(-1), outcome };
}
