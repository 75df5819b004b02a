// What is to be drawn now, as plain lists. Pure; reads no messages, sends none.

import { SIZE } from "./rules.mjs";
import { NOBODY, RETURNING, SHIP } from "./wire.mjs";

/** The camera glides over leaps: the way that is left falls to a third in this time. */
const CAMERA_MS = 120;
/** Px that what it follows may move at once without being thought to be elsewhere. */
const LEAP = 200;
const ROLES = { [NOBODY]: "nobody", [SHIP]: "ship", [RETURNING]: "returning" };

const newShip = () => ({
  ...{ slot: -1, x: 0, y: 0, vx: 0, vy: 0, heading: 0, isThrusting: false, isInvulnerable: false, hull: 0 },
  ...{ isOwn: false, isHeld: false, id: "", name: "", colour: "", points: 0 },
});
const newBullet = () => ({ slot: -1, x: 0, y: 0, vx: 0, vy: 0, isOwn: false });
const newCrystal = () => ({ x: 0, y: 0 });

/** A list whose objects are used again. */
class Pool {
  #made = [];
  list = [];

  constructor(make) {
    this.make = make;
  }

  clear() {
    this.list.length = 0;
  }

  /** One more object in the list; it has values of before. */
  next() {
    const index = this.list.length;
    const object = (this.#made[index] ??= this.make());
    this.list.push(object);
    return object;
  }
}

/** Follows a place, and glides over leaps. */
export class Camera {
  place = { x: SIZE / 2, y: SIZE / 2 };
  #target = null;
  #left = { x: 0, y: 0 };
  #atMs = 0;

  get isLost() {
    return this.#target === null;
  }

  follow(x, y, nowMs) {
    const [left, passedMs] = [this.#left, Math.max(0, nowMs - this.#atMs)];
    if (this.#target && Math.hypot(x - this.#target.x, y - this.#target.y) > LEAP) {
      left.x += this.#target.x - x;
      left.y += this.#target.y - y;
    }
    const part = Math.exp(-passedMs / CAMERA_MS);
    left.x *= part;
    left.y *= part;
    this.#target ??= { x, y };
    [this.#target.x, this.#target.y, this.#atMs] = [x, y, nowMs];
    this.place.x = x + left.x;
    this.place.y = y + left.y;
  }
}

/**
 * What is to be seen at one moment; read it, do not change it. `role`: "nobody", "ship" or "returning". `slot`: of the own ship, or of who
 * is followed, -1 for nobody. `tick`: the one shown of others, -1 before the first frame. `own`: one of `ships`, or null. `isStalled`: too
 * much is not answered yet, and the own ship stands. Places in px, velocities in px a tick, headings 0 to below 1024 with a fraction.
 */
export class View {
  #ships = new Pool(newShip);
  #bullets = new Pool(newBullet);
  #crystals = new Pool(newCrystal);
  #camera = new Camera();
  #people = new Map();
  #told = null;
  #places = new Map();
  role = ROLES[NOBODY];
  slot = -1;
  tick = -1;
  isStalled = false;
  own = null;
  ships = this.#ships.list;
  bullets = this.#bullets.list;
  crystals = this.#crystals.list;
  effects = [];
  camera = this.#camera.place;

  /** Begin anew, for somebody who has this role. */
  begin(role, slot, tick, isStalled) {
    this.role = ROLES[role];
    [this.slot, this.tick, this.isStalled, this.own] = [slot, tick, isStalled, null];
    this.#ships.clear();
    this.#bullets.clear();
    this.#crystals.clear();
    this.effects.length = 0;
  }

  /** People by the slots of their ships, from a state; read again only when it is another one. */
  name(ships) {
    if (ships === this.#told) return;
    this.#told = ships;
    this.#people = new Map(ships.map((person) => [person.slot, person]));
  }

  addShip(seen) {
    const ship = this.#ships.next();
    ship.slot = seen.slot;
    ship.x = seen.x;
    ship.y = seen.y;
    ship.vx = seen.vx;
    ship.vy = seen.vy;
    ship.heading = seen.heading;
    ship.isThrusting = seen.isThrusting;
    ship.isInvulnerable = seen.isInvulnerable;
    ship.hull = seen.hull;
    ship.isHeld = seen.isHeld;
    ship.isOwn = false;
    this.#introduce(ship);
    this.#remember(ship);
    return ship;
  }

  #remember({ slot, x, y }) {
    const place = this.#places.get(slot);
    if (place) [place.x, place.y] = [x, y];
    else this.#places.set(slot, { x, y });
  }

  /** The own ship; in front of the others. */
  addOwn(seen) {
    this.own = this.addShip(seen);
    this.own.isOwn = true;
  }

  addBullet(slot, x, y, vx, vy, isOwn) {
    const bullet = this.#bullets.next();
    bullet.slot = slot;
    bullet.x = x;
    bullet.y = y;
    bullet.vx = vx;
    bullet.vy = vy;
    bullet.isOwn = isOwn;
  }

  addCrystal(x, y) {
    const crystal = this.#crystals.next();
    crystal.x = x;
    crystal.y = y;
  }

  /** Whether there was nothing to look at yet. */
  get isLost() {
    return this.#camera.isLost;
  }

  /** Look at a place. */
  follow({ x, y }, nowMs) {
    this.#camera.follow(x, y, nowMs);
  }

  /** The ship of a slot that is seen now, or null. */
  find(slot) {
    return this.ships.find((ship) => ship.slot === slot) ?? null;
  }

  /** Where the ship of a slot was seen last, or null. */
  placeOf(slot) {
    return this.#places.get(slot) ?? null;
  }

  #introduce(ship) {
    const person = this.#people.get(ship.slot);
    ship.id = person?.id ?? "";
    ship.name = person?.name ?? "";
    ship.colour = person?.colour ?? "";
    ship.points = person?.points ?? 0;
  }
}
