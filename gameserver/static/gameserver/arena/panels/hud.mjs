// What one sees of the round while one flies: time, who is first, oneself. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { HULL } from "../core/rules.mjs";
import { put, reveal, write } from "./controls.mjs";
import { standing } from "./standing.mjs";
import { minutes } from "./times.mjs";

const FIRST = 5;
/** Seconds of a round that are told in another colour. */
const SOON = 10;
const BACK_S = 3;
/** Whoever joins is no ship yet for a moment: that is no waiting. */
const BLINK_MS = 200;

function mountRow() {
  const place = el("span", { className: "arena-place-of" });
  const dot = el("span", { className: "arena-dot" });
  const name = el("span", { className: "arena-name" });
  const points = el("b", { className: "arena-points" });
  const node = el("li", { className: "arena-row", hidden: true }, place, dot, name, points);
  const show = (row) => {
    reveal(node, Boolean(row));
    if (!row) return;
    write(place, String(row.place));
    write(name, row.person.name);
    write(points, String(row.person.points));
    node.dataset.you = String(row.isYou);
    dot.style.setProperty("--who", row.person.colour);
  };
  return { node, show };
}

/** A list of who stands where. Returns {node, show(rows)}. */
export function mountStanding(label, most) {
  const rows = Array.from({ length: most }, mountRow);
  const node = el("ol", { className: "arena-standing", ariaLabel: label }, ...rows.map((row) => row.node));
  return { node, show: (list) => rows.forEach((row, index) => row.show(list[index])) };
}

/** The round: its time and the first. Returns {node, show(moment, state, you)}. */
export function mountRound() {
  const clock = el("b", { className: "arena-clock" });
  const number = el("span", { className: "arena-number" });
  const list = mountStanding("Ranking", FIRST + 1);
  const node = el("section", { className: "arena-card arena-round", ariaLabel: "Round" }, el("div", { className: "arena-head" }, clock, number), list.node);
  const show = ({ seconds, phase, round }, state, you) => {
    write(clock, phase === "playing" ? minutes(seconds) : "0:00");
    write(number, round ? `Round ${round}` : "");
    put(clock, "data-soon", phase === "playing" && seconds <= SOON);
    list.show(standing(state.ships, you, FIRST));
  };
  return { node, show };
}

/** Oneself: hull and points. Returns {node, show(moment)}. */
export function mountOwn() {
  const cells = Array.from({ length: HULL }, () => el("span", { className: "arena-cell" }));
  const hull = el("span", { className: "arena-hull", role: "img" }, ...cells);
  const points = el("b", {});
  const unit = el("span", {});
  const node = el("div", { className: "arena-card arena-own" }, hull, el("span", {}, points, unit));
  const show = (moment) => {
    reveal(node, moment.role !== "nobody");
    write(points, String(moment.points));
    write(unit, moment.points === 1 ? " point" : " points");
    put(hull, "aria-label", `Hull ${moment.hull} of ${HULL}`);
    cells.forEach((cell, index) => put(cell, "data-whole", index < moment.hull));
  };
  return { node, show };
}

/** Large words in the middle: until one is back, and that the connection is bad. Returns {node, show(moment, nowMs)}. */
export function mountBanner() {
  const large = el("p", { className: "arena-large" });
  const small = el("p", { className: "arena-small" });
  // All of it is told by the line for screen readers, at its own pace.
  const node = el("div", { className: "arena-banner", ariaHidden: "true" }, large, small);
  let sinceMs = null;
  const show = ({ role, isStalled, phase }, nowMs) => {
    if (role !== "returning") sinceMs = null;
    else sinceMs ??= nowMs;
    const isBack = sinceMs !== null && nowMs - sinceMs > BLINK_MS && phase === "playing";
    reveal(node, isBack || isStalled);
    write(small, isBack ? "Back in" : isStalled ? "The connection is bad" : "");
    write(large, isBack ? String(Math.max(1, Math.ceil(BACK_S - (nowMs - sinceMs) / 1000))) : isStalled ? "…" : "");
  };
  return { node, show };
}

/** What happens to others: a log of the last few. Returns {node, add(text, isOwn)}. */
export function mountFeed(most = 5, staysMs = 7000, timers = { set: (act, ms) => setTimeout(act, ms) }) {
  const node = el("ol", { className: "arena-feed", role: "log", ariaLabel: "What happens", ariaLive: "polite" });
  const add = (text, isOwn) => {
    const line = el("li", { className: "arena-line", textContent: text, dataset: { own: String(isOwn) } });
    node.append(line);
    while (node.children.length > most) node.children[0].remove();
    timers.set(() => line.remove(), staysMs);
  };
  return { node, add };
}
