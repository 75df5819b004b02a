"""What worlds do by themselves, and when."""

from __future__ import annotations

import asyncio

import pytest

from gameserver import owner as owner_module
from gameserver import pipeline as pipeline_module
from gameserver.engine.lease import Step
from gameserver.engine.worlds.chat import Say
from gameserver.memory import Memory
from gameserver.owner import Owner
from gameserver.ticker import Ticker
from tests.gameserver.rooms import AWAY, BOB, WORLDS, Grind, HandJournal, Keeper, Mill, Sink, Wind, enter, make_owner, until
from tests.gameserver.sockets import running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


@pytest.fixture
def journal() -> HandJournal:
    return HandJournal(auto=True)


async def windy(journal: HandJournal) -> tuple[Owner, Keeper]:
    keeper = Keeper(journal, registry=WORLDS)
    return await make_owner(journal, keeper, world="wind"), keeper


def turns(sink: Sink) -> list[int]:
    return [event["turns"] for frame in sink.of("events") for event in frame["events"] if event["ev"] == "wind.turned"]


async def ticks_pass(sink: Sink, count: int = 3) -> None:
    have = len(turns(sink))
    await until(lambda: len(turns(sink)) >= have + count, f"{count} ticks")


async def test_worlds_tick_while_somebody_is_in(journal: HandJournal) -> None:
    """[GS85] A world ticks from the first one who comes to the last one who leaves, and again when somebody comes back."""
    owner, _ = await windy(journal)
    assert owner._ticker._timers == {}
    ada, sink = await enter(owner)
    await ticks_pass(sink)
    owner.leave(ada)
    await until(lambda: not owner._ticker._timers, "the ticking to end")
    await until(lambda: owner.is_settled)
    last = journal.store.room("main").journal[-1].event["turns"]
    _, sink = await enter(owner, BOB, 1)
    await ticks_pass(sink)
    assert turns(sink)[0] == last + 1
    owner.stop()
    assert owner._ticker._timers == {}


async def test_what_ticks_lead_to_is_in_the_rooms_order(journal: HandJournal) -> None:
    """[GS85] Journalled events of ticks stand in the room's one sequence with what people say; ephemeral ones have no number."""
    owner, _ = await windy(journal)
    ada, sink = await enter(owner)
    for ref in range(1, 8):
        owner.receive(ada, Say(ref=ref, text=f"{ref}"))
        await ticks_pass(sink, 1)
    await until(lambda: len(sink.of("reply")) == 7)
    events = [event for frame in sink.of("events") for event in frame["events"]]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert turns(sink) == list(range(1, len(turns(sink)) + 1))
    assert all("player" not in event for event in events if event["ev"] == "wind.turned")
    assert {event["ev"] for frame in sink.of("ephemeral") for event in frame["events"]} == {"wind.creaked"}
    owner.stop()


@pytest.mark.parametrize("what", ["lease", "journal"])
async def test_a_room_that_cannot_decide_does_not_tick(journal: HandJournal, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS86] While the lease allows no decisions, or the journal does not answer in time, nothing ticks; afterwards it goes on."""
    owner, keeper = await windy(journal)
    ada, sink = await enter(owner)
    await ticks_pass(sink)
    if what == "lease":
        keeper.allowed = Step.REFUSE
    else:
        monkeypatch.setattr(pipeline_module, "WAIT_S", 0.005)
        journal.auto = False
        await until(lambda: owner._pipeline.stalled)
    assert owner._room is not None
    seq, creaks = owner._room.seq, len(sink.of("ephemeral"))
    due = owner._ticker._timers["wind"].when()
    await until(lambda: owner._ticker._timers["wind"].when() > due + Wind.tick_s, "ticks to come due")
    assert (owner._room.seq, len(sink.of("ephemeral"))) == (seq, creaks)
    keeper.allowed, journal.auto = Step.KEEP, True
    journal.commit()
    await ticks_pass(sink)
    assert turns(sink) == list(range(1, len(turns(sink)) + 1))
    owner.leave(ada)
    owner.stop()


async def test_a_room_that_was_read_again_ticks_on(journal: HandJournal) -> None:
    """[GS86] After a failed commit the world goes on from what is journalled: nobody sees a tick twice, none is missing."""
    owner, _ = await windy(journal)
    _, sink = await enter(owner)
    await ticks_pass(sink)
    epoch = owner.epoch
    journal.auto = False
    await until(lambda: journal.waiting)
    journal.commit(AWAY, written=False)
    journal.auto = True
    await until(lambda: owner.epoch > epoch)
    await ticks_pass(sink)
    assert turns(sink) == list(range(1, len(turns(sink)) + 1))
    owner.stop()


async def test_a_world_that_ticks_may_ask_for_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS77] A world whose state its journal does not hold has it kept every few seconds while it ticks."""
    monkeypatch.setattr(Wind, "snapshot_s", 0.001)
    memory = Memory()
    async with running(memory, registry=WORLDS) as process:
        await enter(await process.owner("cdg", "main", "wind"))
        await until(lambda: memory.room("main").snapshots)
        assert memory.room("main").snapshots[-1].state["worlds"]["wind"]["turns"] >= 1


async def test_a_late_tick_is_not_made_up_for() -> None:
    """[GS85] However late a tick is, the next one comes a full pace behind it; who asks twice does not tick twice."""
    ticked: list[str] = []
    ticker = Ticker(ticked.append, lambda: True)
    world = Wind()
    ticker.keep([world])
    timer = ticker._timers["wind"]
    ticker.keep([world])
    assert ticker._timers["wind"] is timer
    timer.cancel()
    now = asyncio.get_running_loop().time()
    ticker._due("wind", 3600.0, now - 10_000.0)
    assert (ticked, ticker._timers["wind"].when() >= now) == (["wind"], True)
    ticker.stop()


@pytest.mark.parametrize("under_way", [False, True])
async def test_a_world_that_fails_ends_one_socket(journal: HandJournal, monkeypatch: pytest.MonkeyPatch, under_way: bool) -> None:
    """[GS89] A world's fault ends the socket whose command it was; the room is read again and goes on, with what landed meanwhile."""
    monkeypatch.setattr(pipeline_module, "WAIT_S", 0.02)
    journal.auto = False
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    (ada, sink), (bob, _) = await enter(owner), await enter(owner, BOB, 1)
    if under_way:
        owner.receive(ada, Grind(ref=1, by=3))
    with monkeypatch.context() as patch:
        patch.setattr(Mill, "decide", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            owner.receive(bob, Grind(ref=1))
    journal.commit()
    await until(lambda: owner._is_available())
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(pipeline_module.WAIT_S * 2, done.set)
    await done.wait()
    assert owner._is_available(), "a timer of what was given up stalled the room"
    owner.receive(ada, Grind(ref=1, by=3))
    journal.commit()
    assert [event["by"] for frame in sink.of("events") for event in frame["events"]] == [3]
    assert [reply["ok"] for reply in sink.of("reply")] == [False, True] if under_way else [True]


async def test_a_world_that_fails_in_its_tick_ticks_no_more(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS89] A tick that fails is logged, the world ticks no more in this room, and people go on."""
    owner, _ = await windy(journal)
    ada, sink = await enter(owner)
    await ticks_pass(sink)
    monkeypatch.setattr(Wind, "tick", lambda *_: 1 / 0)
    await until(lambda: [status["available"] for status in sink.of("status")] == [False, True])
    await until(lambda: not owner._ticker._timers, "the ticking to end")
    owner.receive(ada, Say(ref=1, text="we go on"))
    await until(lambda: "we go on" in sink.texts)
    owner.stop()
