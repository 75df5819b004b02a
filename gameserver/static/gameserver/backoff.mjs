// How long to wait before the next attempt. Pure. Reads no messages, sends none.

export const FIRST_MS = 300;
export const MOST_MS = 15000;
const MOST_ASKED_MS = 60000;

/**
 * Full jitter: anything up to a bound that doubles with every failure, so that thousands who lost the same server do not come
 * back together. `askedMs`: what the server asked for; it is kept to the millisecond, because the server has spread it already.
 * @param {number} failures attempts that failed since the last success, 0 or more
 */
export function pauseMs(failures, askedMs = 0, random = Math.random) {
  if (askedMs > 0) return Math.min(askedMs, MOST_ASKED_MS);
  return Math.round(random() * Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 10)));
}
