// What the page knows of the emulator, from the messages of its feed, and what follows from it. Pure: values in, values out.
//
// Reads {"kind": "here"}, {"kind": "snapshot"} and {"kind": "change"}; sends nothing.

export const KEPT = 50;
const SECTIONS = ["regions", "edges", "machines", "troubles", "modes"];
const LISTS = ["requests", "said"];

/** @returns what is known before the first message. */
export function nothing() {
  return { here: "", isKnown: false, host: "", verbs: [], bounds: {}, regions: {}, edges: {}, machines: {}, troubles: {}, modes: {}, requests: [], said: [], missed: 0 };
}

/** The world after a message. What it has that is not known is kept as it is: the emulator may tell more than this page shows. */
export function after(world, message) {
  if (message.kind === "here") return { ...world, here: message.edge };
  const { kind, missed = 0, ...told } = message;
  const isSnapshot = kind === "snapshot";
  const next = { ...world, ...told, isKnown: world.isKnown || isSnapshot, missed: isSnapshot ? 0 : world.missed + missed };
  for (const section of isSnapshot ? [] : SECTIONS) next[section] = amended(world[section], told[section]);
  const old = isSnapshot ? {} : world;
  next.requests = merged(old.requests, told.requests?.filter((one) => !one.quiet));
  next.said = merged(old.said, told.said);
  return next;
}

function amended(before, told) {
  if (!told) return before;
  return Object.fromEntries(Object.entries({ ...before, ...told }).filter(([, value]) => value !== null));
}

function merged(before = [], told = []) {
  return [...before, ...told].slice(-KEPT);
}

/** What a message has that the page has not seen yet: after a reconnect, or a skip, much of a snapshot is old. */
export function fresh(world, message) {
  const last = Math.max(0, ...LISTS.flatMap((list) => world[list].map((one) => one.n)));
  const isNew = (one) => one.n > last;
  // Numbers begin anew with another emulator: then all of it is new.
  const highest = Math.max(0, ...LISTS.flatMap((list) => (message[list] ?? []).map((one) => one.n)));
  const isOther = message.kind === "snapshot" && highest < last;
  return Object.fromEntries(LISTS.map((list) => [list, (message[list] ?? []).filter((one) => isOther || isNew(one))]));
}

/** Machines by region, in the order of the vantage points, those without one behind. */
export function byRegion(world) {
  const machines = Object.entries(world.machines).map(([name, one]) => ({ name, ...one, sockets: socketsOf(world, one.id) }));
  const codes = [...new Set([...Object.keys(world.edges), ...machines.map((one) => one.region)])];
  return codes.map((code) => ({
    code,
    place: world.regions[code] ?? { city: code, flag: "", country: "", lat: 0, lon: 0 },
    edge: world.edges[code] ?? null,
    through: total(world.edges[code]?.sockets),
    machines: machines.filter((one) => one.region === code),
  }));
}

/** How many WebSockets lead to a Machine, through all edges. */
export function socketsOf(world, id) {
  return Object.values(world.edges).reduce((sum, edge) => sum + (edge.sockets[id] ?? 0), 0);
}

function total(sockets = {}) {
  return Object.values(sockets).reduce((sum, count) => sum + count, 0);
}

/** The legs of a request on the map: `{from, to, kind}` between regions; `machine` is the id of the one at its end. */
export function legs(request) {
  let from = request.edge;
  return request.hops.map(([region, machine], index) => {
    const isLast = index === request.hops.length - 1;
    const leg = { from, to: region, machine, kind: isLast && isBad(request) ? "bad" : index > 0 ? "replay" : "in" };
    from = region;
    return leg;
  });
}

/** Whether a request found no answer, or one that says that something is broken. */
export function isBad(request) {
  return request.status === 0 || request.status >= 500;
}

/** The legs of many requests, each way once: what is drawn does not depend on how many come at once. */
export function lit(requests) {
  const ways = new Map();
  for (const leg of requests.flatMap(legs)) {
    const key = `${leg.from} ${leg.to} ${leg.machine} ${leg.kind}`;
    ways.set(key, { ...leg, count: (ways.get(key)?.count ?? 0) + 1 });
  }
  return [...ways.values()];
}

/** Open WebSockets as ways from the edge where they come in to the region where they end: `{from, to, count}`. */
export function standing(world) {
  const regionOf = new Map(Object.values(world.machines).map((one) => [one.id, one.region]));
  const ways = new Map();
  for (const [from, edge] of Object.entries(world.edges)) {
    for (const [id, count] of Object.entries(edge.sockets)) {
      const to = regionOf.get(id);
      if (to) ways.set(`${from} ${to}`, { from, to, count: (ways.get(`${from} ${to}`)?.count ?? 0) + count });
    }
  }
  return [...ways.values()];
}

/** The newest sentence about a Machine; empty if there is none. The emulator begins them with what it calls the Machine. */
export function lastWord(said, machine) {
  const label = `${machine.name} machine ${machine.id.slice(0, 4)}`;
  return said.findLast((one) => one.text.startsWith(label))?.text ?? "";
}
