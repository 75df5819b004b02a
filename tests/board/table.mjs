// A room for a few boards, by hand, with the rules that the vectors hold the board's core to: for tests of what a page shows and when.
// Reads all commands of the board, answers with its events and replies.

import { Board, reduce } from "../../gameserver/static/gameserver/board/core/index.mjs";
import { Refusal, attempt } from "../../gameserver/static/gameserver/board/core/refusal.mjs";
import { Draft, Scene } from "../../gameserver/static/gameserver/board/core/scene.mjs";
import { predict } from "../../gameserver/static/gameserver/board/core/steps.mjs";
import { Clock, Dice, settled } from "./dice.mjs";
import { Mirror } from "./mirror.mjs";
import { stateOf } from "./states.mjs";

export const ADA = { id: "ada", name: "Ada", colour: "#112233" };
export const BOB = { id: "bob", name: "Bob", colour: "#445566" };

/** A rectangle of this id, as `create` takes it. */
export function rect(id, more = {}) {
  return { id, kind: "rect", x: 0, y: 0, w: 100, h: 50, ...more };
}

/** A room. `decide()` decides what was sent and keeps what came of it; `tell()` gives that to the boards, events before replies. */
export class Table {
  #seq = 0;
  #sent = [];
  #decided = [];
  #seats = [];
  #answers = [];

  constructor() {
    this.clock = new Clock();
    this.dice = new Dice(7);
    this.scene = new Scene();
  }

  /** Somebody's page: `{board, mirror, changes, refusals, sent}`. */
  seat(you = ADA) {
    const seat = { you, changes: [], refusals: [], sent: [], isCut: false };
    const send = (fields, options) => this.#send(seat, fields, options);
    const newId = (count) => this.dice.id(count);
    seat.board = new Board({ send, newId, now: () => this.clock.now, timers: this.clock, you: () => you });
    seat.mirror = new Mirror(seat.board);
    seat.board.onChange((change) => seat.changes.push(change));
    seat.board.onRefused((text, code, label) => seat.refusals.push([code, label, text]));
    this.#seats.push(seat);
    this.restart(seat);
    return seat;
  }

  /** A fresh start for one page, as a welcome gives it. */
  restart(seat) {
    const { drags, ...state } = stateOf(this.scene);
    seat.scene = new Scene({ ...state, drags });
    seat.board.restart(seat.scene);
  }

  /** Commands of this name that were sent are lost. */
  forget(name) {
    this.#sent = this.#sent.filter(({ fields }) => fields.cmd !== name);
  }

  /** Decide all that was sent; each command is decided once. */
  decide() {
    for (const { seat, fields, reply } of this.#sent.splice(0)) this.#decided.push({ seat, reply, ...this.#answer(seat, fields) });
    return this;
  }

  /** Give what was decided: all events, then the replies. `events: false`: only replies, as after a fresh start. */
  async tell({ events = true, replies = true } = {}) {
    const decided = this.#decided.splice(0);
    if (events) for (const seat of this.#seats) this.#give(seat, decided.flatMap((one) => one.events));
    if (replies) for (const { reply, answer } of decided) reply?.(answer);
    await settled();
    for (const seat of this.#seats) seat.mirror.check();
  }

  /** Decide and tell. */
  async go() {
    await this.decide().tell();
  }

  /** What the next command that this table has no rules for comes to. */
  answer(event, reply) {
    this.#answers.push({ event, reply });
  }

  /** Events from nowhere. */
  happen(...events) {
    for (const event of events) this.#happen(event);
    for (const seat of this.#seats) this.#give(seat, events);
  }

  #give(seat, events) {
    if (!events.length) return;
    for (const event of events) reduce(seat.scene, event);
    seat.board.take(events);
    seat.mirror.check();
  }

  #send(seat, fields, { answered = true } = {}) {
    if (!answered && seat.isCut) return Promise.resolve({ ok: false, code: "unavailable" });
    const sent = JSON.parse(JSON.stringify(fields));
    seat.sent.push(sent);
    if (!answered) {
      this.#sent.push({ seat, fields: sent });
      return Promise.resolve({ ok: true });
    }
    return new Promise((reply) => this.#sent.push({ seat, fields: sent, reply }));
  }

  #answer(seat, fields) {
    const made = attempt(() => (COMMANDS[fields.cmd] ?? (() => this.#foretold(fields)))(this.scene, fields, seat.you));
    if (made instanceof Refusal) return { events: [], answer: made.reply };
    const { events, reply = {} } = made;
    const signed = events.map((event) => this.#happen({ ...event, ...(event.ev === "board.moved" ? {} : { player: seat.you }) }));
    return { events: signed, answer: { ok: true, outcome: "commit", ...reply, ...(signed.length ? { seq: this.#seq } : {}) } };
  }

  #foretold({ op }) {
    const { event, reply } = this.#answers.shift() ?? {};
    return event ? { events: [{ ...event, op }], reply } : nothing();
  }

  #happen(event) {
    this.#seq += 1;
    Object.assign(event, { seq: this.#seq, at: this.clock.now });
    const through = JSON.parse(JSON.stringify(event));
    reduce(this.scene, through);
    return through;
  }
}

const nothing = () => ({ events: [] });
const COMMANDS = {
  "board.edit"(scene, { op, steps }, { id }) {
    if (steps.some((step) => step.do === "paste")) throw new Refusal("no_upload", "Send it again.");
    return { events: [{ ev: "board.edited", op, did: predict(new Draft(scene), { op, steps, player: id }) }] };
  },
  "board.grab"(scene, { op, ids, how }) {
    const there = ids.filter((id) => scene.get(id));
    if (!there.length) throw new Refusal("gone");
    return { events: [{ ev: "board.grabbed", op, drag: scene.next, ids: there, how }] };
  },
  "board.move"(scene, { op, dx, dy, boxes }) {
    const drag = scene.drags.get(scene.dragOf.get(op));
    if (!drag) return nothing();
    const moved = boxes ? { boxes: [[drag.drag, ...drag.ids.map((id) => boxes[id])]] } : { moves: [drag.drag, dx, dy] };
    return { events: [{ ev: "board.moved", ...moved }] };
  },
  "board.drop"(scene, { op, dx, dy, boxes }) {
    const drag = scene.drags.get(scene.dragOf.get(op));
    if (!drag) throw new Refusal("no_drag");
    const totals = boxes ? { boxes: drag.ids.map((id) => boxes[id]) } : { dx, dy };
    return { events: [{ ev: "board.dropped", op, drag: drag.drag, ...totals }] };
  },
  "board.keep": (scene, { op, name }) => ({ events: [{ ev: "board.kept", op, key: op, name }], reply: { key: op } }),
};
