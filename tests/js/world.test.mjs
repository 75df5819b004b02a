// The seam to a room's world, and what is said of an absence.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Absence, BLINK_MS, LONG_MS, absence } from "../../gameserver/static/gameserver/notice.mjs";
import { CLOSE } from "../../gameserver/static/gameserver/protocol.mjs";
import { World, follow } from "../../gameserver/static/gameserver/world.mjs";

const sum = { reduce: (state = 0, event) => state + (event.by ?? 0) };
const news = (more = {}) => ({ world: "tally", restart: false, start: undefined, happened: [], ...more });
const settled = () => new Promise((resolve) => setImmediate(resolve));

function stage(module, files = { tally: { module: "/static/tally.mjs", style: "/static/tally.css" } }) {
  const seen = { problems: [], rooms: [], changes: [], loaded: [], dressed: [] };
  const world = new World({
    files,
    dress: (url) => seen.dressed.push(url),
    about: { slug: "tea", readOnly: false, watchUrl: "" },
    show: (name, problem) => void seen.problems.push(problem),
    send: async () => ({ ok: true }),
    you: () => ({ id: "me" }),
    load: async (url) => {
      seen.loaded.push(url);
      if (module instanceof Error) throw module;
      return { mount: (element, room) => seen.rooms.push(room) && room.onChange((state, events) => seen.changes.push([state, events.length])), ...module };
    },
  });
  return { world, seen };
}

async function quietly(run) {
  const said = [];
  const { error } = console;
  console.error = (one) => said.push(one);
  await run();
  console.error = error;
  return said;
}

test("[WB31] a world's state is the room's, or what the module makes of it, and then follows every event once", () => {
  const happened = [{ by: 2 }, {}, { by: 3 }];
  assert.equal(follow(sum, 1, news({ happened })), 6);
  assert.equal(follow(sum, 1, news({ restart: true, happened })), 5);
  assert.equal(follow(sum, 1, news({ restart: true, start: 10 })), 10);
  assert.equal(follow({ ...sum, start: (given) => given * 2 }, 1, news({ restart: true, start: 10, happened })), 25);
});

test("[WB31] what comes while the module is on its way is not lost, and is seen from the first moment", async () => {
  const { world, seen } = stage(sum);
  world.take(news({ restart: true, start: 10 }));
  world.take(news({ happened: [{ by: 1 }] }));
  await settled();
  assert.deepEqual([seen.loaded, seen.problems, seen.rooms.length], [["/static/tally.mjs"], [""], 1]);
  assert.deepEqual([seen.rooms[0].state(), seen.rooms[0].you], [11, { id: "me" }]);
  world.take(news({ happened: [{ by: 1 }, { by: 1 }] }));
  world.take(news());
  assert.deepEqual(seen.changes, [[13, 2]]);
});

test("[WB36] a state that takes time to be made keeps what follows waiting; a fresh start meanwhile takes its place", async () => {
  const made = [];
  const slow = { ...sum, start: (given) => new Promise((resolve) => made.push(() => resolve(given))) };
  const { world, seen } = stage(slow);
  world.take(news({ restart: true, start: 10 }));
  await settled();
  world.take(news({ happened: [{ by: 1 }] }));
  assert.equal(seen.rooms.length, 0);
  world.take(news({ restart: true, start: 20 }));
  world.take(news({ happened: [{ by: 2 }] }));
  made[0]();
  await settled();
  assert.equal(seen.rooms.length, 0);
  made[1]();
  await settled();
  assert.deepEqual([seen.rooms.length, seen.rooms[0].state(), seen.dressed], [1, 22, ["/static/tally.css"]]);
  world.take(news({ happened: [{ by: 3 }] }));
  assert.deepEqual(seen.changes, [[25, 1]]);
});

test("[WB36] a world is told of a fresh start, of who is here, and of what the page is", async () => {
  const { world, seen } = stage(sum);
  const ada = { id: "a", name: "Ada" };
  world.take(news({ restart: true, start: 1, present: new Map([["a", ada]]) }));
  await settled();
  const [room] = seen.rooms;
  const heard = [];
  room.onPresent(() => heard.push(room.present().length));
  room.onChange((state, events, { restarted }) => heard.push(restarted));
  assert.deepEqual([room.present(), room.slug, room.readOnly], [[ada], "tea", false]);
  const both = new Map([["a", ada], ["b", { id: "b" }]]);
  world.take(news({ present: both }));
  world.take(news({ restart: true, start: 5, present: both }));
  assert.deepEqual(heard, [2, true]);
});

test("[WB37] binary messages go to the world once it is there, and from it to the socket", async () => {
  const { world, seen } = stage(sum);
  const sent = [];
  world.transmit = (bytes) => sent.push(bytes) > 0;
  world.take(news({ restart: true, start: 1 }));
  world.bytes("too early");
  await settled();
  const [room] = seen.rooms;
  const heard = [];
  const end = room.onBytes((data) => heard.push(data));
  world.bytes("frame");
  end();
  world.bytes("too late");
  assert.deepEqual([heard, room.transmit("input"), sent], [["frame"], true, ["input"]]);
});

test("[WB31] a world without a module is said; a room without a world loads nothing", async () => {
  const { world, seen } = stage(sum, {});
  world.take(news({ restart: true }));
  await settled();
  assert.match(seen.problems[0], /“tally”.*You can chat/);
  const plain = stage(sum);
  plain.world.take(news({ world: "" }));
  assert.deepEqual([plain.seen.loaded, plain.seen.problems], [[], []]);
});

for (const [what, module] of [
  ["cannot be loaded", new TypeError("no network")],
  ["cannot be mounted", { ...sum, mount: () => { throw new Error("oops"); } }],
  ["fails later", { reduce: () => { throw new Error("oops"); } }],
]) {
  test(`[WB31] a module that ${what} is said once and costs nobody the chat`, async () => {
    const { world, seen } = stage(module);
    const said = await quietly(async () => {
      world.take(news({ restart: true, start: 1 }));
      await settled();
      world.take(news({ happened: [{ by: 1 }] }));
      world.take(news({ happened: [{ by: 1 }] }));
    });
    assert.match(seen.problems.at(-1), /does not work here just now/);
    assert.deepEqual([said.length, seen.changes], [1, []]);
  });
}

const moved = { code: CLOSE.MOVED, text: "This gameserver restarts.", retry_ms: 100 };
const lost = { code: CLOSE.OWNER_LOST, text: "The room cannot be opened just now.", retry_ms: 500 };

test("[WB30] a drain and a short absence are not spoken of", () => {
  assert.equal(absence({ bye: moved, failures: 5, awayMs: LONG_MS - 1 }), "");
  assert.equal(absence({ bye: null, failures: 5, awayMs: LONG_MS - 1 }), "");
  assert.match(absence({ bye: moved, failures: 1, awayMs: LONG_MS }), /^No connection\./);
});

test("[WB30] why a room cannot be entered is said when the first attempt to come back has failed, too", () => {
  assert.equal(absence({ bye: lost, failures: 1, awayMs: LONG_MS - 1 }), "");
  assert.equal(absence({ bye: lost, failures: 2, awayMs: BLINK_MS - 1 }), "");
  assert.equal(absence({ bye: lost, failures: 2, awayMs: BLINK_MS }), "The room cannot be opened just now. Trying again by itself.");
  assert.equal(absence({ bye: { ...lost, text: "No. Trying again." }, failures: 2, awayMs: BLINK_MS }), "No. Trying again.");
});

test("[WB30] an absence says each thing once, keeps the last reason, and ends with nothing", () => {
  const said = [];
  let nowMs = 0;
  let timers = [];
  const one = new Absence({
    say: (text) => said.push(text),
    now: () => nowMs,
    timers: { set: (run, ms) => timers.push({ run, ms }) && timers.at(-1), clear: (timer) => (timers = timers.filter((other) => other !== timer)) },
  });
  one.lost({ bye: null, failures: 1 });
  one.lost({});
  one.lost({ bye: lost, failures: 2 });
  assert.deepEqual(said, []);
  nowMs = BLINK_MS;
  timers[0].run();
  one.lost({ bye: null, failures: 3 });
  one.lost({});
  assert.deepEqual(said, ["The room cannot be opened just now. Trying again by itself."]);
  one.back();
  assert.deepEqual([said.length, said.at(-1), timers.length], [2, "", 0]);
  one.lost({ bye: moved, failures: 1 });
  one.back();
  assert.equal(said.length, 2);
});
