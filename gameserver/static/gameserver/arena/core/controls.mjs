// What hands do, as what a ship does: keys, a mouse that aims, a touch stick. Pure; reads no messages, sends none.

import { between } from "./glide.mjs";
import { DIRECTIONS, TURN } from "./rules.mjs";

/** Parts of a touch stick's way from which it turns a ship, and from which it thrusts. */
const STICK_TURNS = 0.2;
const STICK_THRUSTS = 0.6;

/** @typedef {{turn: number, heading: number | null, thrust: boolean, fire: boolean}} Controls
 *   turn: -1 to 1, part of the greatest turn; heading: to be turned to, instead */

/** @type {Readonly<Controls>} hands off */
export const NOTHING = Object.freeze({ turn: 0, heading: null, thrust: false, fire: false });

/** The direction of a vector on a screen, 0 to 1023. */
export const headingOf = (x, y) => Math.round((Math.atan2(y, x) * DIRECTIONS) / (2 * Math.PI) + DIRECTIONS) % DIRECTIONS;

/** The turn of a tick, -14 to 14, that brings a heading nearest to another, by the shorter way. */
export const turnTowards = (heading, target) => Math.max(-TURN, Math.min(TURN, between(heading, target)));

/** The turn of a tick that controls ask of a ship with this heading. */
export const turnOf = ({ turn, heading }, now) => (heading === null ? Math.round(turn * TURN) : turnTowards(now, heading));

/**
 * Controls of what is held down. The stick wins over keys, keys that turn win over aim.
 * @param {{left?: boolean, right?: boolean, thrust?: boolean, fire?: boolean, aim?: {x: number, y: number} | null,
 *   stick?: {x: number, y: number} | null}} held aim: px from the ship to where the mouse is; stick: -1 to 1 in both directions
 * @returns {Controls}
 */
export function controlsOf({ left = false, right = false, thrust = false, fire = false, aim = null, stick = null }) {
  const push = stick ? Math.hypot(stick.x, stick.y) : 0;
  if (stick && push >= STICK_TURNS) {
    return { turn: 0, heading: headingOf(stick.x, stick.y), thrust: thrust || push >= STICK_THRUSTS, fire };
  }
  if (left || right) return { turn: Number(right) - Number(left), heading: null, thrust, fire };
  return { turn: 0, heading: aim && (aim.x || aim.y) ? headingOf(aim.x, aim.y) : null, thrust, fire };
}
