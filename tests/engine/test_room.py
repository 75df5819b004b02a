"""What a room decides about one command after the other."""

from __future__ import annotations

import pytest

from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.past import KEEP
from gameserver.engine.protocol import History, Join
from gameserver.engine.replies import PER_SESSION
from gameserver.engine.room import Room
from gameserver.engine.session import session_key
from gameserver.engine.worlds.chat import Rename, Say
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, chat_room, enter, say, seqs, sid


def test_events_are_numbered_without_a_gap() -> None:
    """[EN1] Lines of two sessions are numbered 1, 2, 3 in the order of their commands."""
    room = chat_room()
    ada, bob = enter(room)[0], enter(room, BOB, 1)[0]
    outcomes = [say(room, ada, 1), say(room, bob, 1), say(room, ada, 2)]
    assert [[entry.event["seq"] for entry in outcome.entries] for outcome in outcomes] == [[1], [2], [3]]
    assert [outcome.reply for outcome in outcomes] == [{"ref": r, "ok": True, "seq": s} for r, s in ((1, 1), (1, 2), (2, 3))]


def test_a_line_has_its_time_and_its_player() -> None:
    """[CH6] An event holds the owner's time in milliseconds and the player as everybody sees them."""
    room = chat_room()
    (entry,) = say(room, enter(room)[0], 1, "  hello ", NOW).entries
    assert entry.event == {"seq": 1, "ev": "chat.said", "at": int(NOW * 1000), "player": ADA.as_dict(), "text": "hello"}


def test_what_is_not_journalled_is_not_shown_to_newcomers() -> None:
    """[EN2] A decided event is in no welcome and in no history page until it is journalled."""
    room = chat_room()
    ada = enter(room)[0]
    say(room, ada, 1)
    say(room, ada, 2, durable=False)
    welcome = enter(room, BOB, 1)[1]
    assert (welcome.position, seqs(welcome.events)) == ((EPOCH, 1), [1])
    page = room.receive(ada, History(ref=9, before=100), NOW).reply
    assert page is not None
    assert seqs(page["events"]) == [1]


def test_a_resend_gets_the_first_reply() -> None:
    """[EN3] The same command again leads to no event and to the same reply, though its text may differ."""
    room = chat_room()
    ada = enter(room)[0]
    first = say(room, ada, 1, "hello")
    again = say(room, ada, 1, "other")
    assert again.reply == first.reply
    assert (again.entries, again.ephemeral, room.seq) == ((), (), 1)


def test_a_resend_costs_no_token() -> None:
    """[EN3] Resends are answered however fast they come."""
    room = chat_room()
    ada = enter(room)[0]
    first = say(room, ada, 1, now=NOW)
    for _ in range(100):
        assert say(room, ada, 1, now=NOW).reply == first.reply


def test_the_same_ref_of_another_session_is_another_command() -> None:
    """[EN3] Sessions do not share their refs, not even those of one player, and a player cannot use another's session."""
    room = chat_room()
    for session in (enter(room)[0], enter(room, ADA, 1)[0], enter(room, BOB, 0)[0]):
        say(room, session, 1)
    assert room.seq == 3


def test_a_session_that_comes_back_keeps_its_refs() -> None:
    """[EN3] A resend over a new connection of the same session is answered with the first reply."""
    room = chat_room()
    first = say(room, enter(room)[0], 1)
    assert say(room, enter(room)[0], 1).reply == first.reply
    assert room.seq == 1


def test_a_refused_command_changes_nothing() -> None:
    """[EN4] An empty line takes no number; the same ref with a good text passes afterwards."""
    room = chat_room()
    ada = enter(room)[0]
    with pytest.raises(Rejected) as refused:
        say(room, ada, 1, "   ")
    assert (refused.value.code, refused.value.ref, room.seq, len(room.past.events)) == (Code.EMPTY, 1, 0, 0)
    assert say(room, ada, 1, "now").reply == {"ref": 1, "ok": True, "seq": 1}


def test_a_refused_name_leaves_the_old_one() -> None:
    """[EN4] A name that is too long leaves the player as it was."""
    room = chat_room()
    ada = enter(room)[0]
    with pytest.raises(Rejected):
        room.receive(ada, Rename(ref=1, name="x" * 33), NOW)
    assert ada.who == ADA


def test_a_room_read_again_answers_like_the_first_one() -> None:
    """[EN8] After a restart the events, the position and the replies to resends are what they were."""
    room = chat_room()
    ada = enter(room)[0]
    outcomes = [say(room, ada, 1), room.receive(ada, Rename(ref=2, name="Lovelace", colour="#000001"), NOW + 2), say(room, ada, 3)]
    again = chat_room(EPOCH + 1)
    again.load(None, [entry for outcome in outcomes for entry in outcome.entries])
    session, welcome = enter(again)
    assert (again.seq, again.durable, seqs(welcome.events)) == (3, 3, [1, 2, 3])
    replies = [again.receive(session, command, NOW).reply for command in (Say(1, "x"), Rename(2, "y"), Say(3, "z"))]
    assert replies == [outcome.reply for outcome in outcomes]
    assert say(again, session, 4).reply == {"ref": 4, "ok": True, "seq": 4}


def test_memory_is_bounded() -> None:
    """[EN9] However much is said, a room keeps 1000 events, and 100 replies of a session; an older command changes nothing."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, KEEP + 11):
        say(room, ada, ref, now=NOW + ref / 5)
    assert (len(room.past.events), len(room.replies)) == (KEEP, PER_SESSION)
    with pytest.raises(Rejected) as refusal:
        say(room, ada, KEEP + 10 - PER_SESSION, now=NOW + KEEP)
    assert (refusal.value.code, room.seq) == (Code.FORGOTTEN, KEEP + 10)
    assert room.replies.find(ada.key, KEEP + 11 - PER_SESSION) is not None


@pytest.mark.parametrize(
    ("before", "limit", "page", "more"),
    [(31, 10, range(21, 31), True), (11, 10, range(1, 11), False), (5, 100, range(1, 5), False), (1, 10, (), False), (0, 10, (), False)],
)
def test_a_page_of_history(before: int, limit: int, page: range, more: bool) -> None:
    """[EN10] A page is what stands directly before a seq, oldest first, and says whether there is more."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, 31):
        say(room, ada, ref)
    reply = room.receive(ada, History(ref=99, before=before, limit=limit), NOW).reply
    assert reply is not None
    assert (seqs(reply["events"]), reply["more"], reply["ref"]) == (list(page), more, 99)


@pytest.mark.parametrize(
    ("before", "limit", "in_memory"), [(502, 1, True), (501, 1, False), (601, 100, True), (600, 100, False), (2, 1, False)]
)
def test_older_pages_are_asked_of_the_journal(before: int, limit: int, in_memory: bool) -> None:
    """[EN10] A page that reaches behind the events in memory is left to the journal as a whole, never given in part."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, KEEP + 501):
        say(room, ada, ref)
    command = History(ref=1, before=before, limit=limit)
    outcome = room.receive(enter(room, BOB, 1)[0], command, NOW)
    assert outcome.read == (None if in_memory else command)
    assert (outcome.reply is not None) is in_memory


def test_a_page_that_waiting_events_pushed_out_is_left_to_the_journal() -> None:
    """[EN10] However much waits to be journalled, a page is whole or left to the journal, never the few that memory still has."""
    room = chat_room()
    ada = enter(room)[0]
    for ref in range(1, KEEP + 1):
        say(room, ada, ref, durable=ref <= 20)
    say(room, ada, KEEP + 1, durable=False)
    whole, torn = History(ref=1, before=10**6, limit=18), History(ref=2, before=10**6, limit=20)
    reply = room.receive(ada, whole, NOW).reply
    assert reply is not None
    assert (seqs(reply["events"]), reply["more"]) == (list(range(3, 21)), True)
    assert room.receive(ada, torn, NOW).read == torn


def test_a_command_of_no_world_is_unknown() -> None:
    """[EN13] A command that no world of this room takes is refused as unknown."""
    room = Room(EPOCH, EPOCH, ())
    with pytest.raises(Rejected) as refused:
        say(room, enter(room)[0], 1)
    assert (refused.value.code, refused.value.ref) == (Code.UNKNOWN_COMMAND, 1)


def test_a_session_joins_once() -> None:
    """[EN14] A second join over the same socket is refused."""
    room = chat_room()
    with pytest.raises(Rejected) as refused:
        room.receive(enter(room)[0], Join(v=1, sid=sid(), ref=4), NOW)
    assert (refused.value.code, refused.value.ref) == (Code.BAD_MESSAGE, 4)


@pytest.mark.parametrize("version", [0, -1, -(10**30)])
def test_another_version_is_not_spoken(version: int) -> None:
    """[EN16] A join in a version that is not spoken any more is closed with 4501."""
    with pytest.raises(Closed) as closed:
        chat_room().join(Join(v=version, sid=sid()), ADA)
    assert closed.value.code is Close.VERSION


def test_the_journal_does_not_hold_the_sid() -> None:
    """[EN18] What names a session in the journal is 32 digits that differ for every player and sid."""
    keys = {session_key(player, sid(number)) for player in ("ada", "bob") for number in (0, 1)}
    assert len(keys) == 4
    assert all(len(key) == 32 and sid() not in key for key in keys)


def test_a_new_name_is_told_with_the_old_one() -> None:
    """[CH6] A renaming tells the old name, and later lines carry the new one."""
    room = chat_room()
    ada = enter(room)[0]
    outcome = room.receive(ada, Rename(ref=1, name=" Countess  Ada ", colour="#ABCDEF"), NOW)
    now = {"id": "ada", "name": "Countess Ada", "colour": "#abcdef"}
    assert outcome.entries[0].event == {"seq": 1, "ev": "chat.renamed", "at": int(NOW * 1000), "player": now, "was": "Ada"}
    assert outcome.reply == {"ref": 1, "ok": True, "seq": 1, "player": now}
    assert outcome.who is not None
    assert outcome.who.as_dict() == now
    assert say(room, ada, 2).entries[0].event["player"] == now


def test_a_name_alone_keeps_the_colour() -> None:
    """[CH6] A renaming without a colour leaves it."""
    room = chat_room()
    ada = enter(room)[0]
    room.receive(ada, Rename(ref=1, name="A"), NOW)
    assert ada.who.colour == ADA.colour
