// Shapes in words, what the properties panel offers, how large pictures become.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Desk, PALETTE, TOOLS, kindOf } from "../../gameserver/static/gameserver/board/desk.mjs";
import { choices, steps } from "../../gameserver/static/gameserver/board/panels/choices.mjs";
import { keymap } from "../../gameserver/static/gameserver/board/panels/keymap.mjs";
import { listed } from "../../gameserver/static/gameserver/board/panels/list.mjs";
import { others } from "../../gameserver/static/gameserver/board/panels/people.mjs";
import { links } from "../../gameserver/static/gameserver/board/panels/share.mjs";
import { SIDE_MAX, pictureScale, take } from "../../gameserver/static/gameserver/board/panels/transfer.mjs";
import { ago, colourName, count, describe, initial } from "../../gameserver/static/gameserver/board/panels/words.mjs";
import { nextScale } from "../../gameserver/static/gameserver/board/panels/zoom.mjs";
import { action } from "../../gameserver/static/gameserver/board/stage/keys.mjs";

const plain = { id: "aaaaaaaa", kind: "rect", x: 40, y: 60, w: 120, h: 80, rotation: 0, fill: "", stroke: PALETTE.ink, width: 2, opacity: 100, text: "", points: [], z: 1 };
const shape = (more) => ({ ...plain, ...more });

test("[BD105] a shape in words says kind, colour, size, place and text", () => {
  assert.equal(describe(shape({ fill: PALETTE.blue, text: "hello" })), "Rectangle, blue, 120 by 80 at 40, 60, “hello”");
  assert.equal(describe(shape({ kind: "ellipse", x: -0.25, y: 0.5 })), "Ellipse, ink outline, 120 by 80 at 0, 1");
  assert.equal(describe(shape({ kind: "arrow", stroke: PALETTE.red, rotation: 44.875, opacity: 30 })), "Arrow, red, 120 by 80 at 40, 60, turned 45°, 30 % opaque");
  assert.equal(describe(shape({ stroke: "" })), "Rectangle, 120 by 80 at 40, 60");
  assert.equal(describe(shape({ kind: "text", fill: PALETTE.ink, text: ` a\n\n b ${"🙂".repeat(80)}` })), `Text, ink, 120 by 80 at 40, 60, “a b ${"🙂".repeat(56)}…”`);
});

test("[BD105] every colour of the palette has its name, and any other that of the nearest", () => {
  for (const [name, hex] of Object.entries(PALETTE)) assert.equal(colourName(hex), name);
  assert.deepEqual([colourName("#2060f0"), colourName("#fefefe"), colourName("")], ["blue", "paper", ""]);
});

test("[BD105] numbers, times and names are said as people say them", () => {
  assert.deepEqual([count(1), count(0), count(1234)], ["one shape", "0 shapes", "1,234 shapes"]);
  const now = Date.UTC(2026, 4, 1, 12);
  assert.deepEqual([0, 59e3, 60e3, 300e3, 3600e3, 7200e3, -5000].map((ms) => ago(now - ms, now)), ["just now", "just now", "a minute ago", "5 minutes ago", "an hour ago", "2 hours ago", "just now"]);
  assert.match(ago(now - 48 * 3600e3, now), /Apr 2\d, 2026/);
  assert.deepEqual([initial(" ada"), initial("🙂x"), initial("")], ["A", "🙂", "?"]);
});

test("[BD106] the panel is about the next shape with a tool in hand, else about the selection, else about nothing", () => {
  const { styles } = new Desk();
  assert.equal(choices({ shapes: [], tool: "select", styles }), null);
  assert.equal(choices({ shapes: [], tool: "hand", styles }), null);
  assert.equal(kindOf("pen"), "stroke");
  const next = choices({ shapes: [], tool: "pen", styles });
  assert.deepEqual([next.ofSelection, next.kinds, Object.keys(next.fields), next.fields.width.value], [false, ["stroke"], ["stroke", "width", "opacity"], 4]);
  assert.deepEqual(choices({ shapes: [plain], tool: "pen", styles }), next);
  const chosen = choices({ shapes: [plain], tool: "hand", styles });
  assert.deepEqual([chosen.ofSelection, chosen.kinds], [true, ["rect"]]);
});

test("[BD106] fields are those that a shape of the selection has; where shapes differ no value is shown", () => {
  const { fields } = choices({ shapes: [plain, shape({ width: 8, kind: "line" }), shape({ kind: "text", fill: PALETTE.red })], tool: "select", styles: {} });
  assert.deepEqual(Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, [one.value, one.canBeNone, one.title]])), {
    fill: [undefined, false, "Fill"],
    stroke: [PALETTE.ink, false, "Line"],
    width: [undefined, false, "Line"],
    opacity: [100, false, "Line"],
  });
  assert.deepEqual(choices({ shapes: [plain], tool: "select", styles: {} }).fields.fill, { value: "", canBeNone: true, title: "Fill" });
  assert.equal(choices({ shapes: [shape({ kind: "text" })], tool: "select", styles: {} }).fields.fill.title, "Colour");
});

test("[BD106] a choice changes those shapes that have the field and not that value", () => {
  const shapes = [plain, shape({ id: "bbbbbbbb", fill: PALETTE.blue }), shape({ id: "cccccccc", kind: "line" })];
  assert.deepEqual(steps(shapes, "fill", PALETTE.blue), [{ do: "change", ids: ["aaaaaaaa"], set: { fill: PALETTE.blue } }]);
  assert.deepEqual(steps(shapes, "width", 2), []);
  const bare = shape({ stroke: "", width: 0 });
  assert.deepEqual(steps([bare], "stroke", PALETTE.red), [
    { do: "change", ids: ["aaaaaaaa"], set: { stroke: PALETTE.red } },
    { do: "change", ids: ["aaaaaaaa"], set: { width: 2 } },
  ]);
});

test("[BD107] the list begins with what is in front, and is bounded", () => {
  assert.deepEqual(listed(["back", "middle", "front"], 2), ["front", "middle"]);
  assert.deepEqual(listed([], 2), []);
});

test("[BD108] people are those who are here and not oneself, those who move first", () => {
  const person = (id, name) => ({ id, name, colour: "#112233" });
  const active = new Map([["c", { ...person("c", "Cid"), isStill: false }], ["b", { ...person("b", "Bob"), isStill: true }]]);
  assert.deepEqual(others([person("a", "Ada"), person("me", "Me"), person("b", "Bob")], active, "me").map((one) => one.id), ["c", "a", "b"]);
});

test("[BD109] the links are whole addresses; who may only watch has no link for drawing", () => {
  const where = "http://cdg.play.localhost:8000/r/tea/?world=board#x";
  const room = { slug: "tea", watchUrl: "/w/abc/", readOnly: false };
  assert.deepEqual(links(room, where).map((link) => link.url), ["http://cdg.play.localhost:8000/r/tea/?world=board", "http://cdg.play.localhost:8000/w/abc/"]);
  assert.deepEqual(links({ ...room, readOnly: true }, where).map((link) => link.url), ["http://cdg.play.localhost:8000/w/abc/"]);
  assert.equal(links({ slug: "tea", readOnly: false }, where).length, 1);
});

test("[BD114] a picture is sharp where there is room, and never has a side that is too long", () => {
  assert.deepEqual(pictureScale([-100, 0, 300, 300]), { scale: 2, isReduced: false });
  for (const side of [3000, 7952, 7953, 50_000, 1_000_000]) {
    const { scale, isReduced } = pictureScale([0, 50, 100, 50 + side]);
    assert.ok((side + 48) * scale <= SIDE_MAX + 0.001);
    assert.equal(isReduced, side > 7952);
  }
});

test("[BD115] an import puts all shapes on the board at once and selects them; what is wrong is said and nothing is done", async () => {
  const said = [];
  const pasted = [];
  const board = { paste: (shapes, { progress }) => (pasted.push(shapes), progress(0.5), { ids: ["x"], done: Promise.resolve({ ok: true }) }) };
  const desk = new Desk();
  const go = (text) => take({ size: text.length, text: async () => text }, { board, desk, stage: { fit() {} }, say: (words) => said.push(words) });
  await go(JSON.stringify({ format: "board", version: 1, shapes: [{ ...plain }] }));
  assert.deepEqual([pasted.length, pasted[0][0].id, [...desk.selection]], [1, undefined, ["x"]]);
  assert.deepEqual(said, ["Importing one shape: 50 %", "One shape imported."]);
  await go("no");
  assert.deepEqual([pasted.length, said.at(-1)], [1, "This file is not JSON."]);
  await take({ size: 1e9 }, { board, desk, say: (words) => said.push(words) });
  assert.match(said.at(-1), /too large/);
});

test("[BD116] zooming by steps goes through the same scales up and down, and stops at the ends", () => {
  assert.deepEqual([nextScale(1, 1), nextScale(1, -1), nextScale(1.2, 1), nextScale(1.2, -1), nextScale(8, 1), nextScale(0.1, -1)], [1.5, 0.75, 1.5, 1, 8, 0.1]);
});

test("[BD117] the table of keys has every tool, and every single key in it means something on the board", () => {
  const rows = keymap("Ctrl+").flatMap(([, group]) => group);
  for (const { title, key } of TOOLS) assert.ok(rows.some(([what, keys]) => what === title && keys === key.toUpperCase()));
  const single = rows.flatMap(([what, keys]) => keys.split(", ").filter((key) => key.length === 1).map((key) => [what, key === "−" ? "-" : key]));
  assert.ok(single.length > 15);
  for (const [what, key] of single) assert.ok(action({ key }), `${what}: ${key}`);
});
