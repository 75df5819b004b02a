// The lobby: keeps the list of regions live and measures the round trip to each. Reads {"type": "lobby"}; sends nothing.

import { showStatus } from "../gameserver/bar.mjs";
import { pauseMs } from "../gameserver/backoff.mjs";
import { pageData, socketUrl } from "../gameserver/page.mjs";
import { drawMap } from "./map.mjs";
import { roundTrip, say } from "./rtt.mjs";

const MEASURE_MS = 20000;
const data = pageData();
const trips = new Map();
const $ = (id) => document.getElementById(id);
const list = $("regions");
let regions = data.regions;
let chosen = null;
let failures = 0;

function show() {
  // Fly's edge is the nearest there is; without one, what was measured must say it.
  const measured = [...trips].filter(([, ms]) => ms !== null).sort((a, b) => a[1] - b[1])[0]?.[0];
  const nearest = regions.some((one) => one.enabled && one.code === data.edge?.code) ? data.edge.code : measured;
  for (const region of regions) {
    const card = list.querySelector(`[data-code="${CSS.escape(region.code)}"]`);
    if (!card) continue;
    card.dataset.state = region.state;
    card.dataset.nearest = String(region.code === nearest);
    const values = { state: region.state === "up" ? (card.dataset.nearest === "true" ? "nearest to you" : "up") : "asleep", players: region.players, rooms: region.rooms, rtt: say(trips.get(region.code)) };
    for (const [field, value] of Object.entries(values)) set(card.querySelector(`[data-field="${field}"]`), String(value));
  }
  const players = regions.reduce((sum, region) => sum + region.players, 0);
  const up = regions.filter((region) => region.enabled && region.state === "up").length;
  set($("summary"), `${up} ${up === 1 ? "region is" : "regions are"} up, ${players === 0 ? "nobody is playing yet" : players === 1 ? "one player is in" : `${players} players are in`}.`);
  drawMap($("map"), regions, data.edge, chosen);
  sort();
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function sort() {
  const by = $("sort").value;
  const rank = { given: (code) => regions.findIndex((one) => one.code === code), rtt: (code) => trips.get(code) ?? Infinity, players: (code) => -(regions.find((one) => one.code === code)?.players ?? 0) }[by];
  const cards = [...list.querySelectorAll("[data-code]")];
  const sorted = [...cards].sort((a, b) => rank(a.dataset.code) - rank(b.dataset.code));
  if (sorted.some((card, index) => card !== cards[index])) list.append(...sorted);
}

async function measure() {
  for (const region of regions.filter((one) => one.enabled)) {
    // Whoever only looks wakes nobody: Fly starts a Machine for whatever is replayed to its region.
    if (region.state !== "up") trips.delete(region.code);
    else trips.set(region.code, document.hidden ? trips.get(region.code) : await roundTrip(region.url));
    show();
  }
  setTimeout(measure, MEASURE_MS);
}

function listen() {
  const socket = new WebSocket(socketUrl("/ws/lobby/"));
  showStatus("connecting");
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type !== "lobby") return;
    failures = 0;
    const listed = new Set(regions.filter((one) => one.enabled).map((one) => one.code));
    regions = message.regions;
    showStatus("open");
    // Other regions than when the page was made: the server draws the cards.
    if (regions.some((one) => one.enabled !== listed.has(one.code))) location.reload();
    show();
  };
  socket.onclose = () => {
    showStatus("waiting");
    setTimeout(listen, pauseMs(failures));
    failures += 1;
  };
}

for (const card of list.querySelectorAll("[data-code]")) {
  for (const [event, code] of [["pointerenter", card.dataset.code], ["focusin", card.dataset.code], ["pointerleave", null], ["focusout", null]]) {
    card.addEventListener(event, () => {
      chosen = code;
      drawMap($("map"), regions, data.edge, chosen);
    });
  }
}
if (regions.filter((one) => one.enabled).length > 1) $("sort-label").hidden = false;
$("sort").addEventListener("change", sort);
show();
listen();
measure();
