// The board as a file: there and back, and what is said of a file that is none.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Wrong, read, write } from "../../gameserver/static/gameserver/board/file.mjs";

const rect = { kind: "rect", x: 1.125, y: -2, w: 30, h: 40, rotation: 90, fill: "#2563eb", stroke: "", width: 0, opacity: 50, text: "a “b”\nc", points: [] };
const line = { ...rect, kind: "line", w: 0, text: "", points: [0, 0, 10_000, 5000] };
const file = (shapes, more = {}) => JSON.stringify({ format: "board", version: 1, shapes, ...more });
const says = (text) => {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof Wrong, String(error));
    return error.message;
  }
  return "nothing";
};

test("[BD112] a board that is written and read has the same shapes in the same order, without ids", () => {
  const shapes = [{ id: "aaaaaaaa", z: 3, ...rect }, { id: "bbbbbbbb", z: 9, ...line }];
  const text = write(shapes);
  assert.deepEqual([JSON.parse(text).format, JSON.parse(text).version], ["board", 1]);
  assert.deepEqual(read(text), [rect, line]);
  assert.ok(!text.includes("aaaaaaaa") && !text.includes('"z"'));
  assert.equal(text.trim().split("\n").length, 4, "a line for each shape");
});

test("[BD112] what may be left out is left to what is usual, and more than is known is left out", () => {
  const [shape] = read(file([{ kind: "rect", x: 0, y: 0, w: 1, h: 1, rotation: -90, fill: "#ABCDEF", wild: "<b>", id: "cccccccc" }]));
  assert.deepEqual(shape, { kind: "rect", x: 0, y: 0, w: 1, h: 1, rotation: 270, fill: "#abcdef", stroke: "", width: 2, opacity: 100, text: "", points: [] });
});

test("[BD113] a file that is no board is told so in words", () => {
  assert.equal(says("{"), "This file is not JSON.");
  for (const text of ["null", "3", "[]", "{}", '{"format": "drawing"}']) assert.equal(says(text), "This file is not a board.");
  assert.match(says(file([rect], { version: 2 })), /version 2; only version 1/);
  assert.equal(says(file({})), "This file has no list of shapes.");
  assert.equal(says(file([])), "This file has no shapes.");
  assert.match(says(file(Array.from({ length: 5001 }, () => rect))), /5001 shapes; a board has at most 5000/);
});

for (const [what, shape, said] of [
  ["is no object", 7, "Shape 2 is not a shape."],
  ["is a list", [], "Shape 2 is not a shape."],
  ["has no kind", { ...rect, kind: undefined }, "Shape 2 has no kind."],
  ["has another kind", { ...rect, kind: "star" }, 'Shape 2 has a kind that is not known: "star".'],
  ["has a kind of every object", { ...rect, kind: "constructor" }, 'Shape 2 has a kind that is not known: "constructor".'],
  ["has no place", { ...rect, x: undefined }, "Shape 2 has no x."],
  ["is at a word", { ...rect, y: "7" }, "Shape 2: y is not a number."],
  ["is too far away", { ...rect, x: 2e6 }, "Shape 2: x is not between -1000000 and 1000000."],
  ["is too small", { ...rect, w: 0.5 }, "Shape 2: w is not between 1 and 100000."],
  ["has half a pixel of line", { ...rect, width: 1.5 }, "Shape 2: width is not a whole number."],
  ["cannot be seen", { ...rect, opacity: 0 }, "Shape 2: opacity is not between 5 and 100."],
  ["has a colour that is a script", { ...rect, fill: "url(x)" }, "Shape 2: fill is not a colour such as #2563eb."],
  ["has a text that is none", { ...rect, text: 1 }, "Shape 2: text is not a text."],
  ["has too long a text", { ...rect, text: "é".repeat(2001) }, "Shape 2: text has more than 2000 characters."],
  ["is a line of one point", { ...line, points: [0, 0] }, "Shape 2 needs two points or more, two numbers each."],
  ["is a line of half a point", { ...line, points: [0, 0, 1, 1, 2] }, "Shape 2 needs two points or more, two numbers each."],
  ["is a line with too many points", { ...line, points: Array(2002).fill(0) }, "Shape 2 has more than 1000 points."],
  ["is a line that leaves its box", { ...line, points: [0, 0, 10_001, 0] }, "Shape 2: points are whole numbers from 0 to 10000."],
  ["has points that are no list", { ...line, points: "0 0 1 1" }, "Shape 2: points is not a list."],
]) {
  test(`[BD113] a shape that ${what} is named by its number`, () => assert.equal(says(file([rect, shape])), said));
}
