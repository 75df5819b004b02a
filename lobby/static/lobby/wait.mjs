// Waiting for a region that is being woken, pure but for `askLobby`: how the time is shown, when to ask, when to go in.
// Reads GET /join/<code>/state; sends nothing else.

/** Between two looks at the clock: the bar moves and the seconds count. */
export const TICK_MS = 250;
/** Not all who wait ask, and go in, in the same moment. */
const JITTER = 0.2;
/** Questions in a row without an answer until that is said. */
const FEW = 3;
const SILENT = "The lobby does not answer. It is asked again by itself.";

/**
 * What to show of the time. Pure.
 * @returns {{seconds: number, part: number|null}} whole seconds; how full the bar is, 0 to 1, or null when it took longer than it usually does
 */
export function shown(seconds, usually) {
  return { seconds: Math.floor(seconds), part: usually > 0 && seconds < usually ? seconds / usually : null };
}

/**
 * Waits for one region. `show({state, title, text, seconds, part, usually, nearest, refused})` draws, `enter()` goes in; both are called as often as
 * there is something new, `enter` once. `ask()` gives the answer to one question, and throws where there is none; `pause(failures)` says how many
 * milliseconds later than usual to ask then.
 */
export class Waiting {
  constructor({ first, ask, show, enter, pause = () => 0, now = () => performance.now(), timers, random = Math.random }) {
    Object.assign(this, { ask, show, enter, pause, now, random });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
    this.failures = 0;
    this.tick = null;
    this.question = null;
    this.seconds = 0;
    this.running = false;
    this.#take(first);
  }

  /** Begin, or go on after `stop`. */
  start() {
    if (this.running) return;
    this.running = true;
    this.#tick();
    this.#askIn(this.last.again_ms);
  }

  /** Ask no more. */
  stop() {
    this.running = false;
    this.timers.clear(this.tick);
    this.timers.clear(this.question);
  }

  #take(answer) {
    // The time somebody has waited never runs back, whatever it is counted from.
    this.seconds = Math.max(this.#soFar(), answer.seconds);
    this.at = this.now();
    this.last = answer;
  }

  #soFar() {
    return this.at === undefined ? 0 : this.seconds + (this.now() - this.at) / 1000;
  }

  #tick() {
    this.#draw();
    this.tick = this.timers.set(() => this.#tick(), TICK_MS);
  }

  #draw() {
    const { state, title, text, usually_s: usually, nearest, is_refused: refused } = this.last;
    this.show({ state, title, text: this.failures >= FEW ? SILENT : text, usually, nearest, refused, ...shown(this.#soFar(), usually) });
  }

  #askIn(ms) {
    this.question = this.timers.set(() => this.#question(), Math.round(ms * (1 - JITTER + 2 * JITTER * this.random())));
  }

  async #question() {
    let answer;
    try {
      answer = await this.ask();
    } catch {
      answer = null;
    }
    if (!this.running) return;
    if (answer === null) {
      this.failures += 1;
      this.#draw();
      this.#askIn(this.last.again_ms + this.pause(this.failures));
      return;
    }
    this.failures = 0;
    this.#take(answer);
    this.#draw();
    if (answer.state === "up") {
      this.stop();
      this.enter();
    } else if (answer.state === "gone") {
      this.stop();
    } else {
      this.#askIn(answer.again_ms);
    }
  }
}

/** One question to the lobby. Throws where it does not answer, or says that it cannot just now. */
export async function askLobby(url, fetcher = fetch) {
  const answer = await fetcher(url, { cache: "no-store", headers: { Accept: "application/json" } });
  if (!answer.ok && answer.status !== 404) throw new Error("no answer");
  return answer.json();
}
