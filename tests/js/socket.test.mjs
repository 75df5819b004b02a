// The connection, with a socket and a clock made of values.
import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_MS, pauseMs } from "../../gameserver/static/gameserver/backoff.mjs";
import { CLOSE, OLDEST, lengthOf, mayReconnect, newSid } from "../../gameserver/static/gameserver/protocol.mjs";
import { HANDSHAKE_MS, RoomSocket, WELCOME_MS } from "../../gameserver/static/gameserver/socket.mjs";

function world(url = "ws://x/ws/r/main/") {
  const made = [];
  const statuses = [];
  const messages = [];
  let timers = [];
  let refs = 100;
  class Socket {
    constructor(url) {
      Object.assign(this, { url, sent: [], closed: false });
      made.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.closed = true;
    }
    hear(message) {
      this.onmessage({ data: JSON.stringify(message) });
    }
  }
  const clock = {
    set: (run, ms) => {
      const timer = { run, ms };
      timers.push(timer);
      return timer;
    },
    clear: (timer) => (timers = timers.filter((one) => one !== timer)),
  };
  const fire = () => {
    const timer = timers.shift();
    timer.run();
    return timer.ms;
  };
  const socket = new RoomSocket({
    url,
    join: () => ({ cmd: "room.join", position: [1, 2] }),
    nextRef: () => (refs += 1),
    onMessage: (message) => messages.push(message),
    onStatus: (status, detail) => statuses.push([status, detail]),
    Socket,
    timers: clock,
    random: () => 0.5,
  });
  return { socket, made, statuses, messages, fire, pending: () => timers };
}

test("[WB9] joins with the position as soon as it is connected, and is open when welcomed", () => {
  const { socket, made, statuses } = world();
  socket.connect();
  made[0].onopen();
  assert.deepEqual(made[0].sent, [{ cmd: "room.join", position: [1, 2] }]);
  assert.equal(socket.send({ cmd: "chat.say" }), false);
  made[0].hear({ type: "welcome" });
  assert.deepEqual(statuses.map(([status]) => status), ["connecting", "open"]);
  assert.equal(socket.send({ cmd: "chat.say" }), true);
});

test("[WB10] comes back with growing pauses, and asks why after two failures", () => {
  const { socket, made, fire } = world();
  socket.connect();
  const pauses = [];
  for (let failure = 0; failure < 4; failure += 1) {
    made.at(-1).onclose({ code: 1006 });
    pauses.push(fire());
  }
  assert.deepEqual(pauses, [150, 300, 600, 1200]);
  assert.deepEqual(made.map((one) => one.url.endsWith("?why=close")), [false, false, true, true, true]);
});

test("[WB11] a draining server says when to come back", () => {
  const { socket, made, fire } = world();
  socket.connect();
  made[0].onopen();
  made[0].hear({ type: "welcome" });
  made[0].hear({ type: "bye", code: CLOSE.MOVED, retry_ms: 400 });
  made[0].onclose({ code: CLOSE.MOVED });
  assert.equal(fire(), 400);
  assert.equal(made.length, 2);
});

test("[WB11] who is told to go does not wait for the close frame, and every bye has its own time", () => {
  const { socket, made, fire, statuses, pending } = world();
  socket.connect();
  made[0].onopen();
  made[0].hear({ type: "welcome" });
  made[0].hear({ type: "bye", code: CLOSE.OWNER_LOST, text: "another owner", retry_ms: 777 });
  assert.equal(made[0].closed, true);
  assert.deepEqual(pending().map((timer) => timer.ms), [777]);
  assert.equal(statuses.at(-1)[1].bye.text, "another owner");
  fire();
  made[1].onclose({ code: 1006 });
  assert.equal(fire(), 300);
});

test("[WB10] a question why is added to an address that has a question already", () => {
  const { socket, made, fire } = world("ws://x/ws/r/main/?world=tally");
  socket.connect();
  for (let failure = 0; failure < 2; failure += 1) {
    made.at(-1).onclose({ code: 1006 });
    fire();
  }
  assert.equal(made.at(-1).url, "ws://x/ws/r/main/?world=tally&why=close");
});

test("[WB29] an attempt that gets no answer, or no welcome, is given up, and a welcome is waited for longer each time", () => {
  const { socket, made, fire, pending } = world();
  socket.connect();
  assert.equal(fire(), HANDSHAKE_MS);
  assert.equal(made[0].closed, true);
  const waits = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    fire();
    made.at(-1).onopen();
    waits.push(fire());
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 8].map((times) => times * WELCOME_MS));
  fire();
  made.at(-1).onopen();
  made.at(-1).hear({ type: "welcome" });
  assert.equal(pending().some((timer) => timer.ms >= WELCOME_MS * 8), false);
  made.at(-1).onclose({ code: 1006 });
  fire();
  made.at(-1).onopen();
  assert.equal(fire(), WELCOME_MS);
});

test("[WB29] a socket that opens after it was given up says nothing", () => {
  const { socket, made, fire } = world();
  socket.connect();
  fire();
  made[0].onopen();
  assert.deepEqual(made[0].sent, []);
});

test("[WB12] codes from 4500 mean stop, for good", () => {
  const { socket, made, statuses, pending } = world();
  socket.connect();
  made[0].onclose({ code: CLOSE.TAKEN_OVER });
  assert.equal(statuses.at(-1)[0], "stopped");
  socket.connect();
  assert.equal(made.length, 1);
  assert.equal(pending().length, 0);
});

test("[WB13] a silent connection is asked, and given up when it does not answer", () => {
  const { socket, made, fire, messages } = world();
  socket.connect();
  made[0].onopen();
  made[0].hear({ type: "welcome" });
  fire();
  assert.deepEqual(made[0].sent.at(-1), { cmd: "room.ping", ref: 101 });
  made[0].hear({ type: "reply", ref: 101, ok: true });
  assert.equal(messages.length, 1);
  fire();
  fire();
  assert.equal(made[0].closed, true);
  fire();
  assert.equal(made.length, 2);
});

test("[WB13] who has sent something and hears nothing asks sooner, and once", () => {
  const { socket, made, fire, pending } = world();
  socket.connect();
  made[0].onopen();
  made[0].hear({ type: "welcome" });
  socket.send({ cmd: "chat.say", ref: 1 });
  socket.send({ cmd: "chat.say", ref: 2 });
  assert.deepEqual(pending().map((timer) => timer.ms), [5000]);
  fire();
  assert.equal(made[0].sent.at(-1).cmd, "room.ping");
  made[0].hear({ type: "reply", ref: 101, ok: true });
  assert.deepEqual(pending().map((timer) => timer.ms), [15000]);
});

test("[WB10] a page that becomes visible connects at once, once", () => {
  const { socket, made, pending } = world();
  socket.connect();
  made[0].onclose({ code: 1006 });
  socket.connect();
  socket.connect();
  assert.equal(made.length, 2);
  assert.deepEqual(pending().map((timer) => timer.ms), [HANDSHAKE_MS]);
});

test("[WB14] a late message or end of an earlier socket changes nothing", () => {
  const { socket, made, messages, statuses } = world();
  socket.connect();
  socket.again();
  socket.connect();
  const before = statuses.length;
  made[0].hear({ type: "events" });
  made[0].onclose({ code: 1006 });
  assert.equal(messages.length, 0);
  assert.equal(statuses.length, before);
});

test("[WB10] the pause has full jitter, a bound, and respects what the server asked for", () => {
  assert.equal(pauseMs(0, 0, () => 0), 0);
  assert.equal(pauseMs(99, 0, () => 1), MOST_MS);
  assert.equal(pauseMs(5, 1000, () => 0), 1000);
  assert.equal(pauseMs(5, 1e9, () => 0), 60000);
});

test("[WB12] 4000 to 4499 mean come back", () => {
  assert.deepEqual([1001, 1006, 1012, 4001, 4499, 4500, 4999].map(mayReconnect), [true, true, true, true, true, false, false]);
});

test("[WB15] a session id is long, random and of the allowed characters", () => {
  const ids = new Set(Array.from({ length: 100 }, () => newSid()));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{32}$/);
});

test("[WB16] characters are counted as the server counts them", () => {
  assert.equal(lengthOf("  e\u0301 "), 1);
  assert.equal(lengthOf("👩🏽"), 2);
});

test("[DP2] a welcome in a version from before this page's time is an attempt that failed", () => {
  const { socket, made, messages, pending, fire } = world();
  socket.connect();
  made[0].onopen();
  made[0].hear({ type: "welcome", v: OLDEST - 1 });
  assert.deepEqual([socket.status, messages, made[0].closed], ["waiting", [], true]);
  assert.equal(pending().length, 1);
  fire();
  made[1].onopen();
  made[1].hear({ type: "welcome", v: OLDEST });
  assert.equal(socket.status, "open");
});
