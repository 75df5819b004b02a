// Commands that have no decision yet, as entries of Shown. Pure; sends nothing itself.

import { asSent } from "./frames.mjs";
import { Refusal, attempt } from "./refusal.mjs";
import { Draft } from "./scene.mjs";
import { predict } from "./steps.mjs";

/** A `board.edit`. `event`: the name of the event that decides it. */
export class Edit {
  event = "board.edited";

  constructor({ op, steps, player, label, upload }) {
    Object.assign(this, { op, steps, player, label, upload });
  }

  /** As it is sent. */
  get command() {
    return { cmd: "board.edit", op: this.op, steps: this.steps.map(asSent) };
  }

  show(draft) {
    const trial = new Draft(draft);
    if (!(attempt(() => predict(trial, this)) instanceof Refusal)) draft.absorb(trial);
  }
}

/** A command that shows nothing before it is decided. */
export class Question {
  constructor({ op, label, event }) {
    Object.assign(this, { op, label, event });
  }

  show() {}
}
