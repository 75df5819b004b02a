// What time it is at the owner, and times as people read them. Pure: time is given. Reads no messages, sends none.

/** Moments that are remembered: a slow one does not move the clock, and a clock that drifts is followed. */
const SAMPLES = 32;

/** The owner's clock by what it wrote on events: the quickest of the last ones were under way for the least time. */
export class OwnerTime {
  #ahead = [];

  /** @param {number} guessMs what is taken for the owner's clock, less the page's, before anything is heard */
  constructor(guessMs) {
    this.guessMs = guessMs;
  }

  /** An event of the owner's `at`, ms since 1970, came now. */
  hear(at, nowMs) {
    if (!Number.isFinite(at)) return;
    this.#ahead.push(at - nowMs);
    if (this.#ahead.length > SAMPLES) this.#ahead.shift();
  }

  /** Ms since 1970 at the owner, less what an event is under way. */
  at(nowMs) {
    return nowMs + (this.#ahead.length ? Math.max(...this.#ahead) : this.guessMs);
  }
}

/** Whole seconds until a moment, at least 0. */
export const secondsUntil = (endsMs, nowMs) => Math.max(0, Math.ceil((endsMs - nowMs) / 1000));

/** Seconds as `2:05`. */
export const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Seconds as they are said: `2 minutes 5 seconds`. */
export function spoken(seconds) {
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const [whole, rest] = [Math.floor(seconds / 60), seconds % 60];
  return [whole && count(whole, "minute"), (rest || !whole) && count(rest, "second")].filter(Boolean).join(" ");
}
