"""What one bot of the load test sends, and when: by values."""

from __future__ import annotations

import json

import pytest

from gameserver.loadtest.session import NEVER_US, Session
from gameserver.loadtest.wire import MAX_WAITING
from tests.gameserver.hand_room import EPOCH, HandRoom, S, line


@pytest.fixture
def room() -> HandRoom:
    return HandRoom()


def test_the_first_message_is_the_join(room: HandRoom) -> None:
    """[LT4] A new bot joins without a position, one that comes back with its last one, in the same session."""
    new = Session(4, "n" * 22, room.scenario, room.ledger, room.tally)
    assert json.loads(new.join()) == {"cmd": "room.join", "v": 1, "sid": "n" * 22, "name": "Bot 4"}
    room.shown(line(11))
    room.session.gone()
    assert json.loads(room.session.join())["position"] == [EPOCH, 11]


def test_commands_have_rising_refs(room: HandRoom) -> None:
    """Each command has a ref and its mark, and no two bots need to agree on them."""
    assert room.say(1, 2) == [
        {"cmd": "chat.say", "text": "load run 3 1 1", "ref": 1},
        {"cmd": "chat.say", "text": "load run 3 2 2", "ref": 2},
    ]
    assert json.loads(room.session.ping()) == {"cmd": "room.ping", "ref": 3}
    assert [command["ref"] for command in room.say(3)] == [4]
    room.reply(3, ok=True)
    assert room.lost == {}


def test_the_rate_of_the_room_is_kept(room: HandRoom) -> None:
    """[LT5] A bot sends no faster than the room allows, however many commands are due; what waits goes when it may."""
    assert len(room.say(*range(1, 21))) == 8
    wait_us = room.session.wait_us(room.now_us)
    assert wait_us == 200_000
    room.now_us += wait_us
    assert [command["ref"] for command in room.sent()] == [9]
    room.now_us += S
    assert [command["ref"] for command in room.sent()] == [10, 11, 12, 13, 14]


def test_a_hundred_wait_at_most(room: HandRoom) -> None:
    """[LT4] No more than a hundred commands are without a reply: the room remembers no more of a session."""
    sent = len(room.say(*range(1, 201)))
    while (wait_us := room.session.wait_us(room.now_us)) is not None:
        room.now_us += wait_us
        sent += len(room.sent())
    assert sent == MAX_WAITING
    room.reply(50, ok=False, code="empty")
    room.now_us += S
    assert [command["ref"] for command in room.sent()] == [MAX_WAITING + 1]
    assert room.session.unanswered == 199


def test_nothing_is_sent_before_the_welcome(room: HandRoom) -> None:
    """[LT4] What is due while the bot is away waits for its next welcome."""
    room.session.gone()
    assert room.say(1) == []
    assert room.session.wait_us(room.now_us) is None
    room.welcome(10, recovered=True)
    assert len(room.sent()) == 1


def test_what_had_no_reply_is_sent_again(room: HandRoom) -> None:
    """[LT4] After a reconnect commands without a reply go first, in order, with their old refs and texts."""
    first = room.say(1, 2, 3)
    room.shown(line(11, 3, 2, 2))
    room.reply(2, ok=True, seq=11)
    room.session.gone()
    room.session.say(4)
    room.welcome(11, recovered=True)
    sent = room.sent()
    assert sent[:2] == [first[0], first[2]]
    assert [command["ref"] for command in sent] == [1, 3, 4]
    assert (room.tally.counts["resent"], room.tally.counts["sent"]) == (2, 4)


def test_a_refusal_for_the_rate_is_waited_for(room: HandRoom) -> None:
    """[LT5] What was refused for the rate is sent again after the time that was told, with its ref and before later ones."""
    room.say(1, 2)
    room.reply(1, ok=False, code="rate", wait_ms=300)
    room.reply(2, ok=False, code="rate", wait_ms=500)
    assert room.say(3) == []
    assert room.session.wait_us(room.now_us) == 500_000
    room.now_us += 500_000
    assert [command["ref"] for command in room.sent()] == [1, 2, 3]
    assert room.tally.under("refused") == {"rate": 2}


def test_an_unavailable_room_is_asked_ever_less_often(room: HandRoom) -> None:
    """[LT4] Without a word of `status` a refused command is tried after one, two, four and eight seconds."""
    room.say(1)
    waits = []
    for _ in range(5):
        room.reply(1, ok=False, code="unavailable")
        wait_us = room.session.wait_us(room.now_us)
        assert wait_us is not None
        waits.append(wait_us // S)
        room.now_us += wait_us
        assert [command["ref"] for command in room.sent()] == [1]
    assert waits == [1, 2, 4, 8, 8]


def test_a_status_says_when(room: HandRoom) -> None:
    """[LT4] While `status` says that nothing can be kept, nothing is sent; when it says otherwise, at once."""
    room.session.status(False)
    assert room.say(1) == []
    assert room.session.wait_us(NEVER_US) is None
    room.session.status(True)
    assert len(room.sent()) == 1


def test_other_refusals_are_final(room: HandRoom) -> None:
    """A command that is refused for what it is has its reply, and is counted by its code."""
    room.say(1)
    room.reply(1, ok=False, code="too_long")
    assert room.session.unanswered == 0
    assert room.tally.under("refused") == {"too_long": 1}
    assert room.lost == {}
