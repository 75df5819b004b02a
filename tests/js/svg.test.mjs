// The board as an SVG picture: every kind, turned and transparent, its text in lines, nothing in it that could be more than text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { escape, toSvg } from "../../gameserver/static/gameserver/board/svg.mjs";
import { laidOut } from "../../gameserver/static/gameserver/board/stage/text.mjs";

/** Every letter is half as wide as it is high. */
const measure = (text) => [...text].length / 2;
const plain = { x: 0, y: 0, w: 100, h: 60, rotation: 0, fill: "", stroke: "#1f2937", width: 2, opacity: 100, text: "", points: [], z: 1 };
const shape = (kind, more = {}) => ({ id: "shape000", kind, ...plain, ...more });
const svg = (shapes, options = {}) => toSvg([shapes].flat(), { measure, ...options });

/** A reader of the XML that is enough for pictures: throws when tags do not match; elements with attributes and text. */
function parse(text) {
  const found = [];
  const open = [];
  for (const [, end, name, attributes, self, words] of text.matchAll(/<(\/?)([a-z]+)([^<>]*?)(\/?)>([^<]*)/g)) {
    if (end) assert.equal(open.pop(), name);
    else {
      found.push({ name, text: words, ...Object.fromEntries([...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])) });
      if (!self) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  return found;
}

const numbers = (d) => d.match(/-?\d+(\.\d+)?/g).map(Number);

test("[BD110] a picture has every kind of shape, in the order in which they lie", () => {
  const points = [0, 0, 5000, 10_000, 10_000, 0];
  const kinds = [shape("rect", { fill: "#2563eb" }), shape("ellipse"), shape("line", { points }), shape("arrow", { points }), shape("stroke", { points }), shape("text", { text: "words", fill: "#16a34a", width: 0 }), shape("note", { fill: "#fde68a", text: "note" })];
  const groups = svg(kinds).split("\n").filter((line) => line.startsWith("<g"));
  assert.equal(groups.length, 7);
  const [rect, ellipse, line, arrow, stroke, text, note] = groups.map(parse);
  assert.deepEqual([rect[1].fill, rect[1].stroke, rect[1]["stroke-width"]], ["#2563eb", "#1f2937", "2"]);
  assert.equal(rect.length, 2, "fill and line are one element");
  assert.deepEqual([ellipse[1].fill, ellipse[1].d.match(/a/g).length], ["none", 2]);
  assert.deepEqual(numbers(line[1].d), [0, 0, 50, 60, 100, 0]);
  assert.equal(arrow.length, 3);
  assert.match(arrow[2].d, /^M100 0L.*Z$/, "the tip of an arrow is where it ends");
  assert.match(stroke[1].d, /Q/, "a stroke is a smooth line");
  assert.deepEqual([text[1].name, text[1].fill, text[1].text], ["text", "#16a34a", "words"]);
  assert.ok(note.some((one) => one["fill-opacity"] && one.fill === "#000000"), "a note has a shadow");
});

test("[BD110] a shape is turned about its corner, and transparent as a whole", () => {
  const [group] = parse(svg(shape("rect", { x: 10.125, y: -20, rotation: 45, opacity: 40 }))).filter((one) => one.name === "g");
  assert.deepEqual([group.transform, group.opacity], ["translate(10.125 -20) rotate(45)", "0.4"]);
  const [straight] = parse(svg(shape("rect"))).filter((one) => one.name === "g");
  assert.deepEqual([straight.transform, straight.opacity], ["translate(0 0)", undefined]);
});

test("[BD110] text has the lines, the size and the places that it has on the board", () => {
  const note = shape("note", { w: 200, h: 200, fill: "#fde68a", text: "some words that need more than a single line to stand in", width: 0 });
  const layout = laidOut(note, measure);
  const lines = parse(svg(note)).filter((one) => one.name === "text");
  assert.ok(lines.length > 1);
  assert.deepEqual(lines.map(({ text, y }) => [text, Number(y)]), layout.lines.map(({ text, y }) => [text, Math.round(y * 1000) / 1000]));
  assert.ok(lines.every((line) => Number(line["font-size"]) === layout.size && line["text-anchor"] === "middle"));
  const small = shape("text", { w: 40, h: 5, text: "small", fill: "#1f2937", width: 0 });
  assert.equal(parse(svg(small)).filter((one) => one.name === "text")[0].text, "small", "letters that are too small for the screen are letters");
});

test("[BD111] what people write stays text", () => {
  const nasty = `</text><script>alert("1")</script>&'\u0000\u000b\ud800`;
  const text = svg(shape("text", { w: 900, text: nasty, fill: "#1f2937", width: 0 }));
  assert.ok(!text.includes("<script"));
  const words = parse(text).filter((one) => one.name === "text").map((one) => one.text);
  assert.deepEqual(words, ["&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"]);
  assert.equal(escape("plain ünï 🙂"), "plain ünï 🙂");
});

test("[BD110] a picture is as large as what is painted, turned corners and lines included, with a margin", () => {
  const [root] = parse(svg([shape("rect", { x: -50, width: 10 }), shape("rect", { x: 300, y: 100, w: 100, h: 100, rotation: 45 })]));
  const [x, y, width, height] = root.viewBox.split(" ").map(Number);
  assert.ok(x <= -55 - 16 && y <= -5 - 16);
  assert.ok(x + width >= 300 + 70.7 + 16 && y + height >= 100 + 141.4 + 16);
  assert.ok(width < 600 && height < 400);
  assert.deepEqual([root.width, root.height], [String(width), String(height)]);
});

test("[BD110] the ground is painted only when there is one; in the dark ink and paper are each other", () => {
  assert.equal(parse(svg(shape("rect"))).filter((one) => one.name === "rect").length, 0);
  const [ground] = parse(svg(shape("rect"), { background: "#12182a" })).filter((one) => one.name === "rect");
  assert.equal(ground.fill, "#12182a");
  const dark = parse(svg(shape("rect", { fill: "#ffffff" }), { isDark: true })).find((one) => one.name === "path");
  assert.deepEqual([dark.fill, dark.stroke], ["#1f2937", "#ffffff"]);
});

test("[BD110] a board without shapes is a picture, too, and what has no colour is not painted", () => {
  assert.equal(parse(svg([])).length, 1);
  assert.equal(parse(svg(shape("rect", { stroke: "" }))).filter((one) => one.name === "path").length, 0);
});
