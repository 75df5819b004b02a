"""The way out to one client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fly.server.audience import Audience
from gameserver.outlet import Prepared, QueueOutlet, SocketOutlet, outlet_of
from tests.gameserver.rooms import until


class FakeSocket:
    """A socket of our server whose client reads only when told to."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.waiting = 0
        self.closed: list[int] = []

    def write(self, frame: bytes) -> None:
        if not self.closed:
            self.frames.append(frame)

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
    outlet.send(Prepared({"n": 0}))
    outlet.send(Prepared({"n": 1}))
    outlet.close(4001, "moved")
    outlet.send(Prepared({"n": 2}))
    outlet.close(4002, "again")
    gate.open.set()
    await until(lambda: len(gate.sent) == 3)
    assert [json.loads(event["text"])["n"] for event in gate.sent[:2]] == [0, 1]
    assert gate.sent[2] == {"type": "websocket.close", "code": 4001, "reason": "moved"}


async def test_only_what_waits_counts() -> None:
    """[GS9] However much a client on another server has read in all, in whatever script, only what waits for it counts."""
    gate = Gate()
    gate.open.set()
    outlet = QueueOutlet(gate)
    for number in range(1, 60):
        outlet.send(message(3000, "é"))
        outlet.send(message(3000, "😀"))
        await until(lambda number=number: len(gate.sent) == number * 2)
    assert outlet.waiting == 0
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


class Watch:
    """What a watcher is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fell_behind(self) -> None:
        self.told.append("behind")

    def caught_up(self) -> None:
        self.told.append("caught up")


async def test_other_servers_are_waited_for() -> None:
    """[GS9] On another server, too, it is told when nothing waits for a client any more; nobody is written to together there."""
    gate, watch = Gate(), Watch()
    outlet = QueueOutlet(gate)
    outlet.watch(watch)
    outlet.send(message(10), message(20))
    waiting = outlet.waiting
    assert waiting == len(message(10).text) + len(message(20).text)
    audience = Audience()
    assert (outlet.enlist(audience), outlet.enlisted(audience), len(audience)) == (False, None, 0)
    gate.open.set()
    await until(lambda: watch.told)
    assert (watch.told, outlet.waiting, len(gate.sent)) == (["caught up"], 0, 2)
    outlet.stop()


async def test_who_is_held_elsewhere_is_heard_at_the_end() -> None:
    """[GS103] A client of another server that is held is not received from, until it may go on, or nothing more can be sent to it."""
    gate = Gate()
    outlet = QueueOutlet(gate)
    for end in (outlet.go_on, lambda: outlet.close(4002, "too slow")):
        outlet.hold()
        assert not outlet.may_receive.is_set()
        end()
        gate.open.set()
        await asyncio.wait_for(outlet.may_receive.wait(), 30)
    assert gate.sent == [{"type": "websocket.close", "code": 4002, "reason": "too slow"}]
