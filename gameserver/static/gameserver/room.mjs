// The room's state in the browser, pure: (state, message) -> state. Reads welcome, events, ephemeral, reply, presence, status.
// Sends nothing; `effects` in the state say what is to be done: "rejoin" (something is missing), "resend".

/**
 * @typedef {{ref: number, command: any, state: "sending"|"waiting"|"failed", text?: string, code?: string, waitMs: number, tries: number}} Pending
 * @typedef {{position: [number, number]|null, events: any[], oldest: number, more: boolean, present: Map<string, any>, players: number,
 *   you: any, pending: Pending[], welcome: any, available: boolean, trouble: string, change: string, added: any[],
 *   world: string, restart: boolean, start: any, happened: any[], effects: string[]}} State
 * `events` and `added` are chat's, `happened` are those of the room's other world, in this message.
 */

const AGAIN_MS = 1000;
const MOST_AGAIN_MS = 8000;
const SHOWN = new Set(["chat.said", "chat.renamed"]);
/** What one message did, before anything is known of it. */
const NOTHING = { change: "none", added: [], restart: false, start: undefined, happened: [], effects: [] };

/** @returns {State} a room nobody has entered yet */
export function empty(you) {
  return { position: null, events: [], oldest: 1, more: false, present: new Map(), players: 0, you, pending: [], welcome: null, available: true, trouble: "", world: "", ...NOTHING };
}

/** The state after a message of the server. `change` says what happened to the lines: none, replaced, appended, prepended. */
export function receive(state, message) {
  const next = { ...state, ...NOTHING };
  const take = { welcome, events, ephemeral, reply, presence, status }[message.type];
  return take ? take(next, message) : next;
}

/** The queue that a command waits in: its world's, and one for reading. Commands of one lane keep their order. */
export function laneOf(command) {
  return command.cmd === "chat.history" ? "history" : command.cmd.split(".")[0];
}

/** The state with a command on its way. `hold`, or one in its lane that waits already: it waits its turn. */
export function send(state, command, hold = false) {
  const held = hold || firstWaiting(state, laneOf(command)) !== undefined;
  const one = { ref: command.ref, command, state: held ? "waiting" : "sending", waitMs: 0, tries: 0 };
  return { ...state, ...NOTHING, pending: [...state.pending, one] };
}

/** The first command of a lane that was refused for a while only, or waits behind such a one. */
export function firstWaiting(state, lane = "chat") {
  return state.pending.find((one) => one.state === "waiting" && laneOf(one.command) === lane);
}

/** The state with a waiting command on its way again. */
export function resend(state, ref) {
  return { ...state, ...NOTHING, pending: state.pending.map((one) => (one.ref === ref ? { ...one, state: "sending" } : one)) };
}

/** The state without a pending command that its author took back. */
export function forget(state, ref) {
  return { ...state, ...NOTHING, pending: state.pending.filter((one) => one.ref !== ref) };
}

/** Commands to send again after a reconnect, in order and with their old refs; those that wait their turn still do. */
export function unanswered(state) {
  return state.pending.filter((one) => one.state === "sending").map((one) => one.command);
}

function welcome(state, message) {
  const present = new Map(message.present.map((player) => [player.id, player]));
  Object.assign(state, { present, players: message.players, you: message.you, welcome: message, world: message.world ?? "", effects: ["resend"] });
  const start = message.state?.[state.world];
  if (message.recovered) {
    append(state, message.events);
  } else {
    const lines = message.events.filter(isShown);
    const oldest = message.events[0]?.seq ?? message.position[1] + 1;
    // A page of history that was asked for earlier would not stand directly before these.
    state.pending = state.pending.filter((one) => one.command.cmd !== "chat.history");
    Object.assign(state, { events: lines, oldest, more: message.more, change: "replaced", added: lines, restart: true, happened: ofWorld(state, message.events) });
  }
  // A world's state has all that the events of the same welcome led to.
  if (start !== undefined) Object.assign(state, { restart: true, start, happened: [] });
  state.position = message.position;
  return again(state, true, "");
}

function events(state, message) {
  const known = state.position?.[1] ?? 0;
  const fresh = message.events.filter((event) => event.seq > known);
  if (!fresh.length) return state;
  if (fresh[0].seq !== known + 1) {
    state.effects = ["rejoin"];
    return state;
  }
  append(state, fresh);
  state.position = [message.epoch, fresh.at(-1).seq];
  return state;
}

function append(state, fresh) {
  state.happened = ofWorld(state, fresh);
  const lines = fresh.filter(isShown);
  if (!lines.length) return;
  Object.assign(state, { events: [...state.events, ...lines], change: "appended", added: lines });
  // An own line is there: it is no longer on its way, though its reply may still be.
  for (const event of lines.filter((one) => one.ev === "chat.said" && one.player.id === state.you.id)) {
    const index = state.pending.findIndex((one) => one.command.cmd === "chat.say" && !one.landed && same(one.command.text, event.text));
    if (index >= 0) state.pending = state.pending.map((one, place) => (place === index ? { ...one, landed: true } : one));
  }
}

function ephemeral(state, message) {
  state.happened = ofWorld(state, message.events);
  return state;
}

function isShown(event) {
  return SHOWN.has(event.ev);
}

function ofWorld(state, list) {
  return state.world ? list.filter((event) => event.ev.startsWith(`${state.world}.`)) : [];
}

function same(sent, shown) {
  return sent.normalize("NFC").replaceAll(/\s+/g, " ").trim() === shown.replaceAll(/\s+/g, " ").trim();
}

function reply(state, message) {
  const pending = state.pending.find((one) => one.ref === message.ref);
  if (!pending) return state;
  if (message.ok) {
    state.pending = state.pending.filter((one) => one !== pending);
    if (pending.command.cmd === "chat.history") return older(state, message);
    if (message.player) state.you = message.player;
    return state;
  }
  const retry = isForNow(message);
  // What is refused for good goes back to its author: a line stays in sight for that, the rest has its reply.
  if (!retry && pending.command.cmd !== "chat.say") {
    state.pending = state.pending.filter((one) => one !== pending);
    return state;
  }
  const waitMs = message.wait_ms ?? (retry ? Math.min(AGAIN_MS * 2 ** pending.tries, MOST_AGAIN_MS) : 0);
  const now = { ...pending, state: retry ? "waiting" : "failed", text: message.text, code: message.code, waitMs, tries: pending.tries + 1 };
  state.pending = state.pending.map((one) => (one === pending ? now : one));
  return state;
}

/** Whether a refusal passes by itself, so that the command is to be sent again. */
export function isForNow(message) {
  return !message.ok && (message.code === "rate" || message.code === "unavailable");
}

function older(state, message) {
  const page = message.events.filter((event) => event.seq < state.oldest);
  const lines = page.filter(isShown);
  return Object.assign(state, { events: [...lines, ...state.events], oldest: page[0]?.seq ?? state.oldest, more: message.more, change: "prepended", added: lines });
}

function presence(state, message) {
  const present = new Map(state.present);
  for (const id of message.left) present.delete(id);
  for (const player of message.joined) present.set(player.id, player);
  return Object.assign(state, { present, players: message.players });
}

function status(state, message) {
  return again(state, message.available, message.text);
}

/** The room can keep something, or not: what was refused because it could not need not wait any longer. */
function again(state, available, trouble) {
  const pending = available ? state.pending.map((one) => (one.code === "unavailable" ? { ...one, waitMs: 0, tries: 0 } : one)) : state.pending;
  return Object.assign(state, { available, trouble: available ? "" : trouble, pending });
}
