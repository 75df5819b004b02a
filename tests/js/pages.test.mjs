// What pages show, as values: the route, the map, the round trip, the retry of a region that does not answer.
import assert from "node:assert/strict";
import { test } from "node:test";

import { pause, retry } from "../../fly/static/fly/retry.mjs";
import { together } from "../../gameserver/static/gameserver/messages.mjs";
import { drawings, sentence, stops } from "../../gameserver/static/gameserver/route.mjs";
import { arcs, place } from "../../lobby/static/lobby/map.mjs";
import { roundTrip, say } from "../../lobby/static/lobby/rtt.mjs";

const names = { ewr: "New York", cdg: "Paris" };
const nameOf = (code) => names[code] ?? code;
const carried = { edge: "ewr", region: "cdg", machine: "3595abcdef", replayed_from_region: "ewr", replayed_from_machine: "f8a2abcdef", replay_ms: 83.6 };
const direct = { edge: "cdg", region: "cdg", machine: "3595abcdef", replayed_from_region: null, replayed_from_machine: null, replay_ms: null };
const local = { edge: "", region: "cdg", machine: "local", replayed_from_region: null, replayed_from_machine: null, replay_ms: null };

test("[WB17] a carried request has four stops and its milliseconds", () => {
  const list = stops(carried, nameOf);
  assert.deepEqual(list.map((stop) => stop.kind), ["you", "edge", "bounced", "last"]);
  assert.equal(list.at(-1).ms, "84 ms");
  assert.match(sentence(carried, nameOf), /New York.*Paris.*84 ms/);
});

test("[WB17] a direct request has three stops, off Fly two", () => {
  assert.equal(stops(direct, nameOf).length, 3);
  assert.equal(stops(local, nameOf).length, 2);
  assert.match(sentence(direct, nameOf), /already/);
  assert.match(sentence(local, nameOf), /one process/);
});

test("[WB17] a socket that another Machine of the region handed on says that the room lives there", () => {
  const inside = { ...carried, replayed_from_region: "cdg", replayed_from_machine: "cd2dabcdef" };
  assert.match(stops(inside, nameOf)[2].note, /another Machine has the room/);
  assert.match(sentence(inside, nameOf), /room lives on another Machine of Paris.*84 ms/);
  assert.match(stops(carried, nameOf)[2].note, /not mine: Paris/);
});

test("[WB17] page and socket that went the same way are drawn once", () => {
  assert.equal(drawings(carried, { ...carried, replay_ms: 3 }, nameOf).length, 1);
  assert.equal(drawings(carried, direct, nameOf).length, 2);
  assert.equal(drawings(carried, null, nameOf).length, 1);
});

test("[WB18] places lie where they are, and the way over the Pacific leaves the map on both sides", () => {
  assert.deepEqual(place({ lat: 48.86, lon: 2.35 }), { x: 182.35, y: 31.14 });
  assert.equal(arcs(place({ lat: 40, lon: -74 }), place({ lat: 48, lon: 2 })).length, 1);
  assert.equal(arcs(place({ lat: 37, lon: -122 }), place({ lat: 35, lon: 139 })).length, 2);
});

test("[WB19] the round trip is the shortest of a few, without the first", async () => {
  const times = [0, 100, 100, 130, 130, 150, 150, 175];
  const ok = async () => ({ ok: true });
  assert.equal(await roundTrip("http://x/", { fetcher: ok, clock: () => times.shift(), tries: 3 }), 20);
  assert.equal(await roundTrip("http://x/", { fetcher: () => Promise.reject(new TypeError()) }), null);
  assert.deepEqual([undefined, null, 0.2, 20.4].map(say), ["–", "no answer", "< 1 ms", "20 ms"]);
});

test("[WB20] lines of one author within five minutes stand together", () => {
  const line = (at, id = "a", name = "A") => ({ ev: "chat.said", at, player: { id, name } });
  assert.equal(together(line(0), line(1000)), true);
  assert.equal(together(line(0), line(6 * 60000)), false);
  assert.equal(together(line(0), line(1000, "b")), false);
  assert.equal(together(line(0), line(1000, "a", "Renamed")), false);
  assert.equal(together(null, line(0)), false);
});

test("[WB21] the page of a region that does not answer tries until somebody does", async () => {
  const answers = [{ status: 503 }, new TypeError("no network"), { status: 502 }, { status: 504 }, { status: 200 }];
  const said = [];
  let waited = 0;
  const fetcher = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  let done = false;
  await retry({ url: "http://x/", say: (text) => said.push(text), answered: () => (done = true), fetcher, wait: async (ms) => (waited += ms), random: () => 1 });
  assert.equal(done, true);
  assert.equal(answers.length, 0);
  assert.equal(waited, 1000 + 2000 + 4000 + 8000 + 15000);
  assert.ok(said.length >= 8);
  assert.ok(pause(50, () => 1) <= 15000);
});
