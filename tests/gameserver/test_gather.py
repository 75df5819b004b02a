"""Notes on their way: gathered with each frame, journalled, shown; and what becomes of them when that cannot be."""

from __future__ import annotations

import pytest

from gameserver import owner as owner_module
from gameserver import snapshots
from gameserver.engine.lease import Step
from gameserver.engine.registry import Registry
from gameserver.engine.worlds.chat import Say
from gameserver.engine.worlds.chat import World as Chat
from gameserver.member import Member
from gameserver.owner import Owner
from tests.engine.notes import Pull, Rope
from tests.gameserver.rooms import BOB, HandJournal, Keeper, Sink, enter, make_owner, until

Logs = pytest.LogCaptureFixture
ROPES = Registry([Chat, Rope])


async def rope(journal: HandJournal) -> tuple[Owner, Keeper, tuple[Member, Sink], tuple[Member, Sink]]:
    keeper = Keeper(journal, registry=ROPES)
    owner = await make_owner(journal, keeper, world="rope")
    return owner, keeper, await enter(owner), await enter(owner, BOB, 1)


def pulls(sink: Sink) -> list[dict[str, int]]:
    return [event["to"] for message in sink.of("events") for event in message["events"] if event["ev"] == "rope.pulled"]


async def test_a_lone_note_is_told_at_once(journal: HandJournal) -> None:
    """[GS130] What is noted in a quiet room is journalled at once, and shown to everybody when it is durable (R2)."""
    owner, _, (ada, ada_sink), (_, bob_sink) = await rope(journal)
    owner.receive(ada, Pull(far=5))
    assert (len(journal.waiting), pulls(bob_sink)) == (1, [])
    journal.commit()
    assert pulls(bob_sink) == pulls(ada_sink) == [{"ada": 5}]
    assert ada_sink.of("reply") == []
    owner.stop()


async def test_what_is_noted_meanwhile_is_told_together(journal: HandJournal) -> None:
    """[GS130] What many note while a frame is not due yet becomes one event, with the last of each; nothing is told twice."""
    owner, _, (ada, _), (bob, bob_sink) = await rope(journal)
    journal.auto = True
    for far in range(1, 21):
        owner.receive(ada, Pull(far=far))
        owner.receive(bob, Pull(far=far * 2))
    await until(lambda: bob_sink.of("events") and {"ada": 20, "bob": 40} in [{"ada": 0, "bob": 0} | now for now in pulls(bob_sink)[-1:]])
    assert len(pulls(bob_sink)) < 20
    assert owner.is_settled
    owner.stop()


async def test_what_is_noted_during_a_commit_is_one_event(journal: HandJournal) -> None:
    """[GS130] However many notes come while a commit is under way, one event of them goes with the next one, beside a line."""
    owner, _, (ada, ada_sink), (_, bob_sink) = await rope(journal)
    for far in range(1, 11):
        owner.receive(ada, Pull(far=far))
    owner.receive(ada, Say(ref=1, text="pull!"))
    assert [len(batch.entries) for batch in journal.commit()] == [1]
    assert [[entry.event["ev"] for entry in batch.entries] for batch in journal.commit()] == [["chat.said", "rope.pulled"]]
    assert (pulls(bob_sink), ada_sink.of("reply")[0]["ok"], owner.is_settled) == ([{"ada": 1}, {"ada": 10}], True, True)
    owner.stop()


async def test_notes_that_wait_for_a_slow_commit_are_gathered(journal: HandJournal) -> None:
    """[GS130] A commit that takes longer than a frame keeps no ephemeral event waiting: what was noted is gathered beside it."""
    owner, _, (ada, _), (_, bob_sink) = await rope(journal)
    owner.receive(ada, Pull(far=1))
    owner.receive(ada, Pull(far=2))
    creaks = lambda: [event for message in bob_sink.of("ephemeral") for event in message["events"]]  # noqa: E731
    await until(lambda: len(creaks()) == 2, "what passes")
    assert pulls(bob_sink) == []
    journal.commit()
    journal.commit()
    assert pulls(bob_sink) == [{"ada": 1}, {"ada": 2}]
    owner.stop()


async def test_a_note_that_is_kept_back_is_asked_for_again(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS130] A world that keeps a note for a later frame is asked again, without anything else having to happen."""
    monkeypatch.setattr(Rope, "patience", 3)
    owner, _, (ada, _), (_, bob_sink) = await rope(journal)
    journal.auto = True
    owner.receive(ada, Pull(far=5))
    await until(lambda: pulls(bob_sink) == [{"ada": 5}], "the world to let go of it")
    owner.stop()


async def test_nothing_is_gathered_while_nothing_can_be_kept(journal: HandJournal) -> None:
    """[GS131] While the lease is in doubt no note becomes an event; when it is not any more, it does."""
    owner, keeper, (ada, _), (_, bob_sink) = await rope(journal)
    journal.auto = True
    for far in range(1, 9):
        owner.receive(ada, Pull(far=far))
    keeper.allowed = Step.REFUSE
    await until(lambda: journal.waiting == [] and owner.is_settled)
    seen = pulls(bob_sink)
    assert owner._gather() == owner_module.NOTHING
    keeper.allowed = Step.KEEP
    await until(lambda: pulls(bob_sink)[-1:] == [{"ada": 8}], "the last note")
    assert pulls(bob_sink)[: len(seen)] == seen
    owner.stop()


async def test_heavy_events_make_a_snapshot_due(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN36] A snapshot is due when so many bytes of heavy events have come, however few events that are."""
    monkeypatch.setattr(snapshots, "SNAPSHOT_BYTES", 400)
    monkeypatch.setattr(Rope, "heavy", frozenset({"rope.pulled"}))
    owner, _, (ada, _), _ = await rope(journal)
    kept = journal.store.rooms[owner.key].snapshots
    for far in range(1, 12):
        owner.receive(ada, Pull(far=far))
        await until(lambda: journal.waiting, "the pull to be gathered")
        journal.commit()
        kept = journal.store.rooms[owner.key].snapshots
    assert 1 <= len(kept) <= 4
    assert kept[-1].seq > 2
    owner.stop()


async def test_a_world_that_fails_to_gather(journal: HandJournal, monkeypatch: pytest.MonkeyPatch, caplog: Logs) -> None:
    """[GS131] A world that fails while it gathers costs its notes: the room is read again and goes on with all that was shown."""
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))
    owner, _, (ada, _), (bob, bob_sink) = await rope(journal)
    journal.auto = True
    owner.receive(ada, Pull(far=5))
    await until(lambda: pulls(bob_sink) == [{"ada": 5}])
    owner.receive(ada, Pull(far=666))
    await until(owner._is_available)
    assert "failed to gather" in caplog.text
    owner.receive(bob, Say(ref=1, text="still here"))
    owner.receive(ada, Pull(far=6))
    await until(lambda: bob_sink.texts == ["still here"] and pulls(bob_sink)[-1] == {"ada": 6})
    assert owner.room is not None
    assert owner.room.snapshot().state["worlds"]["rope"]["pulled"] == {"ada": 6}
    owner.stop()
