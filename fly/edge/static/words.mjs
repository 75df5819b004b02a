// The page's words and shapes: what a state looks like and is called, what a button does, a request as a line. Pure.

/** Each state has a shape and a word beside its colour; `tone` is good, wait, off or bad. Fly's words and the emulator's older ones. */
const STATES = {
  up: ["disc", "good", "up"],
  started: ["disc", "good", "up"],
  created: ["ring", "wait", "created"],
  starting: ["ring", "wait", "starting"],
  restarting: ["ring", "wait", "restarting"],
  replacing: ["ring", "wait", "being replaced"],
  stopping: ["ring", "wait", "stopping"],
  suspending: ["ring", "wait", "falling asleep"],
  failing: ["triangle", "bad", "failing"],
  stopped: ["square", "off", "stopped"],
  suspended: ["bars", "off", "suspended"],
  destroying: ["cross", "bad", "being destroyed"],
  destroyed: ["cross", "bad", "destroyed"],
  failed: ["cross", "bad", "failed"],
};

/** How a state is shown: `{shape, tone, word}`. One that is not known is shown by its own name. */
export function look(state) {
  const [shape, tone, word] = STATES[state] ?? ["diamond", "wait", String(state)];
  return { shape, tone, word };
}

/** The outline of a shape around 0, `r` pixels in each direction. */
export function outline(shape, r) {
  const round = `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  const s = Math.round(r * 85) / 100;
  const bar = Math.round(r * 55) / 100;
  return {
    disc: round,
    ring: round,
    triangle: `M0 ${-r}L${r} ${s}H${-r}z`,
    square: `M${-s} ${-s}H${s}V${s}H${-s}z`,
    bars: `M${-s} ${-s}h${bar}v${2 * s}h${-bar}zM${s} ${-s}h${-bar}v${2 * s}h${bar}z`,
    cross: `M${-s} ${-s}L${s} ${s}M${s} ${-s}L${-s} ${s}`,
    diamond: `M0 ${-r}L${r} 0L0 ${r}L${-r} 0z`,
  }[shape];
}

const DOES = {
  start: "starts it, and waits until it answers",
  stop: "SIGTERM: it drains, ends, and stays stopped until somebody needs it",
  restart: "as a deploy does: SIGTERM, drain, start",
  kill: "kill -9: it is started again, and says so",
  freeze: "SIGSTOP: alive, connected, silent; its clock runs on",
  thaw: "SIGCONT: it goes on as if nothing had been",
  cut: "every connection that leads there breaks now",
  suspend: "asleep, with its memory, until it is started",
  cordon: "gets no new requests",
  uncordon: "gets requests again",
  host: "the computer under it is gone, or is found again",
  destroy: "gone for good: nobody starts it again",
  outage: "all hosts of the region are gone",
  capacity: "no more Machines than this can run there; empty: as many as run now",
  boot: "each boot takes so much longer",
  stuck: "a new Machine stays in the state created for so long",
  api: "whether and how the Machines API answers",
  crossing: "whether replays may cross private networks",
  autostop: "the proxy looks now whom it can put to sleep, and not only every few minutes",
};
const TITLES = { capacity: "Most Machines", api: "Machines API", crossing: "Replays across networks", host: "Lose host", boot: "Slow boots", stuck: "Stuck in created", autostop: "Look for idle Machines" };
const ENDS = { host: "Find host", capacity: "No limit" };
const UNITS = { most: "", slow: "s", for: "s" };
const USUAL = ["start", "stop", "restart", "kill", "freeze", "thaw", "cut"];
const HARSH = /kill|freeze|cut|fail|host|outage|destroy|down/;
const UP = new Set(["up", "started", "failing"]);

/** What an order is called on its button. */
export function title(verb) {
  return TITLES[verb] ?? (verb.charAt(0).toUpperCase() + verb.slice(1)).replaceAll(/[-_]/g, " ");
}

/** What taking it back is called. */
export function ending(verb) {
  return ENDS[verb] ?? "Over";
}

/** What stands behind a number that an order takes. */
export function unit(name) {
  return UNITS[name] ?? name;
}

/** Whether an order is one of the few that stand in sight; others, and those that are not known, are a press further away. */
export function isUsual(verb) {
  return USUAL.includes(verb);
}

/** Whether nothing takes an order back: it has to be pressed twice. */
export function isFinal(verb) {
  return verb === "destroy";
}

/** What an order does, in a few words; empty for one that this page has not heard of. */
export function does(verb) {
  return DOES[verb] ?? "";
}

/** Whether an order breaks something without asking it first. */
export function isHarsh(verb) {
  return HARSH.test(verb);
}

/** Why an order would change nothing at a Machine as it is; empty if it may. The emulator has the last word. */
export function idle(verb, { state, pid, cordoned }) {
  if (verb === "start" && UP.has(state)) return "it runs already";
  if (["kill", "freeze", "thaw"].includes(verb) && !pid) return "it has no process";
  if (verb === "stop" && state === "stopped") return "it is stopped already";
  if (verb === "suspend" && state === "suspended") return "it is suspended already";
  if (verb === "cordon" && cordoned) return "it is cordoned already";
  if (verb === "uncordon" && cordoned === false) return "it is not cordoned";
  return "";
}

/** The state that is shown: what the proxy sees of it; Fly's word where that says more, as `failed` for what does not run. */
export function stateOf({ state, fly }) {
  return !fly || fly === "started" || STATES[fly] === undefined ? state : fly;
}

/** A request as the console writes it, without its beginning: the way it took. */
export function way(request) {
  const hops = request.hops.map(([region, machine, said]) => `${region} machine ${machine.slice(0, 4)}${said ? ` (${said})` : ""}`);
  return `${[`${request.edge} edge`, ...hops].join(" → ")}, ${Math.round(request.ms)} ms`;
}

/** A number with its noun. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The weather of a vantage point in a few words. */
export function weatherInWords({ latency_ms: latency = 0, jitter_ms: jitter = 0, loss_percent: loss = 0 }) {
  const parts = [latency && `${latency} ms each way`, jitter && `± ${jitter} ms`, loss && `${loss}% lost`].filter(Boolean);
  return parts.join(", ") || "clear";
}

/** The whole in one sentence: what stands above the map, and what the map is called. */
export function summary(regions) {
  const machines = regions.flatMap((region) => region.machines);
  const up = machines.filter((one) => look(stateOf(one)).tone === "good").length;
  const sockets = machines.reduce((sum, one) => sum + one.sockets, 0);
  const edges = regions.filter((region) => region.edge).length;
  return `${up} of ${count(machines.length, "Machine")} up, ${count(edges, "vantage point")}, ${count(sockets, "open socket")}.`;
}

/** A moment as the time of day, to the second. */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** What an order's answer says, in a sentence: the reason why not, what was said meanwhile, or that it is done or under way. */
export function outcome(answer) {
  if (answer.error) return answer.error;
  const more = [answer.now, answer.cut !== undefined && `${count(answer.cut, "connection")} reset`, answer.slept && `put to sleep: ${answer.slept.join(", ") || "nobody"}`];
  const parts = [...(answer.said ?? []), ...more].filter(Boolean);
  if (parts.length) return parts.join(" · ");
  return answer.done ? `Done: ${answer.order}.` : `Under way: ${answer.order}.`;
}
