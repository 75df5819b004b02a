"""What newcomers are told: found once for all who come alike, and never of a room that has gone on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver import cadence
from gameserver import owner as owner_module
from gameserver.engine import past
from gameserver.engine.entry import Position
from gameserver.engine.errors import Closed
from gameserver.engine.protocol import Join
from gameserver.engine.room import Gap, Room, Welcome
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.chat import Say
from gameserver.hub import Member
from gameserver.owner import Owner
from gameserver.welcomes import MOST
from tests.gameserver.rooms import (
    ADA,
    AWAY,
    WORLDS,
    Grind,
    HandJournal,
    Keeper,
    Point,
    Sink,
    enter,
    is_available,
    make_owner,
    sid,
    until,
    with_a_past,
)

SHARED = {"room": "main", "limits": {}}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Position | None]]:
    """The positions that a room was asked for."""
    asked: list[Position | None] = []
    meet = Room.meet

    def counted(self: Room, position: Position | None) -> Welcome | Gap:
        asked.append(position)
        return meet(self, position)

    monkeypatch.setattr(Room, "meet", counted)
    return asked


async def welcome(owner: Owner, number: int, position: Position | None = None) -> dict[str, Any]:
    """Let somebody in, and tell them as a connection does; each key is in the message once."""
    who = Who(f"p{number}", f"P{number}", "#000000")
    member, found = await owner.join(Join(v=1, sid=sid(number), position=position), who, Sink())
    prepared = owner.welcomes.prepare(found, SHARED, sid(number), who, {"edge": number})
    owner.hub.release(member, found.position[1])
    pairs = json.loads(prepared.text, object_pairs_hook=lambda pairs: pairs if "sid" in dict(pairs) else dict(pairs))
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


async def said(owner: Owner, journal: HandJournal, member: Member, *refs: int) -> None:
    for ref in refs:
        owner.receive(member, Say(ref=ref, text=f"line {ref}"))
        journal.commit()


async def test_equal_joins_are_found_and_encoded_once(journal: HandJournal, met: list[Position | None]) -> None:
    """[GS104] Of many who come with the same position, or with none, the room is asked once, and what is for all is encoded once."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    await said(owner, journal, ada, 1, 2, 3)
    met.clear()
    told = [await welcome(owner, number, position) for number in range(1, 5) for position in (None, (owner.epoch, 2))]
    assert met == [None, (owner.epoch, 2)]
    assert len(owner.welcomes._texts) == 2
    fresh, back = told[0], told[1]
    assert (fresh["recovered"], [event["seq"] for event in fresh["events"]]) == (False, [1, 2, 3])
    assert (back["recovered"], [event["seq"] for event in back["events"]]) == (True, [3])
    assert [one["sid"] for one in told] == [sid(number) for number in range(1, 5) for _ in (1, 2)]
    assert told[-1]["you"]["name"] == "P4"
    assert told[-1]["route"] == {"edge": 4}
    assert set(fresh) == {
        *("type", "v", "sid", "you", "route", "room", "limits", "position", "recovered", "events", "more", "state", "present", "players")
    }


async def test_the_same_bytes_are_sent(journal: HandJournal) -> None:
    """[GS104] What is for all is the same object for all, until something happens."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    room = owner._room
    assert room is not None
    shared = [owner.welcomes._shared(found, SHARED) for found in (owner.welcomes.meet(room, None), owner.welcomes.meet(room, None))]  # type: ignore[arg-type]
    assert shared[0] is shared[1]
    await said(owner, journal, ada, 1)
    assert owner.welcomes._shared(owner.welcomes.meet(room, None), SHARED) != shared[0]  # type: ignore[arg-type]


STEPS = st.lists(st.sampled_from(["say", "grind", "point", "commit", "fail", "fresh", "back", "old"]), max_size=25)


async def play(steps: list[str]) -> None:
    """After every step, a welcome is what the room itself would say at this moment, or one for when more is durable."""
    journal = HandJournal()
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    ada, _ = await enter(owner)
    first = owner.epoch
    for ref, step in enumerate(steps, 1):
        room = owner._room
        assert room is not None
        if step == "say":
            owner.receive(ada, Say(ref=ref, text=f"{ref}"))
        elif step == "grind":
            owner.receive(ada, Grind(ref=ref, by=ref))
        elif step == "point":
            owner.receive(ada, Point(ref=ref))
        elif step == "commit":
            journal.commit()
        elif step == "fail":
            if journal.waiting:
                journal.commit(AWAY, written=bool(ref % 2))
                await until(lambda: is_available(owner))
        else:
            position = {"fresh": None, "back": (owner.epoch, room.durable), "old": (first, 0)}[step]
            for _ in range(2):
                assert owner.welcomes.meet(room, position) == room.meet(position)
                found = owner.welcomes.meet(room, position)
                assert isinstance(found, Welcome)
                told = json.loads(owner.welcomes.prepare(found, SHARED, sid(), ADA, {}).text)
                plain = room.meet(position)
                assert isinstance(plain, Welcome)
                assert tuple(told["position"]) == plain.position
                assert told["state"] == plain.state
                assert tuple(told["events"]) == plain.events
    owner.stop()


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_nothing_is_stale(steps: list[str]) -> None:
    """[GS104] Whatever has happened before, a shared welcome is word for word what the room itself says: position, events, state."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cadence, "BURST", 1e9)
        patch.setattr(owner_module, "RELOAD_S", (0.001,))
        asyncio.run(play(steps))


async def test_a_state_in_motion_is_never_shared(journal: HandJournal, met: list[Position | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS104] Where a world's state does not follow from the journal, each newcomer gets it as it is at that moment."""
    mill = WORLDS.worlds["mill"]
    monkeypatch.setattr(mill, "is_exact", False)
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    await enter(owner)
    met.clear()
    world: Any = owner._room.worlds[1]  # type: ignore[union-attr]
    told = []
    for number in range(1, 4):
        world.ground = number
        told.append(await welcome(owner, number, (owner.epoch, 0)))
    assert [one["state"] for one in told] == [{"mill": {"ground": number}} for number in range(1, 4)]
    assert (len(met), owner.welcomes._texts) == (3, {})


async def test_a_room_that_was_read_again(journal: HandJournal) -> None:
    """[GS104] A room with the same events under another epoch is another room."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    await said(owner, journal, ada, 1)
    before = await welcome(owner, 1)
    owner.receive(ada, Say(ref=2, text="lost"))
    journal.commit(AWAY, written=False)
    await until(lambda: is_available(owner))
    after = await welcome(owner, 2)
    assert (before["position"][1], after["position"]) == (1, [before["position"][0] + 1, 1])


async def test_so_many_positions_are_kept(journal: HandJournal) -> None:
    """[GS104] Welcomes of a bounded number of positions are kept, each is right, and the next event forgets them all."""
    assert MOST == 64
    owner = await make_owner(journal)
    room = owner._room
    assert room is not None
    room.past.events.extend({"seq": seq, "ev": "chat.said", "at": 0, "text": "x"} for seq in range(1, 101))
    room.seq = room.durable = 100
    for _ in range(2):
        for seq in range(101):
            found = owner.welcomes.meet(room, (owner.epoch, seq))
            assert isinstance(found, Welcome)
            told = json.loads(owner.welcomes.prepare(found, SHARED, sid(), ADA, {}).text)
            assert [event["seq"] for event in told["events"]] == list(range(seq + 1, 101))
    assert (len(owner.welcomes._found), len(owner.welcomes._texts)) == (MOST, MOST)
    room.seq = room.durable = 101
    room.past.events.append({"seq": 101, "ev": "chat.said", "at": 0, "text": "x"})
    owner.welcomes.meet(room, None)
    assert (len(owner.welcomes._found), len(owner.welcomes._texts)) == (1, 0)


# Gaps


def come(owner: Owner, number: int, position: Position) -> asyncio.Task[tuple[Member, Welcome]]:
    """Somebody whose gap must be read."""
    who = Who(f"p{number}", f"P{number}", "#000000")
    return asyncio.ensure_future(owner.join(Join(v=1, sid=sid(number), position=position), who, Sink()))


def seqs(joined: tuple[Member, Welcome]) -> list[int]:
    return [event["seq"] for event in joined[1].events]


async def test_one_read_for_all_who_miss_the_same(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS105] While a gap is read, whoever misses a part of it waits for the same read, and gets exactly what it missed."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    tasks = [come(owner, number, (epoch, after)) for number, after in enumerate((1, 2, 1, 0, 2), 1)]
    await until(lambda: len(journal.reads or ()) == 2)
    assert [arguments[1:] for _, arguments, _ in journal.reads or ()] == [(1, 8), (0, 8)]
    journal.answer()
    journal.answer()
    joined = [await task for task in tasks]
    assert [seqs(one) for one in joined] == [list(range(after + 1, 9)) for after in (1, 2, 1, 0, 2)]
    assert {one[1].recovered for one in joined} == {True}
    assert owner.welcomes._gaps == []


async def test_what_came_since_the_read_began(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS105] Whoever joins a read that is under way gets from memory what was shown since it began."""
    owner, ada, _, epoch = await with_a_past(journal, monkeypatch)
    first = come(owner, 1, (epoch, 1))
    await until(lambda: journal.reads)
    await said(owner, journal, ada, 9, 10)
    second = come(owner, 2, (epoch, 2))
    await asyncio.sleep(0)
    assert len(journal.reads or ()) == 1
    journal.answer()
    assert (seqs(await first), seqs(await second)) == (list(range(2, 9)), list(range(3, 11)))
    assert (await second)[1].position == (owner.epoch, 10)


async def test_a_read_that_is_too_old(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS105] When more has come since a read began than memory holds, whoever comes has it read anew."""
    monkeypatch.setattr(past, "KEEP", 5)
    owner, ada, _, epoch = await with_a_past(journal, monkeypatch)
    first = come(owner, 1, (epoch, 1))
    await until(lambda: journal.reads)
    await said(owner, journal, ada, *range(9, 16))
    second = come(owner, 2, (epoch, 2))
    await asyncio.sleep(0)
    for _ in range(len(journal.reads or ())):
        journal.answer()
    assert (seqs(await first), seqs(await second)) == (list(range(2, 9)), list(range(3, 16)))


async def test_a_read_that_fails(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS105] A read that fails fails all who wait for it with 4003, and nobody else: the next one has it read again."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    tasks = [come(owner, number, (epoch, 1)) for number in range(1, 4)]
    await until(lambda: journal.reads)
    journal.answer(AWAY)
    for task in tasks:
        with pytest.raises(Closed) as closed:
            await task
        assert closed.value.code == 4003
    again = come(owner, 5, (epoch, 1))
    await until(lambda: journal.reads)
    journal.answer()
    assert seqs(await again) == list(range(2, 9))
    assert len(owner.hub) == 2


async def test_one_who_does_not_wait_any_more_takes_nobody_along(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS105] When the first of those who wait for a read goes, the others still get it."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    first, second = come(owner, 1, (epoch, 1)), come(owner, 2, (epoch, 1))
    await until(lambda: journal.reads)
    first.cancel()
    await asyncio.wait([first])
    journal.answer()
    assert seqs(await second) == list(range(2, 9))
