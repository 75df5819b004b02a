// The browser's room state, as values.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../../gameserver/static/gameserver/pace.mjs";
import * as room from "../../gameserver/static/gameserver/room.mjs";

const me = { id: "me", name: "Me", colour: "#112233" };
const you = { id: "you", name: "You", colour: "#332211" };
const said = (seq, text = `t${seq}`, player = you) => ({ seq, ev: "chat.said", at: 1000 * seq, player, text });
const welcome = (more = {}) => ({ type: "welcome", position: [7, 3], recovered: false, events: [said(2), said(3)], more: true, present: [me, you], players: 2, you: me, route: {}, ...more });
const entered = () => room.receive(room.empty(me), welcome());
const seqs = (state) => state.events.map((event) => event.seq);

test("[WB1] a fresh welcome replaces what was shown", () => {
  const state = room.receive(room.receive(entered(), { type: "events", epoch: 7, events: [said(4)] }), welcome({ position: [8, 9], events: [said(8), said(9)] }));
  assert.deepEqual(seqs(state), [8, 9]);
  assert.equal(state.change, "replaced");
  assert.deepEqual(state.position, [8, 9]);
});

test("[WB1] a recovered welcome appends exactly what was missed", () => {
  const state = room.receive(entered(), welcome({ recovered: true, position: [8, 5], events: [said(4), said(5)] }));
  assert.deepEqual(seqs(state), [2, 3, 4, 5]);
  assert.deepEqual(state.added.map((event) => event.seq), [4, 5]);
});

test("[WB2] an event that is known already is shown once", () => {
  const state = room.receive(entered(), { type: "events", epoch: 7, events: [said(3), said(4)] });
  assert.deepEqual(seqs(state), [2, 3, 4]);
  assert.deepEqual(room.receive(state, { type: "events", epoch: 7, events: [said(4)] }).events, state.events);
});

test("[WB3] a gap asks for a new join and shows nothing out of order", () => {
  const state = room.receive(entered(), { type: "events", epoch: 7, events: [said(5)] });
  assert.deepEqual(state.effects, ["rejoin"]);
  assert.deepEqual(seqs(state), [2, 3]);
  assert.deepEqual(state.position, [7, 3]);
});

test("[WB4] an own line is pending until its reply, and not shown twice in between", () => {
  let state = room.send(entered(), { cmd: "chat.say", ref: 1, text: "hello  there" });
  assert.equal(state.pending[0].state, "sending");
  state = room.receive(state, { type: "events", epoch: 7, events: [said(4, "hello there", me)] });
  assert.equal(state.pending[0].landed, true);
  state = room.receive(state, { type: "reply", ref: 1, ok: true, seq: 4 });
  assert.equal(state.pending.length, 0);
});

test("[WB4] somebody else's equal line does not take a pending one away", () => {
  let state = room.send(entered(), { cmd: "chat.say", ref: 1, text: "hello" });
  state = room.receive(state, { type: "events", epoch: 7, events: [said(4, "hello", you)] });
  assert.equal(state.pending[0].landed, undefined);
});

test("[WB5] what had no reply is sent again after a reconnect, in order and with its refs", () => {
  let state = room.send(room.send(entered(), { cmd: "chat.say", ref: 1, text: "a" }), { cmd: "chat.say", ref: 2, text: "b" });
  state = room.receive(state, { type: "reply", ref: 1, ok: true, seq: 4 });
  assert.deepEqual(room.unanswered(state), [{ cmd: "chat.say", ref: 2, text: "b" }]);
});

test("[WB6] a refusal for the rate waits and keeps the text; another refusal is for the author", () => {
  let state = room.send(room.send(entered(), { cmd: "chat.say", ref: 1, text: "a" }), { cmd: "chat.say", ref: 2, text: "" });
  state = room.receive(state, { type: "reply", ref: 1, ok: false, code: "rate", text: "too fast", wait_ms: 200 });
  state = room.receive(state, { type: "reply", ref: 2, ok: false, code: "empty", text: "nothing" });
  assert.deepEqual(state.pending.map((one) => [one.state, one.waitMs]), [["waiting", 200], ["failed", 0]]);
  assert.equal(room.firstWaiting(state).ref, 1);
  assert.deepEqual(room.unanswered(state), []);
  assert.deepEqual(room.forget(state, 2).pending.map((one) => one.ref), [1]);
});

test("[WB6] lines behind one that was too fast wait their turn and keep their order", () => {
  let state = room.send(entered(), { cmd: "chat.say", ref: 1, text: "a" });
  state = room.receive(state, { type: "reply", ref: 1, ok: false, code: "rate", wait_ms: 200 });
  state = room.send(state, { cmd: "chat.say", ref: 2, text: "b" });
  assert.deepEqual(state.pending.map((one) => one.state), ["waiting", "waiting"]);
  state = room.resend(state, 1);
  assert.equal(room.firstWaiting(state).ref, 2);
  state = room.receive(state, { type: "reply", ref: 1, ok: true, seq: 4 });
  assert.equal(room.firstWaiting(state).ref, 2);
});

test("[WB6] the page's own pace lets a burst go and then one after the other", () => {
  const pace = new Pace(3, 100);
  assert.deepEqual([0, 0, 0, 0, 50, 100, 110, 1000, 1000, 1000, 1000].map((ms) => pace.take(ms)), [true, true, true, false, false, true, false, true, true, true, false]);
});

test("[WB7] older messages go on top, each once", () => {
  let state = room.send(entered(), { cmd: "chat.history", ref: 5, before: 2 });
  state = room.receive(state, { type: "reply", ref: 5, ok: true, events: [said(1), said(2)], more: false });
  assert.deepEqual(seqs(state), [1, 2, 3]);
  assert.equal(state.more, false);
  assert.equal(state.change, "prepended");
});

test("[WB8] presence follows comings, goings and new names", () => {
  const state = room.receive(entered(), { type: "presence", joined: [{ ...you, name: "Yo" }], left: ["me"], players: 1 });
  assert.deepEqual([...state.present.values()].map((player) => player.name), ["Yo"]);
  assert.equal(state.players, 1);
});

test("[WB2] random cuts and resends leave every event once and in order", () => {
  let seed = 42;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let run = 0; run < 200; run += 1) {
    const journal = Array.from({ length: 30 }, (_, index) => said(index + 1));
    let state = room.receive(room.empty(me), welcome({ position: [7, 0], events: [], more: false }));
    let sent = 0;
    while (sent < journal.length || state.position[1] < journal.length) {
      if (random() < 0.2) {
        const seq = state.position[1];
        state = room.receive(state, welcome({ recovered: true, position: [7, sent], events: journal.slice(seq, sent) }));
      } else {
        const from = Math.max(0, sent - Math.floor(random() * 3));
        sent = Math.min(journal.length, sent + 1 + Math.floor(random() * 3));
        if (random() < 0.8) state = room.receive(state, { type: "events", epoch: 7, events: journal.slice(from, sent) });
      }
    }
    assert.deepEqual(seqs(state), journal.map((event) => event.seq));
  }
});

const tally = (seq, by = 1) => ({ seq, ev: "tally.counted", at: seq, player: you, by });
const inWorld = (more = {}) => room.receive(room.empty(me), welcome({ world: "tally", ...more }));

test("[WB27] while the room keeps nothing, what is refused or written waits; when it is back, it waits no longer", () => {
  let state = room.send(entered(), { cmd: "chat.say", ref: 1, text: "a" });
  state = room.receive(state, { type: "reply", ref: 1, ok: false, code: "unavailable", text: "not now" });
  state = room.receive(state, { type: "status", available: false, text: "The room cannot keep anything just now." });
  assert.deepEqual([state.available, state.trouble], [false, "The room cannot keep anything just now."]);
  assert.deepEqual(state.pending.map((one) => [one.state, one.waitMs]), [["waiting", 1000]]);
  const back = room.receive(state, { type: "status", available: true, text: "" });
  assert.deepEqual([back.available, back.trouble, back.pending[0].waitMs], [true, "", 0]);
  const welcomed = room.receive(state, welcome({ recovered: true, events: [] }));
  assert.deepEqual([welcomed.available, welcomed.trouble, welcomed.pending[0].waitMs], [true, "", 0]);
});

test("[WB27] a line that is refused again and again waits longer each time", () => {
  let state = room.send(entered(), { cmd: "chat.say", ref: 1, text: "a" });
  const waits = [];
  for (let time = 0; time < 5; time += 1) {
    state = room.resend(room.receive(state, { type: "reply", ref: 1, ok: false, code: "unavailable", text: "" }), 1);
    waits.push(state.pending[0].waitMs);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 8000]);
});

test("[WB28] ephemeral events go to the world, and change neither lines nor position", () => {
  const before = inWorld();
  const state = room.receive(before, { type: "ephemeral", epoch: 7, events: [{ ev: "tally.waved", at: 1, player: you }, { ev: "other.waved", at: 1 }] });
  assert.deepEqual(state.happened.map((event) => event.ev), ["tally.waved"]);
  assert.deepEqual([state.position, seqs(state), state.change], [before.position, [2, 3], "none"]);
  assert.deepEqual(room.receive(state, { type: "presence", joined: [], left: [], players: 2 }).happened, []);
});

test("[WB28] events of a world are counted, but are no lines; one that is not known is neither", () => {
  let state = inWorld({ events: [tally(1), said(2), tally(3)] });
  assert.deepEqual([seqs(state), state.oldest, state.happened.map((event) => event.seq)], [[2], 1, [1, 3]]);
  state = room.receive(state, { type: "events", epoch: 7, events: [tally(4), said(5), { seq: 6, ev: "chat.sung", at: 1, player: you }, tally(7)] });
  assert.deepEqual([seqs(state), state.happened.map((event) => event.seq), state.position], [[2, 5], [4, 7], [7, 7]]);
  assert.deepEqual(room.receive(state, { type: "events", epoch: 7, events: [tally(9)] }).effects, ["rejoin"]);
});

test("[WB31] a world's state in a welcome stands for the events that led to it; a recovered welcome goes on with events", () => {
  const fresh = inWorld({ state: { tally: { sum: 4 } }, events: [tally(2), tally(3)] });
  assert.deepEqual([fresh.restart, fresh.start, fresh.happened], [true, { sum: 4 }, []]);
  const back = room.receive(fresh, welcome({ world: "tally", recovered: true, state: {}, position: [8, 4], events: [tally(4)] }));
  assert.deepEqual([back.restart, back.happened.map((event) => event.seq)], [false, [4]]);
});

test("[WB7] pages without lines are paged through, and a page asked for before a fresh start is not wanted any more", () => {
  let state = room.send(inWorld({ position: [7, 300], events: [tally(300)] }), { cmd: "chat.history", ref: 1, before: 300 });
  const asked = state;
  state = room.receive(state, { type: "reply", ref: 1, ok: true, events: [tally(200), tally(299)], more: true });
  assert.deepEqual([seqs(state), state.oldest, state.change, state.more], [[], 200, "prepended", true]);
  const fresh = room.receive(asked, welcome({ position: [8, 900], events: [said(900)] }));
  assert.deepEqual([fresh.pending, fresh.oldest], [[], 900]);
});

test("[WB6] a world's command that is refused for good is no more than its reply", () => {
  let state = room.send(inWorld(), { cmd: "tally.count", ref: 1 });
  state = room.receive(state, { type: "reply", ref: 1, ok: false, code: "closed", text: "The board is closed." });
  assert.deepEqual(state.pending, []);
});
