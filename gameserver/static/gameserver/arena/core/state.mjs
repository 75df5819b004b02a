// Who flies, rounds and points: what journalled events lead to, as the owner has it.
// Pure. Reads arena.joined, arena.left, arena.scored, arena.began, arena.ended. Sends none.

export const PLAYING = "playing";
export const RANKING = "ranking";
/** How long a ranking is shown, and how many are among the best of all time. */
const RANKING_MS = 10_000;
const BEST = 10;
/** Ids of bots that fill places begin so: they are in rankings, and never among the best. */
const BOT = "bot";

/**
 * @typedef {{id: string, name: string, colour: string, points: number}} Entry
 * @typedef {{round: number, seed: number, phase: string, tick: number, ends: number, ships: (Entry & {slot: number})[],
 *   best: (Entry & {round: number})[], ranking?: Entry[]}} State
 *   ends: when the phase does, in ms since 1970. ranking: of the round before, while it is shown
 */

/** A state before anything is known. @type {Readonly<State>} */
export const NOTHING_YET = Object.freeze({ round: 0, seed: 0, phase: RANKING, tick: 0, ends: 0, ships: [], best: [] });

/** The state after an event: another one, or the same if the event changes none. @returns {State} */
export function reduce(state, event) {
  return Object.hasOwn(AFTER, event.ev) ? AFTER[event.ev](state, event) : state;
}

const AFTER = {
  "arena.joined": (state, { slot, id, name, colour, points = 0 }) => {
    const others = state.ships.filter((ship) => ship.slot !== slot && ship.id !== id);
    return { ...state, ships: [...others, { slot, id, name, colour, points }].sort((one, other) => one.slot - other.slot) };
  },
  "arena.left": (state, { slot }) => {
    const gone = state.ships.find((ship) => ship.slot === slot);
    return gone ? { ...state, ships: state.ships.filter((ship) => ship !== gone) } : state;
  },
  "arena.scored": (state, { slot, points }) => {
    const ships = state.ships.map((ship) => (ship.slot === slot ? { ...ship, points: ship.points + points } : ship));
    return { ...state, ships };
  },
  "arena.began": (state, { round, seed, ends }) => {
    const ships = state.ships.map((ship) => ({ ...ship, points: 0 }));
    const { ranking: _ranking, ...rest } = state;
    return { ...rest, round, seed, ends, phase: PLAYING, ships };
  },
  "arena.ended": (state, { round, ranking, at }) => {
    const best = bestOf([...state.best, ...ranking.filter(({ id }) => !id.startsWith(BOT)).map((entry) => ({ ...entry, round }))]);
    return { ...state, phase: RANKING, ends: at + RANKING_MS, ranking, best };
  },
};

/** One entry for each player, the most points first; of two with as many, who had them first. */
function bestOf(entries) {
  const best = new Map();
  for (const entry of entries.sort((one, other) => other.points - one.points)) if (!best.has(entry.id)) best.set(entry.id, entry);
  return [...best.values()].slice(0, BEST);
}
