// Where one looks: a place of the field, how large it is seen, a look ahead and a shake. Pure; reads no messages, sends none.

/** Px of the field that a screen of any shape shows about as much of: nobody sees farther for having a larger one. */
const FAIR_WIDTH = 900;
const FAIR_HEIGHT = 650;
const LEAST_SCALE = 0.6;
const MOST_SCALE = 1.7;
/** Half of what frames tell of, docs/arena.md section 5, less the look ahead: beyond that the field would seem to be empty. */
const KNOWN_X = 960;
const KNOWN_Y = 560;
/** Ticks by which one looks ahead of what one follows, and how soon: what is left falls to a third in that time. */
const AHEAD_TICKS = 15;
const AHEAD_MS = 420;
/** Px of the screen of the greatest shake, and how soon it is over. */
const MOST_SHAKE = 14;
const SHAKE_MS = 130;

/** How many pixels of the screen a pixel of the field is. @param {number} width of the screen, px @param {number} height px */
export function scaleOf(width, height) {
  const fair = Math.sqrt((width * height) / (FAIR_WIDTH * FAIR_HEIGHT));
  const bounded = Math.max(LEAST_SCALE, Math.min(MOST_SCALE, fair));
  return Math.max(bounded, width / (2 * KNOWN_X), height / (2 * KNOWN_Y));
}

export class Eye {
  /** The place in the middle of the screen, px of the field. */
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  #ahead = { x: 0, y: 0 };
  #shake = 0;
  #shaken = { x: 0, y: 0 };

  /** @param {() => number} random 0 to below 1 */
  constructor(random) {
    this.random = random;
  }

  /** The screen has this size. */
  resize(width, height) {
    [this.width, this.height, this.scale] = [width, height, scaleOf(width, height)];
  }

  /** Look at a place for so long; `moving` {vx, vy}, px a tick, or null: what one looks ahead of. */
  look({ x, y }, moving, passedMs) {
    const part = 1 - Math.exp(-passedMs / AHEAD_MS);
    this.#ahead.x += ((moving?.vx ?? 0) * AHEAD_TICKS - this.#ahead.x) * part;
    this.#ahead.y += ((moving?.vy ?? 0) * AHEAD_TICKS - this.#ahead.y) * part;
    this.x = x + this.#ahead.x;
    this.y = y + this.#ahead.y;
    this.#shake *= Math.exp(-passedMs / SHAKE_MS);
    const px = this.#shake * MOST_SHAKE;
    this.#shaken.x = px > 0.2 ? (this.random() * 2 - 1) * px : 0;
    this.#shaken.y = px > 0.2 ? (this.random() * 2 - 1) * px : 0;
  }

  /** Something shook: 0 to 1. */
  shake(strength) {
    this.#shake = Math.max(this.#shake, Math.min(1, strength));
  }

  /** Where the field's 0, 0 is on the screen. */
  get left() {
    return this.width / 2 + this.#shaken.x - this.x * this.scale;
  }

  get top() {
    return this.height / 2 + this.#shaken.y - this.y * this.scale;
  }

  /** Whether something of this radius can be seen at a place. */
  sees(x, y, radius) {
    const reach = radius * this.scale + MOST_SHAKE;
    return Math.abs(x - this.x) * this.scale < this.width / 2 + reach && Math.abs(y - this.y) * this.scale < this.height / 2 + reach;
  }
}
