// The own ship, before the owner has answered: flown at once by the own inputs, and put right by what the owner says of each.
// Pure; reads the head of frames, and gives the inputs that are to be sent.

import { Glide, LEAP, between } from "./glide.mjs";
import { DIRECTIONS, HULL, assign, fly, isSame, newShip } from "./rules.mjs";
import { FIRES, MOST_INPUTS, RETURNING, THRUSTS, encodeInputs, hashOfState } from "./wire.mjs";

/** Inputs that are kept until they are done: the owner drops what lies more than 120 ahead. */
const MOST_KEPT = 110;
/** A power of two above that: an input's place is its number's lowest bits. */
const PLACES = 256;

export class Prediction {
  /** The ship after the last input, and before it. Not to be changed elsewhere. */
  ship = newShip();
  before = newShip();
  glide = new Glide();
  /** The last input done by the owner, and the next one to be made. */
  ack = 0;
  next = 1;
  /** Frames that said something else than was foreseen; by how many px of the newest state, the last time; frames with another `check`. */
  corrections = 0;
  correctionPx = 0;
  mismatches = 0;
  /** Whether the owner has done more than was asked for: what is made next must be numbered farther ahead. */
  isBehind = true;
  /** Whether the ship is there; while it is not, inputs do nothing. */
  isFlying = false;

  #rocks = [];
  #unsent = 1;
  #seen = 0;
  /** Whether a fresh owner is behind what the one before had done. */
  #isAdrift = false;
  #turns = new Int8Array(PLACES);
  #flags = new Uint8Array(PLACES);
  #after = Array.from({ length: PLACES }, newShip);
  #from = newShip();
  #to = newShip();

  /** @param {{shot: (number: number, ship: import("./rules.mjs").Ship) => void, unshot: (ack: number) => void}} listener
   *   shot: input `number` fires; also in a replay, after unshot: shots after input `ack` did not happen as they were told */
  constructor({ shot, unshot }) {
    this.shot = shot;
    this.unshot = unshot;
  }

  /** Inputs that the owner has not done, as far as is known. */
  get kept() {
    return this.next - 1 - this.ack;
  }

  get isStalled() {
    return this.kept >= MOST_KEPT;
  }

  /** Fly among these rocks from now on; what is not done yet is flown again. */
  enter(rocks) {
    this.#rocks = rocks;
    if (this.kept > 0 && !this.#isAdrift) this.#replay();
  }

  /** Make an input and fly it. False if too many are kept: then nothing happens. */
  tick(turn, isThrusting, isFiring, seen) {
    if (this.isStalled) return false;
    const number = this.next;
    const place = number % PLACES;
    this.#turns[place] = turn;
    this.#flags[place] = (isThrusting ? THRUSTS : 0) | (isFiring ? FIRES : 0);
    this.next += 1;
    const isShot = this.#fly(number);
    // One tick for all inputs of a message: that of a shot, if there is one, because it is for shots.
    if (isShot || this.#unsent === number) this.#seen = Math.max(0, Math.round(seen));
    return true;
  }

  /** Be so many inputs ahead of what the owner has done, by inputs that do nothing: those that come too late are dropped. */
  lead(count) {
    for (let made = 0; made < count; made += 1) this.tick(0, false, false, this.#seen);
    this.isBehind = false;
  }

  /** How many inputs wait to be sent. */
  get unsent() {
    return this.next - this.#unsent;
  }

  /** What is to be sent, at most MOST_INPUTS; null if nothing is. `sent(number, bytes)` is told the last of them, and how many bytes. */
  message(sent) {
    const last = Math.min(this.next - 1, this.#unsent + MOST_INPUTS - 1);
    if (last < this.#unsent) return null;
    const turnOf = (number) => this.#turns[number % PLACES];
    const bytes = encodeInputs(this.#unsent, last, this.#seen, turnOf, (number) => this.#flags[number % PLACES]);
    this.#unsent = last + 1;
    sent(last, bytes.byteLength);
    return bytes;
  }

  /** There is no own ship any more; the next one is another. */
  stop() {
    this.ack = 0;
    this.#isAdrift = false;
    this.next = this.#unsent = 1;
    this.isBehind = true;
    this.isFlying = false;
    this.glide.end();
  }

  /** There is another connection: what was sent and is not done may be lost with the one before. */
  resend() {
    this.#unsent = this.ack + 1;
  }

  /**
   * What the owner says of the own ship. `part`: of the next tick, as it is shown.
   * @param {import("./wire.mjs").Frame} frame of a role with a ship
   * @returns {"" | "moved" | "corrected" | "behind"} moved: the ship came, went or is elsewhere by the rules of the game. corrected: it is
   *   not where it was foreseen. behind: the owner went on without this page
   */
  reconcile(frame, part) {
    const wasFlying = this.isFlying;
    this.isFlying = frame.role !== RETURNING;
    if (frame.ack < this.ack) return this.#drift(frame);
    this.#isAdrift = false;
    if (frame.ack >= this.next) return this.begin(frame);
    const known = this.#after[frame.ack % PLACES];
    const isMoved = wasFlying !== this.isFlying || !this.isFlying || isElsewhere(known, frame);
    if (frame.check && !isMoved && hashOfState(frame.ack, known, frame.hull) !== frame.check) this.mismatches += 1;
    this.ack = frame.ack;
    this.#unsent = Math.max(this.#unsent, this.ack + 1);
    if (isSame(known, frame) && wasFlying === this.isFlying) return "";
    assign(known, frame);
    if (!isMoved) return this.#correct(part);
    this.#replay();
    this.glide.end();
    return wasFlying || this.isFlying ? "moved" : "";
  }

  /** The ship as it is to be seen: between its last two ticks, with what is left of corrections. */
  show(part, shown) {
    const { before, ship, glide } = this;
    shown.x = before.x + (ship.x - before.x) * part + glide.x;
    shown.y = before.y + (ship.y - before.y) * part + glide.y;
    shown.vx = ship.vx;
    shown.vy = ship.vy;
    const heading = before.heading + between(before.heading, ship.heading) * part + glide.heading;
    shown.heading = ((heading % DIRECTIONS) + DIRECTIONS) % DIRECTIONS;
  }

  /**
   * A fresh owner knows less than the one before. It goes on with the first number it is sent, and until then the ship is where it says. If
   * it does not, numbers begin anew when too many are kept.
   */
  #drift(frame) {
    this.#isAdrift = true;
    assign(this.ship, frame);
    assign(this.before, frame);
    this.glide.end();
    return this.isStalled ? this.begin(frame) : "";
  }

  /** Number inputs anew, from what the owner has done; how far ahead of it, `lead` says. */
  begin(frame) {
    this.#isAdrift = false;
    this.ack = frame.ack;
    this.next = frame.ack + 1;
    this.#unsent = this.next;
    this.isBehind = true;
    assign(this.ship, frame);
    assign(this.before, frame);
    assign(this.#after[frame.ack % PLACES], frame);
    this.glide.end();
    this.unshot(-1);
    return "behind";
  }

  #correct(part) {
    const { x, y } = this.ship;
    this.#bare(part, this.#from);
    this.#replay();
    this.#bare(part, this.#to);
    this.glide.absorb(this.#from, this.#to);
    this.corrections += 1;
    this.correctionPx = Math.hypot(this.ship.x - x, this.ship.y - y);
    return "corrected";
  }

  /** As `show`, without what is left of corrections. */
  #bare(part, shown) {
    this.show(part, shown);
    shown.x -= this.glide.x;
    shown.y -= this.glide.y;
    shown.heading -= this.glide.heading;
  }

  #replay() {
    this.unshot(this.ack);
    assign(this.ship, this.#after[this.ack % PLACES]);
    assign(this.before, this.ship);
    for (let number = this.ack + 1; number < this.next; number += 1) this.#fly(number);
  }

  #fly(number) {
    const place = number % PLACES;
    const flags = this.#flags[place];
    assign(this.before, this.ship);
    const isFlown = this.isFlying && !this.#isAdrift;
    const isShot = isFlown && fly(this.ship, this.#turns[place], (flags & THRUSTS) > 0, (flags & FIRES) > 0, this.#rocks);
    assign(this.#after[place], this.ship);
    if (isShot) this.shot(number, this.ship);
    return isShot;
  }
}

/** Whether a ship was put somewhere else, whole and at rest, and did at most a few inputs since: with a new round all are. */
function isElsewhere(known, frame) {
  const isAtRest = frame.hull === HULL && frame.vx * frame.vx + frame.vy * frame.vy < 1;
  return isAtRest && Math.hypot(frame.x - known.x, frame.y - known.y) > LEAP;
}
