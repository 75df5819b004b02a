// What goes to the room: with a room, a line and a clock made of values.
import assert from "node:assert/strict";
import { test } from "node:test";

import { words } from "../../gameserver/static/gameserver/messages.mjs";
import { Outbox } from "../../gameserver/static/gameserver/outbox.mjs";
import * as room from "../../gameserver/static/gameserver/room.mjs";

const me = { id: "me", name: "Me", colour: "#112233" };
const WELCOME = { type: "welcome", world: "tally", position: [7, 0], recovered: false, events: [], more: false, present: [], players: 1, you: me };
const RATES = { chat: [5, 10], tally: [100, 200] };

/** A page in a room: `hear` a message, `pass` time, look at what was `sent`. */
function page(rates = RATES) {
  let [state, nowMs, timers] = [room.empty(me), 0, []];
  const line = { isUp: true, sent: [] };
  const outbox = new Outbox({
    state: () => state,
    change: (next) => (state = next),
    transmit: (command) => line.isUp && Boolean(line.sent.push(command)),
    now: () => nowMs,
    random: () => 1,
    timers: {
      set: (run, ms) => {
        const timer = { run, due: nowMs + ms };
        timers.push(timer);
        return timer;
      },
      clear: (timer) => (timers = timers.filter((one) => one !== timer)),
    },
  });
  const hear = (message) => {
    state = room.receive(state, message);
    outbox.received(message);
  };
  const pass = (ms) => {
    const end = nowMs + ms;
    for (;;) {
      const timer = timers.sort((a, b) => a.due - b.due)[0];
      if (!timer || timer.due > end) break;
      timers.shift();
      nowMs = Math.max(nowMs, timer.due);
      timer.run();
    }
    nowMs = end;
  };
  const come = (more = {}) => {
    line.isUp = true;
    hear({ ...WELCOME, rates, ...more });
    outbox.opened();
  };
  const ok = (ref) => hear({ type: "reply", ref, ok: true, seq: ref });
  const refuse = (ref, code, wait_ms) => hear({ type: "reply", ref, ok: false, code, text: code, wait_ms });
  const say = (text) => outbox.send({ cmd: "chat.say", text });
  come();
  return { outbox, line, hear, pass, come, ok, refuse, say, refs: () => line.sent.map((one) => one.ref), state: () => state };
}
const available = (is) => ({ type: "status", available: is, text: is ? "" : "The room cannot keep anything just now." });

test("[WB27] nothing is sent while the room cannot keep it; when it can, all is sent in order, one after the other", () => {
  const { hear, say, pass, ok, refuse, refs, state } = page();
  say("a");
  say("b");
  refuse(1, "unavailable");
  refuse(2, "unavailable");
  hear(available(false));
  say("c");
  pass(60_000);
  assert.deepEqual(refs(), [1, 2]);
  assert.deepEqual(state().pending.map((one) => words(one, state())), Array(3).fill("waits; sent when the room can keep it"));
  hear(available(true));
  pass(250);
  assert.deepEqual(refs(), [1, 2, 1]);
  for (const ref of [1, 2, 3]) {
    ok(ref);
    pass(300);
  }
  assert.deepEqual(refs(), [1, 2, 1, 2, 3]);
  assert.deepEqual(state().pending, []);
});

test("[WB27] a room that refuses again without saying that it is away is asked ever less often", () => {
  const { say, pass, refuse, line } = page();
  say("a");
  const times = [];
  for (let second = 0; second < 60; second += 1) {
    if (line.sent.length > times.length) {
      times.push(second);
      refuse(1, "unavailable");
    }
    pass(1000);
  }
  assert.ok(times.length < 11, `sent ${times.length} times in a minute`);
});

test("[WB27] what waited for the room, and for a new connection, goes in order", () => {
  const { hear, line, say, pass, ok, refs, come, outbox } = page();
  hear(available(false));
  say("a");
  line.isUp = false;
  outbox.lost();
  say("b");
  pass(10_000);
  come({ recovered: true });
  pass(300);
  ok(1);
  pass(300);
  assert.deepEqual(refs(), [1, 2]);
});

test("[WB6] lines beyond the burst go one after the other, at a pace that the room allows", () => {
  const { say, pass, ok, refs } = page();
  for (let number = 1; number <= 20; number += 1) say(`line ${number}`);
  assert.equal(refs().length, 8);
  for (let ms = 0; ms < 6000; ms += 10) {
    const before = refs().length;
    pass(10);
    if (refs().length > before || ms < 80) ok(ms < 80 ? ms / 10 + 1 : refs().at(-1));
  }
  assert.deepEqual(refs(), Array.from({ length: 20 }, (_, index) => index + 1));
});

test("[WB6] a refusal for the rate is waited out, whatever was planned for the lines behind it", () => {
  const { say, pass, refuse, ok, refs } = page();
  for (let number = 1; number <= 9; number += 1) say(`line ${number}`);
  for (let ref = 1; ref <= 7; ref += 1) ok(ref);
  refuse(8, "rate", 3000);
  pass(2900);
  assert.equal(refs().length, 8);
  pass(200);
  assert.deepEqual(refs().slice(8), [8]);
});

test("[WB6] a line that waits its turn does not go before those ahead of it are answered", () => {
  const { say, pass, ok, refs } = page();
  for (let number = 1; number <= 9; number += 1) say(`line ${number}`);
  pass(5000);
  assert.equal(refs().length, 8);
  for (let ref = 1; ref <= 8; ref += 1) ok(ref);
  pass(300);
  assert.deepEqual(refs().slice(8), [9]);
});

test("[WB6] each world has its own rate, and waits for no other", () => {
  const { outbox, say, refs, line } = page();
  for (let number = 0; number < 9; number += 1) say("chat");
  for (let number = 0; number < 50; number += 1) outbox.send({ cmd: "tally.count" });
  assert.equal(refs().length, 58);
  assert.equal(line.sent.filter((one) => one.cmd === "tally.count").length, 50);
});

test("[WB31] a command's promise is its reply, however often it had to be sent", async () => {
  const { outbox, refuse, pass, ok, line, come } = page();
  const reply = outbox.send({ cmd: "tally.count" });
  refuse(1, "rate", 100);
  pass(200);
  line.isUp = false;
  outbox.lost();
  come({ recovered: true });
  assert.deepEqual(line.sent.map((one) => one.ref), [1, 1, 1]);
  ok(1);
  assert.deepEqual(await reply, { type: "reply", ref: 1, ok: true, seq: 1 });
  const refused = outbox.send({ cmd: "tally.count" });
  refuse(2, "closed");
  assert.equal((await refused).code, "closed");
});

test("[WB31] what is of no use later goes now or not at all", async () => {
  const { outbox, line, hear, ok, come, refs } = page({ chat: [5, 10], tally: [2, 3] });
  const wave = () => outbox.send({ cmd: "tally.wave" }, { keep: false });
  const [first, second, third] = [wave(), wave(), wave()];
  assert.equal((await third).code, "rate");
  ok(1);
  assert.equal((await first).ok, true);
  line.isUp = false;
  outbox.lost();
  assert.equal((await second).code, "unavailable");
  come({ recovered: true });
  hear(available(false));
  assert.equal((await wave()).code, "unavailable");
  assert.deepEqual(refs(), [1, 2]);
});

test("[WB35] a command that gets no reply goes without a number, at the world's rate, and is forgotten", async () => {
  const { outbox, line, pass } = page({ chat: [5, 10], tally: [2, 3] });
  const aim = (x) => outbox.send({ cmd: "tally.aim", x }, { answered: false });
  assert.deepEqual(await aim(1), { ok: true });
  assert.deepEqual(await aim(2), { ok: true });
  assert.equal((await aim(3)).code, "rate");
  line.isUp = false;
  pass(2000);
  assert.equal((await aim(4)).code, "unavailable");
  assert.deepEqual(line.sent, [{ cmd: "tally.aim", x: 1 }, { cmd: "tally.aim", x: 2 }]);
});
