// A player without a screen, on the browser's own netcode, who flies by dice, and what is measured of it. Reads frames and all events of
// the arena. Sends arena.play and inputs.

import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { MAX_SPEED, TICK_MS } from "../../gameserver/static/gameserver/arena/core/rules.mjs";
import { Frame, SHIP } from "../../gameserver/static/gameserver/arena/core/wire.mjs";

/** Px: the length of a ship. */
export const SHIP_PX = 32;
const TURNS = [-1, -0.4, 0, 0, 0.4, 1];
const [LEAST_MS, MOST_MS] = [200, 1200];
const [THRUSTS, FIRES] = [0.75, 0.25];
/** Inputs of which it is remembered what was foreseen: more than can be under way. */
const PLACES = 1024;
/** Parts of the time that passed between which the shown tick of others goes on, or it stutters. */
const [SLOWEST, FASTEST] = [0.5, 2];

/** Numbers of 0 to below 1 from a seed. */
function diceOf(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What hands hold down, for a while each. */
class Hands {
  #dice;
  #untilMs = 0;
  #held = { turn: 0, heading: null, thrust: false, fire: false };

  constructor(seed) {
    this.#dice = diceOf(seed);
    // The first numbers of near seeds are near each other.
    for (let drawn = 0; drawn < 8; drawn += 1) this.#dice();
  }

  at(nowMs) {
    if (nowMs < this.#untilMs) return this.#held;
    const dice = this.#dice;
    this.#untilMs = nowMs + LEAST_MS + dice() * (MOST_MS - LEAST_MS);
    this.#held = { turn: TURNS[Math.floor(dice() * TURNS.length)], heading: null, thrust: dice() < THRUSTS, fire: dice() < FIRES };
    return this.#held;
  }
}

export class Flyer {
  game = new Game();
  /** Px between a ship as foreseen when its input was made, and as the owner says after it; of each frame. */
  ownErrorsPx = [];
  /** Px of each correction; how often numbers began anew because the owner went on alone; how often the ship was destroyed. */
  correctionsPx = [];
  lapses = 0;
  deaths = 0;
  /** Pictures in all, in which the own ship was farther from where it was than it can fly, and in which others did not go on evenly. */
  pictures = 0;
  leaps = 0;
  stutters = 0;
  /** Ships of others as they were shown: tick, slot, x, y; of them held, and seen later than what was heard of. */
  sightings = [];
  held = 0;
  guessed = 0;
  /** The connection's figures, once a second. */
  stats = [];
  isMeasuring = false;
  /** Of the owner's hash, until the measuring began: numbers that come too late while the page learns how far ahead it has to be. */
  mismatchesBefore = 0;
  #line;
  #now;
  #hands;
  #frame = new Frame();
  #foreseen = new Array(PLACES).fill(null);
  #corrections = 0;
  #heardTick = -1;
  #shown = null;

  /** @param {import("./line.mjs").Line} line @param {() => number} now ms of a steady clock @param {number} seed of the hands */
  constructor(line, now, seed) {
    this.#line = line;
    this.#now = now;
    this.#hands = new Hands(seed);
    this.game.restart(line.welcome.state.arena, now());
    this.game.connected();
    line.onEvents = (events) => {
      for (const event of events) if (event.ev.startsWith("arena.")) this.game.event(event, now());
    };
    line.onBytes = (bytes) => this.#take(bytes);
  }

  /** Be a ship; the promise is its slot. */
  async play() {
    return (await this.#line.ask({ cmd: "arena.play" })).slot;
  }

  /** One picture, as a page has sixty a second. */
  turn() {
    const nowMs = this.#now();
    const bytes = this.game.step(nowMs, this.#hands.at(nowMs));
    if (bytes) this.#line.transmit(bytes);
    const { ship, input } = this.game;
    if (ship) this.#foreseen[input % PLACES] = { input, x: ship.x, y: ship.y };
    this.#look(this.game.view(nowMs), nowMs);
  }

  /** Note the connection's figures. */
  note() {
    if (this.isMeasuring) this.stats.push(this.game.stats(this.#now()));
  }

  #take(bytes) {
    const nowMs = this.#now();
    const frame = this.#frame;
    if (!frame.decode(bytes)) throw new Error("a frame cannot be read");
    this.#heardTick = Math.max(this.#heardTick, frame.tick);
    const [before, wasShip] = [this.game.input, this.game.ship !== null];
    this.game.take(bytes, nowMs);
    if (frame.role !== SHIP || !wasShip) {
      // Another life: what was foreseen before is of the one that ended.
      this.#foreseen.fill(null);
      if (wasShip && this.isMeasuring) this.deaths += 1;
      return;
    }
    if (this.isMeasuring) this.#compare(frame, before, nowMs);
    else ({ corrections: this.#corrections, mismatches: this.mismatchesBefore } = this.game.stats(nowMs));
  }

  #compare(frame, before, nowMs) {
    const foreseen = this.#foreseen[frame.ack % PLACES];
    if (foreseen?.input === frame.ack) this.ownErrorsPx.push(Math.hypot(foreseen.x - frame.x, foreseen.y - frame.y));
    const { corrections, correctionPx } = this.game.stats(nowMs);
    if (corrections > this.#corrections) this.correctionsPx.push(correctionPx);
    this.#corrections = corrections;
    // A frame changes no number but when numbers begin anew.
    if (this.game.input !== before) this.lapses += 1;
  }

  #look(view, nowMs) {
    const before = this.#shown;
    this.#shown = { x: view.own?.x, y: view.own?.y, isThere: view.own !== null, tick: view.tick, nowMs };
    if (!this.isMeasuring || !before) return;
    this.pictures += 1;
    const ticks = (nowMs - before.nowMs) / TICK_MS;
    const moved = Math.hypot(view.own?.x - before.x, view.own?.y - before.y);
    if (view.own && before.isThere && moved > SHIP_PX + MAX_SPEED * Math.max(ticks, 1)) this.leaps += 1;
    const passed = view.tick - before.tick;
    if (passed < SLOWEST * ticks || passed > FASTEST * ticks) this.stutters += 1;
    for (const { slot, x, y, isOwn, isHeld } of view.ships) {
      if (isOwn) continue;
      this.sightings.push({ tick: view.tick, slot, x, y });
      this.held += Number(isHeld);
      this.guessed += Number(view.tick > this.#heardTick);
    }
  }
}
