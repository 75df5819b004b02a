// What the board refuses, by name and in words, as far as this side can know. Pure; reads no messages, sends none.

/** One sentence for the person by code: those that are found here, before the owner is asked. */
const TEXTS = Object.freeze({
  full: "That does not fit on this board any more.",
  too_many_points: "That has more points than one shape can have.",
  too_long: "That text is too long.",
  out_of_range: "That is too large, or too far out.",
  gone: "Somebody has deleted that.",
  unknown_shape: "There is no such shape.",
  taken: "There is such a shape already.",
  overtaken: "Somebody has changed that since.",
  not_yours: "Somebody else has deleted that.",
  no_drag: "That drag is over.",
  nothing: "There is nothing to do that to.",
  bad_message: "That is no shape.",
  unavailable: "Too much waits for the connection. Try again when it is back.",
});

/** Thrown by whoever predicts a command that the owner would refuse. */
export class Refusal extends Error {
  constructor(code, text = TEXTS[code]) {
    super(text);
    this.code = code;
  }

  /** As the room would say it. */
  get reply() {
    return { ok: false, code: this.code, text: this.message };
  }
}

/** What `run` returns, or the Refusal that it throws. */
export function attempt(run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
