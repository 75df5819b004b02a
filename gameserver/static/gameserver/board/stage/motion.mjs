// Moves what others move evenly from one of their messages to the next. Pure: the time is passed in. Reads no messages, sends none.

/** After this long a thing has gone two thirds of its way. Messages come every 33 ms. */
const EASE_MS = 45;
/** Nearer than this, in pixels of the board or degrees, it has arrived. */
const ARRIVED = 0.05;
/** What jumps farther is shown there at once: it was not dragged. */
const JUMP_PX = 3_000;
const FIELDS = ["x", "y", "w", "h", "rotation"];

/** Things on their way, by id. */
export class Motion {
  #moving = new Map();

  get size() {
    return this.#moving.size;
  }

  /** The thing as it is to be drawn now, if it is on its way. */
  get(id) {
    return this.#moving.get(id)?.now;
  }

  /** Begin to move a thing from how it is drawn to how it is. Returns how it is to be drawn at first. */
  aim(id, drawn, target) {
    const from = this.get(id) ?? drawn;
    if (!differs(from, target) || Math.hypot(from.x - target.x, from.y - target.y) > JUMP_PX) {
      this.#moving.delete(id);
      return target;
    }
    const now = placed(target, from, 0);
    this.#moving.set(id, { now, target });
    return now;
  }

  /** Show it where it is at once. */
  stop(id) {
    this.#moving.delete(id);
  }

  clear() {
    this.#moving.clear();
  }

  /** Go on for so many milliseconds. Returns the ids that moved; those that arrived are forgotten. */
  step(ms) {
    const part = 1 - Math.exp(-ms / EASE_MS);
    const ids = [...this.#moving.keys()];
    for (const [id, motion] of this.#moving) {
      motion.now = placed(motion.target, motion.now, part);
      if (!differs(motion.now, motion.target)) this.#moving.delete(id);
    }
    return ids;
  }
}

function placed(target, from, part) {
  const now = { ...target };
  for (const field of FIELDS) {
    if (target[field] === undefined) continue;
    const way = field === "rotation" ? ((((target.rotation - from.rotation + 180) % 360) + 360) % 360) - 180 : target[field] - from[field];
    now[field] = Math.abs(way) * (1 - part) <= ARRIVED ? target[field] : from[field] + way * part;
  }
  return now;
}

function differs(a, b) {
  return FIELDS.some((field) => a[field] !== b[field]);
}
