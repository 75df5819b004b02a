// The arena's binary messages: docs/arena.md section 5. Pure. Reads frames, writes inputs; what is received is not trusted.

import { DIRECTIONS } from "./rules.mjs";

/** What frame.role says. */
export const NOBODY = 0;
export const SHIP = 1;
export const RETURNING = 2;
export const NO_SLOT = 65535;

export const THRUSTS = 1;
export const FIRES = 2;
export const IS_THRUSTING = 1;
export const IS_INVULNERABLE = 2;
/** Shift of the hull in a ship's flags, and its greatest value there. */
const HULL_SHIFT = 2;
const HULL_MASK = 3;

/** Inputs of one message. */
export const MOST_INPUTS = 12;
const HEAD = 54;
const CELL_BYTES = 4;
const SHIP_BYTES = 10;
const BULLET_BYTES = 8;
const CRYSTAL_BYTES = 4;
const CELLS = 64;
/** What `check` is a hash of: from `ack` to `hull`. */
const CHECKED_FROM = 8;
const CHECKED_TO = 48;

/** Rows of numbers, one array for each column: what a frame tells of many things is decoded without an object for each. */
class Rows {
  constructor(names) {
    this.count = 0;
    this.names = names;
    this.room = 0;
    this.grow(64);
  }

  /** Have room for so many rows. */
  grow(count) {
    if (count <= this.room) return;
    this.room = Math.max(count, 2 * this.room);
    for (const name of this.names) {
      const column = new Float64Array(this.room);
      if (this[name]) column.set(this[name]);
      this[name] = column;
    }
  }
}

/**
 * One frame of the owner; made once, decoded into again and again. Places in px, velocities in px a tick, headings 0 to 1023.
 * ack: number of the last input done; x to hull: of the own ship after it. check: 0, or the hash of those. waiting: inputs at the owner.
 */
export class Frame {
  tick = 0;
  role = NOBODY;
  /** -1 if none. */
  slot = -1;
  ack = 0;
  x = 0;
  y = 0;
  vx = 0;
  vy = 0;
  heading = 0;
  cooldown = 0;
  hull = 0;
  check = 0;
  waiting = 0;
  ships = new Rows(["slot", "x", "y", "vx", "vy", "heading", "isThrusting", "isInvulnerable", "hull"]);
  /** isOwn: 1 for those that are shown as own shots already. */
  bullets = new Rows(["slot", "x", "y", "vx", "vy", "isOwn"]);
  crystals = new Rows(["x", "y"]);
  /** Row of a ship by its slot. */
  rowOf = new Map();

  /** How many things it tells of. */
  get updates() {
    return this.ships.count + this.bullets.count + this.crystals.count;
  }

  /** Take a message in. False if it is no whole frame, then what the frame says is of no use. Never raises. */
  decode(bytes) {
    const data = viewOf(bytes);
    if (!data || data.byteLength < HEAD || data.getUint8(0) !== 2) return false;
    this.#decodeHead(data);
    return this.#isPlausible && this.#decodeCells(data);
  }

  #decodeHead(data) {
    this.tick = data.getUint32(1, true);
    this.role = data.getUint8(5);
    const slot = data.getUint16(6, true);
    this.slot = slot === NO_SLOT ? -1 : slot;
    this.ack = data.getUint32(8, true);
    this.x = data.getFloat64(12, true);
    this.y = data.getFloat64(20, true);
    this.vx = data.getFloat64(28, true);
    this.vy = data.getFloat64(36, true);
    this.heading = data.getUint16(44, true);
    this.cooldown = data.getUint8(46);
    this.hull = data.getUint8(47);
    this.check = data.getUint32(48, true);
    this.waiting = data.getUint8(52);
    this.#hash = this.check ? hash(data, CHECKED_FROM, CHECKED_TO) : 0;
  }

  #hash = 0;

  get #isPlausible() {
    const areNumbers = Number.isFinite(this.x) && Number.isFinite(this.y) && Number.isFinite(this.vx) && Number.isFinite(this.vy);
    return areNumbers && this.role <= RETURNING && this.heading < DIRECTIONS && this.#hash === this.check;
  }

  #decodeCells(data) {
    this.ships.count = this.bullets.count = this.crystals.count = 0;
    this.rowOf.clear();
    let at = HEAD;
    for (let cells = data.getUint8(HEAD - 1); cells > 0; cells -= 1) {
      if (at + CELL_BYTES > data.byteLength || data.getUint8(at) >= CELLS) return false;
      const [ships, bullets, crystals] = [data.getUint8(at + 1), data.getUint8(at + 2), data.getUint8(at + 3)];
      at += CELL_BYTES;
      if (at + ships * SHIP_BYTES + bullets * BULLET_BYTES + crystals * CRYSTAL_BYTES > data.byteLength) return false;
      at = this.#decodeShips(data, at, ships);
      at = this.#decodeBullets(data, at, bullets);
      at = this.#decodeCrystals(data, at, crystals);
    }
    return at === data.byteLength;
  }

  #decodeShips(data, from, count) {
    const { ships, rowOf } = this;
    ships.grow(ships.count + count);
    let at = from;
    for (const end = ships.count + count; ships.count < end; ships.count += 1, at += SHIP_BYTES) {
      const row = ships.count;
      const flags = data.getUint8(at + 9);
      ships.slot[row] = data.getUint16(at, true);
      ships.x[row] = data.getUint16(at + 2, true) / 16;
      ships.y[row] = data.getUint16(at + 4, true) / 16;
      ships.vx[row] = data.getInt8(at + 6) / 8;
      ships.vy[row] = data.getInt8(at + 7) / 8;
      ships.heading[row] = data.getUint8(at + 8) * 4;
      ships.isThrusting[row] = flags & IS_THRUSTING;
      ships.isInvulnerable[row] = flags & IS_INVULNERABLE;
      ships.hull[row] = (flags >> HULL_SHIFT) & HULL_MASK;
      rowOf.set(ships.slot[row], row);
    }
    return at;
  }

  #decodeBullets(data, from, count) {
    const { bullets } = this;
    bullets.grow(bullets.count + count);
    let at = from;
    for (const end = bullets.count + count; bullets.count < end; bullets.count += 1, at += BULLET_BYTES) {
      const row = bullets.count;
      bullets.slot[row] = data.getUint16(at, true);
      bullets.x[row] = data.getUint16(at + 2, true) / 16;
      bullets.y[row] = data.getUint16(at + 4, true) / 16;
      bullets.vx[row] = data.getInt8(at + 6) / 4;
      bullets.vy[row] = data.getInt8(at + 7) / 4;
      bullets.isOwn[row] = 0;
    }
    return at;
  }

  #decodeCrystals(data, from, count) {
    const { crystals } = this;
    crystals.grow(crystals.count + count);
    let at = from;
    for (const end = crystals.count + count; crystals.count < end; crystals.count += 1, at += CRYSTAL_BYTES) {
      crystals.x[crystals.count] = data.getUint16(at, true) / 16;
      crystals.y[crystals.count] = data.getUint16(at + 2, true) / 16;
    }
    return at;
  }
}

function viewOf(bytes) {
  if (bytes instanceof ArrayBuffer) return new DataView(bytes);
  return ArrayBuffer.isView(bytes) ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) : null;
}

/** FNV-1a of bytes `from` to before `to`, as a u32. */
export function hash(data, from, to) {
  let value = 0x811c9dc5;
  for (let at = from; at < to; at += 1) value = Math.imul(value ^ data.getUint8(at), 0x01000193);
  return value >>> 0;
}

const state = new DataView(new ArrayBuffer(CHECKED_TO - CHECKED_FROM));

/** The hash that the owner sends as `check` if, after input `ack`, it has this ship with this hull. */
export function hashOfState(ack, ship, hull) {
  state.setUint32(0, ack, true);
  state.setFloat64(4, ship.x, true);
  state.setFloat64(12, ship.y, true);
  state.setFloat64(20, ship.vx, true);
  state.setFloat64(28, ship.vy, true);
  state.setUint16(36, ship.heading, true);
  state.setUint8(38, ship.cooldown);
  state.setUint8(39, hull);
  return hash(state, 0, state.byteLength);
}

/**
 * Inputs `first` to `last`, at most MOST_INPUTS, as a message. `seen`: tick of the others on the screen.
 * @param {(number: number) => number} turnOf of an input, -14 to 14
 * @param {(number: number) => number} flagsOf of an input
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeInputs(first, last, seen, turnOf, flagsOf) {
  const count = last - first + 1;
  const data = new DataView(new ArrayBuffer(10 + 2 * count));
  data.setUint8(0, 1);
  data.setUint32(1, first, true);
  data.setUint32(5, seen, true);
  data.setUint8(9, count);
  for (let index = 0; index < count; index += 1) {
    data.setInt8(10 + 2 * index, turnOf(first + index));
    data.setUint8(11 + 2 * index, flagsOf(first + index));
  }
  return new Uint8Array(data.buffer);
}
