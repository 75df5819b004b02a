// The own ship of a page: when it ticks, how far ahead of the owner, what it sends and what it shoots. Pure.
// Reads frames; gives messages of inputs.

import { turnOf } from "./controls.mjs";
import { Metronome } from "./metronome.mjs";
import { Prediction } from "./predict.mjs";
import { TICK_MS } from "./rules.mjs";
import { Shots } from "./shots.mjs";
import { NOBODY, SHIP } from "./wire.mjs";

/** Inputs are sent two at a time, 30 times a second; one alone when it has waited for so long. */
const TOGETHER = 2;
const WAITED_MS = 30;
/** Ticks by which a page that had no ship, or slept, begins ahead of what the owner has done: beside the round trip, and at least. */
const LEAD = 4;
const LEAST_LEAD = 12;
const MOST_LEAD = 60;
/**
 * Inputs that come too late are dropped, and the owner does empty ones: nothing but the ship tells. So many frames with a correction in
 * a row are taken for that, and again within that time for more of it: then a page begins twice as far ahead.
 */
const MOST_CORRECTED = 8;
const AGAIN_MS = 5000;
/** Inputs that may wait at the owner all of the time; beyond that this page is faster than the owner, and slows down. */
const MOST_WAITING = 2;
const WAITING_FRAMES = 30;
const SLOWED = 0.95;
/** Px a tick by which nothing but a wall or a rock changes a velocity. */
const BUMP = 0.6;

export class Pilot {
  role = NOBODY;
  slot = -1;
  hull = 0;
  /** Inputs that waited at the owner when it was heard of last. */
  waiting = 0;
  isThrusting = false;
  /** Whether shots leave ships: not while a ranking is shown. */
  isArmed = false;
  #rocks = [];
  #metronome = new Metronome();
  #shots;
  #lastShot = 0;
  #led = { timesFarther: 1, atMs: -Infinity };
  /** Frames in a row that corrected. */
  #corrected = 0;
  #roundTripMs = 0;
  #leastWaiting = Infinity;
  #waitingFrames = 0;
  #isSlowed = false;
  #lastSentMs = -Infinity;

  /** @param {{stats: import("./netstats.mjs").Netstats, tell: (kind: string, where: {x: number, y: number}) => void}} listener
   *   tell: of an effect of the own ship, now */
  constructor({ stats, tell }) {
    this.stats = stats;
    this.tell = tell;
    this.#shots = new Shots((x, y) => tell("spark", { x, y }));
    this.prediction = new Prediction({
      shot: (number, ship) => this.#shoot(number, ship),
      unshot: (ack) => this.#unshoot(ack),
    });
  }

  get isFlying() {
    return this.role === SHIP;
  }

  /** Part of the next tick that has passed; a ship that stands still because too much is not answered is in its last one. */
  get #part() {
    return this.prediction.isStalled ? 1 : this.#metronome.part;
  }

  enter(rocks) {
    this.#rocks = rocks;
    this.prediction.enter(rocks);
  }

  /** What the owner says of who this page is, and of the ship. */
  take(frame, nowMs) {
    const isOther = frame.role === NOBODY || frame.slot !== this.slot;
    if (isOther) this.#leave();
    this.role = frame.role;
    this.slot = frame.slot;
    if (frame.role === NOBODY) return;
    this.hull = frame.hull;
    this.#reconcile(frame, nowMs);
    this.#measureWaiting(frame.waiting);
    this.#shots.take(frame);
  }

  #reconcile(frame, nowMs) {
    const { prediction, stats } = this;
    const wasBehind = prediction.isBehind;
    const said = prediction.reconcile(frame, this.#part);
    if (said === "corrected") stats.corrected(prediction.correctionPx, nowMs);
    if (said === "moved" && this.isFlying) this.tell("back", frame);
    this.#corrected = said === "corrected" ? this.#corrected + 1 : 0;
    if (this.#corrected >= MOST_CORRECTED) prediction.begin(frame);
    if (!prediction.isBehind) stats.roundTrip.done(frame.ack, nowMs, Math.min(frame.waiting, MOST_WAITING) * TICK_MS);
    else if (!wasBehind) this.#lag(nowMs);
  }

  #shoot(number, ship) {
    if (!this.isArmed) return;
    this.#shots.fire(number, ship);
    // A replay fires again what was heard already.
    if (number > this.#lastShot) this.tell("shot", ship);
    this.#lastShot = Math.max(this.#lastShot, number);
  }

  #unshoot(ack) {
    this.#shots.cut(ack);
    // With all of them taken back, numbers begin anew.
    if (ack < 0) this.#lastShot = 0;
  }

  #leave() {
    this.prediction.stop();
    this.#shots.clear();
    this.stats.roundTrip.forget();
    this.#lastShot = this.#corrected = this.waiting = 0;
  }

  /** Inputs came too late. What seemed to be a round trip then was none. */
  #lag(nowMs) {
    const isAgain = nowMs - this.#led.atMs < AGAIN_MS;
    if (!isAgain) this.#roundTripMs = this.stats.roundTrip.ms(nowMs) ?? 0;
    this.#led.timesFarther = isAgain ? this.#led.timesFarther * 2 : 1;
    this.#corrected = 0;
    this.stats.roundTrip.forget();
  }

  #measureWaiting(waiting) {
    this.waiting = waiting;
    this.#leastWaiting = Math.min(this.#leastWaiting, waiting);
    this.#waitingFrames += 1;
    if (this.#waitingFrames < WAITING_FRAMES) return;
    this.#isSlowed = this.#leastWaiting > MOST_WAITING;
    this.#leastWaiting = Infinity;
    this.#waitingFrames = 0;
  }

  /**
   * Do the ticks that are due.
   * @param {number} nowMs
   * @param {import("./controls.mjs").Controls} controls
   * @param {{pace: number, seen: number, touches: (x: number, y: number) => boolean,
   *   flown: (ship: import("./rules.mjs").Ship) => void}} world pace: 1 for 60 ticks a second; seen: tick of the others on the screen;
   *   touches: whether one of them is there; flown: told of the ship after each tick
   * @returns {Uint8Array<ArrayBuffer> | null} what is to be sent
   */
  step(nowMs, controls, world) {
    const due = this.#metronome.due(nowMs, world.pace * (this.#isSlowed ? SLOWED : 1));
    if (this.role === NOBODY) return null;
    const { prediction } = this;
    if (prediction.isBehind) this.#leadOn(nowMs);
    for (let done = 0; done < due; done += 1) this.#tick(controls, world);
    const { unsent } = prediction;
    if (unsent < TOGETHER && !(unsent > 0 && nowMs - this.#lastSentMs > WAITED_MS)) return null;
    this.#lastSentMs = nowMs;
    return prediction.message((number, size) => this.stats.sent(number, size, nowMs));
  }

  #leadOn(nowMs) {
    const ticks = Math.max(LEAST_LEAD, Math.ceil(this.#roundTripMs / TICK_MS) + LEAD);
    this.prediction.lead(Math.min(MOST_LEAD, ticks * this.#led.timesFarther));
    this.#led.atMs = nowMs;
  }

  #tick(controls, { seen, touches, flown }) {
    const { prediction } = this;
    const { ship } = prediction;
    this.isThrusting = controls.thrust;
    if (!prediction.tick(turnOf(controls, ship.heading), controls.thrust, controls.fire, seen)) return;
    this.#shots.tick(prediction.next - 1, this.#rocks, touches);
    if (!this.isFlying) return;
    const { before } = prediction;
    if (Math.hypot(ship.vx - before.vx, ship.vy - before.vy) > BUMP) this.tell("bump", ship);
    flown(ship);
  }

  /** There is another connection. */
  connected() {
    this.prediction.resend();
  }

  /** The ship as it is to be seen. */
  show(seen) {
    this.prediction.show(this.#part, seen);
    seen.slot = this.slot;
    seen.hull = this.hull;
    seen.isThrusting = this.isThrusting;
  }

  /** Time passed for the eye. */
  pass(ms) {
    this.prediction.glide.pass(ms);
  }

  /** Tell `each(x, y, vx, vy)` of own bullets. */
  bullets(each) {
    this.#shots.show(this.#part, each);
  }
}
