// Everything around the stage, put together. It comes when the board is drawn: a picture does not wait for buttons. Reads no messages, sends
// `board.*` by its parts.

import { el } from "../../page.mjs";
import { seen } from "../stage/camera.mjs";
import { boundsOf, overlaps } from "../stage/geometry.mjs";
import { measure } from "../stage/measure.mjs";
import { openCheckpoints } from "./checkpoints.mjs";
import { openClear } from "./clear.mjs";
import { layOut, listen, mountStyleButton } from "./frame.mjs";
import { icon } from "./icons.mjs";
import { openKeys } from "./keymap.mjs";
import { mountList } from "./list.mjs";
import { mountMenu } from "./menu.mjs";
import { mountNotices } from "./notices.mjs";
import { mountPeople } from "./people.mjs";
import { mountProperties } from "./properties.mjs";
import { openShare } from "./share.mjs";
import { mountToolbar } from "./toolbar.mjs";
import { transfers } from "./transfer.mjs";
import { mountUndo } from "./undo.mjs";
import { mountZoom } from "./zoom.mjs";

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

/** Put everything around the stage. `timers`: set and clear. */
export function mountPanels(home, { board, desk, room, stage, stageNode, timers }) {
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
