// The panels on a page: what is pressed, grey, hidden, listed; where the focus goes. The page is a small one of our own.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Desk, PALETTE } from "../../gameserver/static/gameserver/board/desk.mjs";
import { PAGE, arrange, mountList } from "../../gameserver/static/gameserver/board/panels/list.mjs";
import { mountMenu } from "../../gameserver/static/gameserver/board/panels/menu.mjs";
import { mountNotices } from "../../gameserver/static/gameserver/board/panels/notices.mjs";
import { mountPeople } from "../../gameserver/static/gameserver/board/panels/people.mjs";
import { mountProperties } from "../../gameserver/static/gameserver/board/panels/properties.mjs";
import { mountToolbar } from "../../gameserver/static/gameserver/board/panels/toolbar.mjs";
import { mountUndo } from "../../gameserver/static/gameserver/board/panels/undo.mjs";
import { mountZoom } from "../../gameserver/static/gameserver/board/panels/zoom.mjs";
import { Node, boardOf, newPage } from "./panels-fake.mjs";

const rect = (id, more = {}) => ({ id, kind: "rect", x: 0, y: 0, w: 10, h: 10, rotation: 0, fill: PALETTE.blue, stroke: PALETTE.ink, width: 2, opacity: 100, text: "", points: [], z: 1, ...more });
const named = (node, label) => node.all.find((one) => one.getAttribute("aria-label") === label || (one.name === "button" && one.textContent === label));
const pressed = (node) => node.all.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.getAttribute("aria-label") ?? one.textContent);
const put = (node) => (document.body.append(node), node);

beforeEach(newPage);

test("[BD106] the tools: one is pressed, arrows go through them, one stop for Tab, and none changes anything for those who watch", () => {
  const desk = new Desk();
  let taken = 0;
  const bar = put(mountToolbar({ desk, taken: () => (taken += 1) }));
  assert.deepEqual([bar.children.length, pressed(bar)], [9, ["Select"]]);
  const [select, hand] = bar.children;
  select.focus();
  select.fire("keydown", { key: "ArrowRight" });
  assert.deepEqual([document.activeElement, desk.tool], [hand, "select"]);
  bar.children[0].fire("keydown", { key: "ArrowLeft" });
  assert.equal(document.activeElement, bar.children[8]);
  assert.equal(bar.children.filter((button) => button.tabIndex === 0).length, 1);
  named(bar, "Rectangle").click();
  assert.deepEqual([desk.tool, pressed(bar), taken, named(bar, "Rectangle").title], ["rect", ["Rectangle"], 1, "Rectangle (R)"]);
  const watching = mountToolbar({ desk: new Desk({ readOnly: true }), taken() {} });
  assert.deepEqual(watching.children.map((button) => button.getAttribute("aria-label")), ["Select", "Hand"]);
});

test("[BD118] undo and redo are grey when there is nothing, say what they take back, and do nothing while grey", () => {
  const board = boardOf([]);
  const done = [];
  const node = mountUndo({ board, run: (name) => done.push(name) });
  const [undo, redo] = node.children;
  undo.click();
  assert.deepEqual([undo.getAttribute("aria-disabled"), redo.getAttribute("aria-disabled"), done], ["true", "true", []]);
  Object.assign(board, { canUndo: true, undoLabel: "move" });
  board.tell({ history: true });
  undo.click();
  assert.deepEqual([undo.getAttribute("aria-disabled"), undo.getAttribute("aria-label"), done], ["false", "Undo move", ["undo"]]);
});

test("[BD106] a colour goes to the selection as one change, and to the next shapes of these kinds", () => {
  const board = boardOf([rect("aaaaaaaa"), rect("bbbbbbbb", { kind: "line" })]);
  const desk = new Desk();
  const panel = mountProperties({ board, desk, shown() {} });
  assert.equal(panel.hidden, true);
  desk.select(["aaaaaaaa", "bbbbbbbb"]);
  assert.equal(panel.hidden, false);
  assert.deepEqual(pressed(panel), ["blue", "ink", "Thin"]);
  const lines = named(panel, "Line");
  named(lines, "red").click();
  assert.deepEqual(board.asked, [["edit", [{ do: "change", ids: ["aaaaaaaa", "bbbbbbbb"], set: { stroke: PALETTE.red } }], { label: "colour" }]]);
  assert.deepEqual([desk.styles.rect.stroke, desk.styles.line.stroke, desk.styles.note.stroke], [PALETTE.red, PALETTE.red, ""]);
  named(panel, "To the front").click();
  assert.deepEqual(board.asked[1], ["order", ["aaaaaaaa", "bbbbbbbb"], "front", { label: "order" }]);
  const watching = mountProperties({ board, desk: Object.assign(new Desk({ readOnly: true }), { selection: new Set(["aaaaaaaa"]) }), shown() {} });
  assert.equal(watching.hidden, true);
});

test("[BD107] the list has each shape in words, selects, moves and deletes, and follows what others do", () => {
  const board = boardOf([rect("aaaaaaaa"), rect("bbbbbbbb", { text: "hi" })]);
  const desk = new Desk();
  const list = mountList({ board, desk, closed() {} });
  put(list.node);
  list.toggle();
  const words = () => list.node.querySelectorAll("li").map((row) => row.children[0].textContent);
  assert.deepEqual(words(), ["Rectangle, blue, 10 by 10 at 0, 0, “hi”", "Rectangle, blue, 10 by 10 at 0, 0"]);
  list.node.querySelectorAll("li")[0].children[0].click();
  assert.deepEqual([...desk.selection], ["bbbbbbbb"]);
  named(list.node, "Move right").click();
  named(list.node, "Delete").click();
  assert.deepEqual(board.asked, [["move", ["bbbbbbbb"], 8, 0, { label: "move" }], ["remove", ["bbbbbbbb"], { label: "delete" }]]);
  board.known.set("aaaaaaaa", rect("aaaaaaaa", { x: 5 }));
  board.tell({ touched: new Set(["aaaaaaaa"]) });
  assert.equal(words()[1], "Rectangle, blue, 10 by 10 at 5, 0");
});

test("[BD107] the focus stays at its shape, and at its place when somebody deletes the shape", () => {
  const board = boardOf(["aaaaaaaa", "bbbbbbbb", "cccccccc"].map((id) => rect(id)));
  const list = mountList({ board, desk: new Desk(), closed() {} });
  put(list.node);
  list.toggle();
  const rows = () => list.node.querySelectorAll("li");
  const middle = rows()[1].children[0];
  middle.focus();
  board.known.set("dddddddd", rect("dddddddd"));
  board.tell({ order: true, touched: new Set(["dddddddd"]) });
  assert.deepEqual([rows().length, document.activeElement === middle, rows()[2].children[0] === middle], [4, true, true]);
  board.known.delete("bbbbbbbb");
  board.tell({ order: true, touched: new Set(["bbbbbbbb"]) });
  assert.deepEqual([rows().length, document.activeElement === rows()[2].children[0]], [3, true]);
});

test("[BD107] a long list is shown in pages, and nothing is done for it while it is closed", () => {
  const board = boardOf(Array.from({ length: 2 * PAGE + 5 }, (_, index) => rect(String(index).padStart(8, "0"))));
  let closed = 0;
  const list = mountList({ board, desk: new Desk(), closed: () => (closed += 1) });
  put(list.node);
  board.tell({ all: true });
  const rows = () => list.node.querySelectorAll("li");
  assert.equal(rows().length, 0);
  list.toggle();
  assert.deepEqual([rows().length, list.isOpen()], [PAGE, true]);
  named(list.node, `${PAGE} shapes more`).click();
  assert.deepEqual([rows().length, document.activeElement === rows()[PAGE].children[0]], [2 * PAGE, true]);
  named(list.node, "5 shapes more").click();
  assert.equal(rows().length, 2 * PAGE + 5);
  list.node.fire("keydown", { key: "Escape" });
  assert.deepEqual([list.isOpen(), closed], [false, 1]);
});

test("[BD107] nodes that are where they should be are not touched", () => {
  const [a, b, c, d] = "abcd".split("").map((name) => new Node(name));
  const list = new Node("ol");
  list.append(a, b, c);
  const moved = [];
  const { insertBefore } = list;
  list.insertBefore = (node, before) => (moved.push(node.name), insertBefore.call(list, node, before));
  arrange(list, [d, a, c]);
  assert.deepEqual([list.children.map((node) => node.name).join(""), moved], ["dac", ["d"]]);
});

test("[BD108] a click on somebody follows their view, another one ends it, and so does their leaving", () => {
  const board = boardOf([]);
  board.people.set("ada", { id: "ada", name: "Ada", colour: "#112233", view: [0, 0, 1], isStill: false });
  const desk = new Desk();
  const said = [];
  let present = [{ id: "ada", name: "Ada", colour: "#112233" }, { id: "bob", name: "Bob", colour: "#332211" }, { id: "me", name: "Me", colour: "#000000" }];
  let changed;
  const room = { you: { id: "me" }, present: () => present, onPresent: (callback) => (changed = callback) };
  const { node, banner } = mountPeople({ board, desk, room, say: (text) => said.push(text), ended() {} });
  assert.deepEqual([named(node, "Follow Ada").textContent, named(node, "Follow Me")], ["A", undefined]);
  named(node, "Follow Bob").click();
  assert.deepEqual([desk.following, said], ["", ["Bob is not looking at the board just now."]]);
  named(node, "Follow Ada").click();
  assert.deepEqual([desk.following, banner.hidden, banner.textContent, pressed(node)[0]], ["ada", false, "Following AdaStop", "Stop following Ada"]);
  named(banner, "Stop").click();
  assert.deepEqual([desk.following, banner.hidden], ["", true]);
  named(node, "Follow Ada").click();
  present = present.slice(1);
  board.people.clear();
  changed();
  assert.deepEqual([desk.following, named(node, "Follow Ada")], ["", undefined]);
});

test("[BD109] the menu opens with the first entry in focus, Escape gives the focus back, and an entry closes it", () => {
  let isOn = false;
  const menu = mountMenu([{ title: "Grid", act: () => (isOn = !isOn), isOn: () => isOn }, null, { title: "Keys", act() {} }]);
  const node = put(menu.node);
  const button = named(node, "Menu");
  button.click();
  assert.deepEqual([button.getAttribute("aria-expanded"), document.activeElement.textContent], ["true", "Grid"]);
  document.activeElement.fire("keydown", { key: "ArrowDown" });
  assert.equal(document.activeElement.textContent, "Keys");
  document.activeElement.fire("keydown", { key: "Escape" });
  assert.deepEqual([button.getAttribute("aria-expanded"), document.activeElement], ["false", button]);
  button.click();
  document.activeElement.click();
  menu.show();
  assert.deepEqual([isOn, button.getAttribute("aria-expanded"), node.querySelector("[role=menuitemcheckbox]").getAttribute("aria-checked")], [true, "false", "true"]);
});

test("[BD119] a sentence is said, goes by itself, and makes place for the next", () => {
  const timers = { due: new Map(), set: (callback) => (timers.due.set(callback, 1), callback), clear: (callback) => timers.due.delete(callback) };
  const { node, say } = mountNotices({ timers });
  say("One.");
  say("Two.");
  assert.deepEqual([node.getAttribute("role"), node.textContent, timers.due.size], ["status", "Two.", 1]);
  const [due] = timers.due.keys();
  timers.due.clear();
  due();
  assert.equal(node.textContent, "");
  say("Half.", { stays: true });
  assert.equal(timers.due.size, 0, "progress stays until the next sentence");
});

test("[BD116] the scale is shown in percent; its buttons go to the next step, to 100 % and to all of the board", () => {
  const desk = new Desk();
  const asked = [];
  const node = mountZoom({ desk, stage: { zoomTo: (scale) => asked.push(scale), fit: () => asked.push("fit") } });
  desk.set({ camera: { x: 0, y: 0, scale: 1.234 } });
  assert.equal(node.children[1].textContent, "123 %");
  for (const button of node.children) button.click();
  assert.deepEqual(asked, [1, 1, 1.5, "fit"]);
});
