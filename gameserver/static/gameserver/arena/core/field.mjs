// The rocks of a round, which follow from its seed, as the owner's field.py finds them.
// Pure, whole numbers only; reads no messages, sends none.

import { SIZE } from "./rules.mjs";

const ROCKS = 24;
const SMALLEST = 40;
const LARGEST = 120;
/** Px at least between a rock and a wall, and between two rocks. */
const WALL_GAP = 48;
const ROCK_GAP = 64;
/** Stands for the seed 0, from which a xorshift does not move. */
const ZERO = 0x9e3779b9;
const WARM_UP = 8;
const MAX_TRIES = 10_000;

/** Numbers of a 32-bit xorshift; the same seed of 0 to 2^32-1 gives the same everywhere. `below(limit)`: of 0 to limit - 1. */
export class Chance {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0 || ZERO;
    for (let number = 0; number < WARM_UP; number += 1) this.below(1);
  }

  below(limit) {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % limit;
  }
}

/**
 * The rocks of a seed of 0 to 2^32-1, in the order in which ships are put out of them.
 * @returns {import("./rules.mjs").Rock[]}
 */
export function rocksOf(seed) {
  const chance = new Chance(seed);
  const rocks = [];
  for (let tries = 0; tries < MAX_TRIES && rocks.length < ROCKS; tries += 1) {
    const radius = SMALLEST + chance.below(LARGEST - SMALLEST + 1);
    const edge = radius + WALL_GAP;
    const x = edge + chance.below(SIZE - 2 * edge + 1);
    const y = edge + chance.below(SIZE - 2 * edge + 1);
    const isApart = (rock) => (x - rock.x) ** 2 + (y - rock.y) ** 2 >= (radius + rock.radius + ROCK_GAP) ** 2;
    if (rocks.every(isApart)) rocks.push({ x, y, radius });
  }
  return rocks;
}
