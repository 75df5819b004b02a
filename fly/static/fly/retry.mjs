// The page of a region that does not answer: asks again with growing pauses and reloads when somebody answers.
// Reads no messages, sends none.

const FIRST_MS = 1000;
const MOST_MS = 15000;
const DOWN = [502, 503, 504];

/** The pause before attempt `n` (0, 1, …) in ms: doubled each time, between half and the whole of it. */
export function pause(n, random = Math.random) {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(n, 10));
  return whole / 2 + (random() * whole) / 2;
}

/** Ask `url` again and again until its status is another than 502, 503 or 504; then call `answered`. `say` shows what is going on.
 * Our own refusal is 503; while a region is down Fly's edge may also answer by itself, with a page that tries nothing. */
export async function retry({ url, say, answered, fetcher = fetch, wait = (ms) => new Promise((done) => setTimeout(done, ms)), random }) {
  for (let n = 0; ; n += 1) {
    const ms = pause(n, random);
    say(`Trying again in ${Math.max(1, Math.round(ms / 1000))} s …`);
    await wait(ms);
    say("Trying …");
    try {
      const answer = await fetcher(url, { method: "HEAD", cache: "no-store", redirect: "manual" });
      if (!DOWN.includes(answer.status)) return answered();
    } catch {
      // No network at all: the next attempt may have one.
    }
  }
}

if (typeof document !== "undefined") {
  const line = document.getElementById("retry");
  retry({ url: location.href, say: (text) => (line.textContent = text), answered: () => location.reload() });
}
