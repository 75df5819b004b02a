"""Decided, journalled, shown, replied: and what happens when the journal is slow, or fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gameserver import cadence
from gameserver import owner as owner_module
from gameserver import pipeline as module
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import Join, Ping
from gameserver.engine.worlds.chat import Rename, Say
from gameserver.engine.worlds.chat import World as Chat
from gameserver.hub import Member
from gameserver.owner import Owner
from gameserver.pipeline import WAIT_S, refusal
from tests.gameserver.rooms import AWAY, BOB, WORLDS, HandJournal, Keeper, Point, Sink, Wind, enter, is_available, make_owner, sid, until
from tests.gameserver.sockets import running


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))


def kinds(sink: Sink) -> list[str]:
    return [message["type"] for message in sink.log if message["type"] != "presence"]


async def test_decided_journalled_shown_replied(journal: HandJournal) -> None:
    """[GS1] Nobody hears of a line before its commit; then all see it, and its sender gets the reply after the event."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="hello"))
    assert (kinds(ada_sink), kinds(bob_sink)) == ([], [])
    journal.commit()
    assert (kinds(ada_sink), kinds(bob_sink)) == (["events", "reply"], ["events"])
    assert ada_sink.of("reply") == [{"type": "reply", "ref": 1, "ok": True, "seq": 1}]
    assert bob_sink.texts == ["hello"]


async def test_what_comes_meanwhile_is_one_batch_and_one_frame(journal: HandJournal) -> None:
    """[GS8] Lines that come while a commit is under way are journalled together, and shown in one message, in order."""
    owner = await make_owner(journal)
    (ada, ada_sink), (bob, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="one"))
    for ref, text in ((2, "two"), (3, "three")):
        owner.receive(bob, Say(ref=ref, text=text))
    assert [len(batch.entries) for batch in journal.commit()] == [1]
    assert [len(batch.entries) for batch in journal.commit()] == [2]
    assert [len(message["events"]) for message in ada_sink.of("events")] == [1, 2]
    assert ada_sink.texts == bob_sink.texts == ["one", "two", "three"]
    assert bob_sink.prepared[-3].text == ada_sink.prepared[-1].text


async def test_replies_ride_behind_the_frame(journal: HandJournal) -> None:
    """[GS70] The frame and the sender's replies behind it are one write; others are written the frame alone."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    for ref in (1, 2, 3):
        owner.receive(ada, Say(ref=ref, text="x"))
    journal.commit()
    journal.commit()
    assert (ada_sink.writes, kinds(ada_sink)) == ([2, 3], ["events", "reply", "events", "reply", "reply"])
    assert bob_sink.writes == [1, 1]


async def test_a_lone_line_is_not_delayed(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS71] A few lines go to the journal at once; what comes on top of them waits for the room's next frame."""
    monkeypatch.setattr(cadence, "BURST", 2.0)
    monkeypatch.setattr(Chat, "frames", 1 / 3600)
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    for ref in (1, 2):
        owner.receive(ada, Say(ref=ref, text="alone"))
        assert len(journal.commit()) == 1
    for ref in (3, 4):
        owner.receive(ada, Say(ref=ref, text="waits"))
    assert (journal.waiting, len(sink.texts)) == ([], 2)
    owner.stop()


async def test_a_frame_that_waited_goes_by_itself(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS71] What waited for its frame goes when it is time, together and in order."""
    monkeypatch.setattr(cadence, "BURST", 1.0)
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    owner.receive(ada, Say(ref=1, text="1"))
    journal.commit()
    for ref in (2, 3):
        owner.receive(ada, Say(ref=ref, text=f"{ref}"))
    assert journal.waiting == []
    await until(lambda: journal.waiting)
    assert [len(batch.entries) for batch in journal.commit()] == [2]
    assert sink.texts == ["1", "2", "3"]


async def test_a_crowd_is_shown_everything_in_order() -> None:
    """[GS71] Under load there are fewer frames than lines, and everybody gets all events in order, each once."""
    async with running() as process:
        owner = await process.owner("cdg", "main")
        people = [await enter(owner, BOB, number) for number in range(8)]
        for ref in range(1, 10):
            for member, _ in people:
                owner.receive(member, Say(ref=ref, text="x"))
            await asyncio.sleep(0)
        for _, sink in people:
            await until(lambda sink=sink: len(sink.of("reply")) == 9)
            frames = sink.of("events")
            assert [event["seq"] for frame in frames for event in frame["events"]] == list(range(1, 73))
            assert len(frames) < 72


async def test_a_resend_is_not_answered_before_its_commit(journal: HandJournal) -> None:
    """[GS1] A resend of a command that is under way gets its reply when that is durable, not before."""
    owner = await make_owner(journal)
    ada, sink = await enter(owner)
    owner.receive(ada, Say(ref=1, text="hello"))
    owner.receive(ada, Say(ref=1, text="hello"))
    assert kinds(sink) == []
    journal.commit()
    assert sink.of("reply") == [{"type": "reply", "ref": 1, "ok": True, "seq": 1}] * 2
    assert journal.waiting == []


async def test_a_new_name_is_not_told_before_its_commit(journal: HandJournal) -> None:
    """[GS1] Presence tells the old name until the renaming is durable."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    owner.receive(ada, Rename(ref=1, name="Countess"))
    assert owner.hub.present()[0]["name"] == "Ada"
    journal.commit()
    assert owner.hub.present()[0]["name"] == "Countess"


async def test_a_ping_is_answered_at_once(journal: HandJournal) -> None:
    """[GS72] A ping asks for the socket's life: it is answered at once, also while a commit is under way or the database is away."""
    keeper = Keeper(journal)
    owner = await make_owner(journal, keeper)
    ada, sink = await enter(owner)
    owner.receive(ada, Ping(ref=1))
    owner.receive(ada, Say(ref=2, text="x"))
    owner.receive(ada, Ping(ref=3))
    assert sink.of("reply") == [{"type": "reply", "ref": ref, "ok": True} for ref in (1, 3)]
    journal.broken = AWAY
    journal.commit(AWAY, written=False)
    owner.receive(ada, Ping(ref=4))
    assert [reply["ref"] for reply in sink.of("reply") if reply["ok"]] == [1, 3, 4]
    owner.stop()


async def test_ephemeral_events_do_not_wait(journal: HandJournal) -> None:
    """[GS73] Ephemeral events are shown to everybody at once, in a message of their own, whatever is under way in the journal."""
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="mill")
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="under way"))
    owner.receive(ada, Point(ref=2))
    for sink in (ada_sink, bob_sink):
        (message,) = sink.of("ephemeral")
        assert (message["epoch"], [event["ev"] for event in message["events"]]) == (owner.epoch, ["mill.pointed"])
        assert "seq" not in message["events"][0]
    assert ada_sink.of("reply") == [{"type": "reply", "ref": 2, "ok": True}]
    journal.commit()
    assert bob_sink.texts == ["under way"]


async def test_ephemeral_events_go_with_a_commit_that_is_quick(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS73] Ephemeral events that come with a journalled one are in its frame when its commit is quick, and go alone when it is not."""
    monkeypatch.setattr(module, "MERGE_S", 3600.0)
    monkeypatch.setattr(Wind, "tick_s", 0.0)
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world="wind")
    _, sink = await enter(owner)
    owner._tick("wind")
    assert kinds(sink) == []
    journal.commit()
    assert (kinds(sink), sink.writes[-1]) == (["events", "ephemeral"], 2)
    monkeypatch.setattr(module, "MERGE_S", 0.001)
    owner._tick("wind")
    await until(lambda: kinds(sink)[2:] == ["ephemeral"], "the event that passes")
    journal.commit()
    assert kinds(sink)[2:] == ["ephemeral", "events"]
    owner.stop()


@pytest.mark.parametrize(("world", "frames"), [("", 30.0), ("mill", 60.0), ("wind", 30.0)])
async def test_a_world_says_how_often_it_is_shown(journal: HandJournal, monkeypatch: pytest.MonkeyPatch, world: str, frames: float) -> None:
    """[GS71] The fastest world of a room says how often it shows something: thirty times a second where none says more."""
    made: list[float] = []
    monkeypatch.setattr(module, "Cadence", lambda frames: made.append(frames) or cadence.Cadence(frames))
    monkeypatch.setattr(WORLDS.worlds["mill"], "frames", 60.0)
    monkeypatch.setattr(WORLDS.worlds["wind"], "frames", 10.0)
    owner = await make_owner(journal, Keeper(journal, registry=WORLDS), world=world)
    assert made[-1] == frames
    owner.stop()


async def test_a_sender_that_left_is_not_missed(journal: HandJournal) -> None:
    """[GS21] A line whose sender is gone before the commit is shown to the others."""
    owner = await make_owner(journal)
    ada, _ = await enter(owner)
    _, bob_sink = await enter(owner, BOB, 1)
    owner.receive(ada, Say(ref=1, text="bye"))
    owner.leave(ada)
    journal.commit()
    assert bob_sink.texts == ["bye"]


async def stalled(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> tuple[Owner, Member, Sink, Sink]:
    """A room whose journal does not answer; one line of Ada's is being journalled, another waits behind it, Bob listens."""
    owner = await make_owner(journal)
    (ada, ada_sink), (_, bob_sink) = await enter(owner), await enter(owner, BOB, 1)
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    owner.receive(ada, Say(ref=1, text="slow"))
    owner.receive(ada, Say(ref=2, text="behind"))
    await until(lambda: bob_sink.of("status"), "the room to say that it is stalled")
    return owner, ada, ada_sink, bob_sink


async def test_a_journal_that_is_slow_is_told(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS74] After three seconds the senders are refused as unavailable, and so is whoever comes; nothing is shown; a status says so."""
    assert WAIT_S == 3
    owner, ada, ada_sink, bob_sink = await stalled(journal, monkeypatch)
    assert [(reply["ref"], reply["ok"], reply["code"]) for reply in ada_sink.of("reply")] == [
        (1, False, "unavailable"),
        (2, False, "unavailable"),
    ]
    for refused in (Say(ref=3, text="new"), Say(ref=1, text="slow")):
        with pytest.raises(Rejected) as error:
            owner.receive(ada, refused)
        assert error.value.code is Code.UNAVAILABLE
    with pytest.raises(Rejected):
        await enter(owner, BOB, 2)
    for sink in (ada_sink, bob_sink):
        (status,) = sink.of("status")
        assert status["available"] is False
        assert status["text"]
        assert sink.texts == []


async def test_a_slow_commit_that_lands(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS75] A commit that lands after all is shown once, a resend gets the first reply, and the room is available again."""
    owner, ada, ada_sink, bob_sink = await stalled(journal, monkeypatch)
    journal.commit()
    assert [status["available"] for status in bob_sink.of("status")] == [False, True]
    owner.receive(ada, Say(ref=1, text="slow"))
    owner.receive(ada, Say(ref=2, text="behind"))
    journal.commit()
    await until(lambda: journal.waiting or len(ada_sink.of("reply")) == 4)
    journal.commit()
    assert ada_sink.texts == bob_sink.texts == ["slow", "behind"]
    assert ada_sink.of("reply")[2:] == [{"type": "reply", "ref": ref, "ok": True, "seq": ref} for ref in (1, 2)]


async def test_a_slow_commit_that_fails(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS75] A commit that fails after all is taken back without a second refusal, the room is read again, and a resend is decided anew."""
    owner, ada, ada_sink, bob_sink = await stalled(journal, monkeypatch)
    journal.commit(AWAY, written=False)
    await until(lambda: is_available(owner))
    await until(lambda: len(bob_sink.of("status")) == 2)
    owner.receive(ada, Say(ref=1, text="slow"))
    journal.commit()
    assert ada_sink.texts == bob_sink.texts == ["slow"]
    assert [(reply["ref"], reply["ok"]) for reply in ada_sink.of("reply")] == [(1, False), (2, False), (1, True)]
    assert [status["available"] for status in ada_sink.of("status")] == [False, True]


async def test_a_stalled_room_that_was_given_up_shows_nothing(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS74] What lands when the owner is not used any more is not shown by it: whoever owns the room next finds it in the journal."""
    owner, _, ada_sink, bob_sink = await stalled(journal, monkeypatch)
    owner.stop()
    journal.commit()
    assert (ada_sink.texts, bob_sink.texts) == ([], [])
    successor = await make_owner(journal)
    _, welcome = await successor.join(Join(v=1, sid=sid(1)), BOB, Sink())
    assert [event["text"] for event in welcome.events] == ["slow"]


async def test_a_refusal_for_the_rate_says_how_long() -> None:
    """[EN11] The message for a rate refusal carries wait_ms; others do not, and those without a ref are errors."""
    rate = refusal(Rejected(Code.RATE, "slow down", wait_ms=120, ref=4))
    assert rate == {"type": "reply", "ref": 4, "ok": False, "code": "rate", "text": "slow down", "wait_ms": 120}
    error: dict[str, Any] = refusal(Rejected(Code.BAD_MESSAGE, "what"))
    assert error == {"type": "error", "code": "bad_message", "text": "what"}
