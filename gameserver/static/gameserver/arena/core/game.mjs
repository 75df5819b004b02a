// The arena of one page: what comes goes in, what is to be sent and what is to be drawn comes out. docs/arena.md; time is given.
// Reads frames, and all events of the arena. Sends inputs.

import { Clock } from "./clock.mjs";
import { Effects } from "./effects.mjs";
import { rocksOf } from "./field.mjs";
import { Netstats } from "./netstats.mjs";
import { Others } from "./others.mjs";
import { Pickings } from "./pickings.mjs";
import { Pilot } from "./pilot.mjs";
import { BULLET_RADIUS, RADIUS, TICKS, TICK_MS } from "./rules.mjs";
import { NOTHING_YET, PLAYING, reduce } from "./state.mjs";
import { View } from "./view.mjs";
import { IS_INVULNERABLE, NOBODY } from "./wire.mjs";

/** Ticks for which the owner makes up when it looks for who is hit: docs/arena.md section 4. */
const MOST_LAG = 15;
const HIT = RADIUS + BULLET_RADIUS;
/** Events that flash: as they are called in effects. */
const FLASHES = { "arena.hit": "hit", "arena.destroyed": "destroyed" };

export class Game {
  /** What events say: state.mjs. */
  state = NOTHING_YET;
  /** Of the round; another array when they are others. */
  rocks = rocksOf(NOTHING_YET.seed);
  #clock = new Clock();
  #others = new Others();
  #effects = new Effects();
  #pickings = new Pickings();
  #stats = new Netstats();
  #view = new View();
  #nowMs = 0;
  #passedAtMs = 0;
  #pilot = new Pilot({ stats: this.#stats, tell: (kind, { x, y }) => this.#tell(kind, x, y) });
  /** Places of those who can be hit: x, y, x, y … Read once a step, if anything flies. */
  #targets = [];
  #isAimed = false;
  #own = { slot: -1, x: 0, y: 0, vx: 0, vy: 0, heading: 0, isThrusting: false, isInvulnerable: false, hull: 0, isHeld: false };
  #world = {
    pace: 1,
    seen: 0,
    touches: (x, y) => this.#touches(x, y),
    flown: (ship) => this.#pick(ship),
  };

  #roundTripMs = () => this.#stats.roundTrip.ms(this.#nowMs);
  #picked = (x, y) => this.#tell("crystal", x, y);

  constructor() {
    this.#pilot.enter(this.rocks);
  }

  /** A fresh start: this is the state of a welcome. */
  restart(state, nowMs) {
    this.#nowMs = nowMs;
    this.#become(state);
  }

  /** There is another connection: what was sent and is not acknowledged goes again. */
  connected() {
    this.#pilot.connected();
  }

  /** An event of the arena happened. */
  event(event, nowMs) {
    this.#nowMs = nowMs;
    this.#become(reduce(this.state, event));
    const kind = FLASHES[event.ev];
    if (!kind) return;
    // Others are seen in the past, and what happens to them is, too.
    const isOwn = this.#pilot.role !== NOBODY && event.slot === this.#pilot.slot;
    this.#effects.add(kind, nowMs + (isOwn ? 0 : this.#clock.delayMs), { slot: event.slot, by: event.by ?? -1 });
  }

  #become(state) {
    const isOtherField = state.seed !== this.state.seed;
    this.state = state;
    this.#pilot.isArmed = state.phase === PLAYING;
    if (!isOtherField) return;
    this.rocks = rocksOf(state.seed);
    this.#pilot.enter(this.rocks);
  }

  /**
   * A binary message came.
   * @param {ArrayBuffer | ArrayBufferView} bytes
   * @returns {boolean} false if it was no frame; then nothing changes but a count
   */
  take(bytes, nowMs) {
    this.#nowMs = nowMs;
    const frame = this.#others.blank;
    if (!frame.decode(bytes)) {
      this.#stats.bad(bytes?.byteLength ?? 0, nowMs);
      return false;
    }
    this.#clock.advance(nowMs);
    const isLate = frame.tick < this.#clock.shown;
    const isLeap = this.#clock.take(frame.tick, nowMs);
    if (isLeap) {
      this.#others.forget();
      this.#stats.leap();
    }
    this.#others.keep();
    this.#stats.frame(frame, bytes.byteLength, isLate && !isLeap, nowMs);
    this.#pilot.take(frame, nowMs);
    return true;
  }

  /**
   * Fly on to this moment.
   * @param {number} nowMs
   * @param {import("./controls.mjs").Controls} controls what is held down
   * @returns {Uint8Array<ArrayBuffer> | null} one message to send, if there is one
   */
  step(nowMs, controls) {
    this.#nowMs = nowMs;
    this.#clock.advance(nowMs);
    this.#isAimed = false;
    this.#world.pace = this.#clock.rate / TICKS;
    this.#world.seen = this.#tick;
    return this.#pilot.step(nowMs, controls, this.#world);
  }

  /** What is to be drawn: view.mjs. Lists and objects are used again by the next call. */
  view(nowMs) {
    this.#nowMs = nowMs;
    this.#clock.advance(nowMs);
    this.#pilot.pass(Math.max(0, nowMs - this.#passedAtMs));
    this.#passedAtMs = nowMs;
    const [view, pilot, tick] = [this.#view, this.#pilot, this.#tick];
    view.begin(pilot.role, pilot.slot, tick, pilot.role !== NOBODY && pilot.prediction.isStalled);
    view.name(this.state.ships);
    this.#others.ships(tick, this.#ownSlot, (ship) => view.addShip(ship));
    this.#others.bullets(tick, (slot, x, y, vx, vy) => view.addBullet(slot, x, y, vx, vy, false));
    if (pilot.role !== NOBODY) pilot.bullets((x, y, vx, vy) => view.addBullet(pilot.slot, x, y, vx, vy, true));
    if (pilot.isFlying) this.#showOwn();
    const frame = this.#others.latest;
    if (frame) this.#pickings.show(frame.crystals, nowMs, (x, y) => view.addCrystal(x, y));
    if (frame) this.#look(frame);
    this.#effects.take(nowMs, (slot) => view.placeOf(slot), view.effects);
    return view;
  }

  /** Figures of the connection and of the prediction. */
  stats(nowMs) {
    const { prediction, waiting, role } = this.#pilot;
    return {
      ...this.#stats.read(nowMs),
      jitterMs: this.#clock.jitterMs,
      delayMs: this.#clock.delayMs,
      ticksPerSecond: this.#clock.rate,
      corrections: prediction.corrections,
      correctionPx: prediction.correctionPx,
      mismatches: prediction.mismatches,
      waiting,
      unacknowledged: role === NOBODY ? 0 : prediction.kept,
    };
  }

  /** The own ship in the newest state that is foreseen, not as it is shown: for measuring. Not to be changed. */
  get ship() {
    return this.#pilot.isFlying ? this.#pilot.prediction.ship : null;
  }

  /** The number of the last input that was made: `ship` is the ship after it. */
  get input() {
    return this.#pilot.prediction.next - 1;
  }

  get #tick() {
    return this.#others.bounded(this.#clock.shown);
  }

  get #ownSlot() {
    return this.#pilot.role === NOBODY ? -1 : this.#pilot.slot;
  }

  #tell(kind, x, y) {
    this.#effects.add(kind, this.#nowMs, { x, y, slot: this.#pilot.slot });
  }

  #showOwn() {
    const [own, frame] = [this.#own, this.#others.latest];
    this.#pilot.show(own);
    const row = frame.rowOf.get(own.slot);
    own.isInvulnerable = row !== undefined && (frame.ships.isInvulnerable[row] & IS_INVULNERABLE) > 0;
    this.#view.addOwn(own);
  }

  /** Follow the own ship, or who is followed; who is destroyed looks at where that was. */
  #look(frame) {
    const view = this.#view;
    const place = view.own ?? (this.#pilot.role === NOBODY ? (view.find(this.#pilot.slot) ?? frame) : view.isLost ? frame : null);
    if (place) view.follow(place, this.#nowMs);
  }

  /** Own bullets meet ships where the owner looks for them: on the screen; for those who are too far away for that, so much later. */
  #aim() {
    const lag = (this.#clock.delayMs + (this.#roundTripMs() ?? 0)) / TICK_MS + this.#pilot.waiting + 1;
    const tick = this.#others.bounded(this.#tick + Math.max(0, lag - MOST_LAG));
    this.#targets.length = 0;
    this.#isAimed = true;
    this.#others.ships(tick, this.#ownSlot, (ship) => {
      if (!ship.isInvulnerable) this.#targets.push(ship.x, ship.y);
    });
  }

  #touches(x, y) {
    if (!this.#isAimed) this.#aim();
    const targets = this.#targets;
    for (let index = 0; index < targets.length; index += 2) {
      const [dx, dy] = [x - targets[index], y - targets[index + 1]];
      if (dx * dx + dy * dy < HIT * HIT) return true;
    }
    return false;
  }

  #pick(ship) {
    const frame = this.#others.latest;
    if (!frame || !this.#pilot.isArmed) return;
    this.#pickings.touch(frame.crystals, ship.x, ship.y, this.#nowMs, this.#roundTripMs, this.#picked);
  }
}
