// The page that waits for a region, with a lobby, a clock and timers made of values; and the ticket in a room's address.
import assert from "node:assert/strict";
import { test } from "node:test";

import { pauseMs } from "../../gameserver/static/gameserver/backoff.mjs";
import { Absence, BLINK_MS, absence } from "../../gameserver/static/gameserver/notice.mjs";
import { takeTicket } from "../../gameserver/static/gameserver/page.mjs";
import { CLOSE, mayReconnect } from "../../gameserver/static/gameserver/protocol.mjs";
import { TICK_MS, Waiting, askLobby, shown } from "../../lobby/static/lobby/wait.mjs";

const asleep = { state: "asleep", text: "Paris is asleep.", seconds: 1, usually_s: 8, nearest: null, is_refused: false, again_ms: 1000 };
const starting = { ...asleep, state: "starting", text: "Paris is starting.", seconds: 0.5 };
const up = { ...starting, state: "up", text: "Paris is up." };

function world(first = asleep) {
  let now = 0;
  let timers = [];
  const drawn = [];
  const entered = [];
  const answers = [];
  const clock = {
    set: (run, ms) => {
      const timer = { run, at: now + ms };
      timers.push(timer);
      return timer;
    },
    clear: (timer) => (timers = timers.filter((one) => one !== timer)),
  };
  const ask = async () => {
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("no network");
    return answer;
  };
  const waiting = new Waiting({ first, ask, show: (what) => drawn.push(what), enter: () => entered.push(now), pause: pauseMs, now: () => now, timers: clock, random: () => 0.5 });
  /** Let time pass, and what is due happen. */
  const pass = async (ms) => {
    const end = now + ms;
    for (;;) {
      timers.sort((a, b) => a.at - b.at);
      if (!timers.length || timers[0].at > end) break;
      const timer = timers.shift();
      now = timer.at;
      timer.run();
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
    now = end;
  };
  return { waiting, pass, drawn, entered, answers, timers: () => timers, last: () => drawn.at(-1) };
}

test("[JN40] the bar is as full as the time that a start usually takes, and moves on without an end when it takes longer", () => {
  assert.deepEqual(shown(2.9, 8), { seconds: 2, part: 2.9 / 8 });
  assert.deepEqual(shown(8, 8), { seconds: 8, part: null });
  assert.deepEqual(shown(3, 0), { seconds: 3, part: null });
});

test("[JN40] seconds count between two questions, and never run back", async () => {
  const page = world({ ...asleep, seconds: 3 });
  page.waiting.start();
  assert.equal(page.last().seconds, 3);
  page.answers.push(starting);
  await page.pass(1000 + TICK_MS);
  assert.equal(page.last().text, "Paris is starting.");
  assert.equal(page.last().seconds, 4);
  await page.pass(2 * TICK_MS);
  assert.ok(page.last().part > 4.4 / 8);
});

test("[JN41] it asks as often as the lobby says, and goes in by itself when the region is up, once", async () => {
  const page = world();
  page.waiting.start();
  page.answers.push({ ...starting, again_ms: 3000 }, up, up);
  await page.pass(1000);
  assert.equal(page.answers.length, 2);
  await page.pass(2999);
  assert.equal(page.answers.length, 2);
  await page.pass(60000);
  assert.deepEqual(page.entered, [4000]);
  assert.equal(page.answers.length, 1);
  assert.equal(page.timers().length, 0);
});

test("[JN41] not all who wait ask in the same moment", () => {
  const at = (random) => {
    const made = [];
    const timers = { set: (run, ms) => made.push(ms), clear: () => {} };
    new Waiting({ first: asleep, show: () => {}, timers, now: () => 0, random: () => random }).start();
    return made.at(-1);
  };
  assert.deepEqual([at(0), at(0.5), at(0.999)], [800, 1000, 1200]);
});

test("[JN42] a refusal and the nearest region are shown as they are told, and it goes on asking", async () => {
  const page = world();
  page.waiting.start();
  const nearest = { code: "ams", name: "Amsterdam" };
  page.answers.push({ ...asleep, state: "no_capacity", text: "Fly has no free Machine in Paris.", is_refused: true, nearest }, up);
  await page.pass(1000);
  assert.deepEqual([page.last().refused, page.last().nearest, page.last().state], [true, nearest, "no_capacity"]);
  await page.pass(1000);
  assert.equal(page.entered.length, 1);
});

test("[JN42] a region that is gone is told, and nothing is asked any more", async () => {
  const page = world();
  page.waiting.start();
  page.answers.push({ ...asleep, state: "gone", text: "This region has been closed.", is_refused: true });
  await page.pass(60000);
  assert.equal(page.last().text, "This region has been closed.");
  assert.equal(page.timers().length, 0);
});

test("[JN43] a lobby that does not answer is asked again, later and later; after three times that is said, and what comes then is shown", async () => {
  const page = world();
  page.waiting.start();
  await page.pass(3000);
  assert.equal(page.last().text, "Paris is asleep.");
  await page.pass(20000);
  assert.match(page.last().text, /does not answer/);
  page.answers.push(starting);
  await page.pass(20000);
  assert.equal(page.answers.length, 0);
});

test("[JN43] a page that is left asks no more, and goes on when it is come back to", async () => {
  const page = world();
  page.waiting.start();
  page.waiting.stop();
  page.answers.push(up);
  await page.pass(5000);
  assert.deepEqual(page.entered, []);
  page.waiting.start();
  page.waiting.start();
  await page.pass(1000);
  assert.equal(page.entered.length, 1);
});

test("[JN43] an answer is what the lobby says, its word that a region is gone, too; anything else is none", async () => {
  const answers = (status, body) => async () => ({ ok: status < 400, status, json: async () => body });
  assert.equal(await askLobby("/x", answers(200, 1)), 1);
  assert.equal(await askLobby("/x", answers(404, 2)), 2);
  await assert.rejects(askLobby("/x", answers(503, 3)));
});

function visit(href) {
  const kept = [];
  return [{ href }, { state: "s", replaceState: (state, _, url) => kept.push([state, String(url)]) }, kept];
}

test("[JN44] a room's page takes the ticket out of the address, and leaves the rest of it alone", () => {
  const [where, past, kept] = visit("http://cdg.play.localhost/r/main/?world=board&ticket=abc.DEF-_#x");
  assert.equal(takeTicket(where, past), "abc.DEF-_");
  assert.deepEqual(kept, [["s", "http://cdg.play.localhost/r/main/?world=board#x"]]);
});

test("[JN44] an address without a ticket is left as it is; what cannot be a ticket is taken out and not sent", () => {
  const [where, past, kept] = visit("http://x/r/main/");
  assert.equal(takeTicket(where, past), "");
  assert.deepEqual(kept, []);
  for (const bad of ["", "a%20b", "a".repeat(513), "%3Cscript%3E"]) {
    const [there, history, changed] = visit(`http://x/r/main/?ticket=${bad}`);
    assert.equal(takeTicket(there, history), "");
    assert.deepEqual(changed, [["s", "http://x/r/main/"]]);
  }
});

test("[JN45] a full room is told at once, and tried again by itself; a bad ticket is forgotten without a word", () => {
  assert.ok(mayReconnect(CLOSE.NO_PLACE) && mayReconnect(CLOSE.BAD_TICKET));
  assert.equal(absence({ bye: { code: CLOSE.NO_PLACE, text: "This room is full." }, failures: 1, awayMs: 0 }), "This room is full.");
  assert.equal(absence({ bye: { code: CLOSE.BAD_TICKET, text: "This ticket is too old." }, failures: 1, awayMs: BLINK_MS - 1 }), "");
});

test("[JN45] while somebody waits for a place the ticket may run out: the room is full as before", () => {
  const said = [];
  let now = 0;
  const waiting = new Absence({ say: (text) => said.push(text), now: () => now, timers: { set: () => 0, clear: () => {} } });
  waiting.lost({ bye: { code: CLOSE.NO_PLACE, text: "This room is full." }, failures: 1 });
  now = 60_000;
  waiting.lost({ bye: { code: CLOSE.BAD_TICKET, text: "This ticket is too old." }, failures: 14 });
  assert.deepEqual(said, ["This room is full."]);
});
