// The line for messages: refusals in the owner's words, progress, what was done out of sight. Reads no messages, sends none.

import { el } from "../../page.mjs";

/** How long a sentence stays: time to read it, in ms, and more for each character. */
const LEAST_MS = 4000;
const PER_CHARACTER_MS = 60;

/** Returns {node, say(text, {stays})}: one sentence at a time, the last one. `stays`: until the next one, as for progress. */
export function mountNotices({ timers }) {
  const node = el("p", { className: "board-notice", role: "status" });
  let timer = null;
  const say = (text, { stays = false } = {}) => {
    if (timer !== null) timers.clear(timer);
    timer = null;
    // The same words again would not be told by a screen reader.
    if (node.textContent === text) node.textContent = "";
    node.textContent = text;
    if (text && !stays) timer = timers.set(() => say(""), LEAST_MS + PER_CHARACTER_MS * text.length);
  };
  return { node, say };
}
