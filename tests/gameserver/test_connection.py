"""One socket's stay: what it is welcomed with, what it missed, and which room it is in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gameserver import owner as owner_module
from gameserver import reception as reception_module
from gameserver.engine import past
from gameserver.engine.errors import Close, Closed
from gameserver.engine.protocol import Join
from gameserver.engine.room import Welcome
from gameserver.engine.worlds.chat import Say
from gameserver.hub import Member
from gameserver.owner import Owner
from gameserver.process import Process
from gameserver.reception import MEET_S
from tests.gameserver.rooms import (
    ADA,
    AWAY,
    BOB,
    WORLDS,
    Grind,
    HandJournal,
    Keeper,
    Point,
    Shaky,
    Sink,
    enter,
    make_owner,
    sid,
    until,
    with_a_past,
)
from tests.gameserver.sockets import Talk, running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


class Newcomer:
    """Somebody who comes into a room and may have to wait, as a connection does it."""

    def __init__(self, owner: Owner, number: int = 7, position: tuple[int, int] | None = None) -> None:
        self.owner = owner
        self.sink = Sink()
        self.welcome: Welcome | None = None
        self.member: Member | None = None
        self.task = asyncio.ensure_future(self._come(Join(v=1, sid=sid(number), position=position)))

    async def _come(self, join: Join) -> Welcome:
        self.member, self.welcome = await self.owner.join(join, BOB, self.sink)
        self.owner.hub.release(self.member, self.welcome.position[1])
        return self.welcome

    @property
    def seqs(self) -> list[int]:
        """All events that it was ever told of, in order."""
        assert self.welcome is not None
        return [e["seq"] for e in self.welcome.events] + [e["seq"] for frame in self.sink.of("events") for e in frame["events"]]


async def test_a_gap_is_filled_from_the_journal(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS78] What a session missed and memory does not have is read from the journal: exactly that, and told as recovered."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    back = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    journal.answer()
    welcome = await back.task
    assert (welcome.recovered, welcome.position, back.seqs) == (True, (owner.epoch, 8), [2, 3, 4, 5, 6, 7, 8])
    near = Newcomer(owner, 8, position=(epoch, 5))
    assert ((await near.task).recovered, near.seqs, journal.reads) == (True, [6, 7, 8], [])


async def test_what_comes_while_a_gap_is_read_follows(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS78] What is shown while the gap is read is held back, and follows the welcome in order, each event once."""
    owner, ada, _, epoch = await with_a_past(journal, monkeypatch)
    back = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    for ref in (9, 10, 11):
        owner.receive(ada, Say(ref=ref, text=f"line {ref}"))
        journal.commit()
    owner.receive(ada, Say(ref=12, text="line 12"))
    assert back.sink.log == []
    journal.answer()
    welcome = await back.task
    assert welcome.position[1] == 8
    await until(lambda: journal.waiting)
    journal.commit()
    await until(lambda: journal.waiting or len(back.seqs) == 11)
    journal.commit()
    assert back.seqs == list(range(2, 13))


async def test_a_gap_that_cannot_be_read(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS79] When the gap cannot be read, is not whole, or takes too long, the socket is sent away with 4003 and is in the room no more."""
    assert MEET_S == 5
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    broken = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    journal.answer(AWAY)
    holes = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    del journal.store.room("main").journal[2]
    journal.answer()
    monkeypatch.setattr(reception_module, "MEET_S", 0.01)
    silent = Newcomer(owner, position=(epoch, 1))
    for newcomer in (broken, holes, silent):
        with pytest.raises(Closed) as closed:
            await newcomer.task
        assert closed.value.code is Close.OWNER_LOST
    assert len(owner.hub) == 1


async def test_whoever_is_ended_while_waiting_is_not_in_the_room(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS79] A socket whose task is cancelled while its gap is read leaves nobody behind in the room."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    back = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    back.task.cancel()
    await until(back.task.done)
    assert len(owner.hub) == 1


async def test_a_takeover_while_the_first_one_waits(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS80] Of two sockets of a session that both wait the later one comes in; the earlier is closed with 4505 and takes nobody away."""
    owner, ada, _, epoch = await with_a_past(journal, monkeypatch)
    first = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    second = Newcomer(owner, position=(epoch, 0))
    await until(lambda: len(journal.reads or []) == 2)
    assert first.sink.closed[0][0] == 4505
    journal.answer()
    journal.answer()
    with pytest.raises(Closed) as closed:
        await first.task
    assert closed.value.code is Close.TAKEN_OVER
    await second.task
    assert second.member is not None
    assert (owner.hub.holds(second.member), len(owner.hub)) == (True, 2)
    owner.receive(ada, Say(ref=9, text="live"))
    journal.commit()
    assert second.seqs == list(range(1, 10))
    assert first.sink.texts == []


async def test_a_failed_wait_of_the_first_one_takes_nobody_away(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS80] The earlier one's read may fail after the takeover: the later one stays."""
    owner, _, _, epoch = await with_a_past(journal, monkeypatch)
    first = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    second = Newcomer(owner, position=(epoch, 5))
    await second.task
    journal.answer(AWAY)
    with pytest.raises(Closed):
        await first.task
    assert second.member is not None
    assert owner.hub.holds(second.member)


async def test_a_state_is_given_when_all_in_it_is_durable(journal: HandJournal) -> None:
    """[GS81] A newcomer gets a world's state once all in it is journalled, then exactly what came after it, though one frame holds both."""
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    ada, ada_sink = await enter(owner)
    for ref in (1, 2):
        owner.receive(ada, Grind(ref=ref, by=10))
    newcomer = Newcomer(owner)
    await asyncio.sleep(0)
    owner.receive(ada, Grind(ref=3, by=100))
    owner.receive(ada, Point(ref=4))
    journal.commit()
    await asyncio.sleep(0)
    assert (newcomer.welcome, newcomer.sink.log) == (None, [])
    journal.commit()
    welcome = await newcomer.task
    assert [[event["seq"] for event in frame["events"]] for frame in ada_sink.of("events")] == [[1], [2, 3]]
    assert (welcome.position[1], welcome.state, newcomer.seqs) == (2, {"mill": {"ground": 20}}, [1, 2, 3])
    assert [message["type"] for message in newcomer.sink.log if message["type"] != "presence"] == ["ephemeral", "events"]


async def test_a_room_is_read_again_while_somebody_waits(journal: HandJournal) -> None:
    """[GS82] When the commit that a newcomer waits for fails, the welcome is of the room as it was read again."""
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    ada, _ = await enter(owner)
    owner.receive(ada, Grind(ref=1, by=10))
    newcomer = Newcomer(owner)
    await asyncio.sleep(0)
    epoch = owner.epoch
    journal.commit(AWAY, written=False)
    welcome = await newcomer.task
    assert (welcome.position, welcome.state, welcome.events) == ((epoch + 1, 0), {"mill": {"ground": 0}}, ())
    owner.receive(ada, Grind(ref=1, by=10))
    journal.commit()
    assert (newcomer.seqs, len(owner.hub)) == ([1], 2)


async def test_a_room_is_read_again_while_a_gap_is_read(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS82] A gap that was being read when the room was read again is filled all the same, and what came meanwhile follows once."""
    owner, ada, _, epoch = await with_a_past(journal, monkeypatch)
    back = Newcomer(owner, position=(epoch, 1))
    await until(lambda: journal.reads)
    owner.receive(ada, Say(ref=9, text="in doubt"))
    before = owner.epoch
    journal.commit(AWAY, written=True)
    await until(lambda: owner.epoch > before and owner._is_available())
    journal.answer()
    await back.task
    assert back.seqs == list(range(2, 10))


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running(Shaky(), registry=WORLDS) as running_process:
        yield running_process


async def test_a_room_is_made_with_its_world(process: Process) -> None:
    """[GS83] `?world=` makes a room with that lane beside chat; a room that is there keeps its own, whatever is asked."""
    first, second, plain = Talk("mill", query=b"world=mill"), Talk("mill", query=b"world=wind"), Talk("plain")
    assert (await first.joined(1))["world"] == "mill"
    first.send({"cmd": "mill.grind", "ref": 1, "by": 4}, {"cmd": "chat.say", "ref": 2, "text": "both"})
    await until(lambda: process.rooms()[0]._room.durable == 2)
    welcome = await second.joined(2)
    assert (welcome["world"], welcome["state"]) == ("mill", {"mill": {"ground": 4}})
    assert welcome["rates"] == {"chat": [5, 10], "mill": [1000, 1000]}
    welcome = await plain.joined(3)
    assert (welcome["world"], welcome["state"], welcome["rates"]) == ("", {}, {"chat": [5, 10]})
    plain.send({"cmd": "mill.grind", "ref": 1})
    assert (await plain.read())["code"] == "unknown_command"
    process.lost(process.rooms()[0])
    again = Talk("mill", query=b"world=wind")
    assert (await again.joined(4))["state"] == {"mill": {"ground": 4}}
    for talk in (first, second, plain, again):
        await talk.leave()


@pytest.mark.parametrize("query", [b"world=nope", b"world=MILL", b"world=" + b"x" * 500, b"world=%ff"])
async def test_a_world_that_is_not_there(process: Process, query: bytes) -> None:
    """[GS83] An unknown world closes with 4503 and makes no room; other queries change nothing."""
    talk = await Talk("new", query=query).accepted()
    bye, code = await talk.closed()
    assert (bye is not None, code) == (True, 4503)
    await talk.leave()
    assert process.rooms() == []
    other = Talk("new", query=b"why=close&world=")
    assert (await other.joined())["world"] == ""
    await other.leave()


async def test_a_gap_comes_through_a_socket(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS78] Over a socket, too, the welcome comes first, with all that was missed, and then what came while it was read."""
    for module in (owner_module, past):
        monkeypatch.setattr(module, "KEEP", 2)
    store = process.journal.store
    assert isinstance(store, Shaky)
    ada, owner = ADA, await process.owner("cdg", "main")
    member, _ = await enter(owner, ada)
    for ref in range(1, 9):
        owner.receive(member, Say(ref=ref, text="x"))
    await until(lambda: owner.is_settled)
    epoch = owner.epoch
    await owner.retire(30.0)
    process.lost(owner)
    owner = await process.owner("cdg", "main")
    member, _ = await enter(owner, ada)
    gate = store.shut("since")
    talk = await Talk().accepted()
    talk.send({"cmd": "room.join", "v": 1, "sid": sid(5), "position": [epoch, 3]})
    await until(lambda: store.count("since"))
    owner.receive(member, Say(ref=9, text="live"))
    await until(lambda: owner.is_settled)
    gate.set()
    welcome, frame = await talk.read(), await talk.read()
    assert (welcome["recovered"], [event["seq"] for event in welcome["events"]]) == (True, [4, 5, 6, 7, 8])
    assert [event["seq"] for event in frame["events"]] == [9]
    await talk.leave()
