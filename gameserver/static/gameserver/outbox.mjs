// What goes to the room: numbered, in order in each lane, no faster than the room allows, and again until it is answered.
// Sends whatever it is given. Reads: reply, status, and welcome.rates.

import { Pace } from "./pace.mjs";
import * as room from "./room.mjs";

/** A little slower than the server's rate, so that nothing is refused and overtaken: its clock is not ours. */
const SLOWER = 0.87;
/** Chat's, until a welcome says more. */
const RATE = [5, 10];
/** Not all who waited for a room come back to it in the same moment. */
const SPREAD_MS = 250;
const WENT = Object.freeze({ ok: true });
const LOST = Object.freeze({ ok: false, code: "unavailable", text: "There is no connection." });
const TOO_FAST = Object.freeze({ ok: false, code: "rate", text: "That was too fast." });

/** The commands of one page. The room's state holds which of them are pending. */
export class Outbox {
  #refs = 0;
  #rates = {};
  #paces = new Map();
  #turns = new Map();
  #kept = new Map();
  #passing = new Map();

  /**
   * @param {{state: () => import("./room.mjs").State, change: (state: any) => void, transmit: (command: any) => boolean,
   *   now?: () => number, timers?: {set: Function, clear: Function}, random?: () => number}} options
   *   transmit: false if there is no connection
   */
  constructor({ state, change, transmit, now = () => performance.now(), timers, random = Math.random }) {
    Object.assign(this, { state, change, transmit, now, random });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
  }

  /** The next number of a command. */
  nextRef() {
    return (this.#refs += 1);
  }

  /**
   * Send a command; the promise is its reply, and is never broken. It waits its turn, is kept over reconnects and happens once.
   * `keep: false`, for what is of no use later: it goes now, or is answered at once with ok: false. `answered: false`, for commands that
   * get no reply when they succeed: the same, and `ok: true` says only that it went.
   */
  send(fields, { keep = true, answered = true } = {}) {
    if (!answered) return this.#sendNow(fields, room.laneOf(fields));
    const command = { ...fields, ref: this.nextRef() };
    const lane = room.laneOf(command);
    if (!keep) return this.#sendNow(command, lane);
    const hold = !this.state().available || room.firstWaiting(this.state(), lane) !== undefined || !this.#pace(lane).take(this.now());
    const reply = new Promise((resolve) => this.#kept.set(command.ref, resolve));
    this.change(room.send(this.state(), command, hold));
    if (hold) this.#turn(lane);
    else this.transmit(command);
    return reply;
  }

  #sendNow(command, lane) {
    if (!this.state().available) return Promise.resolve(LOST);
    if (!this.#pace(lane).take(this.now())) return Promise.resolve(TOO_FAST);
    if (!this.transmit(command)) return Promise.resolve(LOST);
    if (command.ref === undefined) return Promise.resolve(WENT);
    return new Promise((resolve) => this.#passing.set(command.ref, resolve));
  }

  /** The author took a command back. */
  forget(ref) {
    this.#kept.delete(ref);
    this.change(room.forget(this.state(), ref));
  }

  /** After the state has taken a message in. */
  received(message) {
    if (message.type === "welcome") this.#rates = message.rates ?? {};
    if (message.type === "reply") this.#answered(message);
    if (message.type === "status" && message.available) this.#restart(this.random() * SPREAD_MS);
  }

  /** The connection is there again: what had no reply goes first, in order, then what waits. */
  opened() {
    for (const command of room.unanswered(this.state())) this.transmit(command);
    this.#restart(0);
  }

  /** The connection is gone; what was only for now is answered. */
  lost() {
    for (const resolve of this.#passing.values()) resolve(LOST);
    this.#passing.clear();
  }

  #answered(message) {
    this.#passing.get(message.ref)?.(message);
    this.#passing.delete(message.ref);
    if (room.isForNow(message)) {
      // It is the first of its lane again: what was planned for another one is too soon for it.
      const pending = this.state().pending.find((one) => one.ref === message.ref);
      if (pending) this.#cancel(room.laneOf(pending.command));
    } else {
      this.#kept.get(message.ref)?.(message);
      this.#kept.delete(message.ref);
    }
    for (const lane of this.#lanes()) this.#turn(lane);
  }

  #lanes() {
    return new Set(this.state().pending.map((one) => room.laneOf(one.command)));
  }

  #restart(pauseMs) {
    for (const lane of this.#lanes()) {
      this.#cancel(lane);
      this.#turn(lane, pauseMs);
    }
  }

  #cancel(lane) {
    this.timers.clear(this.#turns.get(lane));
    this.#turns.delete(lane);
  }

  /** Send what waits in a lane: one after the other, each when the one before is answered. */
  #turn(lane, pauseMs = 0) {
    const first = room.firstWaiting(this.state(), lane);
    if (!first || this.#turns.has(lane)) return;
    const due = Math.max(pauseMs, first.waitMs ? first.waitMs + 20 : 0, this.#pace(lane).waitMs(this.now()));
    this.#turns.set(lane, this.timers.set(() => this.#due(lane), due));
  }

  #due(lane) {
    this.#turns.delete(lane);
    const first = room.firstWaiting(this.state(), lane);
    const busy = this.state().pending.some((one) => one.state === "sending" && room.laneOf(one.command) === lane);
    // Each of these ends with a call of `received` or `opened`, and with another turn.
    if (!first || busy || !this.state().available) return;
    if (!this.#pace(lane).take(this.now())) this.#turn(lane);
    else if (this.transmit(first.command)) this.change(room.resend(this.state(), first.ref));
  }

  #pace(lane) {
    const [rate, atOnce] = this.#rates[lane] ?? RATE;
    const known = this.#paces.get(lane);
    if (known?.rate === rate && known.burst === atOnce) return known.pace;
    const pace = new Pace(Math.max(1, Math.floor(atOnce * SLOWER)), 1000 / (rate * SLOWER));
    this.#paces.set(lane, { rate, burst: atOnce, pace });
    return pace;
  }
}
