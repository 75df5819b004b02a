// The one place that touches WebSocket: connects, says room.join, keeps alive, comes back.
// Sends: room.join, room.ping. Reads: welcome, bye, and reply for its own pings; hands every message on.

import { pauseMs } from "./backoff.mjs";
import { mayReconnect } from "./protocol.mjs";

const PING_MS = 15000;
const SILENCE_MS = 10000;
const ASK_WHY_AFTER = 2;

/**
 * A connection that comes back by itself.
 * status: "connecting", "open" (welcomed), "waiting" (for the next attempt), "stopped" (for good).
 */
export class RoomSocket {
  /**
   * @param {{url: string, join: () => object, nextRef: () => number, onMessage: (message: any) => void,
   *   onStatus: (status: string, detail: {inMs?: number, bye?: any, code?: number}) => void,
   *   Socket?: any, timers?: {set: Function, clear: Function}, random?: () => number}} options
   */
  constructor({ url, join, nextRef, onMessage, onStatus, Socket = globalThis.WebSocket, timers, random = Math.random }) {
    Object.assign(this, { url, join, nextRef, onMessage, onStatus, Socket, random });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
    this.failures = 0;
    this.status = "waiting";
    this.bye = null;
    this.socket = null;
    this.timer = null;
    this.ping = null;
  }

  /** Connect now, whatever was planned; nothing happens while connected or stopped. */
  connect() {
    if (this.socket || this.status === "stopped") return;
    this.timers.clear(this.timer);
    this.bye = null;
    this.#tell("connecting", {});
    // A browser hides why a handshake failed; after two failures ask to be told by a close code.
    const url = this.failures >= ASK_WHY_AFTER ? `${this.url}?why=close` : this.url;
    const socket = new this.Socket(url);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.join()));
    socket.onmessage = (event) => this.#message(socket, event.data);
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  /** Send a command; false if there is no connection for it. */
  send(command) {
    if (this.status !== "open") return false;
    this.socket.send(JSON.stringify(command));
    return true;
  }

  /** Cut the connection and connect again: something is missing. */
  again() {
    const socket = this.socket;
    if (!socket) return;
    this.#closed(socket, 4000);
    socket.close();
  }

  /** Never come back. */
  stop() {
    this.status = "stopped";
    this.timers.clear(this.timer);
    this.timers.clear(this.ping);
    this.socket?.close();
    this.socket = null;
  }

  #message(socket, data) {
    if (socket !== this.socket) return;
    const message = JSON.parse(data);
    this.#listen();
    if (message.type === "welcome") {
      this.failures = 0;
      this.onMessage(message);
      this.#tell("open", {});
      return;
    }
    if (message.type === "bye") this.bye = message;
    if (message.type === "reply" && message.ref === this.pingRef) return;
    this.onMessage(message);
  }

  /** Something was heard: ask again only after a while of silence, and give up when the question is not answered. */
  #listen() {
    this.timers.clear(this.ping);
    this.ping = this.timers.set(() => {
      if (this.status !== "open") return;
      this.pingRef = this.nextRef();
      this.send({ cmd: "room.ping", ref: this.pingRef });
      this.ping = this.timers.set(() => this.again(), SILENCE_MS);
    }, PING_MS);
  }

  #closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.timers.clear(this.ping);
    const bye = this.bye;
    if (!mayReconnect(bye?.code ?? code)) {
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
