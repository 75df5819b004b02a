// Shots in the arena's page: own ones at once, the owner's once, hits where they are seen; crystals; bullets of others.
import assert from "node:assert/strict";
import { test } from "node:test";

import { headingOf } from "../../gameserver/static/gameserver/arena/core/controls.mjs";
import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { Others } from "../../gameserver/static/gameserver/arena/core/others.mjs";
import { COS, RADIUS, SIN, newShip } from "../../gameserver/static/gameserver/arena/core/rules.mjs";
import { Shots } from "../../gameserver/static/gameserver/arena/core/shots.mjs";
import { Frame } from "../../gameserver/static/gameserver/arena/core/wire.mjs";
import { Owner, Play, SLOT } from "./arena-pretend.mjs";

const STATE = { round: 1, seed: 7, phase: "playing", tick: 0, ends: 0, ships: [], best: [] };
const NOTHING = { turn: 0, heading: null, thrust: false, fire: false };
const TARGET = 9;

/** A page whose ship lies still in an open field, and an owner; with a target that flies in circles, if wanted. */
function play(options, { target = false, rocks = [] } = {}) {
  const [owner, game] = [new Owner(STATE.seed), new Game()];
  game.restart(STATE, 0);
  owner.rocks = rocks;
  game.rocks.splice(0, Infinity, ...rocks);
  const ship = owner.join(SLOT, 2048, 1500);
  if (target) owner.join(TARGET, 2048, 1800, { pilot: (_, tick) => [5, tick % 2] });
  const field = new Play(game, owner, options);
  field.controls = () => NOTHING;
  field.run(2000);
  return { owner, ship, game, field };
}

/** Fire one shot now. */
function fireOnce(field) {
  let left = 1;
  field.controls = () => ({ ...NOTHING, fire: left-- > 0 });
}

const bulletsOf = (view) => view.bullets.filter(({ slot }) => slot === SLOT).map((bullet) => ({ ...bullet }));

test("[AR71] an own shot is seen with the next picture, flies from the nose, and is one bullet all the time", () => {
  for (const options of [{}, { roundTripMs: 200, jitterMs: 30 }, { roundTripMs: 100, loss: 0.05 }]) {
    const { game, field } = play(options);
    fireOnce(field);
    const pictures = [];
    field.each = (nowMs) => pictures.push({ nowMs, found: bulletsOf(game.view(nowMs)) });
    const fromMs = field.nowMs;
    field.run(1300);
    const seen = pictures.filter(({ found }) => found.length);
    assert.ok(seen[0].nowMs - fromMs < 40, "at once");
    assert.ok(seen[0].found[0].x >= 2048 + RADIUS && seen[0].found[0].x < 2048 + RADIUS + 30);
    assert.ok(seen.every(({ found }) => found.length === 1 && found[0].isOwn));
    assert.ok(seen.every(({ found }, index) => !index || found[0].x > seen[index - 1].found[0].x), "it never steps back");
    assert.ok(Math.abs(seen.at(-1).nowMs - seen[0].nowMs - 1000) < 60, "for a second");
    assert.deepEqual(bulletsOf(game.view(field.nowMs)), []);
  }
});

test("[AR71] the owner's bullets of own shots are never shown beside them, however many fly", () => {
  const { owner, game, field } = play({ roundTripMs: 200, jitterMs: 30, loss: 0.02 }, { target: true });
  const strays = [];
  let [shots, flown] = [0, 0];
  field.controls = (nowMs) => ({ turn: Math.sin(nowMs / 700), heading: null, thrust: nowMs % 900 < 500, fire: true });
  field.each = (nowMs) => {
    const view = game.view(nowMs);
    shots += view.effects.filter(({ kind }) => kind === "shot").length;
    strays.push(...view.bullets.filter(({ slot, isOwn }) => slot === SLOT && !isOwn));
    flown += owner.bullets.filter(({ slot }) => slot === SLOT).length;
  };
  field.run(20_000);
  assert.ok(shots > 90 && flown > 90, `${shots} ${flown}`);
  assert.deepEqual(strays, []);
});

test("[AR71] a shot that the owner does not know is taken back with its answer", () => {
  const { owner, game, field } = play({ roundTripMs: 200 });
  owner.isJammed = true;
  fireOnce(field);
  field.run(100);
  assert.equal(bulletsOf(game.view(field.nowMs)).length, 1);
  field.run(300);
  assert.deepEqual(bulletsOf(game.view(field.nowMs)), []);
});

test("[AR71] no shot leaves a ship while a ranking is shown", () => {
  const { game, field } = play({});
  game.event({ ev: "arena.ended", round: 1, ranking: [], at: 5 }, field.nowMs);
  fireOnce(field);
  field.run(100);
  assert.deepEqual([game.view(field.nowMs).bullets, game.view(field.nowMs).effects], [[], []]);
});

test("[AR71] a correction takes shots back that were foreseen by what was wrong, and fires them as they are", () => {
  const { owner, ship, game, field } = play({ roundTripMs: 200 });
  ship.y += 100;
  field.run(60);
  fireOnce(field);
  field.run(30);
  assert.ok(Math.abs(bulletsOf(game.view(field.nowMs))[0].y - 1500) < 1);
  field.run(300);
  assert.deepEqual(bulletsOf(game.view(field.nowMs)).map(({ y, isOwn }) => [Math.round(y), isOwn]), [[1600, true]]);
  assert.equal(owner.bullets[0].y, 1600);
});

/** How often own bullets were seen to hit, and how often they did, while somebody aims well at what is on the screen. */
function shootOut(options) {
  const { owner, game, field } = play(options, { target: true });
  let [heading, sparks] = [null, 0];
  field.controls = (nowMs) => ({ ...NOTHING, heading, fire: nowMs < 30_000 });
  field.each = (nowMs) => {
    const { own, ships, effects } = game.view(nowMs);
    const target = ships.find(({ slot }) => slot === TARGET);
    const ticks = Math.hypot(target.x - own.x, target.y - own.y) / 14;
    heading = headingOf(target.x - own.x + target.vx * ticks, target.y - own.y + target.vy * ticks);
    sparks += effects.filter(({ kind }) => kind === "spark").length;
  };
  field.run(24_000);
  return { sparks, struck: owner.ships.get(TARGET).struck };
}

test("[AR72] what an own bullet is seen to hit is hit, as far as the owner makes up for the way", () => {
  for (const options of [{}, { roundTripMs: 50, jitterMs: 10 }, { roundTripMs: 100, jitterMs: 20 }]) {
    const { sparks, struck } = shootOut(options);
    assert.ok(struck >= 10, `${struck}`);
    assert.ok(Math.abs(sparks - struck) <= 1, `${sparks} seen, ${struck} were`);
  }
});

test("[AR72] from farther away a bullet is seen to hit where the owner looks: what is seen is still what is", () => {
  for (const jitterMs of [0, 30]) {
    const { sparks, struck } = shootOut({ roundTripMs: 200, jitterMs });
    assert.ok(struck >= 5, `${struck}`);
    assert.ok(Math.abs(sparks - struck) <= 1, `${sparks} seen, ${struck} were`);
  }
});

/** Shots with one bullet of input 1 that has flown so many ticks, and where sparks were. */
function shotOf(ticks, { rocks = [], touches = () => false } = {}) {
  const sparks = [];
  const shots = new Shots((x, y) => sparks.push([x, y]));
  shots.fire(1, { ...newShip(), x: 1000, y: 1000 });
  shots.tick(ticks, rocks, touches);
  const seen = () => {
    const found = [];
    shots.show(1, (x, y) => found.push([x, y]));
    return found;
  };
  return { shots, sparks, seen };
}

/** A frame of slot 3 at 1000, 1000 with these bullets, each by its age. */
function frameWith(ages, { tick, ack = 100, x = 1000 }) {
  const owner = new Owner();
  owner.tick = tick;
  owner.join(SLOT, x, 1000).queue.ack = ack;
  owner.bullets = ages.map((age) => ({ slot: SLOT, x: 1000 + RADIUS + 14 * age, y: 1000, vx: 14, vy: 0 }));
  const frame = new Frame();
  assert.equal(frame.decode(owner.frame(SLOT)), true);
  return frame;
}

test("[AR72] a bullet ends at a rock at once, and with a spark", () => {
  const { sparks, seen } = shotOf(30, { rocks: [{ x: 1200, y: 1000, radius: 50 }] });
  assert.deepEqual(seen(), []);
  assert.equal(sparks.length, 1);
  assert.ok(sparks[0][0] > 1146 - 1 && sparks[0][0] < 1160, `${sparks}`);
});

test("[AR72] a bullet that was seen to hit, but flies on at the owner, is seen again", () => {
  const { shots, seen } = shotOf(20, { touches: (x) => x > 1100 && x < 1130 });
  assert.deepEqual(seen(), []);
  shots.take(frameWith([2], { tick: 50 }));
  shots.take(frameWith([6], { tick: 54 }));
  assert.deepEqual(seen(), [], "the owner may yet find the hit");
  shots.take(frameWith([12], { tick: 60 }));
  assert.deepEqual(seen(), [[1000 + RADIUS + 14 * 20, 1000]]);
});

test("[AR72] a bullet that is no more at the owner ends with a spark, unless frames do not reach so far", () => {
  const near = shotOf(20);
  near.shots.take(frameWith([2], { tick: 50 }));
  near.shots.take(frameWith([], { tick: 52 }));
  assert.deepEqual([near.seen(), near.sparks.length], [[], 1]);
  const away = shotOf(20);
  away.shots.take(frameWith([2], { tick: 50 }));
  away.shots.take(frameWith([], { tick: 54, x: 3000 }));
  assert.deepEqual([away.seen().length, away.sparks.length], [1, 0]);
});

test("[AR71] two shots on one line are matched each with its own, also when both are heard of at once", () => {
  const { shots, seen } = shotOf(12);
  shots.fire(13, { ...newShip(), x: 1000, y: 1000 });
  shots.tick(14, [], () => false);
  const both = frameWith([14, 2], { tick: 60 });
  shots.take(both);
  assert.deepEqual([...both.bullets.isOwn.slice(0, 2)], [1, 1]);
  shots.take(frameWith([4], { tick: 62 }));
  assert.deepEqual(seen(), [[1000 + RADIUS + 14 * 2, 1000]], "the older one is gone");
  assert.ok(COS[0] === 1 && SIN[0] === 0);
});

test("[AR70] bullets of others fly straight in the time that is shown of others, and are gone with what is held", () => {
  const [owner, others] = [new Owner(), new Others()];
  owner.tick = 100;
  owner.bullets = [{ slot: 5, x: 500, y: 600, vx: 10.25, vy: -8 }];
  others.blank.decode(owner.frame(SLOT));
  others.keep();
  const at = (tick) => {
    const found = [];
    others.bullets(tick, (...bullet) => found.push(bullet));
    return found;
  };
  assert.deepEqual(at(102.5), [[5, 525.625, 580, 10.25, -8]]);
  assert.deepEqual(at(106), [[5, 561.5, 552, 10.25, -8]]);
  assert.deepEqual(at(107), []);
});

test("[AR77] a crystal that the own ship touches is gone at once, and there again if the owner still has it", () => {
  const { owner, game, field } = play({ roundTripMs: 200 });
  owner.crystals = [[2100, 1500], [2500, 1900]];
  field.run(300);
  assert.equal(game.view(field.nowMs).crystals.length, 2);
  field.controls = () => ({ ...NOTHING, thrust: true });
  let [touchedMs, told] = [0, 0];
  field.each = (nowMs) => {
    const view = game.view(nowMs);
    told += view.effects.filter(({ kind }) => kind === "crystal").length;
    if (!touchedMs && Math.hypot(game.ship.x - 2100, game.ship.y - 1500) < 28) {
      touchedMs = nowMs;
      assert.equal(view.crystals.length, 1);
    }
  };
  while (!touchedMs) field.run(20);
  field.run(300);
  assert.deepEqual([game.view(field.nowMs).crystals.length, told], [1, 1]);
  field.run(500);
  assert.equal(game.view(field.nowMs).crystals.length, 2);
  owner.crystals.shift();
  field.run(300);
  assert.equal(game.view(field.nowMs).crystals.length, 1);
});
