// A page of the arena that somebody plays in pretended time, and what it foresaw: for tests of the own ship.

import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { Owner, Play, SLOT, randomFrom } from "./arena-pretend.mjs";

export const STATE = { round: 1, seed: 7, phase: "playing", tick: 0, ends: 0, ships: [], best: [] };
export const FAR = { roundTripMs: 200, jitterMs: 30 };
export const NOTHING = { turn: 0, heading: null, thrust: false, fire: false };
export const far = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
/** What somebody does who plays, another thing every quarter of a second. */
function player(seed) {
  const random = randomFrom(seed);
  let [controls, until] = [NOTHING, 0];
  return (nowMs) => {
    if (nowMs >= until) {
      controls = { turn: random() * 2 - 1, heading: null, thrust: random() < 0.7, fire: random() < 0.3 };
      until = nowMs + 250;
    }
    return controls;
  };
}

/** A page that plays, and what it foresaw after each input. */
export function play(options = {}, { x = 2048, y = 300 } = {}) {
  const owner = new Owner(STATE.seed);
  const ship = owner.join(SLOT, x, y);
  const game = new Game();
  game.restart(STATE, 0);
  const field = new Play(game, owner, options);
  const foreseen = new Map();
  field.controls = player(options.seed ?? 1);
  field.each = () => game.ship && foreseen.set(game.input, { ...game.ship });
  return { owner, ship, game, field, foreseen };
}

/** How many of the foreseen states are others than the owner's, and how many were compared. */
export function errors(ship, foreseen) {
  const both = [...foreseen].filter(([number]) => ship.done.has(number));
  const wrong = both.filter(([number, state]) => JSON.stringify(state) !== JSON.stringify(ship.done.get(number)));
  return { compared: both.length, wrong: wrong.length };
}
