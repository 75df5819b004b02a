"""The way out to one client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gameserver.outlet import OUTBOX_BYTES, Prepared, QueueOutlet, SocketOutlet, outlet_of
from tests.gameserver.rooms import until


class FakeSocket:
    """A socket of our server whose client reads only when told to."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.waiting = 0
        self.closed: list[int] = []
        self.is_stuck = False

    def write(self, frame: bytes) -> None:
        if not self.closed:
            self.frames.append(frame)
            self.waiting += len(frame) if self.is_stuck else 0

    def close(self, code: int, reason: str) -> None:
        self.closed.append(int(code))


def message(size: int, letter: str = "x") -> Prepared:
    return Prepared({"text": letter * size})


def test_a_message_is_encoded_once() -> None:
    """[GS8] However many clients a message goes to, its JSON and its frame are made once."""
    prepared, sockets = message(10), [FakeSocket(), FakeSocket()]
    for socket in sockets:
        SocketOutlet(socket).send(prepared)
    assert sockets[0].frames[0] is sockets[1].frames[0]
    assert prepared.frame == bytes((0x81, len(prepared.text))) + prepared.text


def test_a_slow_reader_is_closed_at_its_bound() -> None:
    """[GS9] Once 256 KiB would wait, the socket is closed with 4002 and gets no more frames."""
    socket = FakeSocket()
    socket.is_stuck = True
    outlet = SocketOutlet(socket)
    for _ in range(1000):
        outlet.send(message(1000))
    assert socket.closed[0] == 4002
    assert OUTBOX_BYTES - 1100 < socket.waiting <= OUTBOX_BYTES


def test_a_single_large_message_is_not_slowness() -> None:
    """[GS9] A message over the bound goes out when nothing waits before it."""
    socket = FakeSocket()
    SocketOutlet(socket).send(message(OUTBOX_BYTES * 2))
    assert (len(socket.frames), socket.closed) == (1, [])


def test_a_long_welcome_does_not_count() -> None:
    """[GS9] While a long welcome waits, 256 KiB of events may wait behind it; when it has drained, the bound is what it was."""
    socket = FakeSocket()
    socket.is_stuck = True
    outlet = SocketOutlet(socket)
    outlet.welcome(message(OUTBOX_BYTES * 3))
    for _ in range(100):
        outlet.send(message(1000))
    assert socket.closed == []
    socket.waiting = 0
    outlet.send(message(1000))
    for _ in range(1000):
        outlet.send(message(1000))
    assert socket.closed[0] == 4002
    assert socket.waiting <= OUTBOX_BYTES


class Gate:
    """ASGI's `send` that waits while the client does not read."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()

    async def __call__(self, event: dict[str, Any]) -> None:
        await self.open.wait()
        self.sent.append(event)


async def test_other_servers_are_written_to_in_order() -> None:
    """[GS20] Without the extension messages go through `send` as text, in order, and then the close."""
    gate = Gate()
    outlet = outlet_of({"extensions": {}}, gate)
    assert isinstance(outlet, QueueOutlet)
    outlet.welcome(Prepared({"n": 0}))
    outlet.send(Prepared({"n": 1}))
    outlet.close(4001, "moved")
    outlet.send(Prepared({"n": 2}))
    outlet.close(4002, "again")
    gate.open.set()
    await until(lambda: len(gate.sent) == 3)
    assert [json.loads(event["text"])["n"] for event in gate.sent[:2]] == [0, 1]
    assert gate.sent[2] == {"type": "websocket.close", "code": 4001, "reason": "moved"}


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
async def test_other_servers_have_the_same_bound(letter: str) -> None:
    """[GS9] A slow reader on another server is closed with 4002 at the same bound, counted in bytes."""
    gate = Gate()
    outlet = QueueOutlet(gate)
    one = message(500, letter)
    for _ in range(OUTBOX_BYTES // len(one.text) + 50):
        outlet.send(one)
    gate.open.set()
    await until(lambda: gate.sent and gate.sent[-1]["type"] == "websocket.close")
    assert gate.sent[-1]["code"] == 4002
    assert OUTBOX_BYTES // len(one.text) - 2 <= len(gate.sent) - 1 <= OUTBOX_BYTES // len(one.text) + 1


async def test_a_reader_that_keeps_up_is_never_closed() -> None:
    """[GS9] However much a client has read in all, in whatever script, only what waits counts."""
    gate = Gate()
    gate.open.set()
    outlet = QueueOutlet(gate)
    for number in range(1, 60):
        outlet.send(message(3000, "é"))
        outlet.send(message(3000, "😀"))
        await until(lambda number=number: len(gate.sent) == number * 2)
    assert outlet._bytes == 0
    outlet.stop()


async def test_a_client_that_is_gone_is_no_fault() -> None:
    """[GS21] A server that raises because the client is gone ends the outlet quietly."""

    async def send(event: dict[str, Any]) -> None:
        raise OSError("gone")

    outlet = QueueOutlet(send)
    outlet.send(message(1))
    await until(outlet._task.done)
    assert outlet._task.exception() is None


def test_our_server_is_written_to_directly() -> None:
    """[GS8] With the extension frames go to the socket itself."""
    socket = FakeSocket()
    outlet = outlet_of({"extensions": {"fly.socket": {"socket": socket}}}, None)
    outlet.close(4001, "moved")
    assert socket.closed == [4001]
