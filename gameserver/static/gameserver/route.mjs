// "How did I get here": a route as stops and as one sentence. Pure but for `draw`. Reads page data and welcome.route.

import { el } from "./page.mjs";

/**
 * The stops of a route, for people.
 * @param {any} route as the server gives it: edge, region, machine, replayed_from_region, replayed_from_machine, replay_ms
 * @param {(code: string) => string} nameOf what people call a region
 * @returns {{title: string, note: string, ms?: string, kind: string}[]}
 */
export function stops(route, nameOf) {
  const list = [{ title: "You", note: "your browser", kind: "you" }];
  if (route.edge) list.push({ title: `${nameOf(route.edge)}, Fly's edge`, note: "the nearest door to Fly's network; it carries, it does not decide", kind: "edge" });
  if (route.replayed_from_region) {
    const machine = route.replayed_from_machine ? `Machine ${route.replayed_from_machine.slice(0, 6)}` : "a Machine";
    const why = isInside(route) ? "another Machine has the room" : `not mine: ${nameOf(route.region)}`;
    list.push({ title: `${nameOf(route.replayed_from_region)}, ${machine}`, note: `answered “${why}” with a fly-replay header`, kind: "bounced" });
  }
  const ms = both(route.replay_ms, route.page_ms);
  list.push({ title: `${nameOf(route.region)}, Machine ${route.machine.slice(0, 6)}`, note: route.edge ? "serves you" : "one process serves every region here", kind: "last", ms });
  return list;
}

/** Whether the last replay was from one Machine of the region to another. */
function isInside(route) {
  return route.replayed_from_region === route.region;
}

function both(socketMs, pageMs) {
  const round = (ms) => (typeof ms === "number" ? `${Math.round(ms)} ms` : undefined);
  return round(pageMs) && round(socketMs) ? `page ${round(pageMs)}, socket ${round(socketMs)}` : round(socketMs);
}

/** A route in one sentence. */
export function sentence(route, nameOf) {
  if (!route.edge) return `You are talking to one process that serves every region; ${nameOf(route.region)} is one of them.`;
  if (!route.replayed_from_region) return `You came in at ${nameOf(route.edge)} and were already where you wanted to be.`;
  const carried = route.replay_ms === null ? "" : ` The carrying took ${Math.round(route.replay_ms)} ms.`;
  if (isInside(route)) return `You came in at ${nameOf(route.edge)}; the room lives on another Machine of ${nameOf(route.region)} than the one you reached, so Fly's edge carried you there.${carried}`;
  return `You came in at ${nameOf(route.edge)}; what you wanted lives in ${nameOf(route.region)}, so Fly's edge carried you there.${carried}`;
}

/** The routes of a page and of its socket as drawings to make: one when both went the same way. */
export function drawings(page, socket, nameOf) {
  if (!socket) return [["This page", page]];
  const way = (route) => JSON.stringify(stops(route, nameOf).map((stop) => stop.title));
  if (way(page) === way(socket)) return [["This page and its socket", { ...socket, page_ms: page.replay_ms }]];
  return [["This page", page], ["Its socket", socket]];
}

/** Draw a route. */
export function draw(title, route, nameOf) {
  const list = el("ol", { className: "journey" });
  for (const stop of stops(route, nameOf)) {
    list.append(el("li", { className: `stop ${stop.kind}` }, el("b", { textContent: stop.title }), el("span", { className: "ms", textContent: stop.ms ?? "" }), el("p", { textContent: stop.note })));
  }
  return [el("h3", { textContent: title }), el("p", { className: "route-said", textContent: sentence(route, nameOf) }), list];
}
