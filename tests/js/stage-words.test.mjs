// Colours, words and the clipboard of the board's stage.
import assert from "node:assert/strict";
import { test } from "node:test";

import { write } from "../../gameserver/static/gameserver/board/file.mjs";
import { PALETTE, Desk } from "../../gameserver/static/gameserver/board/desk.mjs";
import { paste } from "../../gameserver/static/gameserver/board/stage/clipboard.mjs";
import { drawn, inkOn, personal, textColour } from "../../gameserver/static/gameserver/board/stage/colours.mjs";
import { headOf } from "../../gameserver/static/gameserver/board/stage/figure.mjs";
import { countInWords, placeInWords } from "../../gameserver/static/gameserver/board/stage/words.mjs";

const measure = (text) => text.length / 2;
const PLAIN = { kind: "rect", x: 100, y: 100, w: 80, h: 40, rotation: 0, fill: "", stroke: "#2563eb", width: 2, opacity: 100, text: "" };
const shape = (more) => ({ ...PLAIN, points: [], ...more });
const where = (more) => ({ seen: [0, 0, 800, 600], at: null, styles: new Desk().styles, measure, ...more });

test("[BD93] in the dark ink and paper are drawn as each other, and all other colours as they are", () => {
  assert.equal(drawn(PALETTE.ink, true), PALETTE.paper);
  assert.equal(drawn(PALETTE.paper, true), PALETTE.ink);
  const { ink, paper, ...others } = PALETTE;
  for (const colour of Object.values(others)) assert.equal(drawn(colour, true), colour);
  for (const colour of Object.values(PALETTE)) assert.equal(drawn(colour, false), colour);
  assert.equal(drawn("", true), "");
});

test("[BD93] text can be read on every filling of the palette, in the dark and in the light", () => {
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const part = (hex, at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255);
  const light = (hex) => 0.2126 * part(hex, 1) + 0.7152 * part(hex, 3) + 0.0722 * part(hex, 5);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  for (const fill of Object.values(PALETTE)) {
    assert.ok(contrast(inkOn(fill), fill) >= 3.8, fill);
    for (const isDark of [false, true]) assert.ok(contrast(textColour(shape({ fill }), isDark), drawn(fill, isDark)) >= 3.8, fill);
  }
});

test("[BD93] a person's colour is lightened in the dark only", () => {
  assert.equal(personal("#000000", true), "#858585");
  assert.equal(personal("#2563eb", false), "#2563eb");
});

test("[BD82] an arrow's head ends at its tip, and is short on a short arrow; a dot has none", () => {
  const { tip, base } = headOf([0, 0, 100, 0], 2);
  assert.deepEqual(tip, [100, 0]);
  assert.ok(base[0] < 100 && base[0] > 80);
  assert.ok(headOf([0, 0, 5, 0], 2).base[0] > 0);
  assert.equal(headOf([3, 3, 3, 3], 2), null);
});

test("[BD92] a shape is told with its place among all, and with its text", () => {
  assert.equal(placeInWords(shape(), 2, 12), "Rectangle, 3 of 12");
  assert.equal(placeInWords(shape({ kind: "note", text: "buy\n milk" }), 0, 1), "Note “buy milk”, 1 of 1");
  assert.equal(countInWords(1), "1 shape");
  assert.equal(countInWords(0), "0 shapes");
});

test("[BD94] shapes that were copied from what is in view are put beside them", () => {
  const [copy] = paste(write([shape()]), where());
  assert.deepEqual([copy.x, copy.y, copy.stroke], [116, 116, "#2563eb"]);
});

test("[BD94] shapes that were copied from elsewhere are put about the pointer, together as they were", () => {
  const [a, b] = paste(write([shape({ x: 5_000, y: 5_000 }), shape({ x: 5_100, y: 5_000 })]), where({ at: { x: 400, y: 300 } }));
  assert.deepEqual([b.x - a.x, (a.x + b.x + 80) / 2, a.y + 20], [100, 400, 300]);
});

test("[BD94] any other text becomes a text in the middle of the view, in lines if it is long", () => {
  const [text] = paste("hello\r\nworld", where());
  assert.deepEqual([text.kind, text.text, text.fill], ["text", "hello\nworld", PALETTE.ink]);
  assert.ok(Math.abs(text.x + text.w / 2 - 400) < 1 && Math.abs(text.y + text.h / 2 - 300) < 1);
  assert.equal(paste("word ".repeat(100), where())[0].w, 480);
  assert.equal(paste('{"format": "other"}', where())[0].kind, "text");
});

test("[BD94] an empty clipboard is nothing, and a text that is too long is cut at what a shape may have", () => {
  assert.deepEqual(paste(" \n", where()), []);
  assert.equal(Array.from(paste("😀".repeat(3_000), where())[0].text).length, 2_000);
});
