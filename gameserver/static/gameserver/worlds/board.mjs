// The board: shapes that many people draw at once; docs/board.md. Reads board.edited, board.grabbed, board.moved, board.dropped, board.kept,
// board.restored, board.pointed. Sends all commands of the board. This module puts its parts together: core and stage; hands and panels come when there is a picture.

import { Board, reduce, start } from "../board/core/index.mjs";
import { Desk } from "../board/desk.mjs";
import { mountStage } from "../board/stage/index.mjs";
import { el } from "../page.mjs";

export { reduce, start };

const ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

const timers = { set: (callback, ms) => setTimeout(callback, ms), clear: (timer) => clearTimeout(timer) };

function newId(count) {
  return Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => ID_CHARACTERS[byte % 64]).join("");
}

/** The board of a room; `restarted` is called after each fresh welcome. */
function follow(room, restarted) {
  const board = new Board({ send: room.send, newId, now: () => performance.now(), timers, you: () => room.you });
  let scene;
  const ids = () => new Set((room.present?.() ?? []).map((player) => player.id));
  let here = ids();
  const take = (state, events) => {
    if (state && state !== scene) {
      board.restart((scene = state));
      restarted(board);
    }
    if (events.length) board.take(events);
  };
  room.onPresent?.(() => {
    const now = ids();
    const left = [...here].filter((id) => !now.has(id));
    here = now;
    if (left.length) board.left(left);
  });
  return { board, take };
}

/** Have hands and panels come; a board without them can be looked at. */
async function surround(home, parts) {
  try {
    const [{ mountPanels }] = await Promise.all([import("../board/panels/index.mjs"), parts.stage.equip()]);
    mountPanels(home, parts);
  } catch (error) {
    home.append(el("p", { className: "board-hint", role: "alert", textContent: "The tools could not be loaded. Reload the page." }));
    throw error;
  }
}

/** Draw the board in `element`. `room` as docs/worlds.md has it. */
export function mount(element, room) {
  const desk = new Desk({ readOnly: Boolean(room.readOnly) });
  const stageNode = el("div", { className: "board-ground" });
  const home = el("div", { className: "board", dataset: { state: "waiting" } }, stageNode);
  // For whoever opens the browser's console, and for tests: document.querySelector(".board").board
  element.classList.add("has-board");
  element.append(home);
  let stage = null;
  const { board, take } = follow(room, (opened) => {
    // A stage that is made for a board begins with all of it in view; this is for one that was made before there was a board.
    if (home.dataset.state === "waiting" && opened.size) stage?.fit();
    home.dataset.state = "open";
  });
  Object.assign(home, { board, desk });
  take(room.state(), []);
  stage = mountStage(stageNode, { board, desk, now: () => performance.now(), media: matchMedia.bind(globalThis) });
  surround(home, { board, desk, room, stage, stageNode, timers });
  room.onChange(take);
}
