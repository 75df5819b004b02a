// The list of messages on the page: appends, prepends and replaces, and keeps the reader's place. Draws chat.said, chat.renamed.

import { el } from "./page.mjs";

const TOGETHER_MS = 5 * 60 * 1000;
const NEAR = 80;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** Whether a line goes under the one before it without its author's name. */
export function together(before, event) {
  return Boolean(before) && before.ev === "chat.said" && event.ev === "chat.said" && before.player.id === event.player.id && before.player.name === event.player.name && event.at - before.at < TOGETHER_MS && sameDay(before.at, event.at);
}

function sameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

function line(event, first) {
  const { player } = event;
  if (event.ev === "chat.renamed") {
    return el("li", { className: "event-line", who: player.colour, dataset: { seq: event.seq } }, `${event.was} is now called `, el("b", { textContent: player.name }));
  }
  const stamp = el("time", { className: "when", dateTime: new Date(event.at).toISOString(), title: full.format(event.at), textContent: time.format(event.at) });
  const head = el("div", { className: "msg-head" }, el("span", { className: "author", textContent: player.name }), stamp);
  const text = el("div", { className: "text", textContent: event.text, title: full.format(event.at) });
  return el("li", { className: first ? "msg first" : "msg", who: player.colour, dataset: { seq: event.seq } }, avatar(player), head, text);
}

function avatar(player) {
  return el("span", { className: "avatar", ariaHidden: "true", textContent: [...player.name][0]?.toUpperCase() ?? "?" });
}

/** Nodes for events in a row; `before` is the event above them. */
function lines(events, before) {
  const nodes = [];
  for (const event of events) {
    const newDay = !before || !sameDay(before.at, event.at);
    if (newDay) nodes.push(el("li", { className: "day", textContent: day.format(event.at) }));
    nodes.push(line(event, newDay || !together(before, event)));
    before = event;
  }
  return nodes;
}

/** Show the state's events in `log` inside `scroll`. Returns a function to call after every change of the state. */
export function mountMessages({ scroll, log, newer }) {
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  const toEnd = () => (scroll.scrollTop = scroll.scrollHeight);
  newer.addEventListener("click", toEnd);
  scroll.addEventListener("scroll", () => atEnd() && (newer.hidden = true), { passive: true });
  new ResizeObserver(() => newer.hidden && stick && toEnd()).observe(scroll);
  let stick = true;
  scroll.addEventListener("scroll", () => (stick = atEnd()), { passive: true });

  return function show(state, own) {
    const follow = stick || own;
    if (state.change === "replaced") log.replaceChildren(...lines(state.events, null));
    if (state.change === "appended") log.append(...lines(state.added, state.events.at(-state.added.length - 1)));
    if (state.change === "prepended") prepend(scroll, log, state);
    else if (follow) toEnd();
    else if (state.change === "appended") newer.hidden = false;
  };
}

/** Put older events on top; what was in view stays where it was. */
function prepend(scroll, log, state) {
  const height = scroll.scrollHeight;
  const next = state.events[state.added.length];
  // The day above the first line may be drawn already; it is drawn anew with what now stands before it.
  if (log.firstChild?.className === "day") log.firstChild.remove();
  if (next) log.firstChild?.replaceWith(...lines([next], state.added.at(-1)));
  log.prepend(...lines(state.added, null));
  scroll.scrollTop += scroll.scrollHeight - height;
}

/** Own messages that are on their way, or did not get through. */
export function showPending(list, state, edit) {
  const says = state.pending.filter((one) => one.command.cmd === "chat.say" && !one.landed);
  list.replaceChildren(
    ...says.map((one) => {
      const row = el("div", { className: "state" }, words(one, state));
      if (one.state === "failed") row.append(el("button", { type: "button", textContent: "Edit", onclick: () => edit(one) }));
      const head = el("div", { className: "msg-head" }, el("span", { className: "author", textContent: state.you.name }));
      const text = el("div", { className: "text", textContent: one.command.text });
      return el("li", { className: `msg first ${one.state}`, who: state.you.colour, dataset: { ref: one.ref } }, avatar(state.you), head, text, row);
    }),
  );
}

/** What is said below an own line that is not there yet. */
export function words(one, state) {
  if (one.state === "failed") return one.text;
  if (!state.available || (one.state === "waiting" && one.code === "unavailable")) return "waits; sent when the room can keep it";
  if (one.state === "sending") return "on its way …";
  return one.code === "rate" ? `too fast; sent again in ${Math.max(1, Math.ceil(one.waitMs / 1000))} s` : "waits its turn …";
}
