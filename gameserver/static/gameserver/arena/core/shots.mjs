// Own bullets: shown from the moment of firing, and each matched with the owner's, which says whether there is one.
// Pure; reads bullets of frames, sends none.

import { BULLET_RADIUS, BULLET_SPEED, BULLET_TICKS, COS, RADIUS, SIN, SIZE } from "./rules.mjs";

/** How far the owner's bullet may be from where it is looked for: px across, px a tick, ticks along. Frames round all of them. */
const MOST_OFF = 3;
const MOST_SWIFTER = 0.26;
const MOST_EARLIER = 1.5;
/** Ticks after which a bullet that should have hit, and is still there, is shown again. */
const DOUBT = 3;
/** Px around the own ship in which the owner's frames tell of every bullet: docs/arena.md section 5, less a bit. */
const SIGHT_X = 1070;
const SIGHT_Y = 670;
/** Ticks after which a shot is forgotten that the owner never answered. */
const FORGOTTEN = 240;

/** Whether a bullet ends at a wall or a rock. */
export function isBlocked(x, y, rocks) {
  if (x < BULLET_RADIUS || y < BULLET_RADIUS || x > SIZE - BULLET_RADIUS || y > SIZE - BULLET_RADIUS) return true;
  for (const rock of rocks) {
    const [dx, dy, reach] = [x - rock.x, y - rock.y, rock.radius + BULLET_RADIUS];
    if (dx * dx + dy * dy < reach * reach) return true;
  }
  return false;
}

class Shot {
  /** Ticks that it has flown; it flies one in the tick in which it is fired. */
  age = 0;
  /** Its age when it ended as far as this page can see, 0 while it flies; and whether that was by touching a ship. */
  endedAt = 0;
  hasTouched = false;
  /** The owner's tick in which it flew its first tick, -1 while unknown. */
  firstTick = -1;

  constructor(number, ship) {
    const [cos, sin] = [COS[ship.heading], SIN[ship.heading]];
    this.number = number;
    this.x = ship.x + RADIUS * cos;
    this.y = ship.y + RADIUS * sin;
    this.vx = ship.vx + BULLET_SPEED * cos;
    this.vy = ship.vy + BULLET_SPEED * sin;
  }

  xAt(age) {
    return this.x + this.vx * age;
  }

  yAt(age) {
    return this.y + this.vy * age;
  }

  /** The age that a bullet of the owner has if it is this one; NaN if it is none of this line. */
  ageOf(bullets, row) {
    const { vx, vy } = this;
    if (Math.abs(bullets.vx[row] - vx) > MOST_SWIFTER || Math.abs(bullets.vy[row] - vy) > MOST_SWIFTER) return NaN;
    const [dx, dy] = [bullets.x[row] - this.x, bullets.y[row] - this.y];
    const age = (dx * vx + dy * vy) / (vx * vx + vy * vy);
    const isOn = Math.abs(dx - vx * age) < MOST_OFF && Math.abs(dy - vy * age) < MOST_OFF;
    return isOn && age > -MOST_EARLIER && age < BULLET_TICKS + MOST_EARLIER ? age : NaN;
  }
}

export class Shots {
  /** Oldest first. */
  #shots = [];

  /** @param {(x: number, y: number) => void} ended a bullet that was seen ended here */
  constructor(ended) {
    this.ended = ended;
  }

  /** Input `number` fires; the ship is as after it. */
  fire(number, ship) {
    this.#shots.push(new Shot(number, ship));
  }

  /** Shots after this input did not happen as they were told. */
  cut(number) {
    this.#shots = this.#shots.filter((shot) => shot.number <= number);
  }

  /**
   * Fly up to input `number`.
   * @param {import("./rules.mjs").Rock[]} rocks
   * @param {(x: number, y: number) => boolean} touches whether a ship is seen there
   */
  tick(number, rocks, touches) {
    for (const shot of this.#shots) {
      for (const age = number - shot.number + 1; shot.age < age; ) {
        shot.age += 1;
        if (!shot.endedAt) this.#fly(shot, rocks, touches);
      }
    }
    this.#shots = this.#shots.filter((shot) => shot.age < FORGOTTEN);
  }

  #fly(shot, rocks, touches) {
    const [x, y] = [shot.xAt(shot.age), shot.yAt(shot.age)];
    shot.hasTouched = touches(x, y);
    const isOver = shot.age >= BULLET_TICKS;
    if (!isOver && !shot.hasTouched && !isBlocked(x, y, rocks)) return;
    shot.endedAt = shot.age;
    if (!isOver) this.ended(x, y);
  }

  /**
   * What the owner tells of its bullets of the own ship: they are marked as shown, and shots that it has not are given up.
   * @param {import("./wire.mjs").Frame} frame
   */
  take(frame) {
    const done = this.#shots.filter(({ number }) => number <= frame.ack);
    // Those that are known keep theirs; of the others the last one fired has flown the shortest way.
    const matched = new Set(done.filter((shot) => shot.firstTick >= 0 && this.#match(shot, frame)));
    for (const shot of done.toReversed()) if (shot.firstTick < 0 && this.#match(shot, frame)) matched.add(shot);
    this.#shots = this.#shots.filter((shot) => {
      if (shot.number > frame.ack || matched.has(shot)) return true;
      if (shot.firstTick >= 0 && this.#isOutOfSight(shot, frame)) return true;
      if (!shot.endedAt) this.ended(shot.xAt(shot.age), shot.yAt(shot.age));
      return false;
    });
  }

  /** Whether the frame has it. */
  #match(shot, frame) {
    const { bullets, tick, slot } = frame;
    let [found, foundAge] = [-1, 0];
    for (let row = 0; row < bullets.count; row += 1) {
      if (bullets.slot[row] !== slot || bullets.isOwn[row]) continue;
      const age = shot.ageOf(bullets, row);
      const isOther = Number.isNaN(age) || (shot.firstTick >= 0 && Math.abs(tick - shot.firstTick + 1 - age) > MOST_EARLIER);
      if (!isOther && (found < 0 || age < foundAge)) [found, foundAge] = [row, age];
    }
    if (found < 0) return false;
    bullets.isOwn[found] = 1;
    if (shot.firstTick < 0) shot.firstTick = tick + 1 - Math.round(foundAge);
    if (shot.hasTouched && foundAge > shot.endedAt + DOUBT) [shot.endedAt, shot.hasTouched] = [0, false];
    return true;
  }

  /** Whether frames do not tell of where it should be. */
  #isOutOfSight(shot, frame) {
    const age = frame.tick - shot.firstTick + 1;
    if (age >= BULLET_TICKS) return false;
    return Math.abs(shot.xAt(age) - frame.x) > SIGHT_X || Math.abs(shot.yAt(age) - frame.y) > SIGHT_Y;
  }

  /** Tell `each(x, y, vx, vy)` of those that fly, between their last two ticks. */
  show(part, each) {
    for (const shot of this.#shots) {
      if (!shot.endedAt) each(shot.xAt(shot.age - 1 + part), shot.yAt(shot.age - 1 + part), shot.vx, shot.vy);
    }
  }

  clear() {
    this.#shots = [];
  }
}
