// The room page: ties the state, the socket and what is seen together.
// Sends: room.join, chat.say, chat.rename, chat.history. Reads every message of docs/protocol.md.

import { nameOf, onRename, showPlayer, showSocket, showStatus } from "./bar.mjs";
import { mountComposer } from "./composer.mjs";
import { mountMessages, showPending } from "./messages.mjs";
import { el, pageData, socketUrl } from "./page.mjs";
import { Pace } from "./pace.mjs";
import { VERSION, newSid } from "./protocol.mjs";
import * as room from "./room.mjs";
import { mountRoster } from "./roster.mjs";
import { RoomSocket } from "./socket.mjs";

const TOP = 200;
/** A little slower than the server's rate, 5 a second and 10 at once: what is not refused cannot be overtaken. */
const PACE_MS = 230;
const AT_ONCE = 8;
const data = pageData();
const $ = (id) => document.getElementById(id);
const sid = newSid();
const title = document.title;
let refs = 0;
let unread = 0;
let turn = null;
const pace = new Pace(AT_ONCE, PACE_MS);
let state = room.empty(data.player);

const nextRef = () => (refs += 1);
const showMessages = mountMessages({ scroll: $("scroll"), log: $("log"), newer: $("newer") });
const showRoster = mountRoster({ open: $("roster-open"), close: $("roster-close"), drawer: $("roster"), list: $("people"), count: $("here-count") });
const composer = mountComposer({ form: $("composer"), text: $("text"), count: $("count"), say: (text) => command({ cmd: "chat.say", text }) });
const socket = new RoomSocket({
  url: socketUrl(`/ws/r/${data.slug}/`),
  join: () => ({ cmd: "room.join", v: VERSION, sid, ...(state.position ? { position: state.position } : {}) }),
  nextRef,
  onMessage,
  onStatus,
});

function command(fields) {
  const one = { ...fields, ref: nextRef() };
  const hold = one.cmd === "chat.say" && (room.firstWaiting(state) !== undefined || !pace.take(performance.now()));
  state = room.send(state, one, hold);
  if (hold) nextTurn(PACE_MS);
  else socket.send(one);
  show(true);
}

function onMessage(message) {
  state = room.receive(state, message);
  if (message.type === "welcome") {
    showSocket(message.machine, message.route);
    showPlayer(message.you);
    $("notice").hidden = true;
  }
  if (message.type === "reply" && message.ok && message.player) showPlayer(message.player);
  if (state.effects.includes("rejoin")) return socket.again();
  show(false);
  notify();
  if (message.type === "reply") nextTurn(message.ok ? PACE_MS : 0);
  return undefined;
}

/** Send again what was refused for a while only: one after the other, in order. */
function nextTurn(pauseMs) {
  const waiting = room.firstWaiting(state);
  if (!waiting || turn !== null) return;
  turn = setTimeout(() => {
    turn = null;
    const now = room.firstWaiting(state);
    if (!now || socket.status !== "open") return;
    if (!pace.take(performance.now())) {
      nextTurn(PACE_MS);
      return;
    }
    socket.send(now.command);
    state = room.resend(state, now.ref);
    show(false);
  }, Math.max(pauseMs, waiting.waitMs + 20));
}

function onStatus(status, detail) {
  showStatus(status);
  if (status === "open") {
    for (const one of room.unanswered(state)) {
      socket.send(one);
    }
    nextTurn(PACE_MS);
  }
  if (status === "stopped") notice(detail.bye?.text ?? "The connection was closed for good.", true);
  if (status === "waiting" && detail.bye?.nearest) away(detail.bye);
  else if (status === "waiting" && detail.failures >= 4) notice("No connection. Trying again; what you write is sent when it is back.");
}

function notice(text, reload = false) {
  $("notice").replaceChildren(text);
  if (reload) $("notice").append(el("button", { type: "button", className: "button button-quiet", textContent: "Reload", onclick: () => location.reload() }));
  $("notice").hidden = false;
}

/** The region does not answer: say so and offer the nearest other one. */
function away(bye) {
  notice(`${bye.text} Trying again by itself.`);
  const url = data.lobby_url.replace("://", `://${bye.nearest}.`);
  $("notice").append(el("a", { className: "button button-quiet", href: url, textContent: `Play in ${nameOf(bye.nearest)} instead` }));
}

function show(own) {
  showMessages(state, own);
  showPending($("pending"), state, (one) => {
    state = room.forget(state, one.ref);
    composer.put(one.command.text);
    show(false);
  });
  if (own) $("scroll").scrollTop = $("scroll").scrollHeight;
  showRoster(state);
  const beginning = state.events.length ? "This is the beginning." : "Nobody has said anything here yet. Be the first.";
  $("top").textContent = state.more ? "Scroll up for older messages" : state.welcome ? beginning : "";
}

function older() {
  const asked = state.pending.some((one) => one.command.cmd === "chat.history");
  if ($("scroll").scrollTop > TOP || !state.more || asked || !state.events.length) return;
  const one = { cmd: "chat.history", before: state.events[0].seq, ref: nextRef() };
  if (socket.send(one)) state = room.send(state, one);
}

function notify() {
  if (!document.hidden || state.change !== "appended") return;
  unread += state.added.filter((event) => event.player.id !== state.you.id).length;
  document.title = unread ? `(${unread}) ${title}` : title;
}

$("scroll").addEventListener("scroll", older, { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  socket.connect();
});
globalThis.addEventListener("online", () => socket.connect());
onRename(({ name, colour }) => command({ cmd: "chat.rename", name, colour }));
socket.connect();
