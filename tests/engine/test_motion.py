"""Worlds whose state does not follow from their journalled events: a game in motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameserver.engine.protocol import Join
from gameserver.engine.room import Gap, Room, Welcome
from gameserver.engine.worlds import BaseWorld, Happening
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, enter, say, sid


class Wind(BaseWorld):
    """Blows a little further with every tick, and journals nothing of it."""

    name = "wind"
    ephemeral = frozenset({"wind.blew"})
    has_state = True
    is_exact = False
    tick_s = 0.1

    def __init__(self) -> None:
        self.way = 0

    def tick(self, at: int) -> tuple[Happening, ...]:
        return (("wind.blew", {}),)

    def apply(self, event: Mapping[str, Any]) -> None:
        self.way += 1

    def snapshot(self) -> Any:
        return {"way": self.way}


def windy() -> tuple[Room, Wind]:
    wind = Wind()
    return Room(EPOCH, EPOCH, (Chat(), wind)), wind


def test_whoever_comes_back_gets_a_state_in_motion_anew() -> None:
    """[EN30] With a position there are the missed events, and beside them the state of a world that is not in the journal."""
    room, wind = windy()
    say(room, enter(room)[0], 1)
    room.tick(wind, NOW)
    welcome = enter(room, BOB, 1, (EPOCH, 0))[1]
    assert (welcome.recovered, [event["seq"] for event in welcome.events], welcome.state) == (True, [1], {"wind": {"way": 1}})


def test_a_state_in_motion_is_not_ahead_of_what_is_told() -> None:
    """[EN30] The welcome ends where the state is, though that is not journalled yet: it is given when it is."""
    room, _ = windy()
    say(room, enter(room)[0], 1)
    say(room, enter(room)[0], 2, durable=False)
    welcome = enter(room, BOB, 1, (EPOCH, 1))[1]
    assert (welcome.position, [event["seq"] for event in welcome.events], room.durable) == ((EPOCH, 2), [2], 1)


def test_a_gap_that_is_not_in_memory_is_a_fresh_start_for_a_state_in_motion() -> None:
    """[EN30] What would have to be read from the journal while the state moves on is a fresh start instead."""
    room, _ = windy()
    ada = enter(room)[0]
    for ref in range(1, 1103):
        say(room, ada, ref)
    found = room.join(Join(v=1, sid=sid(1), position=(EPOCH, 50)), ADA)[1]
    assert not isinstance(found, Gap)
    assert isinstance(found, Welcome)
    assert (found.recovered, found.state) == (False, {"wind": {"way": 0}})
