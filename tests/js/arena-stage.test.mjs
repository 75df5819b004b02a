// The arena's stage, as values: what is seen of the field, what hands mean, what flies about.
import assert from "node:assert/strict";
import { test } from "node:test";

import { headingOf } from "../../gameserver/static/gameserver/arena/core/controls.mjs";
import { rocksOf } from "../../gameserver/static/gameserver/arena/core/field.mjs";
import { bearings } from "../../gameserver/static/gameserver/arena/stage/bearings.mjs";
import { Eye, scaleOf } from "../../gameserver/static/gameserver/arena/stage/eye.mjs";
import { Hands, STICK_PX } from "../../gameserver/static/gameserver/arena/stage/hands.mjs";
import { UNKNOWN, mixed, paintsOf } from "../../gameserver/static/gameserver/arena/stage/palette.mjs";
import { shapeOf } from "../../gameserver/static/gameserver/arena/stage/rocks.mjs";
import { shortened } from "../../gameserver/static/gameserver/arena/stage/ships.mjs";
import { Sound, loudness } from "../../gameserver/static/gameserver/arena/stage/sound.mjs";
import { MOST_SPARKS, Sparks } from "../../gameserver/static/gameserver/arena/stage/sparks.mjs";
import { randomFrom } from "./arena-pretend.mjs";

const SCREENS = [[390, 640], [640, 300], [900, 760], [1280, 720], [1920, 1000], [3840, 2000], [320, 900]];
/** An eye that looks at 1000, 1000. */
function eyeOn(width, height) {
  const eye = new Eye(randomFrom(1));
  eye.resize(width, height);
  eye.look({ x: 1000, y: 1000 }, null, 16);
  return eye;
}
const shipAt = (slot, x, y) => ({ slot, x, y, colour: "#336699" });

test("[AR80] no screen shows more of the field than frames tell of, and all of usual shape show about as much", () => {
  for (const [width, height] of SCREENS) {
    const scale = scaleOf(width, height);
    assert.ok(width / scale / 2 <= 960.001 && height / scale / 2 <= 560.001, `${width} by ${height}`);
  }
  const areas = [[900, 760], [1280, 720], [640, 500]].map(([width, height]) => (width * height) / scaleOf(width, height) ** 2);
  for (const area of areas) assert.ok(Math.abs(area - areas[0]) < 1);
});

test("[AR81] one looks ahead of a ship that flies, within the screen, and smoothly", () => {
  const eye = eyeOn(900, 700);
  const moving = { vx: 9, vy: 0 };
  const steps = Array.from({ length: 120 }, () => {
    const before = eye.x;
    eye.look({ x: 1000, y: 1000 }, moving, 1000 / 60);
    return eye.x - before;
  });
  // With the look ahead, too, all that is seen is within the 1100 by 700 pixels that frames tell of.
  assert.ok(eye.x > 1100 && eye.x < 1140 && eye.y === 1000);
  assert.ok(Math.max(...steps) < 9);
  for (let frame = 0; frame < 300; frame += 1) eye.look({ x: 1000, y: 1000 }, null, 1000 / 60);
  assert.ok(Math.abs(eye.x - 1000) < 1);
});

test("[AR81] a shake moves what is seen by 14 pixels at most, and is over within a second", () => {
  const eye = eyeOn(900, 700);
  const still = eye.left;
  eye.shake(5);
  eye.look({ x: 1000, y: 1000 }, null, 16);
  assert.notEqual(eye.left, still);
  assert.ok(Math.abs(eye.left - still) <= 14);
  for (let frame = 0; frame < 60; frame += 1) eye.look({ x: 1000, y: 1000 }, null, 1000 / 60);
  assert.equal(eye.left, still);
});

test("[AR82] arrows point to the three nearest ships that are out of sight, from inside the screen", () => {
  const eye = eyeOn(800, 600);
  const ships = [shipAt(1, 1000, 1000), shipAt(2, 1900, 1000), shipAt(3, 1000, 1800), shipAt(4, 200, 200), shipAt(5, 3000, 1000), shipAt(6, 1050, 1020)];
  const found = bearings(eye, ships, ships[0]);
  assert.deepEqual(found.map(({ distance }) => Math.round(distance)), [800, 900, 1131]);
  assert.deepEqual(found.slice(0, 2).map(({ angle }) => angle), [Math.PI / 2, 0]);
  for (const { x, y } of found) assert.ok(x >= 30 && x <= 770 && y >= 78 && y <= 522);
  assert.deepEqual(bearings(eye, ships.slice(0, 1), ships[0]), []);
});

test("[AR83] there are never more than so many sparks, rings and words, whatever happens", () => {
  const sparks = new Sparks({ random: randomFrom(3) });
  for (let index = 0; index < 200; index += 1) {
    sparks.burst("destroyed", { x: index, y: 0, vx: 1, vy: 1 }, ["#ffffff"]);
    sparks.word("+5", { x: 0, y: 0 }, "#ffffff");
  }
  assert.equal(sparks.sparks.length, MOST_SPARKS);
  assert.ok(sparks.sparks.every(({ leftMs }) => leftMs > 0));
  assert.ok(sparks.rings.length <= 24 && sparks.words.length <= 12);
  for (let frame = 0; frame < 90; frame += 1) sparks.pass(1000 / 60);
  assert.ok(sparks.sparks.every(({ leftMs }) => leftMs <= 0));
  assert.deepEqual([sparks.rings.length, sparks.words.length], [0, 0]);
});

test("[AR83] who wants less motion gets no sparks and no rings, and words that stand still", () => {
  const sparks = new Sparks({ random: randomFrom(3), isCalm: () => true });
  sparks.burst("destroyed", { x: 0, y: 0 }, ["#ffffff"]);
  sparks.burn({ x: 0, y: 0, vx: 1, vy: 0 }, 1, 0, "#ffffff", 1000);
  sparks.word("+1", { x: 5, y: 50 }, "#ffffff");
  const { y } = sparks.words[0];
  sparks.pass(100);
  assert.ok(sparks.sparks.every(({ leftMs }) => leftMs <= 0));
  assert.deepEqual([sparks.rings.length, sparks.words[0].y], [0, y]);
});

test("[AR84] arrow keys and W, A, D fly, space fires, for as long as they are held", () => {
  const hands = new Hands();
  for (const code of ["ArrowLeft", "KeyW", "Space"]) assert.equal(hands.press(code), true);
  assert.deepEqual(hands.controls(null), { turn: -1, heading: null, thrust: true, fire: true });
  hands.press("KeyD");
  assert.equal(hands.controls(null).turn, 0);
  for (const code of ["ArrowLeft", "KeyW", "Space"]) hands.lift(code);
  assert.deepEqual(hands.controls(null), { turn: 1, heading: null, thrust: false, fire: false });
  assert.deepEqual([hands.press("KeyT"), hands.press("Tab"), hands.press("ArrowDown")], [false, false, true]);
});

test("[AR85] the mouse aims from its first button on, until a key turns; left fires, right thrusts", () => {
  const hands = new Hands();
  const ship = { x: 400, y: 300 };
  hands.mouse(500, 300, 0);
  assert.equal(hands.controls(ship).heading, null);
  hands.mouse(400, 500, 1, true);
  assert.deepEqual(hands.controls(ship), { turn: 0, heading: headingOf(0, 200), thrust: false, fire: true });
  hands.mouse(200, 300, 3);
  assert.deepEqual(hands.controls(ship), { turn: 0, heading: headingOf(-200, 0), thrust: true, fire: true });
  hands.mouse(200, 300, 0);
  hands.press("KeyA");
  hands.lift("KeyA");
  assert.equal(hands.controls(ship).heading, null);
  hands.toggleAim();
  assert.equal(hands.controls(ship).heading, headingOf(-200, 0));
});

test("[AR86] the left thumb is a stick where it comes down, the right one fires, both at once", () => {
  const hands = new Hands();
  hands.touch(1, 100, 500, 390);
  hands.touch(2, 300, 480, 390);
  hands.slide(1, 100, 500 - STICK_PX);
  assert.deepEqual(hands.controls(null), { turn: 0, heading: headingOf(0, -1), thrust: true, fire: true });
  hands.slide(1, 100 + STICK_PX * 3, 500 - STICK_PX);
  assert.ok(Math.hypot(hands.stick.dx, hands.stick.dy) < 1.0001);
  hands.slide(1, hands.stick.x - STICK_PX / 3, hands.stick.y);
  assert.deepEqual(hands.controls(null), { turn: 0, heading: 512, thrust: false, fire: true });
  hands.raise(2);
  hands.touch(3, 20, 20, 390);
  assert.equal(hands.controls(null).fire, false);
  hands.raise(1);
  assert.equal(hands.stick, null);
});

test("[AR86] nothing stays held when the page loses the focus", () => {
  const hands = new Hands();
  hands.press("KeyW");
  hands.mouse(10, 10, 3, true);
  hands.touch(1, 10, 10, 390);
  hands.touch(2, 380, 10, 390);
  hands.release();
  const { thrust, fire, turn } = hands.controls(null);
  assert.deepEqual([thrust, fire, turn, hands.stick], [false, false, 0, null]);
});

test("[AR87] a rock looks the same for all, unlike its neighbours, and is where ships bounce off it", () => {
  const rocks = rocksOf(7);
  rocks.forEach(({ radius }, index) => {
    const shape = shapeOf(7, index, radius);
    assert.deepEqual(shape, shapeOf(7, index, radius));
    for (const [x, y] of shape.corners) assert.ok(Math.abs(Math.hypot(x, y) - radius) <= radius * 0.08);
    for (const { x, y, radius: size } of shape.craters) assert.ok(Math.hypot(x, y) + size < radius * 0.9);
  });
  assert.notDeepEqual(shapeOf(7, 0, 80), shapeOf(7, 1, 80));
  assert.notDeepEqual(shapeOf(7, 0, 80), shapeOf(8, 0, 80));
});

test("[AR88] no colour hides a ship: one like the ground is brought away from it, one that is none is grey", () => {
  assert.equal(mixed("#000000", "#ffffff", 0.5), "#808080");
  assert.equal(paintsOf("#e5484d", true).hull, "#e5484d");
  assert.equal(paintsOf("#e5484d", false).hull, "#e5484d");
  assert.equal(paintsOf("#000000", true).hull, mixed("#000000", "#ffffff", 0.42));
  assert.equal(paintsOf("#ffffff", false).hull, mixed("#ffffff", "#000000", 0.38));
  assert.equal(paintsOf("url(x)", true).hull, UNKNOWN);
  assert.equal(shortened("a".repeat(40)).length, 18);
});

test("[AR89] sound is off until somebody turns it on, that is remembered, and what is far is not heard", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const made = [];
  const makeContext = () => (made.push(1), { state: "suspended", resume() {}, suspend() {} });
  const sound = new Sound({ kept: storage, makeContext });
  sound.wake();
  sound.hear({ effects: [{ kind: "shot", x: 0, y: 0 }], camera: { x: 0, y: 0 }, own: null }, 0);
  assert.deepEqual([sound.isOn, made.length], [false, 0]);
  kept.set("arena-sound", "on");
  const again = new Sound({ kept: storage, makeContext });
  assert.equal(again.isOn, true);
  again.set(false);
  assert.equal(new Sound({ kept: storage, makeContext }).isOn, false);
  const refusing = { getItem: () => { throw new Error("no"); }, setItem: () => { throw new Error("no"); } };
  assert.equal(new Sound({ kept: refusing, makeContext }).isOn, false);
  assert.deepEqual([loudness(0), loudness(1000), loudness(5000)], [1, 0, 0]);
});
