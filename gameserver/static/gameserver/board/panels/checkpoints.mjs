// The dialog of checkpoints: keep the board as it is under a name, and go back to one. Reads no messages; the board sends board.keep and
// board.restore.

import { el } from "../../page.mjs";
import { LIMITS } from "../core/shapes.mjs";
import { confirm, openDialog } from "./dialogs.mjs";
import { ago, count, nameOf } from "./words.mjs";

const WHEN = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "short" });

function row(checkpoint, { nowMs, restore }) {
  const what = `${ago(checkpoint.at, nowMs)}, by ${nameOf(checkpoint.by)}, ${count(checkpoint.shapes)}`;
  const words = el("div", { className: "grow" }, el("b", { textContent: checkpoint.name }), el("div", { className: "fine", textContent: what, title: WHEN.format(checkpoint.at) }));
  if (!restore) return el("li", { className: "card" }, words);
  const button = el("button", { type: "button", className: "button button-quiet", textContent: "Restore", ariaLabel: `Restore ${checkpoint.name}`, onclick: () => restore(checkpoint) });
  return el("li", { className: "card" }, words, button);
}

function mountKeep({ board, tell }) {
  const name = el("input", { maxLength: LIMITS.name, required: true, autocomplete: "off", placeholder: "Before the meeting" });
  const form = el("form", { className: "row" }, el("label", { className: "field grow" }, "Keep the board as it is now, as", name), el("button", { className: "button", textContent: "Keep" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (!wanted) return;
    name.value = "";
    const reply = await board.keep(wanted);
    tell(reply.ok ? `“${wanted}” is kept.` : reply.text);
    if (!reply.ok && !name.value) name.value = wanted;
  });
  return form;
}

/** Open it. `say` tells on the board what came of a restore, when the dialog is gone. */
export function openCheckpoints(home, { board, desk, say, clock = Date.now }) {
  const list = el("ul", { className: "board-stack board-checkpoints" });
  const none = el("p", { className: "fine", textContent: "None yet. The last 50 stay; the oldest go first." });
  const said = el("p", { className: "fine", role: "status" });
  const tell = (text) => (said.textContent = text);
  const restore = (checkpoint) =>
    confirm(home, {
      title: `Restore “${checkpoint.name}”?`,
      text: `The board goes back to what was kept ${ago(checkpoint.at, clock())}, ${count(checkpoint.shapes)}, for everybody. What is there now becomes a checkpoint, and you can undo it.`,
      yes: "Restore",
      act: async () => {
        dialog.close();
        const reply = await board.restore(checkpoint.key, { label: "restore" });
        say(reply.ok ? `The board is “${checkpoint.name}” again.` : reply.text);
      },
    });
  const show = () => {
    const newest = [...board.checkpoints].reverse();
    list.replaceChildren(...newest.map((one) => row(one, { nowMs: clock(), restore: desk.readOnly ? null : restore })));
    none.hidden = newest.length > 0;
  };
  const stop = board.onChange((change) => (change.checkpoints || change.all) && show());
  show();
  const body = [...(desk.readOnly ? [] : [mountKeep({ board, tell })]), said, none, list];
  const dialog = openDialog(home, { title: "Checkpoints", body: [el("div", { className: "board-stack" }, ...body)], closed: stop });
  return dialog;
}
