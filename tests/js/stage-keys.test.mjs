// What keys mean on the board.
import assert from "node:assert/strict";
import { test } from "node:test";

import { action } from "../../gameserver/static/gameserver/board/stage/keys.mjs";
import { TOOLS } from "../../gameserver/static/gameserver/board/desk.mjs";

const name = (event, context) => action(event, context)?.name ?? null;

test("[BD90] every tool has its letter, and a letter with Ctrl is none", () => {
  for (const tool of TOOLS) assert.deepEqual(action({ key: tool.key }), { name: "tool", tool: tool.name });
  assert.equal(name({ key: "a", ctrlKey: true }), "select all");
  assert.equal(name({ key: "r", ctrlKey: true }), null);
});

test("[BD90] arrows move by a pixel, with shift by ten", () => {
  assert.deepEqual(action({ key: "ArrowLeft" }), { name: "nudge", dx: -1, dy: 0 });
  assert.deepEqual(action({ key: "ArrowDown", shiftKey: true }), { name: "nudge", dx: 0, dy: 10 });
  assert.equal(name({ key: "ArrowLeft", altKey: true }), null);
});

test("[BD90] Ctrl is the key of commands, on a Mac Cmd, and never the other one", () => {
  assert.equal(name({ key: "z", ctrlKey: true }), "undo");
  assert.equal(name({ key: "z", metaKey: true }), null);
  assert.equal(name({ key: "z", metaKey: true }, { isMac: true }), "undo");
  assert.equal(name({ key: "z", ctrlKey: true }, { isMac: true }), null);
  assert.equal(name({ key: "r", metaKey: true }), null);
  assert.equal(name({ key: "Delete", ctrlKey: true }, { isMac: true }), null);
});

test("[BD90] done again is Shift+Z and Y", () => {
  assert.equal(name({ key: "Z", ctrlKey: true, shiftKey: true }), "redo");
  assert.equal(name({ key: "y", ctrlKey: true }), "redo");
});

test("[BD90] the clipboard's keys, copies, all, deletion and Escape are where everybody looks for them", () => {
  const keys = { c: "copy", x: "cut", v: "paste", d: "duplicate", a: "select all" };
  for (const [key, wanted] of Object.entries(keys)) assert.equal(name({ key, ctrlKey: true }), wanted);
  assert.deepEqual(["Delete", "Backspace", "Escape"].map((key) => name({ key })), ["delete", "delete", "clear"]);
});

test("[BD90] Ctrl with shift is the browser's, but for redo and zoom", () => {
  for (const key of ["C", "V", "A", "D", "X"]) assert.equal(name({ key, ctrlKey: true, shiftKey: true }), null);
  assert.equal(name({ key: "+", ctrlKey: true, shiftKey: true }), "zoom in");
});

test("[BD90] brackets bring forward and back, braces to the ends, also where they are typed with Alt", () => {
  assert.deepEqual(["[", "]", "{", "}"].map((key) => name({ key })), ["backward", "forward", "to back", "to front"]);
  assert.equal(name({ key: "[", altKey: true }), "backward");
});

test("[BD90] plus, minus, nought and one zoom, G is the grid, ? the keys, space pans", () => {
  const keys = { "+": "zoom in", "=": "zoom in", "-": "zoom out", 0: "zoom to 100%", 1: "fit", g: "grid", "?": "keys", " ": "pan" };
  for (const [key, wanted] of Object.entries(keys)) assert.equal(name({ key }), wanted);
});

test("[BD92] Tab goes to the next shape, with shift to the one before", () => {
  assert.equal(name({ key: "Tab" }), "next");
  assert.equal(name({ key: "Tab", shiftKey: true }), "previous");
  assert.equal(name({ key: "Tab", ctrlKey: true }), null);
});

test("[BD91] who only watches can look and select, and change nothing", () => {
  const watch = { isReadOnly: true };
  for (const key of ["Delete", "r", "ArrowLeft", "Enter", "]"]) assert.equal(name({ key }, watch), null);
  for (const key of ["z", "x", "v", "d"]) assert.equal(name({ key, ctrlKey: true }, watch), null);
  for (const key of ["v", "h", "Tab", "+", "1", "g", "Escape"]) assert.notEqual(name({ key }, watch), null);
  assert.equal(name({ key: "c", ctrlKey: true }, watch), "copy");
});

test("[BD90] keys that mean nothing here stay the browser's", () => {
  for (const key of ["q", "F5", "PageDown", "Dead", "constructor", "toString"]) assert.equal(name({ key }), null, key);
});
