"""The end of a server, and that connections leave nothing behind."""

from __future__ import annotations

import contextlib
import signal
import time

import pytest

from tests.fly.server.processes import Running, Start
from tests.fly.server.wire import LIMIT_S, TEXT, Wire, close, frame, upgrade

SOCKETS = 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("name", "code", "reason"), [("application", 4001, b"moved"), ("bare", 1012, b"the server restarts")])
def test_every_socket_is_closed(start: Start, number: signal.Signals, name: str, code: int, reason: bytes) -> None:
    """[SV30] 200 sockets at SIGTERM or SIGINT: each gets a close frame, with the application's code or else 1012; exit code 0."""
    server = start(name)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(server.connect()) for _ in range(SOCKETS)]
        for wire in wires:
            wire.open()
            wire.send(frame(TEXT, b"there"))
        for wire in wires:
            assert wire.text() == "there"
        server.signal(number)
        for wire in wires:
            received = wire.frame()
            assert (received.code, received.payload[2:]) == (code, reason)
            wire.send(close(code))
            assert wire.to_the_end() == b""
        assert server.ended() == 0
    assert server.lines.count(f"disconnected {code}") == SOCKETS
    assert server.lines.count("shut down") == (name == "application")


def test_requests_are_finished(start: Start) -> None:
    """[SV31] A request that runs is answered before the end, a new connection is refused, a kept one is told to go."""
    server = start("application")
    with server.connect() as busy, server.connect() as idle:
        idle.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert idle.answer()["connection"] is None
        busy.send(b"GET /until-drain HTTP/1.1\r\nHost: test\r\n\r\n")
        server.wait_for("waits for the drain")
        server.signal()
        answer = busy.answer()
        assert (answer.body, answer["connection"]) == (b"drained", "close")
        assert idle.to_the_end() == b""
        assert server.ended() == 0
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_undecided_handshake(start: Start) -> None:
    """[SV31] A handshake the application has not decided is answered with 503 and Retry-After."""
    server = start("application")
    with server.connect() as wire:
        wire.send(upgrade("/hold"))
        with server.connect() as other:
            other.open()
        server.signal()
        answer = wire.answer()
        assert (answer.status, answer["retry-after"]) == (503, "1")
    assert server.ended() == 0
    assert "held, then websocket.disconnect" in server.lines


def test_peers_that_do_not_answer(start: Start) -> None:
    """[SV32] Peers that never close and applications that never end are broken off when the budget is spent; exit code 0."""
    server = start("application", "--drain-budget", "1")
    with server.connect() as silent, server.connect() as stuck:
        silent.open()
        stuck.send(b"GET /stuck HTTP/1.1\r\nHost: test\r\n\r\n")
        server.wait_for("is stuck")
        server.signal()
        assert server.ended() == 0
        assert silent.frame().code == 4001
    server.wait_for(r"budget of 1\.0 s is spent")
    assert "shut down" in server.lines


def test_second_signal(start: Start) -> None:
    """[SV33] A second signal ends at once."""
    server = start("application", "--drain-budget", "600")
    with server.connect() as stuck:
        stuck.send(b"GET /stuck HTTP/1.1\r\nHost: test\r\n\r\n")
        server.wait_for("is stuck")
        server.signal()
        while _accepts(server):
            pass
        server.signal(signal.SIGINT)
        assert server.ended() == 128 + signal.SIGINT


def test_failing_drain(start: Start) -> None:
    """[SV32] A drain of the application that fails is logged, and the sockets are closed all the same."""
    server = start("failing_drain")
    with server.connect() as wire:
        wire.open()
        server.signal()
        assert wire.frame().code == 1012
        wire.send(close(1012))
        assert server.ended() == 0
    server.wait_for("drain failed")


def test_500_connections_leave_nothing(start: Start) -> None:
    """[SV34] After 500 sockets, ended in every way there is, no file, no task and no socket of them is left."""
    server = start("application")
    with server.connect() as wire:
        wire.open()
    server.wait_for("disconnected 1006")
    before, tasks = server.descriptors(), counts(server)
    for number in range(100):
        for path, ending in (("/", close(1000)), ("/", b""), ("/", frame(TEXT, b"\xff\xff")), ("/reject", b""), ("/headers", close(1000))):
            with server.connect() as wire:
                wire.send(upgrade(path))
                if number % 2:
                    wire.answer()
                wire.send(ending)
    server.until_descriptors(before)
    limit = time.monotonic() + LIMIT_S
    while (now := counts(server)) != tasks:
        assert time.monotonic() < limit, f"{now}, and there were {tasks}"


def counts(server: Running) -> str:
    """How many tasks, and sockets of ours, live in the process, by its own word."""
    with server.connect() as wire:
        wire.send(b"GET /counts HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        return wire.answer().body.decode()


def _accepts(server: Running) -> bool:
    try:
        Wire(server.address).socket.close()
    except ConnectionError:
        return False
    return True
