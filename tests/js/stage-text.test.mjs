// How text stands in shapes: with letters that are all half as wide as high.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LINE_HEIGHT, boxOf, laidOut, wrapped } from "../../gameserver/static/gameserver/board/stage/text.mjs";

const measure = (text) => Array.from(text).length / 2;
const shape = (more) => ({ kind: "text", x: 0, y: 0, w: 200, h: 26, width: 0, text: "hello", ...more });
const texts = (layout) => layout.lines.map(({ text }) => text);

test("[BD89] lines are broken between words, and the space at the break is gone", () => {
  assert.deepEqual(wrapped("one two three", 4, measure), ["one two", "three"]);
  assert.deepEqual(wrapped("a\n\nb", 4, measure), ["a", "", "b"]);
});

test("[BD89] a word that is longer than a line is broken inside", () => {
  assert.deepEqual(wrapped("abcdefgh", 2, measure), ["abcd", "efgh"]);
});

test("[BD89] scripts without spaces are broken between letters", () => {
  assert.deepEqual(wrapped("東京都庁前", 1, measure), ["東京", "都庁", "前"]);
});

test("[BD89] letters of a pair are never torn apart", () => {
  assert.deepEqual(wrapped("😀😀😀", 1, measure), ["😀😀", "😀"]);
});

test("[BD89] a text's box decides how large its letters are", () => {
  assert.equal(laidOut(shape(), measure).size, 20);
  assert.ok(laidOut(shape({ h: 52, w: 400 }), measure).size === 40);
  assert.ok(laidOut(shape({ w: 25 }), measure).size <= 10.375);
});

test("[BD89] all lines stand inside of the box", () => {
  const note = shape({ kind: "note", w: 120, h: 120, text: "many words that have to find their place in a small note, whatever it takes" });
  const layout = laidOut(note, measure);
  assert.ok(layout.lines.length * layout.lineHeight <= 120);
  assert.ok(texts(layout).every((text) => measure(text) * layout.size <= 120));
  assert.equal(texts(layout).join(" "), note.text);
});

test("[BD89] a note and a label stand in the middle, with letters that do not grow with a large box for ever", () => {
  const layout = laidOut(shape({ kind: "rect", w: 300, h: 200, text: "hi" }), measure);
  assert.deepEqual([layout.align, layout.x, layout.size], ["center", 150, 20]);
  assert.ok(Math.abs(layout.lines[0].y - 107) < 8);
});

test("[BD89] a text stands at the left and at the top", () => {
  const layout = laidOut(shape({ h: 100, text: "a\nb" }), measure);
  assert.deepEqual([layout.align, layout.x], ["left", 0]);
  assert.ok(layout.lines[0].y < 50);
});

test("[BD89] lines, arrows and strokes show no text, nor does a shape without one", () => {
  assert.equal(laidOut(shape({ kind: "arrow" }), measure), null);
  assert.equal(laidOut(shape({ text: "" }), measure), null);
});

test("[BD89] the box that a text needs is the one in which it has these letters and these lines, so that writing again changes no size", () => {
  for (const size of [12.5, 24, 37.125]) {
    for (const text of ["hello world\nx", "a\nb\nc\nd", "one line"]) {
      const layout = laidOut(shape({ ...boxOf(text, size, measure), text }), measure);
      assert.deepEqual([texts(layout).join("\n"), layout.size], [text, size]);
    }
  }
});

test("[BD89] a text with a width of its own is broken there, and its box is as high as its lines", () => {
  const narrow = boxOf("hello world", 24, measure, 70);
  assert.deepEqual([narrow.w, narrow.h], [70, Math.ceil(2 * 24 * LINE_HEIGHT * 8) / 8]);
});

test("[BD89] an empty text has a box of one line, to be clicked", () => {
  const box = boxOf("", 24, measure);
  assert.ok(box.w > 0 && box.h >= 24);
});
