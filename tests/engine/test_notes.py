"""What many do many times a second: noted one by one, told together."""

from __future__ import annotations

from contextlib import suppress

import pytest

from gameserver.engine.errors import Closed, Code, Rejected
from gameserver.engine.outcome import NOTED, NOTHING
from gameserver.engine.protocol import History
from gameserver.engine.registry import Registry
from gameserver.engine.room import FIRST_PAGE, Room
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.notes import Pull, Rope
from tests.engine.rooms import BOB, EPOCH, NOW, enter, journalled, say, seqs


def rope_room() -> tuple[Room, Rope]:
    rope = Rope()
    return Room(EPOCH, EPOCH, (Chat(), rope)), rope


def pull(room: Room, times: int, now: float = NOW) -> None:
    """So many passing events."""
    session, _ = enter(room)
    for number in range(times):
        room.receive(session, Pull(far=number % 500), now + number)
        room.gather(now + number)
    room.settle(room.seq)


def test_notes_of_many_are_one_event() -> None:
    """[EN32] Commands that leave notes happen together: one event for all of them, numbered, of nobody, without a reply."""
    room, rope = rope_room()
    ada, bob = enter(room)[0], enter(room, BOB, 1)[0]
    for far in (1, 2, 3):
        assert room.receive(ada, Pull(far=far), NOW) is NOTED
    assert room.receive(bob, Pull(far=7, ref=9), NOW) is NOTED
    assert (room.seq, rope.pulled, room.has_notes) == (0, {}, True)
    outcome = room.gather(NOW)
    (entry,) = journalled(outcome.entries)
    assert entry.event == {"seq": 1, "ev": "rope.pulled", "at": int(NOW * 1000), "to": {"ada": 3, "bob": 7}}
    assert (entry.session, entry.ref, entry.reply, outcome.reply, outcome.after) == ("", 0, None, None, 1)
    assert [event["players"] for event in outcome.ephemeral] == [2]
    assert (rope.pulled, room.has_notes, len(room.replies)) == ({"ada": 3, "bob": 7}, False, 0)
    assert room.gather(NOW) == NOTHING


def test_a_note_is_no_state() -> None:
    """[EN32] What was noted and not told is in no snapshot: whoever comes after a dead owner does not know it."""
    room, _ = rope_room()
    ada, _ = enter(room)
    room.receive(ada, Pull(far=5), NOW)
    again, rope = rope_room()
    again.load(room.snapshot(), [])
    assert (rope.pulled, again.has_notes) == ({}, False)


def test_a_note_may_be_refused() -> None:
    """[EN32] A note that its world refuses is refused by name, and one too many for the rate as every command."""
    room, _ = rope_room()
    ada, _ = enter(room)
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Pull(far=999), NOW)
    assert refused.value.code is Code.TOO_LONG
    with pytest.raises(Closed):  # noqa: PT012
        for _ in range(300):
            with suppress(Rejected):
                room.receive(ada, Pull(far=1), NOW)
    assert room.has_notes


def test_what_leaves_notes_goes_unanswered() -> None:
    """[EN32] A world that would have a command noted and answered stops the start and is named."""
    with pytest.raises(ValueError, match=r"'rope'.*'rope\.pull' leaves a note"):
        Registry([type("Rope", (Rope,), {"unanswered": frozenset()})])


def test_newcomers_are_given_a_view() -> None:
    """[EN33] A fresh start carries what the world shows of its state; what is kept for the next owner is all of it."""
    room, _ = rope_room()
    pull(room, 1)
    assert enter(room)[1].state == {"rope": {"pulled": {"ada": 0}}}
    assert room.snapshot().state["worlds"]["rope"] == {"pulled": {"ada": 0}, "secret": 1}


def test_the_chat_of_a_busy_room_is_seen_by_newcomers() -> None:
    """[EN34] A fresh start carries the last hundred events that are not passing, however many passing ones came since."""
    room, _ = rope_room()
    session, _ = enter(room)
    for ref in range(1, 4):
        say(room, session, ref, f"line {ref}")
    pull(room, 1500, NOW + 10)
    welcome = enter(room)[1]
    assert ([event["text"] for event in welcome.events], welcome.more, welcome.position) == (
        ["line 1", "line 2", "line 3"],
        False,
        (EPOCH, 1503),
    )
    say(room, session, 4, "line 4")
    assert seqs(enter(room)[1].events) == [1, 2, 3, 1504]
    for ref in range(5, FIRST_PAGE + 6):
        say(room, session, ref)
    welcome = enter(room)[1]
    assert (len(welcome.events), welcome.more) == (FIRST_PAGE, True)


def test_pages_hold_what_people_look_back_for() -> None:
    """[EN34] Pages of history have no passing events; what memory does not have of the others is read."""
    room, _ = rope_room()
    session, _ = enter(room)
    for ref in range(1, 6):
        say(room, session, ref)
        pull(room, 3, NOW + ref)
    page = room.receive(session, History(ref=99, before=room.seq + 1, limit=3), NOW + 50).reply
    assert page is not None
    assert (seqs(page["events"]), page["more"]) == ([9, 13, 17], True)
    again, _ = rope_room()
    again.load(room.snapshot(), [])
    assert again.receive(session, History(ref=100, before=room.seq + 1, limit=3), NOW + 60).read == History(100, room.seq + 1, 3)
    whole, _ = rope_room()
    whole.load(room.snapshot(), [], [])
    reply = whole.receive(session, History(ref=101, before=room.seq + 1, limit=3), NOW + 70).reply
    assert reply == {"ref": 101, "ok": True, "events": [], "more": False}


def test_the_largest_message_is_the_worlds() -> None:
    """[EN35] A room takes messages as large as its worlds say."""
    assert (rope_room()[0].max_frame, Room(EPOCH, EPOCH, (Chat(),)).max_frame) == (64 * 1024, 16 * 1024)
