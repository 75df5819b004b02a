"""Several worlds in one room: one sequence, a rate each, and what they do by themselves."""

from __future__ import annotations

import pytest

from gameserver.engine.entry import Entry
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.protocol import History, Join
from gameserver.engine.room import Room
from gameserver.engine.session import FLOOD_REFUSALS
from gameserver.engine.worlds import BaseWorld, Decided, Who
from gameserver.engine.worlds.chat import Rename, Say
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, Add, Cheer, Move, Score, chat_room, enter, entered, say, score_room, sid

AT = int(NOW * 1000)


def test_worlds_share_one_sequence() -> None:
    """[EN13] Chat and another world number their journalled events together; ephemeral events have no number."""
    room, _ = score_room()
    ada = enter(room)[0]
    said = say(room, ada, 1)
    outcome = room.receive(ada, Add(ref=2), NOW)
    assert entered(said) == [("chat.said", 1)]
    assert entered(outcome) == [("score.scored", 2), ("score.scored", 3)]
    assert outcome.ephemeral == ({"ev": "score.cheered", "at": AT, "player": ADA.as_dict(), "cheer": "!"},)
    assert outcome.reply == {"ref": 2, "ok": True, "points": 5, "seq": 3}
    assert entered(say(room, ada, 3)) == [("chat.said", 4)]


def test_ephemeral_events_leave_no_trace() -> None:
    """[EN13] A command with ephemeral events only is answered without a number, journals nothing, and is in no welcome."""
    room, score = score_room()
    ada = enter(room)[0]
    outcome = room.receive(ada, Cheer(ref=1, text="hurrah"), NOW)
    assert (outcome.reply, outcome.entries, room.seq) == ({"ref": 1, "ok": True, "cheered": True}, (), 0)
    assert (outcome.ephemeral[0]["cheer"], outcome.after, len(room.replies)) == ("hurrah", 0, 0)
    assert (score.cheers, enter(room, BOB, 1)[1].events) == (1, ())
    assert room.receive(ada, History(ref=2, before=9), NOW).reply == {"ref": 2, "ok": True, "events": [], "more": False}


def test_a_world_is_built_again_from_its_journal() -> None:
    """[EN13] A room that was read again gives every world the journalled events that are its own, and no ephemeral ones."""
    room, _ = score_room()
    ada = enter(room)[0]
    entries = [*say(room, ada, 1).entries, *room.receive(ada, Add(ref=2), NOW).entries]
    again, score = score_room(EPOCH + 1)
    again.load(None, entries)
    assert (score.points, score.cheers, again.seq) == (5, 0, 3)


def test_a_command_says_the_reply_with_its_last_event_only() -> None:
    """[EN3] Of a command's events in the journal the last one alone carries what the reply says; every one names the command."""
    room, _ = score_room()
    ada = enter(room)[0]
    first, last = room.receive(ada, Add(ref=7, by=1), NOW).entries
    assert (first.session, first.ref, first.reply) == (ada.key, 7, None)
    assert (last.session, last.ref, last.reply) == (ada.key, 7, {"points": 4})


def test_a_reply_says_what_it_waits_for() -> None:
    """[EN26] The seq of the command's last event must be journalled before its reply, and the same one before the reply to a resend."""
    room, _ = score_room()
    ada = enter(room)[0]
    first = room.receive(ada, Add(ref=1), NOW)
    room.receive(ada, Move(ref=2, to=5), NOW)
    again = room.receive(ada, Add(ref=1), NOW)
    assert (first.after, again.after) == (2, 2)
    assert (again.reply, again.entries, again.ephemeral) == (first.reply, (), ())
    assert room.durable < again.after


def test_a_reply_without_an_event_waits_for_nothing() -> None:
    """[EN26] What goes with no event may be answered whatever is under way."""
    room, _ = score_room()
    ada = enter(room)[0]
    say(room, ada, 1, durable=False)
    assert room.receive(ada, Cheer(ref=2, text="x"), NOW).after == 0
    assert room.receive(ada, History(ref=3, before=9), NOW).after == 0


def test_a_tick_is_numbered_like_everything_else() -> None:
    """[EN24] What a tick leads to takes the next numbers, has a time and no player, and is in the journal with no session."""
    room, score = score_room()
    ada = enter(room)[0]
    say(room, ada, 1)
    outcome = room.tick(score, NOW + 2)
    at = AT + 2000
    assert outcome.entries == (Entry({"seq": 2, "ev": "score.scored", "at": at, "by": 1}, "", 0, None),)
    assert outcome.ephemeral == ({"ev": "score.cheered", "at": at, "cheer": "tick"},)
    assert (outcome.reply, outcome.after, outcome.who, score.points) == (None, 2, None, 1)
    assert entered(say(room, ada, 2)) == [("chat.said", 3)]


def test_a_tick_is_nobodys_command() -> None:
    """[EN24] No reply is remembered for a tick, neither when it is decided nor when it is read again."""
    room, score = score_room()
    entries = [entry for second in range(3) for entry in room.tick(score, NOW + second).entries]
    again, restored = score_room(EPOCH + 1)
    again.load(None, entries)
    assert (len(room.replies), len(again.replies), again.seq, restored.points) == (0, 0, 3, 3)


def test_a_tick_without_anything_journalled_waits_for_nothing() -> None:
    """[EN24] A tick in which nothing happens, or nothing that is journalled, takes no number."""

    class Calm(Score):
        def tick(self, at: int) -> tuple[tuple[str, dict[str, int]], ...]:
            return (("score.cheered", {"at_tick": at}),) if at % 2 else ()

    calm = Calm()
    room = Room(EPOCH, EPOCH, (calm,))
    quiet, loud = room.tick(calm, 2.0), room.tick(calm, 2.001)
    assert (quiet.entries, quiet.ephemeral, quiet.after) == ((), (), 0)
    assert (loud.entries, loud.ephemeral, loud.after, room.seq) == ((), ({"ev": "score.cheered", "at": 2001, "at_tick": 2001},), 0, 0)


def test_a_world_decides_by_the_owners_time() -> None:
    """[EN13] A world gets the time in milliseconds, the same that is in its events."""

    class Clock(Score):
        def decide(self, who: Who, command: object, at: int) -> Decided:
            return Decided(events=(("score.moved", {"to": at % 100}),))

    room = Room(EPOCH, EPOCH, (Clock(),))
    (entry,) = room.receive(enter(room)[0], Move(ref=1, to=0), NOW + 0.042).entries
    assert (entry.event["to"], entry.event["at"]) == (42, AT + 42)


def test_a_new_name_holds_in_every_lane() -> None:
    """[CH6] Who was renamed in chat has the new name in the other world's events."""
    room, _ = score_room()
    ada = enter(room)[0]
    room.receive(ada, Rename(ref=1, name="Countess"), NOW)
    assert room.receive(ada, Move(ref=2, to=1), NOW).entries[0].event["player"]["name"] == "Countess"


@pytest.mark.parametrize("command", [Add(ref=3), Move(ref=3, to=1), Cheer(ref=3, text="x")])
def test_a_command_of_another_rooms_world_is_unknown(command: Add | Move | Cheer) -> None:
    """[EN28] A room refuses by name a command of a world that it does not have, and nothing changes."""
    room = chat_room()
    ada = enter(room)[0]
    with pytest.raises(Rejected) as refused:
        room.receive(ada, command, NOW)
    assert (refused.value.code, refused.value.ref) == (Code.UNKNOWN_COMMAND, 3)
    assert (room.seq, len(room.replies), ada.buckets) == (0, 0, {})


def test_each_world_has_its_own_rate() -> None:
    """[EN25] Whoever was too fast in chat is served by the other world, up to that one's own burst, and the other way round."""
    room, _ = score_room()
    ada = enter(room)[0]
    for ref in range(1, int(BaseWorld.burst) + 1):
        say(room, ada, ref, now=NOW)
    for ref in range(100, 100 + int(Score.burst)):
        room.receive(ada, Move(ref=ref, to=1), NOW)
    waits = []
    for command in (Say(ref=11, text="x"), Move(ref=300, to=1)):
        with pytest.raises(Rejected) as refused:
            room.receive(ada, command, NOW)
        waits.append((refused.value.code, refused.value.wait_ms, refused.value.ref))
    assert waits == [(Code.RATE, 200, 11), (Code.RATE, 50, 300)]
    assert room.receive(ada, Move(ref=300, to=1), NOW + 0.05).reply == {"ref": 300, "ok": True, "seq": room.seq}


def test_all_commands_of_a_world_share_its_rate() -> None:
    """[EN25] Ephemeral and journalled commands of one world count together."""
    room, _ = score_room()
    ada = enter(room)[0]
    for ref in range(1, int(Score.burst) + 1):
        room.receive(ada, Cheer(ref=ref, text="x") if ref % 2 else Add(ref=ref), NOW)
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Add(ref=99), NOW)
    assert refused.value.code is Code.RATE


def test_sessions_share_no_rate() -> None:
    """[EN25] One session's haste costs another nothing, not even one of the same player."""
    room = chat_room()
    ada, again = enter(room)[0], enter(room, ADA, 1)[0]
    for ref in range(1, 11):
        say(room, ada, ref, now=NOW)
    assert say(room, again, 1, now=NOW).reply == {"ref": 1, "ok": True, "seq": 11}


def test_refusals_of_all_worlds_make_one_flood() -> None:
    """[EN12] Whoever ignores the rates of two worlds in turn is a flood as soon as with one."""
    room, _ = score_room()
    ada = enter(room)[0]
    for ref in range(int(Score.burst)):
        room.receive(ada, Move(ref=100 + ref, to=1), NOW)
    for ref in range(10):
        say(room, ada, 1 + ref, now=NOW)
    for number in range(FLOOD_REFUSALS - 1):
        with pytest.raises(Rejected):
            room.receive(ada, Move(ref=999, to=1) if number % 2 else Say(ref=999, text="x"), NOW)
    with pytest.raises(Closed) as closed:
        room.receive(ada, Move(ref=999, to=1), NOW)
    assert closed.value.code is Close.FLOOD


def test_a_refused_command_of_a_world_changes_nothing() -> None:
    """[EN4] What a world refuses is refused with the command's ref and the world's code, text and wait, and takes no number."""

    class Stern(Score):
        def decide(self, who: Who, command: object, at: int) -> Decided:
            raise Rejected(Code.EMPTY, "No.", wait_ms=70)

    room = Room(EPOCH, EPOCH, (Stern(),))
    ada = room.join(Join(v=1, sid=sid()), ADA)[0]
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Add(ref=8), NOW)
    found = refused.value
    assert (found.code, found.text, found.wait_ms, found.ref) == (Code.EMPTY, "No.", 70, 8)
    assert (room.seq, len(room.past.events), len(room.replies), ada.who) == (0, 0, 0, ADA)
