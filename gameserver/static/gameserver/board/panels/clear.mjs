// The question before a board is cleared. Reads no messages; the board sends the clearing.

import { confirm } from "./dialogs.mjs";
import { count } from "./words.mjs";

/** Ask with the number of shapes, then do it. An empty board is said to be empty. */
export function openClear(home, { board, say }) {
  if (!board.size) {
    say("There is nothing on the board.");
    return;
  }
  const title = board.size === 1 ? "Clear the one shape there is?" : `Clear all ${count(board.size)}?`;
  const act = async () => {
    const number = board.size;
    const reply = await board.clear({ label: "clear" });
    if (reply.ok) say(`${number === 1 ? "One shape is" : `${count(number)} are`} gone. Undo brings them back.`);
  };
  confirm(home, { title, text: "They go for everybody who is here, whoever drew them. You can undo it.", yes: "Clear", act, isLoss: true });
}
