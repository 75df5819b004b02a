// A WebSocket for programs that measure: with headers of one's own, which a browser's cannot have. Any message goes through it as it is:
// reads welcome and reply itself, sends room.join.

import { randomBytes } from "node:crypto";
import { request } from "node:http";

const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10];
const MASK = 4;

/** A client's frame of at most 64 KiB. Its mask is zero: to the receiver that is a mask like any other. */
function frameOf(opcode, payload) {
  const isShort = payload.length < 126;
  const head = Buffer.alloc((isShort ? 2 : 4) + MASK);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** A frame at the beginning of what has come: {opcode, payload, size}, or null if it is not whole yet. */
function frameIn(data) {
  if (data.length < 2) return null;
  let [length, at] = [data[1] & 0x7f, 2];
  if (length === 126) [length, at] = data.length < 4 ? [Infinity, 4] : [data.readUInt16BE(2), 4];
  else if (length === 127) [length, at] = data.length < 10 ? [Infinity, 10] : [Number(data.readBigUInt64BE(2)), 10];
  return data.length < at + length ? null : { opcode: data[0] & 0x0f, payload: data.subarray(at, at + length), size: at + length };
}

/** One joined socket. `onEvents(events)` and `onBytes(bytes)` are told of what comes; `ended` is what a lost one was lost by. */
export class Line {
  welcome = null;
  ended = null;
  onEvents = () => {};
  onBytes = () => {};
  #socket;
  #rest = Buffer.alloc(0);
  #ref = 0;
  #replies = new Map();
  #welcomed;

  /** @param {import("node:net").Socket} socket after a handshake @param {Buffer} head what came with its answer */
  constructor(socket, head) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data) => this.#read(data));
    socket.on("close", () => this.#end("the connection ended"));
    socket.on("error", (error) => this.#end(String(error)));
    this.joined = new Promise((resolve, reject) => {
      this.#welcomed = { resolve: () => resolve(this), reject };
    });
    // Whoever asked for it has it by then.
    this.joined.catch(() => {});
    this.#say({ cmd: "room.join", v: 1, sid: randomBytes(15).toString("hex") });
    if (head.length) this.#read(head);
  }

  /** Send bytes as one message. */
  transmit(bytes) {
    this.#socket.write(frameOf(BINARY, bytes));
  }

  /** Send a command; the promise is its reply, and is broken when it is refused. */
  ask(command) {
    this.#ref += 1;
    this.#say({ ...command, ref: this.#ref });
    return new Promise((resolve, reject) => this.#replies.set(this.#ref, { resolve, reject }));
  }

  /** Close it. */
  end() {
    this.#socket.destroy();
  }

  #say(message) {
    this.#socket.write(frameOf(TEXT, Buffer.from(JSON.stringify(message))));
  }

  #end(why) {
    this.ended ??= why;
    this.#welcomed.reject(new Error(why));
    for (const { reject } of this.#replies.values()) reject(new Error(why));
    this.#replies.clear();
  }

  #read(data) {
    this.#rest = this.#rest.length ? Buffer.concat([this.#rest, data]) : data;
    for (let frame = frameIn(this.#rest); frame; frame = frameIn(this.#rest)) {
      this.#rest = this.#rest.subarray(frame.size);
      if (frame.opcode === BINARY) this.onBytes(frame.payload);
      else if (frame.opcode === TEXT) this.#hear(JSON.parse(frame.payload));
      else if (frame.opcode === PING) this.#socket.write(frameOf(PONG, frame.payload));
      else if (frame.opcode === CLOSE) this.#end("the room closed the connection");
    }
  }

  #hear(message) {
    if (message.type === "welcome") {
      this.welcome = message;
      this.#welcomed.resolve();
    } else if (message.type === "reply") {
      const asked = this.#replies.get(message.ref);
      this.#replies.delete(message.ref);
      if (message.ok) asked?.resolve(message);
      else asked?.reject(new Error(message.text));
    } else if (message.type === "events" || message.type === "ephemeral") {
      this.onEvents(message.events);
    }
  }
}

/**
 * A joined line to a room.
 * @param {{port: number, host: string, path: string}} where
 * @param {string} weather as `X-Edge-Weather` has it, "" for none
 * @returns {Promise<Line>} broken when the room does not let it in
 */
export function connect({ port, host, path }, weather) {
  const key = randomBytes(16).toString("base64");
  const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key };
  const headers = { Host: host, ...upgrade, ...(weather ? { "X-Edge-Weather": weather } : {}) };
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, headers });
    asked.on("upgrade", (_answer, socket, head) => resolve(new Line(socket, head).joined));
    asked.on("response", (answer) => reject(new Error(`no socket, but ${answer.statusCode}`)));
    asked.on("error", reject);
    asked.end();
  });
}
