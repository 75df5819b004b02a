"""The lane `arena`: who plays, who watches, who goes."""

from __future__ import annotations

import msgspec
import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.registry import Registry
from gameserver.engine.worlds.arena import World
from gameserver.engine.worlds.arena.commands import Play
from gameserver.engine.worlds.arena.ships import GONE_TICKS, IDLE_TICKS, MAX_SHIPS
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.arena.arenas import Arena, message, player, read


def test_the_arena_is_a_world() -> None:
    """[AR36] Its commands are understood, bounded, and refuse what they do not know."""
    registry = Registry([Chat, World])
    assert {name for name in registry.commands if name.startswith("arena.")} == {"arena.play", "arena.watch"}
    assert registry.decode(b'{"cmd":"arena.watch","ref":1,"slot":499}').slot == 499  # type: ignore[union-attr]
    for wrong in (b'{"cmd":"arena.watch","ref":1,"slot":500}', b'{"cmd":"arena.play","ref":1,"x":1}', b'{"cmd":"arena.play"}'):
        with pytest.raises(Rejected):
            registry.decode(wrong)


def test_who_plays_gets_the_lowest_slot() -> None:
    """[AR37] Playing gives the lowest free slot, and is told; playing again is the same ship, and nothing is told."""
    arena = Arena(3)
    arena.watch(1)
    assert (arena.play(7), arena.play(7), arena.play(8)) == (1, 1, 3)
    joined = arena.told("arena.joined")
    assert joined[-2] == {"slot": 1, "id": "p7", "name": "Player 7", "colour": "#112233", "points": 0}
    assert len(joined) == 5
    assert [ship["slot"] for ship in arena.world.view()["ships"]] == [0, 1, 2, 3]


def test_500_are_full() -> None:
    """[AR37] With 500 ships the next one is refused as full, until somebody leaves."""
    arena = Arena()
    for number in range(MAX_SHIPS):
        arena.play(number)
    with pytest.raises(Rejected) as refused:
        arena.world.decide(player(MAX_SHIPS), Play(ref=1), arena.at)
    assert refused.value.code == "full"
    arena.watch(123)
    assert arena.play(MAX_SHIPS) == 123
    arena.tick()
    assert all(arena.world.frame(f"p{number}") for number in (0, 499, 500))


def test_an_event_that_is_known_changes_nothing() -> None:
    """[AR37] A slot has one ship and a player one slot, even if a journal says otherwise; who has left leaves no more."""
    arena = Arena(3)
    joined = {"slot": 2, **player(0).as_dict()}
    arena.apply([("arena.joined", joined), ("arena.left", {"slot": 0}), ("arena.scored", {"slot": 0, "points": 5})])
    assert [(ship["slot"], ship["id"], ship["points"]) for ship in arena.world.view()["ships"]] == [(1, "p1", 0), (2, "p0", 0)]
    arena.tick()
    assert [read(arena.world.frame(f"p{number}") or b"")["slot"] for number in (0, 1)] == [2, 1]


def test_deciding_changes_nothing() -> None:
    """[AR37] Until an event is applied nobody plays or leaves."""
    arena = Arena(1)
    before = msgspec.json.encode(arena.world.snapshot())
    arena.world.decide(player(5), Play(ref=1), arena.at)
    assert msgspec.json.encode(arena.world.snapshot()) == before


def test_who_watches_follows() -> None:
    """[AR38] Who watches is shown whom they chose, else whoever has most points, else the middle of the field; and what is around."""
    arena = Arena()
    assert read(arena.world.frame("p9") or b"")["slot"] == 65535
    arena.play(0)
    arena.play(1)
    arena.apply([("arena.scored", {"slot": 1, "points": 3})])
    arena.tick(61)
    frame = read(arena.world.frame("p9") or b"")
    assert (frame["you"], frame["slot"], frame["x"], frame["y"]) == (0, 1, arena.ship(1).x, arena.ship(1).y)
    arena.watch(9, slot=0)
    frame = read(arena.world.frame("p9") or b"")
    assert (frame["you"], frame["slot"], frame["ack"], frame["check"]) == (0, 0, 0, 0)
    arena.watch(0)
    assert read(arena.world.frame("p9") or b"")["slot"] == 1
    arena.watch(1)
    assert [read(arena.world.frame(f"p{number}") or b"")["slot"] for number in (0, 1, 9)] == [65535] * 3
    assert arena.told("arena.left") == [{"slot": 0}, {"slot": 1}]


def test_a_ship_outlasts_its_socket_by_10_seconds() -> None:
    """[AR39] A player without a socket leaves after 10 s; one who was heard of meanwhile stays."""
    arena = Arena(3)
    for number in range(3):
        arena.world.gone(f"p{number}")
    arena.world.gone("p99")
    arena.tick(GONE_TICKS - 60)
    arena.heard(1, message(1, [(0, 0)]))
    arena.play(2)
    assert "arena.left" not in arena.names()
    arena.tick(121)
    assert arena.told("arena.left") == [{"slot": 0}]


def test_who_does_nothing_watches() -> None:
    """[AR40] After a minute of inputs that ask for nothing, or of none, a player leaves; what was found is told before."""
    arena = Arena(3)
    arena.clear()
    for second in range(IDLE_TICKS // 60):
        arena.heard(0, message(arena.ship(0).queue.ack + 1, [(0, 0)]))
        arena.heard(1, message(arena.ship(1).queue.ack + 1, [(1 if second == 30 else 0, 0)]))
        arena.tick(60)
    arena.ship(0).found = 2
    assert "arena.left" not in arena.names()
    arena.tick(62)
    assert sorted(fields["slot"] for fields in arena.told("arena.left")) == [0, 2]
    assert arena.names().index("arena.scored") < arena.names().index("arena.left")
    assert [ship["id"] for ship in arena.world.view()["ships"]] == ["p1"]


def test_there_is_no_frame_before_the_first_tick() -> None:
    """[AR41] Before its first tick an arena shows nothing."""
    assert World().frame("p0") is None
    assert Arena().world.frame("p0")
