"""The owner of a room: its journal fails, it loses its room, it reads it again, it keeps snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver import cadence, snapshots
from gameserver import owner as owner_module
from gameserver.engine.errors import Closed, Code, Rejected
from gameserver.engine.lease import Step
from gameserver.engine.protocol import OLDEST, History, Join
from gameserver.engine.worlds.chat import Rename, Say
from gameserver.snapshots import SNAPSHOT_EVERY
from tests.gameserver.rooms import (
    ADA,
    AWAY,
    BOB,
    WORLDS,
    Grind,
    HandJournal,
    Keeper,
    Shaky,
    Sink,
    enter,
    is_available,
    make_owner,
    sid,
    until,
    with_a_past,
)
from tests.gameserver.sockets import running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


async def test_a_failed_commit_is_taken_back(journal: HandJournal) -> None:
    """[GS2] All that was under way is refused as unavailable, nobody saw it, the number is given to the next line."""
    owner = await make_owner(journal)
    (ada, ada_sink), (bob, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="lost"))
    owner.receive(bob, Rename(ref=1, name="Robert"))
    journal.commit(AWAY, written=False)
    for sink in (ada_sink, bob_sink):
        (reply,) = sink.of("reply")
        assert (reply["ref"], reply["ok"], reply["code"]) == (1, False, "unavailable")
        assert sink.texts == []
    assert bob.session.who == BOB
    await until(lambda: is_available(owner))
    owner.receive(ada, Say(ref=1, text="kept"))
    journal.commit()
    assert bob_sink.texts == ["kept"]
    assert ada_sink.of("reply")[-1] == {"type": "reply", "ref": 1, "ok": True, "seq": 1}


async def test_while_the_database_is_away_commands_are_refused(journal: HandJournal) -> None:
    """[GS2] Until the room could be read again commands are refused as unavailable, sockets stay, newcomers are sent away."""
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    owner.receive(ada, Say(ref=1, text="lost"))
    journal.broken = AWAY
    journal.commit(AWAY, written=False)
    with pytest.raises(Rejected) as refused:
        owner.receive(ada, Say(ref=2, text="too early"))
    assert (refused.value.code, refused.value.ref) == (Code.UNAVAILABLE, 2)
    with pytest.raises(Rejected):
        await enter(owner, BOB, 1)
    assert (sink.closed, len(owner.hub)) == ([], 1)
    assert [status["available"] for status in sink.of("status")] == [False]
    journal.broken = None
    await until(lambda: len(sink.of("status")) == 2)
    assert sink.of("status")[1] == {"type": "status", "available": True, "text": ""}
    owner.receive(ada, Say(ref=2, text="in time"))
    journal.commit()
    assert sink.texts == ["in time"]


async def test_a_commit_in_doubt_is_shown_when_it_happened(journal: HandJournal) -> None:
    """[GS3] Events of a commit that happened although it seemed to fail are shown once, and a resend gets its first reply."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="first"))
    journal.commit()
    owner.receive(ada, Say(ref=2, text="in doubt"))
    journal.commit(AWAY, written=True)
    await until(lambda: len(bob_sink.texts) == 2)
    assert ada_sink.texts == bob_sink.texts == ["first", "in doubt"]
    await until(lambda: is_available(owner))
    owner.receive(ada, Say(ref=2, text="in doubt"))
    assert ada_sink.of("reply")[-1] == {"type": "reply", "ref": 2, "ok": True, "seq": 2}
    assert journal.waiting == []


async def test_whoever_comes_while_a_commit_is_under_way_misses_nothing(journal: HandJournal) -> None:
    """[EN2] A newcomer's welcome ends before the line under way, which follows as an event."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    owner.receive(ada, Say(ref=1, text="hello"))
    sink = Sink()
    bob, welcome = await owner.join(Join(v=1, sid=sid(1)), BOB, sink)
    owner.hub.release(bob, welcome.position[1])
    assert (welcome.position[1], welcome.events) == (0, ())
    journal.commit()
    assert sink.texts == ["hello"]


async def test_a_room_read_again_has_a_new_epoch(journal: HandJournal) -> None:
    """[GS6] After a failure events carry the next epoch, and a position of the earlier one still gets what follows."""
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    owner.receive(ada, Say(ref=1, text="one"))
    journal.commit()
    epoch = sink.of("events")[0]["epoch"]
    owner.receive(ada, Say(ref=2, text="two"))
    journal.commit(AWAY, written=False)
    await until(lambda: is_available(owner))
    owner.receive(ada, Say(ref=2, text="two"))
    journal.commit()
    assert sink.of("events")[-1]["epoch"] == owner.epoch == epoch + 1
    _, welcome = await owner.join(Join(v=1, sid=sid(1), position=(epoch, 1)), BOB, Sink())
    assert (welcome.recovered, [event["seq"] for event in welcome.events]) == (True, [2])


async def test_an_owner_that_lost_its_room_is_told_once(journal: HandJournal) -> None:
    """[GS4] When another owner has the room, what was under way is refused and the loss is reported, not repaired."""
    keeper = Keeper(journal)
    owner = await make_owner(journal, keeper)
    ada, sink = await enter(owner)
    successor = await make_owner(journal)
    owner.receive(ada, Say(ref=1, text="late"))
    journal.commit()
    assert keeper.gone == [owner]
    assert (sink.texts, sink.of("reply")[0]["code"]) == ([], "unavailable")
    assert owner._opening is None
    assert successor._room is not None
    assert successor._room.seq == 0


async def test_an_owner_that_finds_its_room_taken_is_told(journal: HandJournal) -> None:
    """[GS4] When another Machine took the room while it could not be read, the loss is reported, and not tried again."""
    keeper = Keeper(journal)
    owner = await make_owner(journal, keeper)
    ada, _ = await enter(owner)
    owner.receive(ada, Say(ref=1, text="lost"))
    journal.store.room("main").expires_at = 0.0
    await make_owner(journal, Keeper(journal, "m2"))
    journal.commit(AWAY, written=False)
    await until(lambda: keeper.gone == [owner])
    assert owner._opening is not None
    await until(owner._opening.done)


async def test_a_lease_that_is_not_renewed_is_told(journal: HandJournal) -> None:
    """[GS76] While the lease allows no decisions, commands and joins are refused; what is journalled is shown; a status tells of both."""
    keeper = Keeper(journal)
    owner = await make_owner(journal, keeper)
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="in time"))
    keeper.allowed = Step.REFUSE
    owner.say_status()
    owner.say_status()
    with pytest.raises(Rejected) as refused:
        owner.receive(ada, Say(ref=2, text="too late"))
    assert (refused.value.code, refused.value.ref) == (Code.UNAVAILABLE, 2)
    with pytest.raises(Rejected):
        await enter(owner, BOB, 2)
    journal.commit()
    assert bob_sink.texts == ["in time"]
    assert ada_sink.of("reply")[-1] == {"type": "reply", "ref": 1, "ok": True, "seq": 1}
    keeper.allowed = Step.RENEW
    owner.say_status()
    assert [status["available"] for status in bob_sink.of("status")] == [False, True]
    owner.receive(ada, Say(ref=2, text="again"))


async def test_older_pages_come_from_the_journal(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN10] A page that is not in memory is read from the journal, and looks the same."""
    owner, ada, sink, _ = await with_a_past(journal, monkeypatch)
    journal.reads = None
    owner.receive(ada, History(ref=99, before=4, limit=2))
    (reply,) = await until(lambda: sink.of("reply"))
    assert (reply["ref"], [event["seq"] for event in reply["events"]], reply["more"]) == (99, [2, 3], True)
    journal.broken = AWAY
    owner.receive(ada, History(ref=100, before=4, limit=2))
    await until(lambda: len(sink.of("reply")) == 2)
    assert sink.of("reply")[1]["code"] == "unavailable"


async def test_a_socket_that_was_taken_over_is_not_heard(journal: HandJournal) -> None:
    """[GS10] What the first socket of a session still says after the takeover is not decided."""
    owner = await make_owner(journal)
    old, _ = await enter(owner)
    new, _ = await enter(owner)
    owner.receive(old, Say(ref=1, text="from the past"))
    assert journal.waiting == []
    owner.leave(old)
    owner.receive(new, Say(ref=1, text="now"))
    assert len(journal.waiting) == 1


async def test_a_stopped_owner_gives_up(journal: HandJournal) -> None:
    """[GS26] An owner that is not used any more stops trying to read its room."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    owner.receive(ada, Say(ref=1, text="lost"))
    journal.broken = AWAY
    journal.commit(AWAY, written=False)
    opening = owner._opening
    assert opening is not None
    owner.stop()
    await until(opening.done)
    assert opening.cancelled()


async def test_a_forgotten_version_does_not_come_in(journal: HandJournal) -> None:
    """[EN16] A join in a version that is not spoken any more leaves the room as it was."""
    owner = await make_owner(journal)
    with pytest.raises(Closed):
        await owner.join(Join(v=OLDEST - 1, sid=sid()), ADA, Sink())
    assert len(owner.hub) == 0


async def test_snapshots_come_by_count(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS77] A snapshot is kept whenever so many events came since the last one, and a new owner goes on from it."""
    assert SNAPSHOT_EVERY == 2000
    monkeypatch.setattr(snapshots, "SNAPSHOT_EVERY", 3)
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    ada, _ = await enter(owner)
    for ref in range(1, 9):
        owner.receive(ada, Grind(ref=ref, by=ref))
        journal.commit()
    assert [snapshot.seq for snapshot in journal.store.room("main").snapshots] == [3, 6]
    assert owner.lag == 2
    successor = await make_owner(journal, Keeper(journal, registry=WORLDS))
    assert (successor.lag, successor.world) == (2, "mill")
    _, welcome = await successor.join(Join(v=1, sid=sid(1)), BOB, Sink())
    assert welcome.state == {"mill": {"ground": 36}}


async def test_a_room_keeps_a_snapshot_when_it_retires(journal: HandJournal) -> None:
    """[GS77] An owner that retires has what it decided journalled and shown, then keeps a snapshot; one with nothing new keeps none."""
    journal.auto = True
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    ada, sink = await enter(owner)
    owner.receive(ada, Grind(ref=1, by=5))
    await owner.retire(30.0)
    (snapshot,) = journal.store.room("main").snapshots
    assert (snapshot.seq, snapshot.state["worlds"], len(sink.of("events"))) == (1, {"mill": {"ground": 5}}, 1)
    with pytest.raises(Rejected):
        owner.receive(ada, Grind(ref=2))
    assert sink.of("status") == []
    await owner.retire(30.0)
    assert len(journal.store.room("main").snapshots) == 1


async def test_retiring_ends_when_the_journal_hangs(journal: HandJournal) -> None:
    """[GS77] An owner whose journal does not answer retires all the same, and keeps no snapshot of what is not journalled."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    owner.receive(ada, Say(ref=1, text="under way"))
    await owner.retire(0.01)
    assert journal.store.room("main").snapshots == []


async def test_a_snapshot_holds_only_what_is_journalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS77] A snapshot is taken of what is decided and stands behind it in the journal's queue: when that fails, there is no snapshot."""
    monkeypatch.setattr(snapshots, "SNAPSHOT_EVERY", 1)
    monkeypatch.setattr(cadence, "BURST", 1e9)
    store = Shaky()
    async with running(store, registry=WORLDS) as process:
        owner = await process.owner("cdg", "main", "mill")
        ada, sink = await enter(owner)
        gate = store.shut("append")
        owner.receive(ada, Grind(ref=1))
        owner.receive(ada, Grind(ref=2))
        await until(lambda: store.count("append") == 1)

        def refuse(*_: Any) -> Any:
            raise AWAY

        monkeypatch.setattr(store, "append", refuse)
        gate.set()
        await until(lambda: len(sink.of("reply")) == 2)
        await until(lambda: store.count("snapshot") >= 1)
        await process.journal.call(lambda: None)
        room = store.room("main")
        assert next(arguments[2].seq for name, arguments in store.calls if name == "snapshot") == 2
        assert [entry.event["seq"] for entry in room.journal] == [1]
        assert all(snapshot.seq == 1 for snapshot in room.snapshots)
