"""What a new owner goes on from: a snapshot, and the journal behind it."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec

from gameserver.engine.entry import Snapshot
from gameserver.engine.protocol import Join
from gameserver.engine.room import Room
from gameserver.engine.worlds.arena.ships import GONE_TICKS
from gameserver.engine.worlds.arena.world import World
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.arena.arenas import BEGAN_AT, Arena, hunt, message, player, read

JSON = msgspec.json


def heir_of(arena: Arena) -> Arena:
    """A new owner of the same arena, that goes on where it is; the snapshot has been through JSON."""
    heir = Arena()
    heir.happened.clear()
    heir.world = World()
    heir.world.restore(JSON.decode(JSON.encode(arena.world.snapshot())))
    heir.at, heir.ticks = arena.at, arena.ticks
    return heir


def play(arenas: list[Arena], seed: int, ticks: int, *, fire: int) -> None:
    """The same inputs in each, numbered from what is done."""
    dice = random.Random(seed)
    for tick in range(ticks):
        for number in range(8):
            turn, flags = hunt(arenas[0], number)
            inputs = [(turn + dice.randint(-3, 3), flags & (1 | fire))]
            for arena in arenas:
                if tick % 50 < 45:
                    arena.heard(number, message(arena.ship(number).queue.ack + 1, inputs, arena.game.tick))
        for arena in arenas:
            arena.tick()


def test_a_snapshot_goes_on_as_the_owner_would() -> None:
    """[AR45] From a snapshot, the same inputs lead to the same frames, events and points, through shots, respawns and rounds."""
    arena = Arena(8)
    play([arena], 1, 400, fire=2)
    # Bullets and where ships were are no part of it: let both be over.
    play([arena], 2, 80, fire=0)
    heir = heir_of(arena)
    arena.happened.clear()
    for seed in range(3, 9):
        play([arena, heir], seed, 150, fire=2)
        for number in range(8):
            one, other = (read(each.world.frame(f"p{number}") or b"") for each in (arena, heir))
            assert {**one, "check": 0} == {**other, "check": 0}
        arena.at = heir.at = arena.world.round.ends if seed == 5 else arena.at
    assert heir.happened == arena.happened
    assert {"arena.hit", "arena.scored", "arena.ended"} <= set(heir.names())
    assert heir.world.snapshot() == arena.world.snapshot()


def test_restoring_changes_nothing() -> None:
    """[AR45] A snapshot of what was restored from a snapshot is the same one; and one is not changed by what comes after it."""
    arena = Arena(8)
    play([arena], 1, 200, fire=2)
    arena.tick(5)
    snapshot = arena.world.snapshot()
    kept = JSON.encode(snapshot)
    heir = heir_of(arena)
    assert JSON.encode(heir.world.snapshot()) == kept
    assert len({ship.queue.starved for ship in arena.game.ships.all}) == 1
    for one, other in zip(arena.game.ships.all, heir.game.ships.all, strict=True):
        queue = replace(one.queue, is_open=True, waiting={})
        assert replace(one, goes_at=other.goes_at, queue=queue) == other
    play([arena], 1, 100, fire=2)
    assert JSON.encode(snapshot) == kept


def test_points_of_the_journal_survive_a_crash() -> None:
    """[AR46] Who plays and how many points they have is right after a crash, though the snapshot is seconds old."""
    arena = Arena(8)
    play([arena], 1, 300, fire=2)
    snapshot = JSON.decode(JSON.encode(arena.world.snapshot()))
    arena.happened.clear()
    arena.watch(3)
    arena.play(9)
    arena.tick(120)
    arena.apply([("arena.scored", {"slot": 2, "points": 5, "of": 1})])
    play_until_found(arena)
    heir = World()
    heir.restore(snapshot)
    for name, fields in arena.happened:
        if name in World.journalled:
            heir.apply({"ev": name, "at": arena.at, **fields})
    assert heir.view()["ships"] == arena.world.view()["ships"]
    assert all(ship.found >= 0 for ship in heir.game.ships.all)
    assert any("of" not in fields for fields in arena.told("arena.scored"))


def play_until_found(arena: Arena) -> None:
    """A ship takes what lies about, and it is told."""
    place = next(place for place in arena.game.crystals.places if place)
    arena.put(0, *place)
    arena.tick(61)


def test_who_does_not_come_back_after_a_failover_goes() -> None:
    """[AR39] A new owner knows of no sockets: who is not heard of for 10 s leaves."""
    arena = Arena(2)
    heir = heir_of(arena)
    heir.tick(GONE_TICKS // 2)
    heir.heard(1, message(heir.ship(1).queue.ack + 1, [(0, 0)]))
    heir.tick(GONE_TICKS // 2 + 61)
    assert heir.told("arena.left") == [{"slot": 0}]


def test_numbers_of_inputs_go_on_in_a_new_owner() -> None:
    """[AR16] A player goes on numbering over a failover, though the new owner is of some seconds ago."""
    arena = Arena(1)
    heir = heir_of(arena)
    heir.heard(0, message(700, [(3, 1)]))
    heir.tick()
    assert (read(heir.world.frame("p0") or b"")["ack"], heir.ship(0).heading) == (700, (arena.ship(0).heading + 3) % 1024)


def test_an_arena_lives_in_a_room() -> None:
    """[AR46] In a room, what an owner and its heir have is the same after ticks, commands and a failover."""
    room = Room(1, 1, (Chat(), World()))
    session, _ = room.join(Join(v=1, sid="s" * 32), player(0))
    arena = room.worlds[1]
    assert isinstance(arena, World)
    room.tick(arena, BEGAN_AT / 1000)
    outcome = room.receive(session, World.commands[0](ref=1), BEGAN_AT / 1000)
    assert outcome.reply == {"ref": 1, "ok": True, "seq": 2, "slot": 0}
    snapshot = room.snapshot()
    entries = [entry for tick in range(1, 300) for entry in room.tick(arena, BEGAN_AT / 1000 + tick / 60).entries]
    heir = Room(2, 1, (Chat(), World()))
    heir.load(Snapshot(snapshot.seq, JSON.decode(JSON.encode(snapshot.state))), entries)
    assert heir.worlds[1].view()["ships"] == arena.view()["ships"]
