// The room protocol's numbers, as docs/protocol.md has them. Reads no messages, sends none.

/** The newest version that this page speaks, and the oldest one: servers of the release before answer with theirs for a while. */
export const VERSION = 1;
export const OLDEST = 1;
export const MAX_TEXT = 500;
export const MAX_NAME = 32;

/** Codes that sockets are closed with; a test compares them with the server's. */
export const CLOSE = Object.freeze({
  MOVED: 4001,
  TOO_SLOW: 4002,
  OWNER_LOST: 4003,
  NOT_ANSWERING: 4004,
  FULL: 4005,
  NO_JOIN: 4006,
  NO_PLACE: 4007,
  BAD_TICKET: 4008,
  BAD_MESSAGES: 4500,
  VERSION: 4501,
  FORBIDDEN: 4502,
  NO_SUCH_ROOM: 4503,
  FLOOD: 4504,
  TAKEN_OVER: 4505,
});

/** Whether a client comes back after this code: 4500 to 4999 mean stop. */
export function mayReconnect(code) {
  return !(code >= 4500 && code <= 4999);
}

/** A session id: 32 random characters of A-Za-z0-9_-. Kept while the page lives, shown to nobody. */
export function newSid(crypto = globalThis.crypto) {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Characters as the server counts them: code points after NFC. */
export function lengthOf(text) {
  return [...text.normalize("NFC").trim()].length;
}
