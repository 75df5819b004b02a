"""The owner of a room: decided, journalled, shown, replied; and what happens when the journal fails."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from gameserver import owner as owner_module
from gameserver.engine.errors import Closed, Code, Rejected
from gameserver.engine.protocol import History, Join, Ping, Rename, Say
from gameserver.owner import Owner
from tests.gameserver.rooms import ADA, BOB, HandJournal, Sink, enter, make_owner, sid, until

AWAY = OperationalError("away")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


@pytest.fixture
def journal() -> HandJournal:
    return HandJournal()


def kinds(sink: Sink) -> list[str]:
    return [message["type"] for message in sink.log if message["type"] != "presence"]


async def test_decided_journalled_shown_replied(journal: HandJournal) -> None:
    """[GS1] Nobody hears of a line before its commit; then all see it, and its sender gets the reply after the event."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = enter(owner), enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="hello"))
    assert (kinds(ada_sink), kinds(bob_sink)) == ([], [])
    journal.commit()
    assert (kinds(ada_sink), kinds(bob_sink)) == (["events", "reply"], ["events"])
    assert ada_sink.of("reply") == [{"type": "reply", "ref": 1, "ok": True, "seq": 1}]
    assert bob_sink.texts == ["hello"]


async def test_what_comes_meanwhile_is_one_batch_and_one_frame(journal: HandJournal) -> None:
    """[GS8] Lines that come while a commit is under way are journalled together, and shown in one message, in order."""
    owner = await make_owner(journal)
    (ada, ada_sink), (bob, bob_sink) = enter(owner), enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="one"))
    for ref, text in ((2, "two"), (3, "three")):
        owner.receive(bob, Say(ref=ref, text=text))
    assert [len(batch.entries) for batch in journal.commit()] == [1]
    assert [len(batch.entries) for batch in journal.commit()] == [2]
    assert [len(message["events"]) for message in ada_sink.of("events")] == [1, 2]
    assert ada_sink.texts == bob_sink.texts == ["one", "two", "three"]
    assert bob_sink.prepared[-3].text == ada_sink.prepared[-1].text


async def test_a_resend_is_not_answered_before_its_commit(journal: HandJournal) -> None:
    """[GS1] A resend of a command that is under way gets its reply when that is durable, not before."""
    owner = await make_owner(journal)
    ada, sink = enter(owner)
    owner.receive(ada, Say(ref=1, text="hello"))
    owner.receive(ada, Say(ref=1, text="hello"))
    assert kinds(sink) == []
    journal.commit()
    assert sink.of("reply") == [{"type": "reply", "ref": 1, "ok": True, "seq": 1}] * 2
    assert journal.waiting == []


async def test_whoever_comes_while_a_commit_is_under_way_misses_nothing(journal: HandJournal) -> None:
    """[EN2] A newcomer's welcome ends before the line under way, which follows as an event."""
    owner = await make_owner(journal)
    ada, _ = enter(owner)
    owner.receive(ada, Say(ref=1, text="hello"))
    sink = Sink()
    _, welcome = owner.join(Join(v=1, sid=sid(1)), BOB, sink)
    assert (welcome.position[1], welcome.events) == (0, ())
    journal.commit()
    assert sink.texts == ["hello"]


async def test_a_new_name_is_not_told_before_its_commit(journal: HandJournal) -> None:
    """[GS1] Presence tells the old name until the renaming is durable."""
    owner = await make_owner(journal)
    ada, _ = enter(owner)
    owner.receive(ada, Rename(ref=1, name="Countess"))
    assert owner.hub.present()[0]["name"] == "Ada"
    journal.commit()
    assert owner.hub.present()[0]["name"] == "Countess"


async def test_a_failed_commit_is_taken_back(journal: HandJournal) -> None:
    """[GS2] All that was under way is refused as unavailable, nobody saw it, the number is given to the next line."""
    owner = await make_owner(journal)
    (ada, ada_sink), (bob, bob_sink) = enter(owner), enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="lost"))
    owner.receive(bob, Rename(ref=1, name="Robert"))
    journal.commit(AWAY, written=False)
    for sink in (ada_sink, bob_sink):
        (reply,) = sink.of("reply")
        assert (reply["ref"], reply["ok"], reply["code"]) == (1, False, "unavailable")
        assert sink.texts == []
    assert bob.session.who == BOB
    await until(lambda: owner._room is not None)
    owner.receive(ada, Say(ref=1, text="kept"))
    journal.commit()
    assert bob_sink.texts == ["kept"]
    assert ada_sink.of("reply")[-1] == {"type": "reply", "ref": 1, "ok": True, "seq": 1}


async def test_while_the_database_is_away_commands_are_refused(journal: HandJournal) -> None:
    """[GS2] Until the room could be read again commands are refused as unavailable, sockets stay, newcomers are sent away."""
    owner = await make_owner(journal)
    ada, sink = enter(owner)
    owner.receive(ada, Say(ref=1, text="lost"))
    journal.broken = AWAY
    journal.commit(AWAY, written=False)
    with pytest.raises(Rejected) as refused:
        owner.receive(ada, Say(ref=2, text="too early"))
    assert (refused.value.code, refused.value.ref) == (Code.UNAVAILABLE, 2)
    with pytest.raises(Rejected):
        enter(owner, BOB, 1)
    assert sink.closed == []
    journal.broken = None
    await until(lambda: owner._room is not None)
    owner.receive(ada, Say(ref=2, text="in time"))
    journal.commit()
    assert sink.texts == ["in time"]


async def test_a_commit_in_doubt_is_shown_when_it_happened(journal: HandJournal) -> None:
    """[GS3] Events of a commit that happened although it seemed to fail are shown once, and a resend gets its first reply."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = enter(owner), enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="first"))
    journal.commit()
    owner.receive(ada, Say(ref=2, text="in doubt"))
    journal.commit(AWAY, written=True)
    await until(lambda: len(bob_sink.texts) == 2)
    assert ada_sink.texts == bob_sink.texts == ["first", "in doubt"]
    owner.receive(ada, Say(ref=2, text="in doubt"))
    assert ada_sink.of("reply")[-1] == {"type": "reply", "ref": 2, "ok": True, "seq": 2}
    assert journal.waiting == []


async def test_a_room_read_again_has_a_new_epoch(journal: HandJournal) -> None:
    """[GS6] After a failure events carry the next epoch, and a position of the earlier one still gets what follows."""
    owner = await make_owner(journal)
    ada, sink = enter(owner)
    owner.receive(ada, Say(ref=1, text="one"))
    journal.commit()
    epoch = sink.of("events")[0]["epoch"]
    owner.receive(ada, Say(ref=2, text="two"))
    journal.commit(AWAY, written=False)
    await until(lambda: owner._room is not None)
    owner.receive(ada, Say(ref=2, text="two"))
    journal.commit()
    assert sink.of("events")[-1]["epoch"] == epoch + 1
    _, welcome = owner.join(Join(v=1, sid=sid(1), position=(epoch, 1)), BOB, Sink())
    assert (welcome.recovered, [event["seq"] for event in welcome.events]) == (True, [2])


async def test_an_owner_that_lost_its_room_is_told_once(journal: HandJournal) -> None:
    """[GS4] When another owner has the room, what was under way is refused and the loss is reported, not repaired."""
    lost: list[Owner] = []
    owner = await make_owner(journal, lost.append)
    ada, sink = enter(owner)
    successor = await make_owner(journal)
    owner.receive(ada, Say(ref=1, text="late"))
    journal.commit()
    assert lost == [owner]
    assert (sink.texts, sink.of("reply")[0]["code"]) == ([], "unavailable")
    assert owner._opening is None
    assert successor._room is not None
    assert successor._room.seq == 0


async def test_older_pages_come_from_the_journal(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN10] A page that is not in memory is read from the journal, and looks the same."""
    monkeypatch.setattr(owner_module, "KEEP", 5)
    first = await make_owner(journal)
    ada, _ = enter(first)
    for ref in range(1, 9):
        first.receive(ada, Say(ref=ref, text=f"line {ref}"))
        journal.commit()
    owner = await make_owner(journal)
    ada, sink = enter(owner)
    owner.receive(ada, History(ref=99, before=4, limit=2))
    (reply,) = await until(lambda: sink.of("reply"))
    assert (reply["ref"], [event["seq"] for event in reply["events"]], reply["more"]) == (99, [2, 3], True)
    journal.broken = AWAY
    owner.receive(ada, History(ref=100, before=4, limit=2))
    await until(lambda: len(sink.of("reply")) == 2)
    assert sink.of("reply")[1]["code"] == "unavailable"


async def test_a_ping_is_answered_at_once_or_behind_a_commit(journal: HandJournal) -> None:
    """[GS1] A ping tells whether the room answers: at once when nothing is under way, else behind what is."""
    owner = await make_owner(journal)
    ada, sink = enter(owner)
    owner.receive(ada, Ping(ref=1))
    assert sink.of("reply") == [{"type": "reply", "ref": 1, "ok": True}]
    owner.receive(ada, Say(ref=2, text="x"))
    owner.receive(ada, Ping(ref=3))
    assert len(sink.of("reply")) == 1
    journal.commit()
    assert [reply["ref"] for reply in sink.of("reply")] == [1, 2, 3]


async def test_a_socket_that_was_taken_over_is_not_heard(journal: HandJournal) -> None:
    """[GS10] What the first socket of a session still says after the takeover is not decided."""
    owner = await make_owner(journal)
    old, _ = enter(owner)
    new, _ = enter(owner)
    owner.receive(old, Say(ref=1, text="from the past"))
    assert journal.waiting == []
    owner.leave(old)
    owner.receive(new, Say(ref=1, text="now"))
    assert len(journal.waiting) == 1


async def test_a_sender_that_left_is_not_missed(journal: HandJournal) -> None:
    """[GS21] A line whose sender is gone before the commit is shown to the others."""
    owner = await make_owner(journal)
    ada, _ = enter(owner)
    _, bob_sink = enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="bye"))
    owner.leave(ada)
    journal.commit()
    assert bob_sink.texts == ["bye"]


async def test_a_stopped_owner_gives_up(journal: HandJournal) -> None:
    """[GS26] An owner that is not used any more stops trying to read its room."""
    owner = await make_owner(journal)
    ada, _ = enter(owner)
    owner.receive(ada, Say(ref=1, text="lost"))
    journal.broken = AWAY
    journal.commit(AWAY, written=False)
    opening = owner._opening
    assert opening is not None
    owner.stop()
    await until(opening.done)
    assert opening.cancelled()


async def test_a_refusal_for_the_rate_says_how_long(journal: HandJournal) -> None:
    """[EN11] The message for a rate refusal carries wait_ms; others do not, and those without a ref are errors."""
    rate = owner_module.refusal(Rejected(Code.RATE, "slow down", wait_ms=120, ref=4))
    assert rate == {"type": "reply", "ref": 4, "ok": False, "code": "rate", "text": "slow down", "wait_ms": 120}
    error: dict[str, Any] = owner_module.refusal(Rejected(Code.BAD_MESSAGE, "what"))
    assert error == {"type": "error", "code": "bad_message", "text": "what"}


async def test_another_version_does_not_come_in(journal: HandJournal) -> None:
    """[EN16] A join in another version leaves the room as it was."""
    owner = await make_owner(journal)
    with pytest.raises(Closed):
        owner.join(Join(v=2, sid=sid()), ADA, Sink())
    assert len(owner.hub) == 0
