// The emulator's page: listens to /.edge/feed, shows it as a picture and as a list, sends orders to /.edge/orders.

import { after, byRegion, fresh, isBad, lit, nothing } from "./core.mjs";
import { draw, keep, make, mark, speak, write } from "./dom.mjs";
import { Cards, Everywhere } from "./list.mjs";
import { WorldMap } from "./map.mjs";
import { clock, does, look, outcome, outline, summary, title, way } from "./words.mjs";

const $ = (id) => document.getElementById(id);
const LIVE = { connecting: "connecting", open: "live", lost: "no answer, trying again" };
const LEGEND = ["up", "starting", "failing", "stopped", "suspended", "failed"];

let world = nothing();
let source = null;
const map = new WorldMap($("map"), (code) => goTo(code));
const cards = new Cards($("regions"), give);
const everywhere = new Everywhere($("everywhere"), give);

function hear(event) {
  const message = JSON.parse(event.data);
  const isFirst = !world.isKnown;
  const news = message.kind === "here" ? { requests: [], said: [] } : fresh(world, message);
  world = after(world, message);
  if (!world.isKnown) return;
  show();
  // Who has just come is not told the past as if it happened now.
  if (isFirst) $("log").setAttribute("aria-live", "polite");
  else map.light(lit(news.requests));
}

function show() {
  const regions = byRegion(world);
  const words = summary(regions);
  write($("summary"), words);
  map.show(world, regions, `A map. ${words} The list below has the same facts.`);
  cards.show(world, regions);
  everywhere.show(world);
  showVantages(regions);
  keep($("meanings"), world.verbs.filter((one) => does(one.verb)), (one) => one.verb, ({ verb }) => make("div", {}, make("dt", {}, title(verb)), make("dd", {}, does(verb))), () => {});
  keep($("said"), world.said.toReversed(), (one) => one.n, (one) => make("li", {}, make("time", {}, clock(one.at)), make("span", {}, one.text)), () => {});
  keep($("requests"), world.requests.toReversed(), (one) => one.n, request, () => {});
  $("said-none").hidden = world.said.length > 0;
  if (world.missed) write($("requests-more"), `Without pings and static files, and without ${world.missed} that came too fast.`);
  $("requests-none").hidden = world.requests.length > 0;
}

function showVantages(regions) {
  const mend = (node, { code, edge }) => {
    mark(node, "href", `http://${location.hostname}:${edge.port}/.edge/`);
    if (code === world.here) mark(node, "aria-current", "page");
    else node.removeAttribute("aria-current");
  };
  keep($("vantages"), regions.filter((one) => one.edge), (one) => one.code, ({ place }) => make("a", {}, place.city), mend);
}

function request(one) {
  const tone = isBad(one) ? "bad" : one.status >= 400 ? "wait" : one.status >= 300 ? "off" : "good";
  return make(
    "li", {},
    make("time", {}, clock(one.at)),
    make("span", { class: "pill status", "data-tone": tone }, String(one.status || "cut off")),
    make("span", { class: "what" }, make("b", {}, one.method), ` ${one.host}${one.path}`),
    make("span", { class: "way" }, way(one), one.code ? make("b", { class: "error" }, ` ${one.code}`) : ""),
  );
}

async function give(verb, target, values) {
  try {
    const answer = await fetch("orders", { method: "POST", headers: { "Content-Type": "application/json", "X-Edge": "1" }, body: JSON.stringify({ verb, target, ...values }) });
    const told = await answer.json();
    // What was said meanwhile is in the log, which is read out by itself.
    if (!told.said?.length) speak(outcome(told));
    return outcome(told);
  } catch {
    speak("The emulator does not answer.");
    return "The emulator does not answer.";
  }
}

function goTo(code) {
  const title = $(`title-${code}`);
  title?.closest(".card").scrollIntoView({ block: "start", behavior: map.still.matches ? "auto" : "smooth" });
  title?.focus({ preventScroll: true });
}

function live(state) {
  mark($("live"), "data-state", state);
  write($("live"), LIVE[state]);
  document.body.classList.toggle("lost", state === "lost");
}

/** One connection of the few that a browser has for this host: given back while nobody looks. */
function listen() {
  source?.close();
  source = null;
  if (document.hidden) return;
  source = new EventSource("feed");
  source.onopen = () => live("open");
  source.onmessage = hear;
  source.onerror = () => {
    live("lost");
    // A refusal, as when too many watch, ends an EventSource for good.
    if (source?.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

for (const state of LEGEND) {
  const { shape, tone, word } = look(state);
  $("legend").append(make("li", {}, draw("svg", { class: `sign ${shape} ${tone}`, viewBox: "-8 -8 16 16", width: 16, height: 16, "aria-hidden": "true" }, draw("path", { d: outline(shape, 6) })), word));
}
for (const [kind, word] of [["in", "request"], ["replay", "replayed"], ["socket", "open sockets"]]) {
  $("legend").append(make("li", {}, draw("svg", { class: `line ${kind}`, viewBox: "0 0 22 10", width: 22, height: 10, "aria-hidden": "true" }, draw("path", { d: "M1 8Q11 -2 21 8" })), word));
}
new ResizeObserver(() => world.isKnown && show()).observe($("map"));
document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && listen());
listen();
