// The room page: ties the state, the socket and what is seen together.
// Sends: room.join, chat.say, chat.rename, chat.history, and what the room's world sends. Reads every message of docs/protocol.md.

import { nameOf, onRename, showPlayer, showSocket, showStatus } from "./bar.mjs";
import { mountComposer } from "./composer.mjs";
import { mountMessages, showPending } from "./messages.mjs";
import { Absence } from "./notice.mjs";
import { Outbox } from "./outbox.mjs";
import { el, pageData, socketUrl, takeTicket } from "./page.mjs";
import { CLOSE, VERSION, newSid } from "./protocol.mjs";
import * as room from "./room.mjs";
import { mountRoster } from "./roster.mjs";
import { RoomSocket } from "./socket.mjs";
import { mountStage } from "./stage.mjs";
import { mountUpdate } from "./update.mjs";
import { World } from "./world.mjs";

const TOP = 200;
/** After a reconnect, others come back too: who is here is drawn when they have. */
const GATHER_MS = 1000;
const data = pageData();
const $ = (id) => document.getElementById(id);
const sid = newSid();
let ticket = takeTicket();
const title = document.title;
let unread = 0;
let gathering = null;
let isFull = false;
let state = room.empty(data.player);

const showMessages = mountMessages({ scroll: $("scroll"), log: $("log"), newer: $("newer") });
const showRoster = mountRoster({ open: $("roster-open"), close: $("roster-close"), drawer: $("roster"), list: $("people"), count: $("here-count") });
const composer = mountComposer({ form: $("composer"), text: $("text"), count: $("count"), say });
const stage = mountStage({ room: $("room"), element: $("world"), views: $("views"), line: $("worldless") });
const outbox = new Outbox({ state: () => state, change, transmit: (command) => socket.send(command) });
const about = { slug: data.slug, readOnly: data.read_only, watchUrl: data.watch && new URL(data.watch, location.href).href };
const world = new World({ files: data.worlds ?? {}, show: stage.show, send: (fields, options) => outbox.send(fields, options), transmit: (bytes) => socket.transmit(bytes), you: () => state.you, about });
const absence = new Absence({ say: notice });
const update = mountUpdate({ own: data.build, line: $("update"), isUnsent: () => state.pending.length > 0 || $("text").value !== "" });
const socket = new RoomSocket({
  url: socketUrl(data.socket),
  join: () => ({ cmd: "room.join", v: VERSION, sid, ...(state.position ? { position: state.position } : {}), ...(ticket ? { ticket } : {}) }),
  nextRef: () => outbox.nextRef(),
  onMessage,
  onBytes: (data) => world.bytes(data),
  onStatus,
});

function say(text) {
  outbox.send({ cmd: "chat.say", text });
  show(true);
}

/** The state has changed on this page's own account. */
function change(now) {
  state = now;
  show(false);
}

function onMessage(message) {
  // Used, or good for nothing: then whoever has the address comes in as long as there is a place.
  if (message.type === "welcome" || message.code === CLOSE.BAD_TICKET) ticket = "";
  if (message.type === "welcome") isFull = false;
  if (message.code === CLOSE.NO_PLACE) isFull = true;
  const wasIn = Boolean(state.welcome);
  const news = room.receive(state, message);
  state = news;
  if (news.effects.includes("rejoin")) return socket.again();
  if (message.type === "welcome") {
    showSocket(message.machine, message.route);
    showPlayer(message.you);
    update.saw(message.build);
    if (wasIn && message.recovered) gather();
  }
  if (message.type === "status") notice("");
  if (message.type === "reply" && message.ok && message.player) showPlayer(message.player);
  show(false);
  notify(news);
  // From here on the state may move on: the world, and what waits, send.
  world.take(news);
  outbox.received(message);
  if (message.type === "welcome" || news.change === "prepended") older();
  return undefined;
}

function onStatus(status, detail) {
  // To a person, pausing and trying are one thing.
  if (isFull && status !== "open" && status !== "stopped") showStatus("waiting", "waiting for a place");
  else showStatus(status === "connecting" && state.welcome ? "waiting" : status);
  if (status === "open") {
    absence.back();
    notice("");
    outbox.opened();
    return;
  }
  outbox.lost();
  if (status === "stopped") stopped(detail.code === CLOSE.VERSION ? update.refused(detail.bye?.build) : (detail.bye?.text ?? "The connection was closed for good."));
  else absence.lost(detail);
}

/** Who is here is drawn a little later. */
function gather() {
  clearTimeout(gathering);
  gathering = setTimeout(() => {
    gathering = null;
    showRoster(state);
  }, GATHER_MS);
}

/** One calm line: this text, or what the room cannot do just now, or none. What is wrong with a region comes with a way to another one. */
function notice(text, bye = null) {
  const said = text || state.trouble;
  $("notice").replaceChildren(...(said ? [said] : []));
  if (!text || !bye?.nearest) return;
  const url = data.lobby_url.replace("://", `://${bye.nearest}.`);
  const way = (href, textContent) => $("notice").append(el("a", { className: "button button-quiet", href, textContent }));
  const full = bye.code === CLOSE.NO_PLACE;
  // The lobby knows where there is a place, and wakes a region that sleeps.
  if (full) way(`${data.lobby_url}join/${data.region.code}/`, `Another room in ${data.region.name}`);
  way(full ? `${data.lobby_url}join/${bye.nearest}/` : url, `Play in ${nameOf(bye.nearest)} instead`);
}

function stopped(text) {
  absence.back();
  $("notice").replaceChildren();
  $("stopped").replaceChildren(text, el("button", { type: "button", className: "button button-quiet", textContent: "Reload", onclick: () => location.reload() }));
}

function show(own) {
  showMessages(state, own);
  showPending($("pending"), state, (one) => {
    outbox.forget(one.ref);
    composer.put(one.command.text);
  });
  if (own) $("scroll").scrollTop = $("scroll").scrollHeight;
  if (gathering === null) showRoster(state);
  const beginning = state.events.length ? "This is the beginning." : "Nobody has said anything here yet. Be the first.";
  const top = state.more ? "Scroll up for older messages" : state.welcome ? beginning : "";
  // A screen reader says what is put there, even when it was there before.
  if ($("top").textContent !== top) $("top").textContent = top;
}

/** Get older messages, as long as the top is in sight. */
function older() {
  const asked = state.pending.some((one) => one.command.cmd === "chat.history");
  if ($("scroll").scrollTop > TOP || !state.more || asked) return;
  outbox.send({ cmd: "chat.history", before: state.oldest });
}

function notify({ change: what, added, you }) {
  if (what !== "appended") return;
  const others = added.filter((event) => event.player.id !== you.id).length;
  if (others) stage.heard();
  if (!document.hidden) return;
  unread += others;
  document.title = unread ? `(${unread}) ${title}` : title;
}

$("composer").hidden = data.read_only;
$("scroll").addEventListener("scroll", older, { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  socket.connect();
});
globalThis.addEventListener("online", () => socket.connect());
onRename(({ name, colour }) => outbox.send({ cmd: "chat.rename", name, colour }));
socket.connect();
