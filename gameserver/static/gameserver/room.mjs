// The room's state in the browser, pure: (state, message) -> state. Reads welcome, events, reply, presence, error.
// Sends nothing; `effects` in the state say what is to be done: "rejoin" (something is missing), "resend".

/**
 * @typedef {{ref: number, command: any, state: "sending"|"waiting"|"failed", text?: string, waitMs?: number}} Pending
 * @typedef {{position: [number, number]|null, events: any[], more: boolean, present: Map<string, any>, players: number,
 *   you: any, pending: Pending[], welcome: any, change: string, added: any[], effects: string[]}} State
 */

/** @returns {State} a room nobody has entered yet */
export function empty(you) {
  return { position: null, events: [], more: false, present: new Map(), players: 0, you, pending: [], welcome: null, change: "none", added: [], effects: [] };
}

/** The state after a message of the server. `change` says what happened to the events: none, replaced, appended, prepended. */
export function receive(state, message) {
  const next = { ...state, change: "none", added: [], effects: [] };
  const take = { welcome, events, reply, presence }[message.type];
  return take ? take(next, message) : next;
}

/** The state with a command on its way. `hold`, or one that waits already: it waits its turn, so that lines keep their order. */
export function send(state, command, hold = false) {
  const held = command.cmd === "chat.say" && (hold || firstWaiting(state) !== undefined);
  return { ...state, change: "none", added: [], effects: [], pending: [...state.pending, { ref: command.ref, command, state: held ? "waiting" : "sending", waitMs: 0 }] };
}

/** The first command that was refused for a while only, or waits behind such a one. */
export function firstWaiting(state) {
  return state.pending.find((one) => one.state === "waiting");
}

/** The state with a waiting command on its way again. */
export function resend(state, ref) {
  return { ...state, change: "none", added: [], effects: [], pending: state.pending.map((one) => (one.ref === ref ? { ...one, state: "sending" } : one)) };
}

/** The state without a pending command that its author took back. */
export function forget(state, ref) {
  return { ...state, change: "none", added: [], effects: [], pending: state.pending.filter((one) => one.ref !== ref) };
}

/** Commands to send again after a reconnect, in order and with their old refs; those that wait their turn still do. */
export function unanswered(state) {
  return state.pending.filter((one) => one.state === "sending").map((one) => one.command);
}

function welcome(state, message) {
  const present = new Map(message.present.map((player) => [player.id, player]));
  Object.assign(state, { present, players: message.players, you: message.you, welcome: message, effects: ["resend"] });
  if (message.recovered) {
    append(state, message.events);
  } else {
    Object.assign(state, { events: [...message.events], more: message.more, change: "replaced", added: message.events });
  }
  state.position = message.position;
  return state;
}

function events(state, message) {
  const known = state.position?.[1] ?? 0;
  const fresh = message.events.filter((event) => event.seq > known);
  if (!fresh.length) return state;
  if (fresh[0].seq !== known + 1) {
    state.effects.push("rejoin");
    return state;
  }
  append(state, fresh);
  state.position = [message.epoch, fresh.at(-1).seq];
  return state;
}

function append(state, fresh) {
  if (!fresh.length) return;
  Object.assign(state, { events: [...state.events, ...fresh], change: "appended", added: fresh });
  // An own line is there: it is no longer on its way, though its reply may still be.
  for (const event of fresh.filter((one) => one.ev === "chat.said" && one.player.id === state.you.id)) {
    const index = state.pending.findIndex((one) => one.command.cmd === "chat.say" && !one.landed && same(one.command.text, event.text));
    if (index >= 0) state.pending = state.pending.map((one, place) => (place === index ? { ...one, landed: true } : one));
  }
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
  const retry = message.code === "rate" || message.code === "unavailable";
  const now = { ...pending, state: retry ? "waiting" : "failed", text: message.text, code: message.code, waitMs: message.wait_ms ?? (retry ? 1000 : 0) };
  state.pending = state.pending.map((one) => (one === pending ? now : one));
  return state;
}

function older(state, message) {
  const first = state.events[0]?.seq ?? Infinity;
  const page = message.events.filter((event) => event.seq < first);
  return Object.assign(state, { events: [...page, ...state.events], more: message.more, change: "prepended", added: page });
}

function presence(state, message) {
  const present = new Map(state.present);
  for (const id of message.left) present.delete(id);
  for (const player of message.joined) present.set(player.id, player);
  return Object.assign(state, { present, players: message.players });
}
