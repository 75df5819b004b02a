"""The lobby's list, live, through real processes."""

from __future__ import annotations

import os
import signal
from typing import Any

from tests.support.emulator import PARENT, Running
from tests.support.raw import Raw, handshake, masked


def listen(fly: Running, vantage: str = "ewr") -> Raw:
    """A lobby socket at a vantage point."""
    raw = Raw(fly.port(vantage))
    raw.send(handshake(f"{PARENT}:{fly.port(vantage)}", "/ws/lobby/"))
    assert raw.answer().status == 101
    return raw


def region(message: Any, code: str) -> Any:
    return next(one for one in message["regions"] if one["code"] == code)


def until(raw: Raw, code: str, state: str, players: int | None = None) -> Any:
    """Read lists until a region is as wanted."""
    while True:
        found = region(raw.message(), code)
        if found["state"] == state and players in (None, found["players"]):
            return found


def test_a_silent_gameserver_leaves_the_list_and_comes_back(fly: Running) -> None:
    """[LB3] A gameserver that stops beating, as one that is dead, is told as asleep; when it beats again, as up."""
    with listen(fly) as raw:
        until(raw, "nrt", "up")
        pid = fly.machine("nrt")["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            assert until(raw, "nrt", "asleep")["machines"] == 0
        finally:
            os.kill(pid, signal.SIGCONT)
        until(raw, "nrt", "up")


def test_players_are_counted_while_they_are_in(fly: Running) -> None:
    """[LB2] Somebody who joins a room is counted in the list, and no longer after leaving."""
    with listen(fly, "nrt") as raw:
        with Raw(fly.port("ewr")) as player:
            player.send(handshake(f"nrt.{PARENT}", "/ws/r/counted/"))
            assert player.answer().status == 101
            player.say({"cmd": "room.join", "v": 1, "sid": "c" * 22})
            found = until(raw, "nrt", "up", players=1)
            assert found["rooms"] == 1
            assert found["url"] == f"http://nrt.{PARENT}:{fly.port('nrt')}/"
        until(raw, "nrt", "up", players=0)


def test_the_lobby_listens_to_nothing(fly: Running) -> None:
    """[LB18] A client that talks to the lobby's socket is closed with 4500."""
    with listen(fly) as raw:
        raw.message()
        raw.send(masked(1, b"hello"))
        while (frame := raw.frame())[0] == 1:
            pass
        assert frame[0] == 8
        assert int.from_bytes(frame[1][:2], "big") == 4500
