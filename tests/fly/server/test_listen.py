"""Messages straight from the wire, without a task that waits for them; and peers that are not listened to for a while."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from fly.server.frames import prepare
from fly.server.inbox import FULL_MESSAGES
from tests.fly.server.conductor import Conductor
from tests.fly.server.hall import BOOM, HUSH
from tests.fly.server.processes import Start
from tests.fly.server.test_frames_on_the_wire import memory_kb, stuffed
from tests.fly.server.wire import BINARY, CLOSE, CONT, LIMIT_S, PING, TEXT, close, frame
from tests.support.line import Line, lines, until


def numbered(start: int, stop: int) -> bytes:
    return b"".join(frame(TEXT, b"%d" % number) for number in range(start, stop))


def names(start: int, stop: int) -> list[str]:
    return [str(number) for number in range(start, stop)]


async def disconnect(line: Line) -> Any:
    """The only event that ASGI's `receive` has."""
    await until(lambda: line.inbox._items, "the disconnect")
    return await line.inbox.get()


async def test_messages_come_as_they_are_read() -> None:
    """[SV47] Texts and binaries, whole or in fragments, are heard as they come, and none of them goes through the inbox."""
    heard: list[str | bytes] = []
    async with lines() as (line,):
        line.socket.listen(heard.append)
        line.say(frame(TEXT, "grüße".encode()), frame(BINARY, b"\xff"), frame(TEXT, b"in ", fin=False), frame(CONT, b"two"), frame(TEXT))
        await until(lambda: len(heard) == 4)
        assert heard == ["grüße", b"\xff", "in two", ""]
        assert not line.inbox._items


@pytest.mark.parametrize("count", [3, FULL_MESSAGES * 3], ids=["in the inbox", "more than the inbox takes"])
async def test_what_came_before_is_first(count: int) -> None:
    """[SV47] Messages that came before `listen` are the first to be heard, at once and in order, and those behind them follow."""
    heard: list[str | bytes] = []
    async with lines(early=numbered(0, count)) as (line,):
        line.socket.listen(heard.append)
        assert heard == names(0, count)
        line.say(numbered(count, count + 5))
        await until(lambda: len(heard) == count + 5)
        assert heard == names(0, count + 5)


async def test_the_end_goes_to_asgi() -> None:
    """[SV47] The disconnect, with the peer's code and reason, is what `receive` gets, behind everything that was heard."""
    heard: list[str | bytes] = []
    async with lines() as (line,):
        line.socket.listen(heard.append)
        line.say(frame(TEXT, b"last words"), close(4321, "enough"))
        assert await disconnect(line) == {"type": "websocket.disconnect", "code": 4321, "reason": "enough"}
        assert heard == ["last words"]


async def test_messages_before_the_end_are_heard_though_nobody_listened() -> None:
    """[SV47] A peer that spoke and left before anybody listened is heard all the same, and then its end is received."""
    heard: list[str | bytes] = []
    async with lines() as (line,):
        line.say(numbered(0, 3), close(1000))
        await until(lambda: len(line.inbox._items) == 4)
        line.socket.listen(heard.append)
        assert heard == names(0, 3)
        assert (await disconnect(line))["code"] == 1000


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
async def test_an_exception_ends_one_socket(early: bool, caplog: pytest.LogCaptureFixture) -> None:
    """[SV47] What the application raises is logged and closes that socket with 1011 and no detail; no more of it is heard."""
    caplog.set_level(logging.ERROR)
    heard: list[str | bytes] = []

    def hear(data: str | bytes) -> None:
        heard.append(data)
        if data == "1":
            raise RuntimeError("secret detail")

    async with lines(2, early=numbered(0, 4) if early else b"") as (line, other):
        line.socket.listen(hear)
        if not early:
            line.say(numbered(0, 4))
        (received,) = await line.frames(1)
        assert (received.code, received.payload[2:], heard) == (1011, b"", ["0", "1"])
        assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("secret detail",)]  # type: ignore[union-attr]
        assert other.socket.open


async def test_nothing_is_heard_behind_a_close() -> None:
    """[SV47] Once the application has closed, in the middle of a segment even, nothing is heard; the peer's own close still is read."""
    heard: list[str | bytes] = []

    async with lines() as (line,):

        def hear(data: str | bytes) -> None:
            heard.append(data)
            line.socket.close(4000, "enough")

        line.socket.listen(hear)
        line.say(numbered(0, 3))
        assert (await line.frames(1))[0].code == 4000
        line.say(numbered(3, 6), close(4000))
        assert (await disconnect(line))["code"] == 4000
        assert heard == ["0"]
        await until(lambda: line.has_ended)


async def test_who_is_held_is_not_read() -> None:
    """[SV48] Nothing of a held peer is heard, in the middle of a segment even; when it goes on, all of it comes, in order."""
    heard: list[str | bytes] = []
    async with lines() as (line,):

        def hear(data: str | bytes) -> None:
            heard.append(data)
            if data == "1":
                line.socket.hold()

        line.socket.listen(hear)
        line.say(numbered(0, 5))
        await until(lambda: len(heard) == 2)
        line.say(numbered(5, 8))
        assert heard == names(0, 2)
        line.socket.go_on()
        await until(lambda: len(heard) == 8)
        line.socket.hold()
        line.say(numbered(8, 9))
        line.socket.go_on()
        await until(lambda: len(heard) == 9)
        assert heard == names(0, 9)


async def test_a_hold_outlives_the_beginning() -> None:
    """[SV48] A peer that is held while what came early is heard stays held."""
    heard: list[str | bytes] = []
    async with lines(early=numbered(0, FULL_MESSAGES * 3)) as (line,):

        def hear(data: str | bytes) -> None:
            heard.append(data)
            line.socket.hold()

        line.socket.listen(hear)
        early = len(heard)
        assert early <= FULL_MESSAGES + 1
        line.socket.go_on()
        assert len(heard) == early + 1


async def test_a_held_socket_closes_in_order() -> None:
    """[SV48] Closing ends the hold: the peer's half of the closing handshake is read, and its messages are not heard."""
    heard: list[str | bytes] = []
    async with lines() as (line,):
        line.socket.listen(heard.append)
        line.socket.hold()
        line.say(numbered(0, 300))
        line.socket.close(4002, "too slow")
        assert (await line.frames(1))[0].code == 4002
        line.say(close(4002))
        assert (await disconnect(line))["code"] == 4002
        await until(lambda: line.has_ended)
        assert heard == []


async def test_a_socket_whose_application_takes_nothing_closes_in_order() -> None:
    """[SV18] So does one whose inbox is full: what waits in front of the peer's close is no reason to break the line off."""
    async with lines(early=numbered(0, FULL_MESSAGES * 3)) as (line,):
        line.socket.close(1000)
        assert (await line.frames(1))[0].code == 1000
        line.say(close(1000))
        await until(lambda: line.has_ended)
        assert (line.socket.code, len(line.inbox._items) <= FULL_MESSAGES + 2) == (1000, True)


async def test_a_held_peer_is_written_to() -> None:
    """[SV48] Who is not listened to still gets what is sent."""
    async with lines() as (line,):
        line.socket.listen(lambda _: None)
        line.socket.hold()
        line.socket.write(prepare("you cannot answer"))
        assert (await line.frames(1))[0].payload == b"you cannot answer"


# Over the whole server


def test_it_listens_over_the_server(hall: Conductor) -> None:
    """[SV47] Over a server: what was sent with the handshake is heard first, then each message; `receive` is told of the end alone."""
    with hall.server.connect() as wire:
        wire.open(f"/ear/{hall.hall}/ada", early=frame(TEXT, b"early"))
        assert [wire.text() for _ in range(2)] == ["seated", "early"]
        wire.send(frame(TEXT, b"later"), close(1000, "bye"))
        assert wire.text() == "later"
        assert wire.frame().code == 1000
    hall.server.wait_for(f"{hall.hall}/ada disconnected 1000 bye")
    assert "received websocket.receive" not in hall.server.printed


def test_one_that_fails_harms_no_other(hall: Conductor) -> None:
    """[SV47] Over a server: an exception closes the socket whose message it was with 1011, others are heard on."""
    with hall.seat("ada", "ear") as ada, hall.seat("bob", "ear") as bob:
        ada.send(frame(TEXT, BOOM.encode()), frame(TEXT, b"nobody hears"))
        received = ada.frame()
        ada.send(close(1011))
        assert (received.code, received.payload[2:], ada.to_the_end()) == (1011, b"", b"")
        bob.send(frame(TEXT, b"still here"))
        assert bob.text() == "still here"
    hall.server.wait_for("RuntimeError: secret detail")


def test_late_listeners_hear_all(hall: Conductor) -> None:
    """[SV47] Over a server: messages that `receive` has not taken, and those that were not even read, are heard when somebody listens."""
    with hall.server.connect() as wire:
        wire.open(f"/mute/{hall.hall}/ada")
        assert wire.text() == "seated"
        data = numbered(0, 5000)
        wire.send(data)
        hall("listen", "ada")
        assert [wire.text() for _ in range(5000)] == names(0, 5000)


def test_a_held_peer_blocks(start: Start) -> None:
    """[SV48] A peer that is held can send no more in the end, costs no memory, is not ended for its silence, and all of it is heard."""
    server = start("application", "--ping-interval", "0.2", "--ping-timeout", "0.5")
    data = frame(BINARY, HUSH)
    with Conductor(server, "held") as conductor, conductor.seat("ada", "ear") as ada, server.connect() as dead:
        conductor("hold", "ada")
        before = memory_kb(server)
        sent = stuffed(ada, data, 64 * 1024 * 1024)
        assert sent < 64 * 1024 * 1024
        assert memory_kb(server) - before < 8 * 1024
        # What a peer that is not held comes to measures the time.
        dead.open()
        assert [dead.frame().opcode, dead.frame().opcode] == [PING, CLOSE]
        # The first conductor has answered no ping meanwhile.
        with Conductor(server, "held") as conductor:
            assert conductor("heard", "ada") == 0
            conductor("go_on", "ada")
            limit = time.monotonic() + LIMIT_S
            while (count := conductor("heard", "ada")) < sent // len(data):
                assert time.monotonic() < limit, f"{count} of {sent} bytes were heard"
