// The arena's panels: who stands where, what is said and when, the network, the weather.
import assert from "node:assert/strict";
import { test } from "node:test";

import { FIGURES, SAMPLES, Series, bytes } from "../../gameserver/static/gameserver/arena/panels/figures.mjs";
import { Herald } from "../../gameserver/static/gameserver/arena/panels/herald.mjs";
import { mountBanner, mountFeed } from "../../gameserver/static/gameserver/arena/panels/hud.mjs";
import { Join, elsewhere } from "../../gameserver/static/gameserver/arena/panels/join.mjs";
import { news } from "../../gameserver/static/gameserver/arena/panels/news.mjs";
import { isOwn, neighbour, ordinal, standing, told, verdict } from "../../gameserver/static/gameserver/arena/panels/standing.mjs";
import { OwnerTime, minutes, secondsUntil, spoken } from "../../gameserver/static/gameserver/arena/panels/times.mjs";
import { Weather } from "../../gameserver/static/gameserver/arena/panels/weather.mjs";
import { Game } from "../../gameserver/static/gameserver/arena/core/game.mjs";
import { newPage } from "./panels-fake.mjs";

const person = (slot, points) => ({ slot, id: `p${slot}`, name: `Name ${slot}`, colour: "#336699", points });
const PEOPLE = [person(0, 3), person(1, 9), person(2, 0), person(3, 9), person(4, 5), person(5, 1), person(6, 0)];
const MOMENT = { role: "ship", hull: 3, points: 0, place: 1, seconds: 100, phase: "playing", round: 4, isStalled: false, ranking: [], followed: "Ann" };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Timers that a test lets go off. */
function timersOf() {
  const waiting = new Map();
  let next = 1;
  return {
    waiting,
    set: (act, ms) => (waiting.set(next, { act, ms }), next++),
    clear: (timer) => waiting.delete(timer),
    run: () => [...waiting].forEach(([timer, { act }]) => (waiting.delete(timer), act())),
  };
}

test("[AR90] the ranking shows the first five, and oneself behind them; who has as many points has the same place", () => {
  const places = (you) => standing(PEOPLE, you, 5).map(({ place, person: { slot }, isYou }) => [place, slot, isYou]);
  assert.deepEqual(places("p6"), [[1, 1, false], [1, 3, false], [3, 4, false], [4, 0, false], [5, 5, false], [6, 6, true]]);
  assert.deepEqual(places("p4").map(([, , you]) => you), [false, false, true, false, false]);
  assert.equal(standing(PEOPLE, "nobody", 5).length, 5);
  assert.deepEqual([1, 2, 3, 4, 11, 22].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "22nd"]);
});

test("[AR90] the end of a round says who won, and how one did", () => {
  const ranking = [person(1, 9), person(4, 1)];
  assert.equal(verdict(ranking, "p1"), "You won the round with 9 points.");
  assert.equal(verdict(ranking, "p4"), "Name 1 won the round with 9 points. You came 2nd with 1.");
  assert.equal(verdict(ranking, "p7"), "Name 1 won the round with 9 points.");
  assert.equal(verdict([], "p7"), "The round is over. Nobody scored.");
});

test("[AR91] no more than one sentence is said in a second, what is about oneself first, and nothing that is old", () => {
  const herald = new Herald();
  for (let index = 0; index < 30; index += 1) herald.tell(`other ${index}`, 0);
  herald.tell("own", 0, { isOwn: true });
  assert.equal(herald.due(0).text, "own");
  assert.equal(herald.due(999), null);
  assert.equal(herald.due(1000).text, "other 23");
  assert.equal(herald.due(4000), null);
});

test("[AR91] what is about oneself is not given up for others", () => {
  const herald = new Herald();
  herald.tell("own", 0, { isOwn: true });
  for (let index = 0; index < 30; index += 1) herald.tell(`other ${index}`, 0);
  assert.equal(herald.due(0).text, "own");
});

test("[AR92] the end of a round is that of the owner's clock, as its events tell it, however wrong the page's is", () => {
  const time = new OwnerTime(5_000_000);
  assert.equal(time.at(1000), 5_001_000);
  for (const lateMs of [80, 30, 400]) time.hear(1_700_000_000_000 + lateMs, 2 * lateMs);
  assert.equal(time.at(100), 1_700_000_000_000 - 30 + 100);
  time.hear(undefined, 0);
  assert.equal(time.at(100), 1_700_000_000_000 - 30 + 100);
  assert.deepEqual([secondsUntil(5000, 4001), secondsUntil(5000, 9000)], [1, 0]);
  assert.deepEqual([minutes(125), minutes(9), spoken(60), spoken(10), spoken(61), spoken(0)], ["2:05", "0:09", "1 minute", "10 seconds", "1 minute 1 second", "0 seconds"]);
});

test("[AR93] hits, points, the last minute, a bad connection, the end and the beginning of a round are told, each once", () => {
  const after = (change, before = {}) => news({ ...MOMENT, ...before }, { ...MOMENT, ...change }, "p1");
  assert.deepEqual(news(null, MOMENT, "p1"), []);
  assert.deepEqual(after({}), []);
  assert.deepEqual(after({ hull: 2 }), ["Hit. Hull 2 of 3."]);
  assert.deepEqual(after({ points: 1, place: 3 }), ["1 point, 3rd."]);
  assert.deepEqual(after({ seconds: 60 }, { seconds: 61 }), ["1 minute left."]);
  assert.deepEqual(after({ seconds: 59 }, { seconds: 60 }), []);
  assert.deepEqual(after({ isStalled: true }), ["The connection is bad: your ship waits."]);
  assert.deepEqual(after({ phase: "ranking", ranking: [person(1, 2)], seconds: 10 }), ["You won the round with 2 points."]);
  assert.deepEqual(after({ round: 5 }, { phase: "ranking", points: 9 }), ["Round 5 begins."]);
});

test("[AR93] that one flies, is destroyed, is back or watches is told", () => {
  const turns = [["nobody", "ship"], ["ship", "returning"], ["returning", "ship"], ["ship", "nobody"], ["nobody", "returning"]];
  const texts = turns.map(([before, now]) => news({ ...MOMENT, role: before, hull: 3 }, { ...MOMENT, role: now, hull: 0 }, "p1").join());
  const watching = { ...MOMENT, role: "nobody" };
  assert.deepEqual(news(watching, { ...watching, followed: "Bob" }, "p1"), ["Watching Bob."]);
  assert.deepEqual(news(MOMENT, { ...MOMENT, followed: "Bob" }, "p1"), []);
  assert.deepEqual(texts, ["You are flying.", "You were destroyed. Back in 3 seconds.", "You are back.", "You are watching now.", ""]);
});

test("[AR94] the log tells who destroyed whom by name, and what is about oneself as such", () => {
  const text = (event) => told(event, PEOPLE, "p1");
  assert.equal(text({ ev: "arena.destroyed", slot: 2, by: 3 }), "Name 3 destroyed Name 2");
  assert.equal(text({ ev: "arena.destroyed", slot: 2, by: 1 }), "You destroyed Name 2");
  assert.equal(text({ ev: "arena.destroyed", slot: 1, by: 3 }), "Name 3 destroyed you");
  assert.equal(text({ ev: "arena.destroyed", slot: 2 }), "Name 2 was destroyed");
  assert.equal(text({ ev: "arena.destroyed", slot: 99, by: 98 }), "Somebody destroyed Somebody");
  assert.equal(text({ ev: "arena.joined", slot: 9, id: "new", name: "Ann" }), "Ann is here");
  assert.equal(text({ ev: "arena.joined", slot: 9, id: "p1", name: "Ann" }), "");
  assert.equal(text({ ev: "arena.hit", slot: 2, by: 3 }), "");
  assert.deepEqual([isOwn({ slot: 2, by: 1 }, PEOPLE, "p1"), isOwn({ slot: 2, by: 3 }, PEOPLE, "p1")], [true, false]);
});

test("[AR94] the log keeps the last five lines, and none for long", () => {
  newPage();
  const timers = timersOf();
  const { node, add } = mountFeed(5, 7000, timers);
  for (let index = 0; index < 9; index += 1) add(`line ${index}`, false);
  assert.deepEqual([node.children.length, node.children[0].textContent], [5, "line 4"]);
  timers.run();
  assert.equal(node.children.length, 0);
});

test("[AR95] who watches goes through those who fly, both ways and around", () => {
  const ships = [4, 7, 9].map((slot) => ({ slot }));
  assert.deepEqual([neighbour(ships, 7, 1), neighbour(ships, 9, 1), neighbour(ships, 4, -1)], [9, 4, 9]);
  assert.deepEqual([neighbour(ships, 5, 1), neighbour(ships, -1, -1), neighbour([], 5, 1)], [4, 9, -1]);
});

/** The panel to join, of a room that answers so. */
function joinOf(reply, more = {}) {
  newPage();
  const [sent, flown] = [[], []];
  const room = { slug: "den", readOnly: false, send: async (fields) => (sent.push(fields), reply), ...more };
  const page = { nearest: "fra", lobby_url: "http://play.localhost:8000/", places: { fra: "Frankfurt" } };
  const join = new Join({ room, page, flying: () => flown.push(1), state: () => ({ ships: [{ slot: 4 }, { slot: 7 }] }) });
  const button = () => join.node.all.find((node) => node.className.includes("arena-play"));
  return { join, sent, flown, button };
}

test("[AR95] arrows that are pressed faster than the owner answers count on from each other", () => {
  const { join, sent } = joinOf({ ok: true }, {});
  join.state = () => ({ ships: [4, 7, 9].map((slot) => ({ slot })) });
  join.show({ role: "nobody", slot: 4 }, "Ann");
  join.follow(1);
  join.show({ role: "nobody", slot: 4 }, "Ann");
  join.follow(1);
  assert.deepEqual(sent.map(({ cmd, slot }) => [cmd, slot]), [["arena.watch", 7], ["arena.watch", 9]]);
});

test("[AR96] one click plays, and clicks while it is asked do nothing", async () => {
  const { join, sent, flown, button } = joinOf({ ok: true, slot: 3 });
  assert.equal(button().textContent, "Play");
  button().click();
  button().click();
  assert.equal(button().textContent, "One moment…");
  await settled();
  assert.deepEqual([sent, flown.length], [[{ cmd: "arena.play" }], 1]);
  join.show({ role: "ship", slot: 3 }, "");
  assert.equal(join.node.hidden, true);
});

test("[AR96] who is sent to watch reads so, and can play again", () => {
  const { join, button } = joinOf({ ok: true });
  join.show({ role: "ship", slot: 3 }, "");
  join.show({ role: "nobody", slot: 7 }, "Ann");
  assert.equal(join.node.hidden, false);
  assert.match(join.node.textContent, /You are watching now\.Play again.*Watching Ann/);
  assert.equal(button().textContent, "Play again");
});

test("[AR97] a full arena says so in the owner's words, with a way to the nearest region", async () => {
  const { join, button } = joinOf({ ok: false, code: "full", text: "500 fly here already." });
  button().click();
  await settled();
  join.show({ role: "nobody", slot: 4 }, "Ann");
  const link = join.node.all.find((node) => node.name === "a");
  assert.match(join.node.textContent, /500 fly here already\. Play in Frankfurt instead/);
  assert.equal(link.href, "http://fra.play.localhost:8000/r/den/?world=arena");
  assert.equal(elsewhere("https://play.example/", "nrt", ""), "https://nrt.play.example/");
  const other = joinOf({ ok: false, code: "rate", text: "Slower, please." });
  other.button().click();
  await settled();
  assert.equal(other.join.node.all.some((node) => node.name === "a"), false);
});

test("[AR97] a page that only watches has nothing to play with, and sends nothing", () => {
  const { join, sent, button } = joinOf({ ok: true }, { readOnly: true });
  join.play();
  join.follow(1);
  join.show({ role: "nobody", slot: 4 }, "Ann");
  assert.match(join.node.textContent, /Watching Ann/);
  assert.deepEqual([button(), sent], [undefined, []]);
});

test("[AR96] who is destroyed counts down from 3, and who only joins does not", () => {
  newPage();
  const { node, show } = mountBanner();
  const seen = (role, nowMs) => (show({ role, phase: "playing", isStalled: false }, nowMs), node.hidden ? "" : node.textContent);
  assert.deepEqual([seen("ship", 0), seen("returning", 100), seen("ship", 200)], ["", "", ""]);
  seen("returning", 1000);
  assert.deepEqual([1300, 2100, 3100, 3900].map((nowMs) => seen("returning", nowMs)), ["3Back in", "2Back in", "1Back in", "1Back in"]);
  assert.equal(seen("ship", 4100), "");
  show({ role: "ship", phase: "playing", isStalled: true }, 4200);
  assert.match(node.textContent, /connection is bad/);
});

test("[AR98] the network panel writes every figure of a game's, with or without an answer, and draws its last half minute", () => {
  const stats = { ...new Game().stats(0), drawnPerSecond: 60 };
  for (const { name, said, value } of FIGURES) {
    assert.doesNotMatch(said(stats), /NaN|undefined|null/, name);
    assert.ok(value(stats) === null || Number.isFinite(value(stats)), name);
  }
  assert.deepEqual([bytes(999), bytes(26_400)], ["999 B/s", "26.4 kB/s"]);
  const series = new Series();
  for (let index = 0; index < 2 * SAMPLES; index += 1) series.add(index % 2 ? 50 : null);
  const line = series.line(100, 20, 100);
  assert.equal(line.length, SAMPLES / 2);
  assert.deepEqual(line.at(-1), [100, 10]);
  series.add(400);
  assert.deepEqual(series.line(100, 20, 100).at(-1), [100, 0]);
});

/** The weather behind an edge that answers so. */
function weatherOf(...answers) {
  const [asked, changed, failed] = [[], [], []];
  const timers = timersOf();
  const fetcher = async (path, options) => {
    asked.push({ path, ...options });
    const [status, body] = answers.shift() ?? [500, {}];
    if (status === 0) throw new TypeError("gone");
    return { status, ok: status === 200, json: async () => body };
  };
  return { weather: new Weather({ fetcher, timers, changed: (now) => changed.push(now), failed: (text) => failed.push(text) }), asked, changed, failed, timers };
}
const FINE = { region: "cdg", latency_ms: 0, jitter_ms: 0, loss_percent: 0 };

test("[AR99] sliders for the weather are there only where the emulator's edge answers", async () => {
  assert.deepEqual(await weatherOf([200, FINE]).weather.read(), FINE);
  assert.equal(await weatherOf([404, FINE]).weather.read(), null);
  assert.equal(await weatherOf([200, { hello: 1 }]).weather.read(), null);
  assert.equal(await weatherOf([0]).weather.read(), null);
});

test("[AR99] what is turned is told once it rests, together, with the edge's header, and one after the other", async () => {
  const { weather, asked, changed, timers } = weatherOf([200, FINE], [200, FINE]);
  for (const latency of [10, 20, 30]) weather.set({ latency_ms: latency });
  weather.set({ loss_percent: 2 });
  assert.deepEqual([asked.length, [...timers.waiting.values()].map(({ ms }) => ms)], [0, [200]]);
  timers.run();
  weather.set({ latency_ms: 40 });
  timers.run();
  assert.equal(asked.length, 1);
  assert.equal(changed.length, 0);
  await settled();
  await settled();
  assert.deepEqual(asked.map(({ body }) => JSON.parse(body)), [{ latency_ms: 30, loss_percent: 2 }, { latency_ms: 40 }]);
  assert.deepEqual([asked[0].path, asked[0].method, asked[0].headers["X-Edge"], changed.length], ["/.edge/weather", "POST", "1", 2]);
  // The slider stays where it was put while that is on its way.
  assert.equal(changed[0].latency_ms, 40);
});

test("[AR99] an edge that refuses or is gone is told in words", async () => {
  const { weather, failed, timers } = weatherOf([400, { error: "Latency is at most 2000 ms." }], [0], [403, {}]);
  for (let index = 0; index < 3; index += 1) {
    weather.set({ latency_ms: index });
    timers.run();
    await settled();
  }
  assert.deepEqual(failed, ["Latency is at most 2000 ms.", "The edge does not answer; the weather is as it was.", "The edge refused it (403)."]);
});
