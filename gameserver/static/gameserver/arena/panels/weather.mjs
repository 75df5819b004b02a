// The weather of this page's way to the emulator's edge, docs/edge.md. Elsewhere there is none. Reads GET, sends POST /.edge/weather.

const PATH = "/.edge/weather";
/** How long a slider rests before it is told. */
const REST_MS = 200;

/** What can be turned, and how far a slider goes; the edge itself allows more. */
export const DIALS = Object.freeze([
  { key: "latency_ms", name: "Latency, each way", unit: "ms", most: 400, step: 5 },
  { key: "jitter_ms", name: "Jitter", unit: "ms", most: 200, step: 5 },
  { key: "loss_percent", name: "Loss", unit: "%", most: 20, step: 0.5 },
]);
export const CLEAR = Object.freeze({ latency_ms: 0, jitter_ms: 0, loss_percent: 0 });

export class Weather {
  #timer = null;
  #wanted = {};
  #isAsking = false;

  /**
   * @param {{fetcher: typeof fetch, timers: {set: (act: () => void, ms: number) => any, clear: (timer: any) => void},
   *   changed: (weather: any) => void, failed: (text: string) => void}} options changed: with what the edge says it is now; failed: with a
   *   sentence for people
   */
  constructor({ fetcher, timers, changed, failed }) {
    Object.assign(this, { fetcher, timers, changed, failed });
  }

  /** What it is here, or null where nobody makes any. Never broken. @returns {Promise<any>} */
  async read() {
    try {
      const answer = await this.fetcher(PATH);
      const weather = answer.status === 200 ? await answer.json() : null;
      return DIALS.every(({ key }) => Number.isFinite(weather?.[key])) ? weather : null;
    } catch {
      return null;
    }
  }

  /** Turn it; what is turned within 200 ms is told together, and the last word holds. */
  set(fields) {
    Object.assign(this.#wanted, fields);
    this.timers.clear(this.#timer);
    this.#timer = this.timers.set(() => this.#tell(), REST_MS);
  }

  async #tell() {
    // One after the other: the edge would keep what arrives last, not what was turned last.
    if (this.#isAsking || !Object.keys(this.#wanted).length) return;
    const wanted = this.#wanted;
    this.#wanted = {};
    this.#isAsking = true;
    try {
      const headers = { "X-Edge": "1", "Content-Type": "application/json" };
      const answer = await this.fetcher(PATH, { method: "POST", headers, body: JSON.stringify(wanted) });
      const said = await answer.json();
      // What was turned since then is on its way.
      if (answer.ok) this.changed({ ...said, ...this.#wanted });
      else this.failed(said.error ?? `The edge refused it (${answer.status}).`);
    } catch {
      this.failed("The edge does not answer; the weather is as it was.");
    } finally {
      this.#isAsking = false;
      this.#tell();
    }
  }
}
