// A small owner of an arena and a network with latency, jitter and loss, both in pretended time: tests of the netcode run against them.
// The owner does what docs/arena.md says of inputs, bullets and frames; it has no crystals but those it is given, and no rounds.

import { rocksOf } from "../../gameserver/static/gameserver/arena/core/field.mjs";
import { COS, RADIUS, SIN, fly } from "../../gameserver/static/gameserver/arena/core/rules.mjs";
import { isBlocked } from "../../gameserver/static/gameserver/arena/core/shots.mjs";
import { hash } from "../../gameserver/static/gameserver/arena/core/wire.mjs";

/** Numbers of 0 to below 1 from a seed. */
export function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One direction of a connection, as TCP has it: nothing is lost, but what is comes later, and everything behind it, too. */
export class Line {
  #waiting = [];
  #free = 0;

  constructor({ latencyMs = 0, jitterMs = 0, loss = 0, againMs = 400, random = () => 0 }) {
    Object.assign(this, { latencyMs, jitterMs, loss, againMs, random });
    /** Until then nothing arrives. */
    this.blockedUntil = 0;
  }

  send(bytes, nowMs) {
    const lateMs = this.latencyMs + this.jitterMs * this.random() + (this.random() < this.loss ? this.againMs : 0);
    this.#free = Math.max(this.#free, nowMs + lateMs);
    this.#waiting.push({ bytes, at: this.#free });
  }

  /** What has arrived. */
  receive(nowMs) {
    const arrived = [];
    if (nowMs < this.blockedUntil) return arrived;
    while (this.#waiting.length && this.#waiting[0].at <= nowMs) arrived.push(this.#waiting.shift().bytes);
    return arrived;
  }

  /** The connection is gone, with what was on its way. */
  cut() {
    this.#waiting.length = 0;
  }
}

const BULLET_TICKS = 60;

export class Owner {
  tick = 0;
  ships = new Map();
  bullets = [];
  crystals = [];
  checkEvery = 32;
  #frames = 0;

  constructor(seed = 7) {
    this.rocks = rocksOf(seed);
  }

  /** A ship that does inputs; `pilot(ship, tick)` gives `[turn, flags]` of one that flies by itself. */
  join(slot, x, y, { pilot = null, heading = 0 } = {}) {
    const queue = { ack: 0, credit: 30, starved: 0, waiting: new Map(), isOpen: false };
    const body = { slot, x, y, vx: 0, vy: 0, heading, cooldown: 0, hull: 3, flags: 0, isLive: true };
    // done: the ship after each input; past: after each tick.
    const ship = { ...body, pilot, queue, done: new Map(), coasted: 0, past: [] };
    this.ships.set(slot, ship);
    return ship;
  }

  hear(slot, bytes) {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [first, seen, count] = [data.getUint32(1, true), data.getUint32(5, true), data.getUint8(9)];
    if (data.getUint8(0) !== 1 || count < 1 || count > 12 || bytes.length !== 10 + 2 * count) throw new Error("bad message");
    const { queue } = this.ships.get(slot);
    if (queue.isOpen) [queue.ack, queue.isOpen] = [first - 1, false];
    for (let index = 0; index < count; index += 1) {
      const number = first + index;
      const isNew = number > queue.ack && number <= queue.ack + 120 && !queue.waiting.has(number);
      if (isNew) queue.waiting.set(number, [data.getInt8(10 + 2 * index), data.getUint8(11 + 2 * index), seen]);
    }
  }

  step() {
    this.tick += 1;
    for (const ship of this.ships.values()) {
      for (const input of ship.pilot ? [ship.pilot(ship, this.tick)] : this.#due(ship)) this.#do(ship, input);
      ship.past.push({ tick: this.tick, x: ship.x, y: ship.y, heading: ship.heading, isLive: ship.isLive });
    }
    this.#flyBullets();
  }

  #do(ship, [turn, flags, seen = this.tick]) {
    if (ship.isLive && fly(ship, turn, (flags & 1) > 0, (flags & 2) > 0, this.rocks) && !this.isJammed) this.#shoot(ship, seen);
    ship.flags = flags & 1;
    ship.done.set(ship.queue.ack, { x: ship.x, y: ship.y, vx: ship.vx, vy: ship.vy, heading: ship.heading, cooldown: ship.cooldown });
  }

  #due({ queue, ...ship }) {
    queue.credit = Math.min(60, queue.credit + 1);
    const inputs = [];
    const take = () => {
      const number = queue.ack + 1;
      inputs.push(queue.waiting.get(number));
      queue.waiting.delete(number);
      queue.ack = number;
      queue.credit -= 1;
    };
    if (queue.waiting.has(queue.ack + 1)) {
      queue.starved = 0;
      take();
      while (inputs.length < 3 && queue.waiting.size > 2 && queue.credit > 0 && queue.waiting.has(queue.ack + 1)) take();
      return this.#each(this.ships.get(ship.slot), inputs);
    }
    queue.starved += 1;
    if (queue.starved <= 30) return [];
    queue.ack += 1;
    queue.credit -= 1;
    this.ships.get(ship.slot).coasted += 1;
    return [[0, 0, 0]];
  }

  /** Inputs of one tick, each with `ack` as it is after it. */
  *#each({ queue }, inputs) {
    const last = queue.ack;
    for (const [index, input] of inputs.entries()) {
      queue.ack = last - inputs.length + 1 + index;
      yield input;
    }
  }

  #shoot(ship, seen) {
    const [cos, sin] = [COS[ship.heading], SIN[ship.heading]];
    const lag = Math.max(0, Math.min(15, this.tick - seen));
    const place = { x: ship.x + RADIUS * cos, y: ship.y + RADIUS * sin, vx: ship.vx + 14 * cos, vy: ship.vy + 14 * sin };
    this.bullets.push({ ...place, slot: ship.slot, until: this.tick + BULLET_TICKS - 1, lag });
  }

  #flyBullets() {
    this.bullets = this.bullets.filter((bullet) => {
      bullet.x += bullet.vx;
      bullet.y += bullet.vy;
      if (isBlocked(bullet.x, bullet.y, this.rocks)) return false;
      for (const ship of this.ships.values()) {
        const place = ship.past.at(-1 - bullet.lag) ?? ship.past[0];
        if (!ship.isLive || ship.slot === bullet.slot || Math.hypot(bullet.x - place.x, bullet.y - place.y) >= 20) continue;
        ship.struck = (ship.struck ?? 0) + 1;
        return false;
      }
      return bullet.until > this.tick;
    });
  }

  /** A frame for a ship; all of the field is one cell. */
  frame(slot) {
    const ship = this.ships.get(slot);
    const live = [...this.ships.values()].filter(({ isLive }) => isLive);
    const data = new DataView(new ArrayBuffer(58 + 10 * live.length + 8 * this.bullets.length + 4 * this.crystals.length));
    this.#writeHead(data, slot, ship);
    let at = 54;
    [0, live.length, this.bullets.length, this.crystals.length].forEach((value, index) => data.setUint8(at + index, value));
    at += 4;
    for (const one of live) {
      [one.slot, one.x * 16, one.y * 16].forEach((value, index) => data.setUint16(at + 2 * index, value, true));
      data.setInt8(at + 6, Math.round(one.vx * 8));
      data.setInt8(at + 7, Math.round(one.vy * 8));
      data.setUint8(at + 8, one.heading >> 2);
      data.setUint8(at + 9, one.flags | (one.hull << 2) | (one.isSafe ? 2 : 0));
      at += 10;
    }
    for (const one of this.bullets) {
      [one.slot, one.x * 16, one.y * 16].forEach((value, index) => data.setUint16(at + 2 * index, value, true));
      data.setInt8(at + 6, Math.round(one.vx * 4));
      data.setInt8(at + 7, Math.round(one.vy * 4));
      at += 8;
    }
    for (const [x, y] of this.crystals) {
      data.setUint16(at, x * 16, true);
      data.setUint16(at + 2, y * 16, true);
      at += 4;
    }
    return new Uint8Array(data.buffer);
  }

  #writeHead(data, slot, ship) {
    data.setUint8(0, 2);
    data.setUint32(1, this.tick, true);
    data.setUint8(5, ship ? (ship.isLive ? 1 : 2) : 0);
    data.setUint16(6, ship ? slot : 65535, true);
    if (ship) {
      data.setUint32(8, ship.queue.ack, true);
      [ship.x, ship.y, ship.vx, ship.vy].forEach((value, index) => data.setFloat64(12 + 8 * index, value, true));
      data.setUint16(44, ship.heading, true);
      data.setUint8(46, ship.cooldown);
      data.setUint8(47, ship.isLive ? ship.hull : 0);
      data.setUint8(52, Math.min(255, ship.queue.waiting.size));
    }
    this.#frames += 1;
    if (ship && this.#frames % this.checkEvery === 0) data.setUint32(48, hash(data, 8, 48), true);
    data.setUint8(53, 1);
  }
}

export const TICK_MS = 1000 / 60;
export const SLOT = 3;

/**
 * An owner, a page and the lines between them, in pretended time. `run(ms)` goes on; `controls(nowMs)` are what hands do; `each(nowMs)` is
 * called after every drawn frame of the page.
 */
export class Play {
  nowMs = 10_000;
  controls = () => ({ turn: 0, heading: null, thrust: false, fire: false });
  each = () => {};
  /** What the page sent. */
  sent = [];
  isHidden = false;
  isFrozen = false;
  #nextTick;
  #nextDraw;

  constructor(game, owner, { roundTripMs = 0, jitterMs = 0, loss = 0, drawMs = TICK_MS, tickMs = TICK_MS, seed = 1, again = 400 } = {}) {
    const line = { latencyMs: roundTripMs / 2, jitterMs, loss, againMs: again };
    Object.assign(this, { game, owner, drawMs, tickMs });
    this.up = new Line({ ...line, random: randomFrom(seed) });
    this.down = new Line({ ...line, random: randomFrom(seed + 1000) });
    this.#nextTick = this.nowMs;
    this.#nextDraw = this.nowMs + 5;
  }

  run(ms) {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 1) this.#pass();
  }

  #pass() {
    const { nowMs, game, owner } = this;
    for (const bytes of this.up.receive(nowMs)) owner.hear(SLOT, bytes);
    for (; this.#nextTick <= nowMs; this.#nextTick += this.tickMs) {
      if (this.isFrozen) continue;
      owner.step();
      if (owner.tick % 2 === 0) this.down.send(owner.frame(SLOT), nowMs);
    }
    for (const bytes of this.down.receive(nowMs)) game.take(bytes, nowMs);
    for (; this.#nextDraw <= nowMs; this.#nextDraw += this.drawMs) if (!this.isHidden) this.#draw();
  }

  #draw() {
    const { nowMs, game } = this;
    const bytes = game.step(nowMs, this.controls(nowMs));
    if (bytes) {
      this.sent.push({ bytes, nowMs });
      this.up.send(bytes, nowMs);
    }
    this.each(nowMs);
  }
}
