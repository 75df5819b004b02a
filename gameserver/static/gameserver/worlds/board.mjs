// The board: shapes that many people draw at once; docs/board.md. Reads board.edited, board.grabbed, board.moved, board.dropped, board.kept,
// board.restored, board.pointed. Sends all commands of the board. This module puts its parts together: core, stage, panels.

import { Board, reduce, start } from "../board/core/index.mjs";
import { Desk } from "../board/desk.mjs";
import { openCheckpoints } from "../board/panels/checkpoints.mjs";
import { openClear } from "../board/panels/clear.mjs";
import { layOut, listen, mountStyleButton } from "../board/panels/frame.mjs";
import { icon } from "../board/panels/icons.mjs";
import { openKeys } from "../board/panels/keymap.mjs";
import { mountList } from "../board/panels/list.mjs";
import { mountMenu } from "../board/panels/menu.mjs";
import { mountNotices } from "../board/panels/notices.mjs";
import { mountPeople, presentOf } from "../board/panels/people.mjs";
import { mountProperties } from "../board/panels/properties.mjs";
import { openShare } from "../board/panels/share.mjs";
import { mountToolbar } from "../board/panels/toolbar.mjs";
import { transfers } from "../board/panels/transfer.mjs";
import { mountUndo } from "../board/panels/undo.mjs";
import { mountZoom } from "../board/panels/zoom.mjs";
import { seen } from "../board/stage/camera.mjs";
import { boundsOf, overlaps } from "../board/stage/geometry.mjs";
import { mountStage } from "../board/stage/index.mjs";
import { measure } from "../board/stage/measure.mjs";
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
  const ids = () => new Set([...presentOf(room)].map((player) => player.id));
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

function entries({ home, board, desk, room, list, say, files }) {
  const changes = !desk.readOnly;
  return [
    { title: "Share…", act: () => openShare(home, { room }) },
    null,
    { title: "Export as PNG", act: files.png },
    { title: "Export as SVG", act: files.svg },
    { title: "Export as JSON", act: files.json },
    ...(changes ? [{ title: "Import JSON…", act: files.open }] : []),
    null,
    { title: "Checkpoints…", act: () => openCheckpoints(home, { board, desk, say }) },
    { title: "List of shapes", act: list.toggle, isOn: list.isOpen },
    { title: "Grid", act: () => desk.set({ grid: !desk.grid }), isOn: () => desk.grid, keys: "G" },
    { title: "Keys", act: () => openKeys(home, { desk }), keys: "?" },
    ...(changes ? [null, { title: "Clear…", act: () => openClear(home, { board, say }), isDanger: true }] : []),
  ];
}

function mountHint({ board, desk }) {
  const hint = el("p", { className: "board-hint", textContent: desk.readOnly ? "Nothing is drawn here yet." : "Nothing is drawn here yet. Pick a tool, or press ? for the keys." });
  const show = () => (hint.hidden = board.size > 0 || !(desk.tool === "select" || desk.readOnly));
  board.onChange(show);
  desk.onChange((changed) => changed.includes("tool") && show());
  hint.hidden = true;
  return hint;
}

function mountShare({ home, room }) {
  const button = el("button", { type: "button", className: "button board-share" }, icon("share"), el("span", { textContent: "Share" }));
  button.addEventListener("click", () => openShare(home, { room }));
  return button;
}

/** Everything around the stage. */
function mountPanels(home, { board, desk, room, stage, stageNode }) {
  const { node: notice, say } = mountNotices({ timers });
  const theme = () => getComputedStyle(home);
  const background = () => theme().getPropertyValue("--board-paper").trim();
  const isDark = () => theme().colorScheme === "dark";
  const files = transfers({ board, desk, stage, room, say, measure, background, isDark });
  const reveal = (id) => {
    const [left, top, right, bottom] = boundsOf(board.get(id));
    const view = seen(desk.camera, { width: stageNode.clientWidth, height: stageNode.clientHeight });
    if (!overlaps([left, top, right, bottom], view)) stage.centreOn((left + right) / 2, (top + bottom) / 2);
  };
  const list = mountList({ board, desk, reveal, closed: () => stage.focus(), changed: () => menu.show() });
  const menu = mountMenu(entries({ home, board, desk, room, list, say, files }));
  const { node: people, banner } = mountPeople({ board, desk, room, say, ended: () => stage.focus() });
  let tell = () => {};
  const properties = mountProperties({ board, desk, shown: (...news) => tell(...news) });
  const style = mountStyleButton(properties);
  tell = style.show;
  style.show(!properties.hidden, "");
  layOut(home, {
    menu: menu.node,
    undo: desk.readOnly ? null : mountUndo({ board, run: stage.run }),
    badge: desk.readOnly ? el("p", { className: "board-badge", textContent: "Read only" }) : null,
    banner,
    stage: stageNode,
    hint: mountHint({ board, desk }),
    tools: mountToolbar({ desk, taken: () => stage.focus() }),
    style: style.button,
    drawer: style.holder,
    zoom: mountZoom({ desk, stage }),
    people,
    share: mountShare({ home, room }),
    notice,
    list: list.node,
  });
  desk.onChange((changed) => changed.includes("grid") && menu.show());
  board.onRefused((text) => say(text));
  listen(home, { stageNode, stage, desk, openKeys: () => openKeys(home, { desk }) });
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
  mountPanels(home, { board, desk, room, stage, stageNode });
  room.onChange(take);
}
