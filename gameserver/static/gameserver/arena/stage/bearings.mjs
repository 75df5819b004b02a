// Which ships that are out of sight are pointed at from the screen's edge, and where. Pure; reads no messages, sends none.

/** Those nearest. */
const MOST = 3;
/** Px from the screen's edges to where arrows are: on an oval, because panels stand in the corners and at the foot. */
const INSET_X = 30;
const INSET_Y = 78;
/** Px of a ship that are seen when it is not out of sight. */
const HALF_SEEN = 10;

/**
 * @param {import("./eye.mjs").Eye} eye
 * @param {{slot: number, x: number, y: number, colour: string}[]} ships
 * @param {{slot: number, x: number, y: number}} from the own ship, or who is followed; it has no arrow
 * @returns {{x: number, y: number, angle: number, distance: number, colour: string}[]} nearest first; x, y: px of the screen;
 *   angle: radians; distance: px of the field
 */
export function bearings(eye, ships, from) {
  const hidden = ships.filter((ship) => ship.slot !== from.slot && !eye.sees(ship.x, ship.y, -HALF_SEEN));
  const far = hidden.map((ship) => ({ ship, distance: Math.hypot(ship.x - from.x, ship.y - from.y) }));
  far.sort((one, other) => one.distance - other.distance);
  return far.slice(0, MOST).map(({ ship, distance }) => ({ ...edge(eye, ship.x - eye.x, ship.y - eye.y), distance, colour: ship.colour }));
}

/** Where the line from the screen's middle in this direction comes to the oval. */
function edge({ width, height }, dx, dy) {
  const halfX = Math.max(1, width / 2 - INSET_X);
  const halfY = Math.max(1, height / 2 - INSET_Y);
  const part = 1 / Math.max(Math.hypot(dx / halfX, dy / halfY), 1e-9);
  return { x: width / 2 + dx * part, y: height / 2 + dy * part, angle: Math.atan2(dy, dx) };
}
