// The round trip from this browser to a region: the shortest of a few pings. Sends GET /ping; reads nothing but the time.

const TRIES = 3;

/** Milliseconds, or null when the region does not answer. The first try opens the connection and is not counted. */
export async function roundTrip(url, { fetcher = fetch, clock = () => performance.now(), tries = TRIES } = {}) {
  let best = null;
  for (let attempt = 0; attempt <= tries; attempt += 1) {
    const started = clock();
    try {
      const answer = await fetcher(`${url}ping`, { mode: "cors", cache: "no-store", credentials: "omit" });
      if (!answer.ok) return null;
    } catch {
      return null;
    }
    const ms = clock() - started;
    if (attempt > 0 && (best === null || ms < best)) best = ms;
  }
  return best;
}

/** A round trip for people. */
export function say(ms) {
  if (ms === undefined) return "–";
  if (ms === null) return "no answer";
  return ms < 1 ? "< 1 ms" : `${Math.round(ms)} ms`;
}
