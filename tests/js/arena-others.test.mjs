// Others in the arena's page: which tick is shown of them, and where they are in it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, LEAST_DELAY_MS, MOST_DELAY_MS } from "../../gameserver/static/gameserver/arena/core/clock.mjs";
import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { Others } from "../../gameserver/static/gameserver/arena/core/others.mjs";
import { Owner, Play, SLOT, TICK_MS, randomFrom } from "./arena-pretend.mjs";

const STATE = { round: 1, seed: 7, phase: "playing", tick: 0, ends: 0, ships: [], best: [] };
const FRAME_MS = 2 * TICK_MS;

/** A clock that hears of frames, each `lateMs(index)` late and never before the one before it, and is read 120 times a second. */
function listen(clock, { frames, lateMs, tickMs = TICK_MS, from = 0, each = () => {} }) {
  let [arrivesMs, nowMs] = [0, from];
  for (let index = 0; index < frames; index += 1) {
    const madeMs = from + 2 * index * tickMs;
    arrivesMs = Math.max(arrivesMs, madeMs + lateMs(index));
    for (; nowMs < arrivesMs; nowMs += 1000 / 120) {
      clock.advance(nowMs);
      each(nowMs, (nowMs - from) / tickMs);
    }
    clock.take(1000 + 2 * index, arrivesMs);
  }
  return arrivesMs;
}

test("[AR66] others are shown 100 ms behind the earliest frames, and time neither stops nor goes back nor hurries", () => {
  for (const jitterMs of [0, 10, 30]) {
    const [clock, random] = [new Clock(), randomFrom(5)];
    let [before, beforeMs] = [-1, 0];
    const each = (nowMs, tick) => {
      const { shown } = clock;
      if (nowMs > 3000) {
        const pace = (shown - before) / ((nowMs - beforeMs) / TICK_MS);
        assert.ok(pace > 0.9 && pace < 1.1, `${pace}`);
        const behindMs = (1000 + tick - shown) * TICK_MS - 80;
        assert.ok(Math.abs(behindMs - 100) < 8, `${behindMs} ms`);
      }
      [before, beforeMs] = [shown, nowMs];
    };
    listen(clock, { frames: 600, lateMs: () => 80 + random() * jitterMs, each });
    assert.equal(clock.delayMs, LEAST_DELAY_MS);
    assert.ok(Math.abs(clock.jitterMs - jitterMs) < jitterMs / 4 + 1, `${clock.jitterMs} ms of jitter, not ${jitterMs}`);
    assert.equal(clock.rate, 60);
  }
});

test("[AR66] with more jitter others are shown later, by 250 ms at most, and soon; with less again slowly", () => {
  const [clock, random] = [new Clock(), randomFrom(9)];
  const at = listen(clock, { frames: 120, lateMs: () => 40 + random() * 150 });
  assert.ok(clock.delayMs > 150 && clock.delayMs < 220, `${clock.delayMs}`);
  const later = listen(clock, { frames: 120, lateMs: () => 40 + random() * 900, from: at });
  assert.equal(clock.delayMs, MOST_DELAY_MS);
  let [before, beforeMs] = [clock.delayMs, null];
  const each = (nowMs) => {
    if (beforeMs !== null) assert.ok(before - clock.delayMs <= (nowMs - beforeMs) * 0.0101);
    [before, beforeMs] = [clock.delayMs, nowMs];
  };
  listen(clock, { frames: 900, lateMs: () => 40, from: later, each });
  assert.equal(clock.delayMs, LEAST_DELAY_MS);
});

test("[AR66] one late frame, and all behind it, do not move the clock", () => {
  const clock = new Clock();
  listen(clock, { frames: 300, lateMs: (index) => (index === 200 ? 650 : 50) });
  assert.equal(clock.rate, 60);
  assert.ok(Math.abs(clock.shown - (1000 + 600 - (50 + FRAME_MS) / TICK_MS - 6)) < 12, `${clock.shown}`);
});

test("[AR66] an owner whose time is slow is followed", () => {
  const clock = new Clock();
  let behind = 0;
  const each = (nowMs, tick) => (behind = 1000 + tick - clock.shown);
  listen(clock, { frames: 300, lateMs: () => 50, tickMs: 1000 / 45, each });
  assert.ok(Math.abs(clock.rate - 45) < 1, `${clock.rate}`);
  assert.ok(behind > 4 && behind < 12, `${behind} ticks behind`);
});

test("[AR67] ticks that go back, or leap ahead, are another owner's: the clock begins anew, and says so", () => {
  const clock = new Clock();
  const at = listen(clock, { frames: 100, lateMs: () => 50 });
  assert.equal(clock.take(1198 - 300, at + 40), true);
  assert.equal(clock.shown, 898 - 6);
  assert.equal(clock.take(900, at + 73), false);
  assert.equal(clock.take(5000, at + 106), true);
  assert.equal(clock.shown, 4994);
  assert.equal(clock.take(5002, at + 106 + 2000), false, "what is late is late");
});

/** Others who have heard of these frames: `[tick, {slot: [x, y, vx, vy, heading]}]`, headings in directions. */
function told(...frames) {
  const others = new Others();
  const owner = new Owner();
  for (const [tick, ships] of frames) {
    owner.ships.clear();
    owner.tick = tick;
    for (const [slot, [x, y, vx, vy, heading]] of Object.entries(ships)) Object.assign(owner.join(Number(slot), x, y), { vx, vy, heading });
    assert.equal(others.blank.decode(owner.frame(99)), true);
    others.keep();
  }
  return others;
}
function shipsAt(others, tick, own = -1) {
  const ships = {};
  others.ships(tick, own, ({ slot, ...ship }) => (ships[slot] = ship));
  return ships;
}

test("[AR68] a ship is between the two frames around the shown tick, and turns the shorter way", () => {
  const others = told([100, { 1: [1000, 1000, 4, 2, 1000] }], [102, { 1: [1008, 1004, 4, 2, 24] }], [104, { 1: [1016, 1008, 4, 2, 24] }]);
  const at = (tick) => shipsAt(others, tick)[1];
  assert.deepEqual([at(101).x, at(101).y, at(101).heading], [1004, 1002, 0]);
  assert.deepEqual([at(101.5).x, at(101.5).heading], [1006, 12]);
  assert.deepEqual([at(102).x, at(103).x, at(104).x], [1008, 1012, 1016]);
  assert.equal(at(90).x, 1000, "nothing is known of before");
  assert.deepEqual(Object.keys(shipsAt(others, 101, 1)), []);
});

test("[AR69] after the last frame a ship goes straight on for 100 ms, and is then held and said to be", () => {
  const others = told([100, { 1: [1000, 1000, 4, -2, 8] }], [102, { 1: [1008, 996, 4, -2, 8] }]);
  const at = (tick) => shipsAt(others, tick)[1];
  assert.deepEqual([at(105).x, at(105).y, at(105).isHeld], [1020, 990, false]);
  assert.deepEqual([at(108).x, at(108).isHeld], [1032, false]);
  assert.deepEqual([at(120).x, at(120).y, at(120).isHeld], [1032, 984, true]);
  assert.equal(others.bounded(120), 108);
  assert.equal(others.bounded(105), 105);
});

test("[AR69] ships come and go with the frames that say so, and one that is elsewhere does not fly there", () => {
  const others = told([100, { 1: [1000, 1000, 0, 0, 0], 2: [50, 50, 1, 0, 0] }], [102, { 1: [3000, 500, 0, 0, 0], 3: [70, 70, 0, 0, 0] }]);
  assert.deepEqual(Object.keys(shipsAt(others, 101)), ["1", "2"]);
  assert.deepEqual([shipsAt(others, 101)[1].x, shipsAt(others, 101)[2].x], [1000, 51]);
  assert.deepEqual(Object.keys(shipsAt(others, 102)), ["1", "3"]);
  assert.equal(shipsAt(others, 102)[1].x, 3000);
});

test("[AR69] a frame of the same tick takes the place of the one before, and only the last ones are kept", () => {
  const others = told([100, { 1: [1000, 1000, 0, 0, 0] }], [100, { 1: [1000, 1000, 0, 0, 0], 2: [9, 9, 0, 0, 0] }]);
  assert.deepEqual(Object.keys(shipsAt(others, 100)), ["1", "2"]);
  const many = told(...Array.from({ length: 60 }, (_, index) => [2 * index, { 1: [20 * index, 100, 10, 0, 0] }]));
  assert.equal(shipsAt(many, 111)[1].x, 1110);
  assert.equal(shipsAt(many, 0)[1].x, 20 * (60 - 23), "the oldest that is known");
  others.forget();
  assert.deepEqual([shipsAt(others, 100), others.latest], [{}, null]);
});

/** A page that watches ten who fly about; how far, in px, each is from where the owner had it in the shown tick, and what is shown. */
function watch(options) {
  const [owner, random] = [new Owner(STATE.seed), randomFrom(77)];
  owner.join(SLOT, 2048, 300);
  for (let slot = 10; slot < 20; slot += 1) {
    let turn = 0;
    const pilot = (_, tick) => {
      if (tick % 20 === 0) turn = Math.round(random() * 28 - 14);
      return [turn, random() < 0.8 ? 1 : 0];
    };
    owner.join(slot, 300 + slot * 150, 3000, { pilot });
  }
  const game = new Game();
  game.restart(STATE, 0);
  const field = new Play(game, owner, options);
  const [off, ticks] = [[], []];
  field.each = (nowMs) => {
    const view = game.view(nowMs);
    ticks.push(view.tick);
    const [tick, part] = [Math.floor(view.tick), view.tick % 1];
    for (const ship of view.ships.filter(({ isOwn }) => !isOwn)) {
      const [before, after] = [owner.ships.get(ship.slot).past[tick - 1], owner.ships.get(ship.slot).past[tick]];
      if (!before || !after) continue;
      off.push(Math.hypot(before.x + (after.x - before.x) * part - ship.x, before.y + (after.y - before.y) * part - ship.y));
    }
  };
  field.run(60_000);
  off.sort((one, other) => one - other);
  return { game, field, off, ticks, p99: off[Math.floor(off.length * 0.99)] };
}

test("[AR68] others are where the owner had them, within a pixel, with 200 ms and jitter of 30", () => {
  const { off, ticks, p99 } = watch({ roundTripMs: 200, jitterMs: 30 });
  assert.ok(off.length > 30_000);
  assert.ok(p99 < 0.5, `${p99} px`);
  assert.ok(off.at(-1) < 9, `${off.at(-1)} px`);
  assert.ok(ticks.every((tick, index) => !index || tick >= ticks[index - 1]), "time does not go back");
});

test("[AR68] with 2 % of loss, which TCP makes to delay, most are where they were, and all are near", () => {
  const { game, field, off, p99 } = watch({ roundTripMs: 200, jitterMs: 30, loss: 0.02 });
  assert.ok(off[off.length >> 1] < 0.1);
  assert.ok(p99 < 5, `${p99} px`);
  assert.ok(off.at(-1) < 80, `${off.at(-1)} px`);
  assert.ok(game.stats(field.nowMs).framesLate > 0);
});

test("[AR70] inputs say which tick of others was on the screen", () => {
  const [owner, game] = [new Owner(STATE.seed), new Game()];
  owner.join(SLOT, 2048, 300);
  game.restart(STATE, 0);
  const field = new Play(game, owner, { roundTripMs: 200, jitterMs: 30 });
  let shown = [];
  field.each = (nowMs) => shown.push(game.view(nowMs).tick);
  field.run(2000);
  for (let times = 0; times < 50; times += 1) {
    shown = shown.slice(-3);
    const known = field.sent.length;
    while (field.sent.length === known) field.run(10);
    const seen = new DataView(field.sent.at(-1).bytes.buffer).getUint32(5, true);
    assert.ok(shown.some((tick) => Math.abs(tick - seen) <= 1), `${seen} of ${shown}`);
  }
});
