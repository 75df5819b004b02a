// The arena's numbers and a ship's tick, bit for bit as the owner does it: docs/arena.md sections 2 and 3.
// Pure; reads no messages, sends none. Only + - * /, sqrt and comparisons, in the order that is written there.

/** Ticks of a second, and how long one takes. */
export const TICKS = 60;
export const TICK_MS = 1000 / TICKS;
export const SIZE = 4096;
export const RADIUS = 16;
export const THRUST = 5 / 32;
export const DRAG = 127 / 128;
export const MAX_SPEED = 9;
export const TURN = 14;
export const BOUNCE = 0.5;
export const COOLDOWN = 12;
export const HULL = 3;
export const BULLET_SPEED = 14;
export const BULLET_TICKS = 60;
export const BULLET_RADIUS = 4;
export const CRYSTAL_RADIUS = 12;
export const DIRECTIONS = 1024;

const STEPS = 32768;

/**
 * A sine of every direction, in multiples of 2^-15. None lies within 0.003 of halfway between two of them, so that
 * engines whose sines differ in the last bits give the same table; adding 0 makes -0 to 0.
 */
const sine = (heading) => (Math.round(Math.sin((heading * 2 * Math.PI) / DIRECTIONS) * STEPS) + 0) / STEPS;
const sines = (shift) => Float64Array.from({ length: DIRECTIONS }, (_, heading) => sine(heading + shift));

/** Where a heading points: 0 to the right, rising clockwise on a screen. */
export const SIN = sines(0);
export const COS = sines(DIRECTIONS / 4);

/** @typedef {{x: number, y: number, vx: number, vy: number, heading: number, cooldown: number}} Ship px, px a tick, 0 to 1023, ticks */
/** @typedef {{x: number, y: number, radius: number}} Rock */

/** @returns {Ship} one that lies still at the corner */
export const newShip = () => ({ x: 0, y: 0, vx: 0, vy: 0, heading: 0, cooldown: 0 });

/** Make `ship` the same as another, or as a frame. */
export function assign(ship, other) {
  ship.x = other.x;
  ship.y = other.y;
  ship.vx = other.vx;
  ship.vy = other.vy;
  ship.heading = other.heading;
  ship.cooldown = other.cooldown;
}

/** Whether two ships, or a ship and a frame, are in the same state to the last bit. */
export function isSame(one, other) {
  return (
    one.x === other.x &&
    one.y === other.y &&
    one.vx === other.vx &&
    one.vy === other.vy &&
    one.heading === other.heading &&
    one.cooldown === other.cooldown
  );
}

/**
 * One tick of a ship, in place, by one input.
 * @param {Ship} ship
 * @param {number} turn in directions, cut to ±TURN
 * @param {boolean} isThrusting
 * @param {boolean} isFiring
 * @param {Rock[]} rocks
 * @returns {boolean} whether it shot
 */
export function fly(ship, turn, isThrusting, isFiring, rocks) {
  ship.heading = (ship.heading + Math.max(-TURN, Math.min(TURN, turn))) & (DIRECTIONS - 1);
  speedUp(ship, isThrusting);
  ship.x = ship.x + ship.vx;
  ship.y = ship.y + ship.vy;
  stayInside(ship);
  for (const rock of rocks) stayOutside(ship, rock);
  ship.cooldown = Math.max(0, ship.cooldown - 1);
  if (!isFiring || ship.cooldown > 0) return false;
  ship.cooldown = COOLDOWN;
  return true;
}

function speedUp(ship, isThrusting) {
  let { vx, vy } = ship;
  if (isThrusting) {
    vx = vx + THRUST * COS[ship.heading];
    vy = vy + THRUST * SIN[ship.heading];
  }
  vx = vx * DRAG;
  vy = vy * DRAG;
  const square = vx * vx + vy * vy;
  if (square > MAX_SPEED * MAX_SPEED) {
    const part = MAX_SPEED / Math.sqrt(square);
    vx = vx * part;
    vy = vy * part;
  }
  ship.vx = vx;
  ship.vy = vy;
}

function stayInside(ship) {
  if (ship.x < RADIUS) {
    ship.x = RADIUS;
    if (ship.vx < 0) ship.vx = -ship.vx * BOUNCE;
  }
  if (ship.x > SIZE - RADIUS) {
    ship.x = SIZE - RADIUS;
    if (ship.vx > 0) ship.vx = -ship.vx * BOUNCE;
  }
  if (ship.y < RADIUS) {
    ship.y = RADIUS;
    if (ship.vy < 0) ship.vy = -ship.vy * BOUNCE;
  }
  if (ship.y > SIZE - RADIUS) {
    ship.y = SIZE - RADIUS;
    if (ship.vy > 0) ship.vy = -ship.vy * BOUNCE;
  }
}

function stayOutside(ship, rock) {
  let dx = ship.x - rock.x;
  let dy = ship.y - rock.y;
  const square = dx * dx + dy * dy;
  const reach = rock.radius + RADIUS;
  if (square >= reach * reach) return;
  let distance = Math.sqrt(square);
  if (distance === 0) [distance, dx, dy] = [1, 1, 0];
  const nx = dx / distance;
  const ny = dy / distance;
  ship.x = rock.x + nx * reach;
  ship.y = rock.y + ny * reach;
  const inwards = ship.vx * nx + ship.vy * ny;
  if (inwards >= 0) return;
  ship.vx = ship.vx - (1 + BOUNCE) * inwards * nx;
  ship.vy = ship.vy - (1 + BOUNCE) * inwards * ny;
}
