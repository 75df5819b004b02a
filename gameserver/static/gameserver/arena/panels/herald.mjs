// Says what happens, one sentence a second at most: who hears a page instead of seeing it is not to be talked over.
// Pure: time is given. Reads no messages, sends none.

const APART_MS = 1000;
/** Sentences that wait, and for how long they are news. */
const MOST = 8;
const NEWS_MS = 4000;

/** @typedef {{text: string, place: string, isOwn: boolean, atMs: number}} Said place: where it is to stand */

export class Herald {
  #waiting = [];
  #lastMs = -Infinity;

  /** Something happened. What is about oneself goes first, and is never given up for others. */
  tell(text, nowMs, { place = "feed", isOwn = false } = {}) {
    this.#waiting.push({ text, place, isOwn, atMs: nowMs });
    if (this.#waiting.length <= MOST) return;
    const others = this.#waiting.findIndex((one) => !one.isOwn);
    this.#waiting.splice(Math.max(0, others), 1);
  }

  /** What is to be said at this moment, or null. @returns {Said | null} */
  due(nowMs) {
    this.#waiting = this.#waiting.filter((one) => nowMs - one.atMs < NEWS_MS);
    if (!this.#waiting.length || nowMs - this.#lastMs < APART_MS) return null;
    const at = Math.max(0, this.#waiting.findIndex((one) => one.isOwn));
    this.#lastMs = nowMs;
    return this.#waiting.splice(at, 1)[0];
  }
}
