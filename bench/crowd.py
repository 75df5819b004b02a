"""Many clients in one process, for benchmarks: raw sockets that join rooms, send commands and count what comes back."""

from __future__ import annotations

import json
import secrets
import selectors
import socket
import struct
import time
from collections.abc import Callable

from tests.support.raw import KEY, LIMIT_S

REPLY = b'{"type":"reply"'
EVENTS = b'{"type":"events"'
REF = b'"ref":'
PING = 9


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame. Its mask is zero: to the receiver that is a mask like any other."""
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack("!H", length)
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + payload


class Client:
    """One socket. `sent` has the time of each command under way by its ref; `on_reply` is told the ref and the seconds it took."""

    def __init__(self, port: int, host: str, path: str, sid: str, on_reply: Callable[[Client, float], None]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self.on_reply = on_reply
        self.sent: dict[int, float] = {}
        self.ref = 0
        self.refused = self.events = 0
        self._data = bytearray()
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n"
        self.socket.sendall(f"{head}Sec-WebSocket-Version: 13\r\n\r\n".encode())
        while b"\r\n\r\n" not in self._data:
            self._read()
        first, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 101"), first
        self._data = bytearray(rest)
        self.socket.sendall(frame(json.dumps({"cmd": "room.join", "v": 1, "sid": sid}).encode()))

    def welcomed(self) -> None:
        """Wait for the welcome."""
        while not any(payload.startswith(b'{"type":"welcome"') for _, payload in self.frames()):
            self._read()

    def say(self, cmd: str, text: str) -> None:
        """Send a command."""
        self.ref += 1
        self.sent[self.ref] = time.perf_counter()
        self.socket.sendall(frame(b'{"cmd":"%s","ref":%d,"text":"%s"}' % (cmd.encode(), self.ref, text.encode())))

    def take(self) -> None:
        """Read what is there."""
        self._read()
        for opcode, payload in self.frames():
            if payload.startswith(REPLY):
                self._replied(payload)
            elif payload.startswith(EVENTS):
                self.events += payload.count(b'"seq":')
            elif opcode == PING:
                self.socket.sendall(frame(payload, opcode=10))

    def frames(self) -> list[tuple[int, bytes]]:
        """Whole frames that have come."""
        data, found, at = self._data, [], 0
        while len(data) - at >= 2:
            size, start = data[at + 1] & 0x7F, at + 2
            if size == 126 and len(data) - at >= 4:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127 and len(data) - at >= 10:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            elif size >= 126:
                break
            if len(data) < start + size:
                break
            found.append((data[at] & 0x0F, bytes(data[start : start + size])))
            at = start + size
        del data[:at]
        return found

    def _replied(self, payload: bytes) -> None:
        at = payload.index(REF) + len(REF)
        ref = int(payload[at:].split(b",", 1)[0])
        self.refused += b'"ok":false' in payload
        self.on_reply(self, time.perf_counter() - self.sent.pop(ref))

    def _read(self) -> None:
        data = self.socket.recv(262_144)
        if not data:
            raise EOFError("the server ended the connection")
        self._data += data


class Crowd:
    """Clients in rooms, `per_room` in each."""

    def __init__(self, port: int, host: str, clients: int, per_room: int, world: str) -> None:
        self.latencies: list[float] = []
        self.replies = 0
        self._again: Callable[[Client], None] | None = None
        self._selector = selectors.DefaultSelector()
        self.clients = []
        # Of no earlier crowd: a session that comes again under an old ref is answered from memory, which measures nothing.
        crowd = secrets.token_hex(8)
        for number in range(clients):
            path = f"/ws/r/bench-{number // per_room}/?world={world}"
            self.clients.append(Client(port, host, path, f"crowd-{crowd}-{number:0>5}", self._reply))
        for client in self.clients:
            client.welcomed()
            self._selector.register(client.socket, selectors.EVENT_READ, client)

    def _reply(self, client: Client, seconds: float) -> None:
        self.latencies.append(seconds)
        self.replies += 1
        if self._again is not None:
            self._again(client)

    def closed_loop(self, cmd: str, text: str, window: int, seconds: float) -> None:
        """Each client has `window` commands under way, for so long; then all replies are waited for."""
        self._again = lambda client: client.say(cmd, text)
        for client in self.clients:
            for _ in range(window):
                client.say(cmd, text)
        self._read_until(time.perf_counter() + seconds)
        self._again = None
        self.settle()

    def paced(self, cmd: str, text: str, rate: float, seconds: float) -> None:
        """So many commands a second of all clients together, evenly spread."""
        began, sent = time.perf_counter(), 0
        while (now := time.perf_counter()) < began + seconds:
            while sent < (now - began) * rate:
                self.clients[sent % len(self.clients)].say(cmd, text)
                sent += 1
            self._read_until(began + (sent + 1) / rate)
        self.settle()

    def settle(self) -> None:
        """Wait until every command has its reply."""
        deadline = time.perf_counter() + LIMIT_S
        while any(client.sent for client in self.clients):
            assert time.perf_counter() < deadline, "commands without a reply"
            self._read_until(time.perf_counter() + 0.05)

    def close(self) -> None:
        """End all connections."""
        for client in self.clients:
            client.socket.close()
        self._selector.close()

    def _read_until(self, when: float) -> None:
        while (left := when - time.perf_counter()) > 0:
            for key, _ in self._selector.select(left):
                key.data.take()
