// What the eye is spared of a correction: what is shown keeps its place and glides to where it belongs.
// Pure; reads no messages, sends none.

import { DIRECTIONS } from "./rules.mjs";

/** In this time a difference falls to a third; after 100 ms 6 % of it are left. */
const FALL_MS = 36;
/** Px beyond which a place is another one, not the same corrected: such a leap is shown. */
export const LEAP = 256;

/** `to` less `from` in directions by the shorter way: -512 to below 512. */
export function between(from, to) {
  const half = DIRECTIONS / 2;
  return ((((to - from + half) % DIRECTIONS) + DIRECTIONS) % DIRECTIONS) - half;
}

/** What is shown, less what is so: px and directions. */
export class Glide {
  x = 0;
  y = 0;
  heading = 0;

  /** What is so changed from one place to another, and shall not be seen to. */
  absorb(from, to) {
    const x = this.x + from.x - to.x;
    const y = this.y + from.y - to.y;
    if (x * x + y * y > LEAP * LEAP) return this.end();
    this.x = x;
    this.y = y;
    this.heading = between(0, this.heading + between(to.heading, from.heading));
  }

  pass(ms) {
    const left = Math.exp(-ms / FALL_MS);
    this.x *= left;
    this.y *= left;
    this.heading *= left;
  }

  end() {
    this.x = this.y = this.heading = 0;
  }
}
