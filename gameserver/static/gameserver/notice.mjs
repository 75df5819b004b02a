// The line above the messages: what a person should know of the connection and of the room, and nothing of what heals in a blink.
// Reads what the socket tells of itself, and bye. Sends nothing.

import { CLOSE } from "./protocol.mjs";

/** Nothing is said of an absence that is shorter: a drain, a deploy, a room that changes its Machine. */
export const BLINK_MS = 1500;
/** An absence this long is told even when nobody said why. */
export const LONG_MS = 6000;

/** What to say of an absence: "" for nothing yet. Pure. `failures`: the loss itself, and attempts that failed since. */
export function absence({ bye, failures, awayMs }) {
  // A full room is no fault that heals in a blink.
  if (bye?.code === CLOSE.NO_PLACE) return bye.text;
  if (awayMs < BLINK_MS) return "";
  const hasReason = bye?.text && bye.code !== CLOSE.MOVED;
  if (hasReason && failures >= 2) return /trying again/i.test(bye.text) ? bye.text : `${bye.text} Trying again by itself.`;
  return awayMs >= LONG_MS ? "No connection. Trying again; what you write is sent when it is back." : "";
}

/** One absence from the loss to the next welcome. `say(text, bye)` is called when what there is to say has changed. */
export class Absence {
  #since = null;
  #bye = null;
  #failures = 0;
  #timers = [];
  #said = "";

  constructor({ say, now = () => performance.now(), timers }) {
    Object.assign(this, { say, now });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
  }

  /** There is no connection, or another attempt has failed. */
  lost({ bye = null, failures = this.#failures }) {
    this.#failures = failures;
    // An attempt that fails without a word does not take back what the one before it said; nor does a ticket that ran out meanwhile.
    if (bye && bye.code !== CLOSE.BAD_TICKET) this.#bye = bye;
    if (this.#since === null) {
      this.#since = this.now();
      this.#timers = [BLINK_MS, LONG_MS].map((ms) => this.timers.set(() => this.#look(), ms));
    }
    this.#look();
  }

  /** It is over. */
  back() {
    for (const timer of this.#timers) this.timers.clear(timer);
    this.#since = this.#bye = null;
    this.#failures = 0;
    this.#tell("");
  }

  #look() {
    if (this.#since !== null) this.#tell(absence({ bye: this.#bye, failures: this.#failures, awayMs: this.now() - this.#since }));
  }

  #tell(text) {
    if (text === this.#said) return;
    this.#said = text;
    this.say(text, this.#bye);
  }
}
