// What one tab did, to be undone and redone: two stacks of records. Pure; reads no messages, sends none.

import { settle } from "./inverse.mjs";

const MOST = 200;

/**
 * A record: `{label, parts: [{op, dids, steps: [{at, step}]}], restoring}`. `parts`: the commands that made it, each with the number of its
 * decided steps and the steps that take it back, `at` being the decided step that each is for. `restoring`: of a restored checkpoint, a
 * promise of the key of what was there before, or null.
 */
export class History {
  /** Newest last. */
  undos = [];
  redos = [];

  /** Something new was done. */
  push(record) {
    this.redos = [];
    this.keep("undos", record);
  }

  /** Something was undone or redone, and may be taken back in turn. `stack`: undos or redos. */
  keep(stack, record) {
    this[stack].push(record);
    if (this[stack].length > MOST) this[stack].shift();
  }

  /** A command was refused: nothing of it can be taken back. */
  refuse(op) {
    for (const stack of ["undos", "redos"]) {
      for (const record of this[stack]) record.parts = record.parts.filter((part) => part.op !== op);
      this[stack] = this[stack].filter((record) => record.parts.length > 0);
    }
  }

  /** A command was decided: perhaps in another way than was thought. */
  settle(op, did) {
    for (const record of [...this.undos, ...this.redos]) {
      for (const part of record.parts) {
        if (part.op !== op || part.dids !== did.length) continue;
        part.steps = part.steps.map(({ at, step }) => ({ at, step: settle(step, did[at]) }));
      }
    }
  }
}

/** The steps that take a record back, last doings first. */
export function stepsOf(record) {
  const steps = record.parts.flatMap((part) => part.steps.map(({ step }) => step)).reverse();
  const revived = new Set();
  return steps.filter((step) => step.do !== "revive" || (!revived.has(step.of) && revived.add(step.of)));
}
