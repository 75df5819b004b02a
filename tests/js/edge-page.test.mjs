// The emulator's page: what it knows, where things are on its map, what it says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { KEPT, after, byRegion, fresh, isBad, lastWord, legs, lit, nothing, socketsOf, standing } from "../../fly/edge/static/core.mjs";
import { arc, at, crest, frame, graticule, land, spread } from "../../fly/edge/static/geometry.mjs";
import { FIRST, ROWS, STEP } from "../../fly/edge/static/land.mjs";
import { clock, count, does, ending, idle, isFinal, isHarsh, isUsual, look, outcome, outline, stateOf, summary, title, unit, way, weatherInWords } from "../../fly/edge/static/words.mjs";

const PLACES = Object.fromEntries(
  readFileSync(new URL("../../fly/regions.csv", import.meta.url), "utf8").trim().split("\n").slice(1).map((row) => {
    const [lon, lat] = row.split(",").reverse();
    return [row.slice(0, 3), { lat: Number(lat), lon: Number(lon), city: row.slice(0, 3), flag: "", country: "" }];
  }),
);
const edge = (sockets = {}) => ({ port: 8000, weather: {}, sockets });
const machine = (id, region, more = {}) => ({ id, region, state: "up", port: 1, pid: 2, connections: 0, ...more });
const said = (...numbers) => numbers.map((n) => ({ n, at: n, text: `sentence ${n}` }));
const request = (n, more = {}) => ({ n, at: n, method: "GET", host: "cdg.play.localhost", path: "/", status: 200, edge: "ewr", hops: [["ewr", "aaaa1111", "replay region=cdg"], ["cdg", "bbbb2222", ""]], ms: 14.2, code: "", quiet: false, ...more });
const SNAPSHOT = {
  kind: "snapshot", host: "play.localhost", verbs: [{ verb: "kill", of: "machine" }], bounds: {}, regions: { ewr: PLACES.ewr, cdg: PLACES.cdg },
  edges: { ewr: edge(), cdg: edge() }, machines: { ewr: machine("aaaa1111", "ewr"), cdg: machine("bbbb2222", "cdg") }, requests: [], said: [],
};
const known = (...messages) => [SNAPSHOT, ...messages].reduce(after, nothing());

test("[PG13] a snapshot is the world, changes amend it, what is null is gone", () => {
  assert.equal(nothing().isKnown, false);
  const world = known({ kind: "change", machines: { ewr: machine("aaaa1111", "ewr", { state: "failing" }), cdg: null, nrt: machine("cccc", "nrt") }, troubles: { cdg: ["outage"] } });
  assert.deepEqual(Object.keys(world.machines).sort(), ["ewr", "nrt"]);
  assert.equal(world.machines.ewr.state, "failing");
  assert.equal(world.edges.ewr.port, 8000);
  assert.deepEqual(world.troubles, { cdg: ["outage"] });
  assert.deepEqual(after(world, SNAPSHOT).machines, SNAPSHOT.machines);
  assert.equal(after(world, { kind: "here", edge: "cdg" }).here, "cdg");
  assert.equal(after(world, { kind: "change" }).machines, world.machines);
});

test("[PG13] the last 50 requests and sentences are kept; pings are not among them; what came too fast is counted", () => {
  const many = Array.from({ length: 2 * KEPT }, (_, index) => request(index + 1));
  const world = known({ kind: "change", requests: [...many, request(1000, { quiet: true })], missed: 7 }, { kind: "change", said: said(2000), missed: 2 });
  assert.equal(world.requests.length, KEPT);
  assert.equal(world.requests.at(-1).n, 2 * KEPT);
  assert.equal(world.said.length, 1);
  assert.equal(world.missed, 9);
});

test("[PG13] after a reconnect only what was missed is new; with another emulator all is", () => {
  const world = known({ kind: "change", said: said(1, 2), requests: [request(3)] });
  const again = { ...SNAPSHOT, said: said(1, 2, 5), requests: [request(3), request(4)] };
  assert.deepEqual(fresh(world, again).said.map((one) => one.n), [5]);
  assert.deepEqual(fresh(world, again).requests.map((one) => one.n), [4]);
  assert.deepEqual(fresh(world, { ...SNAPSHOT, said: said(1) }).said.map((one) => one.n), [1]);
  assert.deepEqual(fresh(world, { kind: "change", said: said(6) }).requests, []);
});

test("[PG13] Machines stand with their region, in the order of the vantage points, also where there is no vantage point", () => {
  const world = known({ kind: "change", machines: { nrt: machine("cccc3333", "nrt") }, edges: { cdg: edge({ bbbb2222: 2 }), ewr: edge({ bbbb2222: 1 }) } });
  const regions = byRegion(world);
  assert.deepEqual(regions.map((one) => one.code), ["ewr", "cdg", "nrt"]);
  assert.deepEqual(regions.map((one) => one.machines.length), [1, 1, 1]);
  assert.equal(regions[1].machines[0].sockets, 3);
  assert.deepEqual(regions.map((one) => one.through), [1, 2, 0]);
  assert.equal(regions[2].edge, null);
  assert.equal(socketsOf(world, "bbbb2222"), 3);
});

test("[PG14] a request goes from its edge to the first Machine and on by replays; the last leg of a bad one is bad", () => {
  assert.deepEqual(legs(request(1)).map(({ from, to, kind }) => [from, to, kind]), [["ewr", "ewr", "in"], ["ewr", "cdg", "replay"]]);
  assert.deepEqual(legs(request(1, { status: 502 })).map((one) => one.kind), ["in", "bad"]);
  assert.deepEqual(legs(request(1, { hops: [] })), []);
  assert.ok(isBad({ status: 0 }) && isBad({ status: 503 }) && !isBad({ status: 404 }));
});

test("[PG14] many requests on one way light it once, with their number", () => {
  const ways = lit(Array.from({ length: 40 }, (_, index) => request(index)));
  assert.deepEqual(ways.map(({ from, to, count: number }) => [from, to, number]), [["ewr", "ewr", 40], ["ewr", "cdg", 40]]);
});

test("[PG14] open sockets are ways from the edge they come in by to where they end; of unknown Machines there is none", () => {
  const world = known({ kind: "change", edges: { ewr: edge({ bbbb2222: 3, gone: 1 }), cdg: edge({ bbbb2222: 1 }) }, machines: { "cdg/2": machine("dddd", "cdg") } });
  assert.deepEqual(standing(world), [{ from: "ewr", to: "cdg", count: 3 }, { from: "cdg", to: "cdg", count: 1 }]);
});

test("[PG15] all regions of Fly are on the map at any width, and cards neither hide each other nor leave it", () => {
  const all = Object.values(PLACES);
  for (const [width, height] of [[343, 190], [838, 394], [1400, 660]]) {
    for (const places of [all, [PLACES.ewr, PLACES.nrt, PLACES.cdg], [PLACES.lax, PLACES.syd, PLACES.nrt], [PLACES.cdg], [PLACES.gru, PLACES.scl, PLACES.eze], []]) {
      const view = frame(places, width, height);
      for (const place of places) {
        const { x, y } = at(place, view);
        assert.ok(x >= 0 && x <= width && y >= 0 && y <= height, JSON.stringify({ place, x, y, width, height }));
      }
    }
  }
  const view = frame(all, 1400, 660);
  const boxes = spread(all.map((place) => ({ ...at(place, view), width: 66, height: 30 })), 1400, 660);
  boxes.forEach((a, index) => {
    assert.ok(a.x >= 33 && a.x <= 1367 && a.y >= 15 && a.y <= 645);
    for (const b of boxes.slice(index + 1)) assert.ok(Math.abs(a.x - b.x) >= 66 || Math.abs(a.y - b.y) >= 30, JSON.stringify([a, b]));
  });
});

test("[PG15] the map is cut where nobody is: in the Pacific for most, in the Atlantic for those around the Pacific", () => {
  const order = (...codes) => {
    const view = frame(codes.map((code) => PLACES[code]), 800, 376);
    return codes.toSorted((a, b) => at(PLACES[a], view).x - at(PLACES[b], view).x);
  };
  assert.deepEqual(order("nrt", "cdg", "ewr"), ["ewr", "cdg", "nrt"]);
  assert.deepEqual(order("lax", "nrt", "syd"), ["nrt", "syd", "lax"]);
});

test("[PG15] north is up, degrees are equally far apart, the graticule has the equator and Greenwich", () => {
  const view = frame([PLACES.ewr, PLACES.nrt, PLACES.cdg], 900, 420);
  const [a, b, c] = [[0, 0], [10, 0], [0, 10]].map(([lat, lon]) => at({ lat, lon }, view));
  assert.ok(b.y < a.y);
  assert.ok(Math.abs(a.y - b.y - (c.x - a.x)) < 1e-6);
  assert.equal(graticule(view).filter((line) => line.isMain).length, 2);
});

test("[PG15] the land is the lobby's", () => {
  const drawn = readFileSync(new URL("../../lobby/static/lobby/land.svg", import.meta.url), "utf8").match(/M[\d.]+ [\d.]+h0/g);
  // A frame in which one degree is one pixel, as in the lobby's file.
  const ours = land(ROWS, FIRST, STEP, { scale: 1, west: 0, top: 80, width: 360, height: 138 }).match(/M[\d.]+ [\d.]+h0/g);
  assert.deepEqual(ours.toSorted(), drawn.toSorted());
});

test("[PG15] ways of other kinds lie beside each other, and a number stands on its way", () => {
  const [a, b] = [{ x: 0, y: 100 }, { x: 200, y: 100 }];
  assert.notEqual(arc(a, b, 1), arc(a, b, -0.6));
  assert.ok(crest(a, b, 1).y < 100 && crest(a, b, -0.6).y > 100);
  assert.equal(crest(a, b, 1).x, 100);
});

test("[PG16] each state has a shape and a word of its own kind beside its colour; an unknown one is called by its name", () => {
  assert.deepEqual(look("up"), look("started"));
  const shown = ["up", "starting", "failing", "stopped", "suspended", "failed"].map(look);
  assert.equal(new Set(shown.map((one) => one.shape)).size, shown.length);
  assert.equal(new Set(shown.map((one) => one.word)).size, shown.length);
  for (const { shape } of shown) assert.match(outline(shape, 6), /^M/);
  assert.equal(look("levitating").word, "levitating");
  assert.match(outline(look("levitating").shape, 6), /^M/);
});

test("[PG16] an order that is not known has a button with its name; those that break are known as such", () => {
  assert.equal(title("power-failure"), "Power failure");
  assert.equal(does("unheard-of"), "");
  assert.deepEqual(["kill", "freeze", "cut", "outage", "start", "thaw"].map(isHarsh), [true, true, true, true, false, false]);
});

test("[PG16] a button that would change nothing says why", () => {
  const up = { state: "up", pid: 7, cordoned: false };
  assert.match(idle("start", up), /already/);
  assert.match(idle("kill", { ...up, state: "stopped", pid: null }), /no process/);
  assert.match(idle("stop", { ...up, state: "stopped" }), /already/);
  assert.match(idle("suspend", { ...up, state: "suspended" }), /already/);
  assert.match(idle("uncordon", up), /not cordoned/);
  assert.match(idle("cordon", { ...up, cordoned: true }), /already/);
  for (const verb of ["kill", "stop", "freeze", "cut", "unheard-of"]) assert.equal(idle(verb, up), "");
  assert.equal(idle("start", { ...up, state: "stopped" }), "");
});

test("[PG16] what the proxy sees is shown, and Fly's word where it says more", () => {
  assert.equal(stateOf({ state: "failing", fly: "started" }), "failing");
  assert.equal(stateOf({ state: "stopped", fly: "failed" }), "failed");
  assert.equal(stateOf({ state: "starting", fly: "replacing" }), "replacing");
  assert.equal(stateOf({ state: "up" }), "up");
  assert.equal(stateOf({ state: "stopped", fly: "levitating" }), "stopped");
});

test("[PG16] what nothing takes back is pressed twice, what can be ended has a word for it, numbers have units", () => {
  assert.deepEqual(["destroy", "kill", "outage"].map(isFinal), [true, false, false]);
  assert.equal(ending("host"), "Find host");
  assert.equal(ending("unheard-of"), "Over");
  assert.equal(unit("slow"), "s");
  assert.equal(unit("unheard-of"), "unheard-of");
  assert.deepEqual(["kill", "destroy", "unheard-of"].map(isUsual), [true, false, false]);
});

test("[PG16] a request's way is written as on the console; an answer says why not, what happened, or how it stands", () => {
  assert.equal(way(request(1)), "ewr edge → ewr machine aaaa (replay region=cdg) → cdg machine bbbb, 14 ms");
  assert.equal(outcome({ error: "no such machine" }), "no such machine");
  assert.equal(outcome({ order: "kill cdg", done: true, said: ["cdg machine bbbb died"] }), "cdg machine bbbb died");
  assert.equal(outcome({ order: "freeze cdg", done: true, said: [] }), "Done: freeze cdg.");
  assert.equal(outcome({ order: "cut cdg", done: true, said: [], cut: 1 }), "1 connection reset");
  assert.equal(outcome({ order: "autostop", done: true, said: [], slept: [] }), "put to sleep: nobody");
  assert.equal(outcome({ order: "outage cdg", done: true, said: [], now: "cdg: outage" }), "cdg: outage");
  assert.equal(outcome({ order: "stop cdg", done: false, said: [] }), "Under way: stop cdg.");
});

test("[PG16] the whole is one sentence; weather, numbers and moments are words", () => {
  const world = known({ kind: "change", machines: { cdg: machine("bbbb2222", "cdg", { state: "stopped" }) }, edges: { ewr: edge({ aaaa1111: 1 }) } });
  assert.equal(summary(byRegion(world)), "1 of 2 Machines up, 2 vantage points, 1 open socket.");
  assert.equal(weatherInWords({ latency_ms: 100, jitter_ms: 30, loss_percent: 2 }), "100 ms each way, ± 30 ms, 2% lost");
  assert.equal(weatherInWords({ latency_ms: 0, jitter_ms: 0, loss_percent: 0, seed: 3 }), "clear");
  assert.equal(count(2, "socket"), "2 sockets");
  assert.match(clock(0), /^\d\d:\d\d:\d\d$/);
});

test("[PG16] a Machine's last word is the newest sentence that begins with its name, and not a namesake's", () => {
  const all = ["cdg machine bbbb died", "cdg/2 machine dddd died", "cdg machine bbbb is up again", "ewr machine aaaa died"].map((text, n) => ({ n, at: n, text }));
  assert.equal(lastWord(all, { name: "cdg", id: "bbbb2222" }), "cdg machine bbbb is up again");
  assert.equal(lastWord(all, { name: "nrt", id: "eeee" }), "");
});
