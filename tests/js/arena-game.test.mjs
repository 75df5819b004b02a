// The arena's page as a whole: state, view, effects, figures, and what hands do.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING, controlsOf, headingOf, turnOf, turnTowards } from "../../gameserver/static/gameserver/arena/core/controls.mjs";
import { Effects } from "../../gameserver/static/gameserver/arena/core/effects.mjs";
import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { Glide, between } from "../../gameserver/static/gameserver/arena/core/glide.mjs";
import { Recent, RoundTrip } from "../../gameserver/static/gameserver/arena/core/netstats.mjs";
import { NOTHING_YET, reduce } from "../../gameserver/static/gameserver/arena/core/state.mjs";
import { Camera } from "../../gameserver/static/gameserver/arena/core/view.mjs";
import { Owner, Play, SLOT } from "./arena-pretend.mjs";

const ANA = { id: "a", name: "Ana", colour: "#ff0000" };
const BEN = { id: "b", name: "Ben", colour: "#00ff00" };
const STATE = {
  ...{ round: 1, seed: 7, phase: "playing", tick: 0, ends: 0, best: [] },
  ships: [
    { slot: SLOT, ...ANA, points: 4 },
    { slot: 9, ...BEN, points: 7 },
  ],
};
const after = (...events) => events.reduce(reduce, STATE);
const pointsOf = ({ ships }) => Object.fromEntries(ships.map(({ id, points }) => [id, points]));

test("[AR73] bots are in a ranking, and never among the best", () => {
  const ranking = [{ id: "bot0123", name: "Bot Lynx", colour: "", points: 90 }, { id: "z", name: "Zoe", colour: "", points: 50 }];
  const ended = reduce({ ...STATE, best: [] }, { ev: "arena.ended", round: 3, ranking, at: 1000 });
  assert.deepEqual([ended.ranking.length, ended.best.map(({ id }) => id)], [2, ["z"]]);
});

test("[AR73] ships come and go with events, and who comes back in a round has the points of before", () => {
  const left = after({ ev: "arena.left", slot: 9 });
  assert.deepEqual(left.ships.map(({ id }) => id), ["a"]);
  const back = reduce(left, { ev: "arena.joined", slot: 1, ...BEN, name: "Benno", points: 7 });
  assert.deepEqual(back.ships, [
    { slot: 1, ...BEN, name: "Benno", points: 7 },
    { slot: SLOT, ...ANA, points: 4 },
  ]);
  assert.deepEqual(pointsOf(after({ ev: "arena.joined", slot: 9, id: "c", name: "C", colour: "" })), { a: 4, c: 0 });
  assert.equal(reduce(STATE, { ev: "arena.left", slot: 100 }), STATE);
});

test("[AR73] points rise as events say, and begin anew with a round", () => {
  const scored = after({ ev: "arena.scored", slot: 9, points: 5, of: SLOT }, { ev: "arena.scored", slot: SLOT, points: 1 });
  assert.deepEqual(pointsOf(scored), { a: 5, b: 12 });
  assert.deepEqual(pointsOf(STATE), { a: 4, b: 7 }, "the state before is as it was");
  const began = reduce(scored, { ev: "arena.began", round: 2, seed: 99, ends: 500 });
  assert.deepEqual(pointsOf(began), { a: 0, b: 0 });
  assert.deepEqual([began.round, began.seed, began.phase, began.ends, began.ranking], [2, 99, "playing", 500, undefined]);
});

test("[AR73] a round's end gives a ranking for ten seconds, and the ten best of all time, each player once", () => {
  const of = (id, points, round) => ({ id, name: id, colour: "", points, ...(round && { round }) });
  const known = [of("b", 12, 3), of("x", 11, 2), ...Array.from({ length: 8 }, (_, index) => of(`p${index}`, 10 - index, 1))];
  const ranking = [of("y", 15), of("b", 11), of("p7", 11), of("z", 1)];
  const ended = reduce({ ...STATE, best: known }, { ev: "arena.ended", round: 4, ranking, at: 1000 });
  assert.deepEqual([ended.phase, ended.ends, ended.ranking], ["ranking", 11_000, ranking]);
  const best = ended.best.map(({ id, points, round }) => `${id} ${points} ${round}`);
  assert.deepEqual(best, ["y 15 4", "b 12 3", "x 11 2", "p7 11 4", "p0 10 1", "p1 9 1", "p2 8 1", "p3 7 1", "p4 6 1", "p5 5 1"]);
  assert.equal(known.length, 10);
  assert.equal(known[0].id, "b", "what was given is as it was");
});

test("[AR73] what is no event of this state changes nothing", () => {
  for (const ev of ["arena.hit", "arena.destroyed", "chat.said", "toString", "__proto__"]) assert.equal(reduce(STATE, { ev }), STATE);
  assert.equal(new Game().state, NOTHING_YET);
});

function play(options = {}) {
  const [owner, game] = [new Owner(STATE.seed), new Game()];
  game.restart(STATE, 0);
  const own = owner.join(SLOT, 2048, 300);
  const other = owner.join(9, 1900, 300);
  const field = new Play(game, owner, options);
  return { owner, game, own, other, field };
}

test("[AR74] a view has who flies, where and under which name, and the own ship in front", () => {
  const { game, own, other, field } = play();
  [other.isSafe, other.hull, own.hull] = [true, 2, 1];
  field.run(1000);
  const view = game.view(field.nowMs);
  assert.deepEqual([view.role, view.slot, view.isStalled], ["ship", SLOT, false]);
  const [first, last] = view.ships.map(({ slot, name, colour, points, isOwn, isInvulnerable, hull, x, y, isHeld }) => ({
    ...{ slot, name, colour, points, isOwn, isInvulnerable, hull, x, y, isHeld },
  }));
  const at = { y: 300, isHeld: false };
  const [ben, ana] = [{ slot: 9, name: "Ben", colour: BEN.colour, points: 7 }, { slot: SLOT, name: "Ana", colour: ANA.colour, points: 4 }];
  assert.deepEqual(first, { ...ben, isOwn: false, isInvulnerable: true, hull: 2, x: 1900, ...at });
  assert.deepEqual(last, { ...ana, isOwn: true, isInvulnerable: false, hull: 1, x: 2048, ...at });
  assert.equal(view.own, view.ships.at(-1));
  assert.deepEqual(view.camera, { x: 2048, y: 300 });
});

test("[AR74] before the first frame there is nobody and nothing, and that is no error", () => {
  const game = new Game();
  const view = game.view(5);
  assert.deepEqual([view.role, view.tick, view.ships, view.bullets, view.crystals, view.effects], ["nobody", -1, [], [], [], []]);
  assert.equal(game.step(20, NOTHING), null);
  assert.equal(game.take(new Uint8Array([1, 2, 3]), 30), false);
  assert.equal(game.stats(40).framesBad, 1);
  assert.equal(game.stats(40).roundTripMs, null);
});

test("[AR74] a ship whose name is not known yet is shown without one", () => {
  const { game, field } = play();
  field.run(500);
  game.event({ ev: "arena.left", slot: 9 }, field.nowMs);
  const ship = game.view(field.nowMs).ships.find(({ slot }) => slot === 9);
  assert.deepEqual([ship.id, ship.name, ship.colour, ship.points], ["", "", "", 0]);
});

test("[AR74] who watches follows the ship that the frame names", () => {
  const { owner, game, field } = play();
  const frame = owner.frame.bind(owner);
  owner.frame = (slot) => {
    const bytes = frame(slot);
    bytes[5] = 0;
    bytes[6] = 9;
    return bytes;
  };
  field.run(1000);
  const view = game.view(field.nowMs);
  assert.deepEqual([view.role, view.slot, view.own, view.ships.length], ["nobody", 9, null, 2]);
  assert.deepEqual(view.camera, { x: 1900, y: 300 });
  assert.deepEqual(field.sent, []);
});

test("[AR74] the camera glides over leaps, and keeps up with all else", () => {
  const camera = new Camera();
  camera.follow(100, 100, 0);
  camera.follow(109, 100, 16);
  assert.deepEqual(camera.place, { x: 109, y: 100 });
  camera.follow(3000, 100, 32);
  assert.ok(camera.place.x < 800, `${camera.place.x}`);
  camera.follow(3000, 100, 32 + 120);
  assert.ok(camera.place.x > 1500 && camera.place.x < 2500);
  camera.follow(3000, 100, 3000);
  assert.ok(Math.abs(camera.place.x - 3000) < 0.1);
});

test("[AR75] what happens to others flashes when it is to be seen, to oneself at once, and each is told once", () => {
  const { game, field } = play();
  field.run(1000);
  game.view(field.nowMs);
  game.event({ ev: "arena.hit", slot: 9, by: SLOT }, field.nowMs);
  game.event({ ev: "arena.destroyed", slot: SLOT, by: 9 }, field.nowMs);
  const told = () => game.view(field.nowMs).effects.map(({ kind, slot, by, x, y }) => ({ kind, slot, by, x, y }));
  assert.deepEqual(told(), [{ kind: "destroyed", slot: SLOT, by: 9, x: 2048, y: 300 }]);
  assert.deepEqual(told(), []);
  field.nowMs += game.stats(field.nowMs).delayMs + 1;
  assert.deepEqual(told(), [{ kind: "hit", slot: 9, by: SLOT, x: 1900, y: 300 }]);
});

test("[AR75] effects that nobody takes do not pile up, and one of a ship that was never seen is none", () => {
  const effects = new Effects();
  for (let index = 0; index < 1000; index += 1) effects.add("hit", index, { x: index, y: 0 });
  effects.add("hit", 1, { slot: 77 });
  const list = [];
  effects.take(5000, () => null, list);
  assert.equal(list.length, 199);
  assert.equal(list.at(-1).x, 999);
});

test("[AR75] the own ship tells of its shots and of what it bumps into", () => {
  const { game, own, field } = play();
  const kinds = [];
  field.each = (nowMs) => kinds.push(...game.view(nowMs).effects.map(({ kind }) => kind));
  field.run(500);
  kinds.length = 0;
  field.controls = () => ({ turn: 0, heading: 768, thrust: own.y > 20, fire: true });
  field.run(3000);
  assert.ok(kinds.filter((kind) => kind === "shot").length >= 14);
  assert.ok(kinds.includes("bump"));
});

test("[AR76] keys turn, a mouse and a stick aim by the shorter way, the stick wins and thrusts", () => {
  assert.deepEqual(controlsOf({}), { ...NOTHING });
  assert.deepEqual(controlsOf({ left: true, thrust: true }), { turn: -1, heading: null, thrust: true, fire: false });
  assert.deepEqual(controlsOf({ right: true, aim: { x: 0, y: 5 }, fire: true }), { turn: 1, heading: null, thrust: false, fire: true });
  assert.equal(controlsOf({ left: true, right: true }).turn, 0);
  assert.equal(controlsOf({ aim: { x: 0, y: 5 } }).heading, 256);
  assert.equal(controlsOf({ aim: { x: 0, y: 0 } }).heading, null);
  assert.deepEqual(controlsOf({ right: true, stick: { x: -0.7, y: 0 } }), { turn: 0, heading: 512, thrust: true, fire: false });
  assert.deepEqual(controlsOf({ stick: { x: 0, y: -0.3 } }), { turn: 0, heading: 768, thrust: false, fire: false });
  assert.deepEqual(controlsOf({ right: true, stick: { x: 0.1, y: 0 } }), { turn: 1, heading: null, thrust: false, fire: false });
});

test("[AR76] a heading is reached in as few ticks as can be, and kept", () => {
  for (const [from, to] of [[0, 1023], [1023, 0], [10, 522], [700, 100], [5, 5]]) {
    let [heading, ticks] = [from, 0];
    for (; heading !== to; ticks += 1) heading = (heading + turnTowards(heading, to) + 1024) % 1024;
    assert.equal(ticks, Math.ceil(Math.abs(between(from, to)) / 14));
  }
  const asked = [{ turn: -1, heading: null }, { turn: 0.5, heading: null }, { turn: 1, heading: 0 }];
  assert.deepEqual(asked.map((controls) => turnOf(controls, 3)), [-14, 7, -3]);
  assert.deepEqual([headingOf(1, 0), headingOf(0, 1), headingOf(-1, 0), headingOf(0, -1), headingOf(1, -1e-9)], [0, 256, 512, 768, 0]);
});

test("[AR58] what glides is given up when it is a leap, and headings glide by the shorter way", () => {
  const glide = new Glide();
  glide.absorb({ x: 100, y: 0, heading: 1020 }, { x: 90, y: 0, heading: 4 });
  assert.deepEqual([glide.x, glide.heading], [10, -8]);
  glide.pass(100);
  assert.ok(glide.x < 0.7 && glide.x > 0.5);
  glide.absorb({ x: 1000, y: 0, heading: 0 }, { x: 0, y: 0, heading: 0 });
  assert.deepEqual([glide.x, glide.y, glide.heading], [0, 0, 0]);
});

test("[AR79] rates are those of the last second, and of what there is while it is less", () => {
  const recent = new Recent();
  for (let nowMs = 0; nowMs < 500; nowMs += 20) recent.add(1, nowMs);
  assert.ok(Math.abs(recent.perSecond(500) - 50) < 2);
  for (let nowMs = 500; nowMs < 5000; nowMs += 100) recent.add(1, nowMs);
  assert.ok(Math.abs(recent.perSecond(5000) - 10) < 1.2, `${recent.perSecond(5000)}`);
  assert.equal(recent.perSecond(20_000), 0);
  recent.add(7, 20_000);
  assert.deepEqual([recent.most(20_500), recent.most(22_000)], [7, 0]);
});

test("[AR79] the round trip is the least of the last second, without what waited, and is known on in silence", () => {
  const trip = new RoundTrip();
  assert.equal(trip.ms(0), null);
  for (const [number, sentMs, doneMs] of [[2, 100, 320], [4, 133, 340], [6, 166, 420]]) {
    trip.sent(number, sentMs);
    trip.done(number, doneMs, 20);
  }
  assert.equal(trip.ms(430), 187);
  trip.done(6, 900);
  assert.equal(trip.ms(3000), 187);
  trip.forget();
  assert.equal(trip.ms(3000), null);
});

test("[AR79] figures are those of the connection: round trip, frames, bytes, the owner's ticks, what waits", () => {
  const { owner, game, field } = play({ roundTripMs: 200, jitterMs: 0 });
  field.run(5000);
  const stats = game.stats(field.nowMs);
  assert.ok(stats.roundTripMs >= 195 && stats.roundTripMs < 240, `${stats.roundTripMs}`);
  assert.ok(Math.abs(stats.framesPerSecond - 30) < 1.5 && Math.abs(stats.updatesPerSecond - 60) < 3);
  assert.ok(Math.abs(stats.bytesInPerSecond - 30 * owner.frame(SLOT).length) < 120);
  assert.ok(Math.abs(stats.bytesOutPerSecond - 30 * 14) < 30);
  assert.deepEqual([stats.ticksPerSecond, stats.framesLost, stats.framesBad, stats.delayMs], [60, 0, 0, 100]);
  assert.ok(stats.unacknowledged > 8 && stats.unacknowledged < 25 && stats.waiting <= 3);
});

test("[AR79] frames that do not come are counted, and a leap of ticks is none of them", () => {
  const { owner, game, field } = play();
  field.run(1000);
  const send = field.down.send.bind(field.down);
  let left = 7;
  field.down.send = (bytes, nowMs) => left-- > 0 || send(bytes, nowMs);
  field.run(1000);
  assert.equal(game.stats(field.nowMs).framesLost, 7);
  owner.tick += 5000;
  field.run(500);
  assert.equal(game.stats(field.nowMs).framesLost, 7);
});
