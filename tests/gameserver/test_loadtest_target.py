"""Where bots of the load test may go, when they come, and when they speak."""

from __future__ import annotations

import random
import socket
from typing import Any

import pytest

from gameserver.loadtest import target as target_module
from gameserver.loadtest.pace import LONGEST_PAUSE_S, PAUSE_S, entry_s, members, pause_s, turns
from gameserver.loadtest.target import NoTarget, Target, target_of


def refused(url: str, **more: str) -> str:
    with pytest.raises(NoTarget) as raised:
        target_of(url, **more)
    return str(raised.value)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A resolver that knows one address, and what it was asked."""
    names: list[str] = []

    def resolve(host: str, port: int, **more: Any) -> list[Any]:
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    monkeypatch.setattr(target_module.socket, "getaddrinfo", resolve)
    return names


@pytest.mark.parametrize("host", ["cdg.play.localhost", "localhost", "CDG.Play.LocalHost", "cdg.play.localhost."])
def test_names_of_this_machine(host: str, asked: list[str]) -> None:
    """[LT1] `localhost` and names under it are 127.0.0.1, whatever a resolver would say; the handshake names them as they are."""
    found = target_of(f"ws://{host}:8000/ws/r/load/")
    assert (found.address, found.port, found.room, found.is_secure) == ("127.0.0.1", 8000, "load", False)
    assert found.url == f"ws://{host}:8000/ws/r/load/"
    assert asked == []


def test_addresses_of_this_machine() -> None:
    """[LT1] Loopback addresses of both kinds are this machine."""
    assert target_of("ws://127.0.0.1:8000/ws/r/a/").address == "127.0.0.1"
    assert target_of("ws://127.1.2.3/ws/r/a/") == Target("ws://127.1.2.3/ws/r/a/", "127.1.2.3", "127.1.2.3", 80, "a", False)
    assert target_of("ws://[::1]:9/ws/r/a/").place == "::1:9"


@pytest.mark.parametrize(
    "host", ["example.dev", "notlocalhost", "localhost.example.dev", "192.0.2.7", "0.0.0.0", "[2001:db8::1]", "play.localhost.evil"]
)
def test_foreign_hosts_are_refused(host: str, asked: list[str]) -> None:
    """[LT1] Any other host is refused in one line, and nobody is asked for its address."""
    said = refused(f"ws://{host}:8000/ws/r/load/")
    assert "is not this machine" in said
    assert "\n" not in said
    assert asked == []


def test_an_own_host_is_named_exactly(asked: list[str]) -> None:
    """[LT1] A host that is named is allowed, that one and no name above or below it."""
    found = target_of("wss://cdg.example.dev/ws/r/load/", allowed="CDG.example.dev")
    assert (found.address, found.port, found.host, found.is_secure) == ("192.0.2.7", 443, "cdg.example.dev", True)
    assert asked == ["cdg.example.dev"]
    for other in ("example.dev", "a.cdg.example.dev", ".example.dev", "*", ""):
        refused("wss://cdg.example.dev/ws/r/load/", allowed=other)


def test_an_own_host_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """[LT1] A name that the resolver does not know is said in one line."""

    def resolve(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(target_module.socket, "getaddrinfo", resolve)
    said = refused("ws://cdg.example.dev/ws/r/load/", allowed="cdg.example.dev")
    assert said == "There is no address for 'cdg.example.dev': Name or service not known"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cdg.play.localhost:8000",
        "http://localhost/ws/r/a/",
        "ws://localhost:x/ws/r/a/",
        "ws://localhost:99999/ws/r/a/",
        "ws:///ws/r/a/",
        "ws://me:it@localhost/ws/r/a/",
        "ws://[::1/ws/r/a/",
        "ws://localhost/ws/r/a/#b",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """[LT10] What is no address of a socket is said, with an example."""
    assert "is no address of a socket; it looks like ws://" in refused(url)


@pytest.mark.parametrize("path", ["", "/", "/ws/r/", "/ws/r/A/", "/ws/r/a", "/ws/lobby/", "/ws/r/-a/", "/ws/r/a/b/"])
def test_what_is_no_room(path: str) -> None:
    """[LT10] What is no room's socket is said, with an example."""
    assert "is no room's socket; it looks like /ws/r/main/" in refused(f"ws://localhost{path}")


def test_a_world_for_a_new_room() -> None:
    """[LT8] A scenario's world is asked for, unless the URL has a query of its own."""
    assert target_of("ws://localhost/ws/r/a/", world="board").url == "ws://localhost/ws/r/a/?world=board"
    assert target_of("ws://localhost/ws/r/a/?world=arena", world="board").url == "ws://localhost/ws/r/a/?world=arena"


# Pace


def test_bots_are_dealt_out() -> None:
    """Every bot has one process, and all processes have about as many, talkers among them."""
    assert [list(members(7, 3, process)) for process in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]


def test_bots_come_in_evenly() -> None:
    """[LT2] They come one after the other, evenly over the ramp; without a ramp all at once."""
    assert [entry_s(bot, 4, 2.0) for bot in range(4)] == [0.0, 0.5, 1.0, 1.5]
    assert entry_s(3, 4, 0.0) == 0.0


def test_talkers_take_turns() -> None:
    """[LT2] All processes together speak at the rate, each talker once a round, and each process knows its own part alone."""
    parts = [list(turns(10.0, 8, 3, members(5, 2, process))) for process in range(2)]
    assert parts[0] == [(0.0, 0), (0.2, 2), (0.3, 0), (0.5, 2), (0.6, 0)]
    assert parts[1] == [(0.1, 1), (0.4, 1), (0.7, 1)]
    assert sorted(parts[0] + parts[1]) == [(number / 10, number % 3) for number in range(8)]


def test_listeners_do_not_speak() -> None:
    """[LT2] A process without talkers has nothing to say, and commands that do not fill a round are those of its beginning."""
    assert list(turns(10.0, 8, 1, members(4, 2, 1))) == []
    assert list(turns(10.0, 2, 4, range(4))) == [(0.0, 0), (0.1, 1)]


def test_pauses_grow() -> None:
    """[LT4] A pause is anything up to 300 ms, doubled with each failure, 15 s at most."""
    rng = random.Random(3)
    for failures in (0, 1, 2, 5, 6, 2000):
        most = min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** min(failures, 20))
        pauses = [pause_s(failures, rng) for _ in range(500)]
        assert 0 <= min(pauses) < most / 10
        assert most * 0.9 < max(pauses) <= most
