// Which tick of the owner it is, and which one is shown of others: from when frames come. Pure; reads the tick of frames, sends none.

import { TICK_MS } from "./rules.mjs";

/** Frames whose delays are remembered: two seconds of them. */
const SAMPLES = 64;
const OLDEST_MS = 3000;
/** The owner's ticks are measured over so long, and taken as 60 a second unless they are off by more than that part. */
const LEAST_SPAN_MS = 500;
const TOLERANCE = 0.02;
const SLOWEST = 0.3;
/** Ticks by which an estimate may be wrong before it is thrown away: a round of another owner, a page that slept. */
const LEAP = 30;
/** The shown tick is drawn to where it belongs in so long, but never goes faster or slower than by that part. */
const DRAW_MS = 500;
const MOST_DRAWN = 0.05;
/** How far others are shown in the past: docs/arena.md section 4. What a frame's distance adds to the jitter, and how fast it changes. */
export const LEAST_DELAY_MS = 100;
export const MOST_DELAY_MS = 250;
const FRAME_MS = 1000 / 30;
const SPARE_MS = 10;
const GROWN_PER_MS = 0.1;
const SHRUNK_PER_MS = 0.01;
/** The jitter is what so many of the remembered frames do not exceed. */
const COVERED = 0.97;

export class Clock {
  #ticks = new Float64Array(SAMPLES);
  #times = new Float64Array(SAMPLES);
  #late = new Float64Array(SAMPLES);
  #count = 0;
  #next = 0;
  #atMs = 0;
  /** The tick that a frame without delay would bring at #atMs; drawn gently to what frames say. */
  #tick = -1;
  /** The owner's ticks a millisecond, as far as they are not 60 a second. */
  #perMs = 1 / TICK_MS;
  /** By how many ms frames come later than the earliest ones: all but the latest few. */
  jitterMs = 0;
  delayMs = LEAST_DELAY_MS;

  get isRunning() {
    return this.#count > 0;
  }

  /** The owner's ticks a second. */
  get rate() {
    return this.#perMs * 1000;
  }

  /** The tick of others that is to be seen, with a fraction; -1 before the first frame. */
  get shown() {
    return this.isRunning ? Math.max(0, this.#tick - this.delayMs * this.#perMs) : -1;
  }

  /** A frame of this tick came. True if it fits to nothing before: what is known of other ticks is of no use any more. */
  take(tick, nowMs) {
    const isLeap = this.isRunning && (tick < this.#ticks[this.#place(this.#count - 1)] || tick > this.#expected(nowMs) + LEAP);
    if (isLeap) this.#count = 0;
    while (this.#count > 1 && nowMs - this.#times[this.#place(0)] > OLDEST_MS) this.#count -= 1;
    const isFirst = !this.isRunning;
    this.#ticks[this.#next] = tick;
    this.#times[this.#next] = nowMs;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#count = Math.min(SAMPLES, this.#count + 1);
    if (isFirst) [this.#tick, this.#atMs, this.#perMs] = [tick, nowMs, 1 / TICK_MS];
    this.#measureRate();
    this.#measureJitter(nowMs);
    return isLeap;
  }

  /** Time goes on to this moment. */
  advance(nowMs) {
    const passedMs = nowMs - this.#atMs;
    if (!this.isRunning || passedMs <= 0) return;
    this.#atMs = nowMs;
    const straight = this.#tick + passedMs * this.#perMs;
    const error = this.#expected(nowMs) - straight;
    const most = passedMs * this.#perMs * MOST_DRAWN;
    const drawn = error * Math.min(1, passedMs / DRAW_MS);
    this.#tick = Math.abs(error) > LEAP ? straight + error : straight + Math.max(-most, Math.min(most, drawn));
    const wanted = Math.min(MOST_DELAY_MS, Math.max(LEAST_DELAY_MS, this.jitterMs + FRAME_MS + SPARE_MS));
    const change = wanted - this.delayMs;
    this.delayMs += change > 0 ? Math.min(change, passedMs * GROWN_PER_MS) : Math.max(change, -passedMs * SHRUNK_PER_MS);
  }

  /** Where the frame is remembered that came as the so-manieth of those that are, from 0. */
  #place(index) {
    return (this.#next - this.#count + index + SAMPLES) % SAMPLES;
  }

  /** The tick of now by the earliest of the remembered frames. */
  #expected(nowMs) {
    const earliest = this.#earliest(0, this.#count);
    return this.#ticks[earliest] + (nowMs - this.#times[earliest]) * this.#perMs;
  }

  /** Where that frame is remembered which was the least late, of those from one to before another. */
  #earliest(from, to) {
    let [found, most] = [0, -Infinity];
    for (let index = from; index < to; index += 1) {
      const place = this.#place(index);
      const early = this.#ticks[place] - this.#times[place] * this.#perMs;
      if (early > most) [found, most] = [place, early];
    }
    return found;
  }

  /** By the earliest frames of the older and of the newer half: those that are late, one by one or all of a stall, do not count. */
  #measureRate() {
    const half = this.#count >> 1;
    const older = this.#earliest(0, half);
    const newer = this.#earliest(half, this.#count);
    const spanMs = this.#times[newer] - this.#times[older];
    if (half < SAMPLES / 4 || spanMs < LEAST_SPAN_MS) return;
    const part = ((this.#ticks[newer] - this.#ticks[older]) / spanMs) * TICK_MS;
    this.#perMs = (Math.abs(part - 1) < TOLERANCE ? 1 : Math.max(SLOWEST, Math.min(1 + TOLERANCE, part))) / TICK_MS;
  }

  #measureJitter(nowMs) {
    const expected = this.#expected(nowMs);
    for (let index = 0; index < this.#count; index += 1) {
      const place = this.#place(index);
      this.#late[index] = (expected - this.#ticks[place]) / this.#perMs - (nowMs - this.#times[place]);
    }
    const late = this.#late.subarray(0, this.#count).sort();
    this.jitterMs = late[Math.floor((this.#count - 1) * COVERED)];
  }
}
