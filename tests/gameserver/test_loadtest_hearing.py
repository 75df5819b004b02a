"""What one bot of the load test takes, and what it calls a loss: by values."""

from __future__ import annotations

import pytest

from gameserver.loadtest.session import Session
from tests.gameserver.hand_room import EPOCH, HandRoom, S, line


@pytest.fixture
def room() -> HandRoom:
    return HandRoom()


def test_latency_counts_from_when_it_was_due(room: HandRoom) -> None:
    """[LT2] Events and replies are as late as the time since their command was due, not since it was sent."""
    room.say(room.now_us - 3000)
    room.now_us += 1000
    room.shown(line(11, 3, 1, room.now_us - 4000), line(12, 7, 1, room.now_us - 200), line(13, run="other"))
    room.now_us += 10
    room.reply(1, ok=True, seq=11)
    assert (room.tally.delivery.count, room.tally.delivery.longest_us, room.tally.delivery.percentile(0.5)) == (2, 4000, 200)
    assert (room.tally.reply.count, room.tally.reply.longest_us) == (1, 4010)
    assert room.session.promised == 11
    assert room.lost == {}


def test_ephemeral_events_have_a_latency_and_no_number(room: HandRoom) -> None:
    """An ephemeral event changes no position."""
    passing = {"ev": "chat.said", "text": f"load run 1 1 {room.now_us - 70}"}
    room.session.passed(room.read(type="ephemeral", epoch=EPOCH, events=[passing])[1], room.now_us)
    assert (room.tally.delivery.percentile(1.0), room.session.seq) == (70, 10)


def test_a_gap(room: HandRoom) -> None:
    """[LT3] Numbers that are left out are lost, and the position stays before them: the bot joins anew from there."""
    assert room.shown(line(11)) is True
    assert room.shown(line(14), line(15)) is False
    assert (room.lost, room.session.seq) == ({"gap": 2}, 11)
    assert room.shown(line(12), line(14)) is False
    assert (room.lost, room.session.seq) == ({"gap": 3}, 12)


def test_a_repeat(room: HandRoom) -> None:
    """[LT3] A number that comes again is counted and changes nothing; what is new beside it is taken once."""
    room.shown(line(11), line(12))
    assert room.shown(line(12, ref=12), line(13)) is True
    assert (room.lost, room.session.seq, room.tally.delivery.count) == ({"repeated": 1}, 13, 3)


def test_a_wrong_order(room: HandRoom) -> None:
    """[LT3] Two events that are swapped are a gap: the later one came too early."""
    assert room.shown(line(12), line(11)) is False
    assert room.lost == {"gap": 1}


def test_an_epoch_that_falls(room: HandRoom) -> None:
    """[LT3] An epoch rises with a new owner, and never falls."""
    room.shown(line(11), epoch=EPOCH + 1)
    assert room.lost == {}
    room.shown(line(12), epoch=EPOCH)
    assert room.lost == {"disordered": 1}
    room.welcome(12, recovered=True, epoch=EPOCH - 5)
    assert room.lost == {"disordered": 2}


def test_events_before_the_welcome(room: HandRoom) -> None:
    """[LT3] A bot that was not welcomed is shown nothing."""
    room.session.gone()
    room.shown(line(11))
    assert (room.lost, room.session.seq) == ({"disordered": 1}, 10)


def test_the_first_welcome_is_no_delivery(room: HandRoom) -> None:
    """What was there before a bot came was not said to it."""
    late = Session(9, "l" * 22, room.scenario, room.ledger, room.tally)
    message, batch = room.read(type="welcome", position=[EPOCH, 12], events=[line(11), line(12)], rates={})
    assert late.welcomed(message, batch, room.now_us)
    assert (late.seq, room.tally.delivery.count, room.lost) == (12, 0, {})


def test_what_was_missed_comes_with_the_welcome(room: HandRoom) -> None:
    """[LT4] Events that a returning bot missed are deliveries, as late as they are; the welcome has all of them or is a gap."""
    room.session.gone()
    room.now_us += 9 * S
    assert room.welcome(12, line(11, due_us=room.now_us - 8 * S), line(12, due_us=room.now_us), recovered=True)
    assert (room.session.seq, room.tally.delivery.longest_us, room.lost) == (12, 8 * S, {})
    room.session.gone()
    assert not room.welcome(14, line(14), recovered=True)
    assert not room.welcome(14, line(13), recovered=True)
    assert room.lost == {"gap": 2}


def test_a_fresh_start_after_a_small_gap(room: HandRoom) -> None:
    """[LT3] Whoever missed 3000 events or fewer gets them; a fresh start that leaves some out has lost them."""
    room.session.gone()
    assert room.welcome(210, *(line(seq) for seq in range(111, 211)))
    assert (room.lost, room.session.seq, room.tally.delivery.count) == ({"gap": 100}, 210, 100)


def test_a_fresh_start_after_a_large_gap(room: HandRoom) -> None:
    """[LT3] Beyond 3000 events a fresh start is what the protocol says: the others are skipped, not lost."""
    room.say(1)
    room.session.gone()
    assert room.welcome(3111, *(line(seq) for seq in range(3012, 3112)))
    assert room.lost == {}
    assert (room.tally.counts["fresh"], room.tally.counts["skipped"]) == (1, 3001)
    room.sent()
    room.reply(1, ok=True, seq=50)
    assert room.lost == {}


def test_a_room_that_went_back(room: HandRoom) -> None:
    """[LT3] A room that has fewer events than a bot has seen took some back."""
    room.shown(line(11), line(12), line(13))
    room.session.gone()
    room.welcome(11)
    assert room.lost == {"gap": 2}


# Replies


def test_a_second_reply(room: HandRoom) -> None:
    """[LT3] Every command has exactly one reply: a second one is counted, and one to nothing."""
    room.say(1)
    room.shown(line(11, 3, 1, 1))
    room.reply(1, ok=True, seq=11)
    room.reply(1, ok=True, seq=11)
    room.reply(77, ok=False, code="empty")
    assert room.lost == {"unasked": 2}


def test_a_reply_before_its_event(room: HandRoom) -> None:
    """[LT3] The event arrives before the reply."""
    room.say(1)
    room.reply(1, ok=True, seq=11)
    assert room.lost == {"disordered": 1}
    assert room.session.promised == 11


def test_a_reply_with_a_wrong_number(room: HandRoom) -> None:
    """[LT3] A reply has the number of its own event, and one that is promised has one."""
    room.say(1, 2)
    room.shown(line(11, 3, 1, 1), line(12, 3, 2, 2))
    room.reply(1, ok=True, seq=12)
    room.reply(2, ok=True)
    assert room.lost == {"misplaced": 2}


def test_a_resend_gets_the_first_reply(room: HandRoom) -> None:
    """[LT4] A command that was applied before its reply was lost is answered with the number of the event of then."""
    room.say(1)
    room.session.gone()
    room.welcome(11, line(11, 3, 1, 1), recovered=True)
    assert [command["ref"] for command in room.sent()] == [1]
    room.reply(1, ok=True, seq=11)
    assert room.lost == {}


def test_a_command_that_was_applied_twice(room: HandRoom) -> None:
    """[LT3] A command that led to two events is found once, by whichever bot of the process is shown it first."""
    other = Session(4, "o" * 22, room.scenario, room.ledger, room.tally)
    message, batch = room.read(type="welcome", position=[EPOCH, 10], events=[], rates={})
    other.welcomed(message, batch, 0)
    batch = room.read(type="events", epoch=EPOCH, events=[line(11, 8, 1), line(12, 8, 1)])[1]
    for session in (room.session, other):
        assert session.shown(batch, room.now_us)
    assert room.lost == {"doubled": 1}
