// Sparks, rings and floating words: what is left for a moment of what happened. Pure: time and chance are given.
// Reads no messages, sends none.

import { TICK_MS } from "../core/rules.mjs";

/** There are never more; the oldest give way. */
export const MOST_SPARKS = 420;
const MOST_RINGS = 24;
const MOST_WORDS = 12;
/** What a spark keeps of its velocity each tick. */
const DRAG = 0.965;
const WORD_MS = 900;
const WORD_RISE = 0.045;

/** What flies when: how many, how fast in px a tick, for how long, how large in px. `part`: that it keeps of what it came of. */
const BURSTS = {
  shot: { count: 3, speed: 2.5, lifeMs: 160, size: 2, part: 0.9 },
  spark: { count: 7, speed: 3.2, lifeMs: 300, size: 2, part: 0 },
  bump: { count: 9, speed: 2.4, lifeMs: 340, size: 2.2, part: 0.3 },
  crystal: { count: 12, speed: 2.8, lifeMs: 460, size: 2.4, part: 0.2 },
  hit: { count: 14, speed: 4.2, lifeMs: 420, size: 2.6, part: 0.4 },
  destroyed: { count: 46, speed: 6.4, lifeMs: 950, size: 3.6, part: 0.3 },
  back: { count: 18, speed: 3, lifeMs: 600, size: 2.4, part: 0 },
};
const RINGS = {
  ...{ hit: { reach: 34, lifeMs: 220 }, destroyed: { reach: 130, lifeMs: 520 } },
  ...{ back: { reach: 80, lifeMs: 600 }, crystal: { reach: 30, lifeMs: 300 } },
};

const newSpark = () => ({ x: 0, y: 0, vx: 0, vy: 0, size: 0, colour: "", leftMs: 0, lifeMs: 1 });

/**
 * `sparks`: {x, y, vx, vy, size, colour, leftMs, lifeMs}; of those with `leftMs` 0 or less nothing is to be seen. `rings`: {x, y, reach,
 * colour, leftMs, lifeMs}. `words`: {x, y, text, colour, leftMs, lifeMs}. Places in px of the field.
 */
export class Sparks {
  sparks = Array.from({ length: MOST_SPARKS }, newSpark);
  rings = [];
  words = [];
  #next = 0;

  /** @param {{random: () => number, isCalm?: () => boolean}} options isCalm: whether nothing is to fly; words stay */
  constructor({ random, isCalm = () => false }) {
    Object.assign(this, { random, isCalm });
  }

  /** Something of a kind of BURSTS happened to what moves so. `colours`: each spark has one of them. */
  burst(kind, { x, y, vx = 0, vy = 0 }, colours) {
    if (this.isCalm()) return;
    const { count, speed, lifeMs, size, part } = BURSTS[kind];
    for (let index = 0; index < count; index += 1) {
      const angle = this.random() * 2 * Math.PI;
      const fast = speed * (0.25 + 0.75 * this.random());
      const colour = colours[Math.floor(this.random() * colours.length)];
      const life = lifeMs * (0.5 + 0.5 * this.random());
      const [right, down] = [vx * part + Math.cos(angle) * fast, vy * part + Math.sin(angle) * fast];
      this.#light(x, y, right, down, size * (0.6 + 0.6 * this.random()), colour, life);
    }
    const ring = RINGS[kind];
    if (!ring) return;
    if (this.rings.length >= MOST_RINGS) this.rings.shift();
    this.rings.push({ x, y, reach: ring.reach, colour: colours[0], leftMs: ring.lifeMs, lifeMs: ring.lifeMs });
  }

  /** An engine burns for so long: one spark in about 24 ms behind a ship. `cos`, `sin`: of its heading. */
  burn({ x, y, vx, vy }, cos, sin, colour, passedMs) {
    if (this.isCalm() || this.random() > passedMs / 24) return;
    const aside = (this.random() - 0.5) * 1.6;
    const [behind, fast] = [15, 2.4 + this.random() * 1.4];
    const [away, across] = [vx - cos * fast - sin * aside, vy - sin * fast + cos * aside];
    this.#light(x - cos * behind, y - sin * behind, away, across, 2 + this.random() * 1.6, colour, 260 + this.random() * 240);
  }

  /** A word rises from a place. */
  word(text, { x, y }, colour) {
    if (this.words.length >= MOST_WORDS) this.words.shift();
    this.words.push({ x, y: y - 22, text, colour, leftMs: WORD_MS, lifeMs: WORD_MS });
  }

  /** Time goes on. */
  pass(passedMs) {
    const ticks = passedMs / TICK_MS;
    const kept = DRAG ** ticks;
    for (const spark of this.sparks) {
      if (spark.leftMs <= 0) continue;
      spark.leftMs -= passedMs;
      spark.x += spark.vx * ticks;
      spark.y += spark.vy * ticks;
      spark.vx *= kept;
      spark.vy *= kept;
    }
    for (const list of [this.rings, this.words]) {
      for (const one of list) one.leftMs -= passedMs;
      while (list.length && list[0].leftMs <= 0) list.shift();
    }
    if (!this.isCalm()) for (const word of this.words) word.y -= passedMs * WORD_RISE;
  }

  #light(x, y, vx, vy, size, colour, lifeMs) {
    Object.assign(this.sparks[this.#next], { x, y, vx, vy, size, colour, leftMs: lifeMs, lifeMs });
    this.#next = (this.#next + 1) % MOST_SPARKS;
  }
}
