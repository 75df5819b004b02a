// The one place that touches WebSocket: connects, says room.join, keeps alive, comes back.
// Sends: room.join, room.ping. Reads: welcome, bye, and reply for its own pings; hands every message on.

import { pauseMs } from "./backoff.mjs";
import { OLDEST, mayReconnect } from "./protocol.mjs";

/** Silence after which the room is asked whether it is there; sooner when something was sent, which it answers within 3 s. */
const PING_MS = 15000;
const SENT_MS = 5000;
/** Time for the answer: a room answers a ping at once, whatever its journal does. */
const SILENCE_MS = 6000;
/** A frozen Machine takes a handshake and never answers, and after 3 s nobody is sent there any more. One that starts answers the next attempt. */
export const HANDSHAKE_MS = 8000;
/** From open to welcome: a server that lives says after 5 s that it cannot. Doubles, because a long welcome over a thin line takes longer. */
export const WELCOME_MS = 10000;
const ASK_WHY_AFTER = 2;

/**
 * A connection that comes back by itself.
 * status: "connecting", "open" (welcomed), "waiting" (for the next attempt), "stopped" (for good).
 */
export class RoomSocket {
  /**
   * @param {{url: string, join: () => object, nextRef: () => number, onMessage: (message: any) => void, onBytes?: (data: ArrayBuffer) => void,
   *   onStatus: (status: string, detail: {inMs?: number, bye?: any, code?: number, failures?: number}) => void,
   *   Socket?: any, timers?: {set: Function, clear: Function}, random?: () => number}} options
   */
  constructor({ url, join, nextRef, onMessage, onBytes = () => {}, onStatus, Socket = globalThis.WebSocket, timers, random = Math.random }) {
    Object.assign(this, { url, join, nextRef, onMessage, onBytes, onStatus, Socket, random });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
    this.failures = 0;
    this.slow = 0;
    this.status = "waiting";
    this.socket = null;
    this.timer = null;
    this.ping = null;
    this.patience = null;
    this.isHurried = false;
  }

  /** Connect now, whatever was planned; nothing happens while connected or stopped. */
  connect() {
    if (this.socket || this.status === "stopped") return;
    this.timers.clear(this.timer);
    this.#tell("connecting", {});
    // A browser hides why a handshake failed; after two failures ask to be told by a close code.
    const why = this.failures >= ASK_WHY_AFTER ? `${this.url.includes("?") ? "&" : "?"}why=close` : "";
    const socket = new this.Socket(this.url + why);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.patience = this.timers.set(() => this.again(), HANDSHAKE_MS);
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#message(socket, event.data);
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  /** Send a command; false if there is no connection for it. */
  send(command) {
    if (this.status !== "open") return false;
    this.socket.send(JSON.stringify(command));
    if (!this.isHurried) {
      this.isHurried = true;
      this.#listen(SENT_MS);
    }
    return true;
  }

  /** Send a binary message, which nothing answers; false if there is no connection for it. */
  transmit(bytes) {
    if (this.status !== "open") return false;
    this.socket.send(bytes);
    return true;
  }

  /** Cut the connection and connect again: something is missing. */
  again() {
    const socket = this.socket;
    if (!socket) return;
    this.#closed(socket, 4000);
    socket.close();
  }

  #opened(socket) {
    if (socket !== this.socket) return;
    this.timers.clear(this.patience);
    const inMs = WELCOME_MS * 2 ** Math.min(this.slow, 3);
    this.patience = this.timers.set(() => {
      this.slow += 1;
      this.again();
    }, inMs);
    socket.send(JSON.stringify(this.join()));
  }

  #message(socket, data) {
    if (socket !== this.socket) return;
    if (typeof data !== "string") {
      if (this.status !== "open") return;
      this.onBytes(data);
      this.isHurried = false;
      this.#listen(PING_MS);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "welcome" && message.v < OLDEST) {
      // A server of an older release than this page knows, in the middle of a deploy: another one soon.
      this.again();
      return;
    }
    if (message.type === "welcome") {
      this.timers.clear(this.patience);
      this.failures = this.slow = 0;
      this.onMessage(message);
      if (socket === this.socket) this.#tell("open", {});
    } else if (message.type !== "reply" || message.ref !== this.pingRef) {
      this.onMessage(message);
    }
    if (socket !== this.socket) return;
    if (message.type === "bye") {
      // The close frame follows; who does not wait for it comes back on time even when it is lost.
      this.#closed(socket, message.code, message);
      socket.close();
      return;
    }
    this.isHurried = false;
    if (this.status === "open") this.#listen(PING_MS);
  }

  /** Ask after this much silence, and give up when the question is not answered. */
  #listen(silentMs) {
    this.timers.clear(this.ping);
    this.ping = this.timers.set(() => {
      if (this.status !== "open") return;
      this.pingRef = this.nextRef();
      this.socket.send(JSON.stringify({ cmd: "room.ping", ref: this.pingRef }));
      this.isHurried = true;
      this.ping = this.timers.set(() => this.again(), SILENCE_MS);
    }, silentMs);
  }

  #closed(socket, code, bye = null) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.isHurried = false;
    this.timers.clear(this.ping);
    this.timers.clear(this.patience);
    if (!mayReconnect(code)) {
      this.#tell("stopped", { bye, code });
      return;
    }
    const inMs = pauseMs(this.failures, bye?.retry_ms ?? 0, this.random);
    this.failures += 1;
    this.timer = this.timers.set(() => this.connect(), inMs);
    this.#tell("waiting", { inMs, bye, code, failures: this.failures });
  }

  #tell(status, detail) {
    this.status = status;
    this.onStatus(status, detail);
  }
}
