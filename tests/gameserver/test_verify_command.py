"""`manage.py rooms verify` on rooms that are well, on rooms that are not, and beside whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.db import connections
from django.db.models import F

from gameserver import inspection
from gameserver.database import digest
from gameserver.engine.entry import Entry
from gameserver.engine.entry import Snapshot as State
from gameserver.engine.replies import MAX_AGE_MS
from gameserver.management import progress
from gameserver.models import Event, Lease, Snapshot
from gameserver.models import Room as RoomRow
from gameserver.store import Claimed
from tests.gameserver.stores import AT, PATIENCE_S, Place, threads
from tests.gameserver.test_races import Gate, PausedStore
from tests.gameserver.test_rooms_command import REGISTRY, Score, fails, grow, happened, place, rooms
from tests.gameserver.test_snapshots import hurt

__all__ = ["place"]
pytestmark = pytest.mark.django_db(databases="__all__")


def test_rooms_that_are_well(place: Place) -> None:
    """[GS57] A room whose journal and snapshots agree is `ok`, whether its beginning is there or let go."""
    grow(place, 9, 4, 8, slug="whole")
    grow(place, 20, 4, 8, 12, 17, slug="compacted", floor=12)
    grow(place, 0, slug="empty")
    assert rooms(place, "verify", "--all").splitlines() == [
        "cdg/compacted: ok, 14 events, 2 snapshots",
        "cdg/empty: ok, 0 events, 0 snapshots",
        "cdg/whole: ok, 9 events, 2 snapshots",
    ]
    assert rooms(place, "verify", "cdg/empty", "cdg/whole").count("ok") == 2


def test_worlds_that_are_not_exact_are_not_compared(place: Place) -> None:
    """[GS57] The state of a world that is not exact says nothing, and its replies are compared all the same."""
    grow(place, 6, 4, world="drift")
    assert "ok" in rooms(place, "verify", "cdg/field")


def lose(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq__in=(5, 6)).delete()


def lose_one(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq=1).delete()


def lose_the_end(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq__gt=7).delete()


def change(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq=2).update(fields='{"by":3}')


def change_a_reply(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq=6).update(reply='{"n":7}')


def fall(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq__gte=7).update(epoch=room.epoch - 2)


def rise(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq=9).update(epoch=room.epoch + 50)


def double(place: Place, room: Claimed) -> None:
    Event.objects.using(place.alias).filter(room=room.key, seq=9).update(session="s" * 32, ref=2)


def lie(place: Place, room: Claimed) -> None:
    row = Snapshot.objects.using(place.alias).get(room=room.key, seq=8)
    row.state = bytes(row.state).replace(b'"points":20', b'"points":21')
    row.digest = digest(row.state)
    row.save()


def rot(place: Place, room: Claimed) -> None:
    hurt(place, room, 4, "truncated")


def unlease(place: Place, room: Claimed) -> None:
    Lease.objects.using(place.alias).filter(room=room.key).delete()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose, "5 to 6 are missing"),
        (lose_one, "1 is missing"),
        (lose_the_end, "the snapshot at 8 is ahead of the journal, which ends at 7"),
        (
            change,
            "score in the snapshot at 4 is not what the events after 0 lead to; "
            "score in the snapshot at 8 is not what the events after 0 lead to",
        ),
        (change_a_reply, "replies in the snapshot at 8 is not what the events after 0 lead to"),
        (fall, "the epoch falls from E-1 to E-2 at 7"),
        (rise, "the epoch at 9 is E+50, above the lease's E"),
        (double, "the command of 2 was done again at 9"),
        (lie, "score in the snapshot at 8 is not what the events after 0 lead to"),
        (rot, "the snapshot at 4 is damaged"),
        (unlease, "there is no lease, nobody can open it"),
    ],
)
def test_rooms_that_are_not(place: Place, damage: Callable[[Place, Claimed], None], said: str) -> None:
    """[GS57] What is wrong with a room is said with its seq in the room's line, other rooms are looked at, and the exit code is 1."""
    room = grow(place, 9, 4, 8)
    grow(place, 3, slug="other")
    RoomRow.objects.using(place.alias).update(first_epoch=1)
    room = Claimed(room.key, Lease.objects.using(place.alias).get(room=room.key).epoch, 1)
    damage(place, room)
    printed, last, code = fails(place, "verify", "--all")
    for name, number in (("E+50", room.epoch + 50), ("E-1", room.epoch - 1), ("E-2", room.epoch - 2), ("lease's E", room.epoch)):
        said = said.replace(name, f"lease's {number}" if "lease" in name else str(number))
    lines = dict(line.split(": ", 1) for line in printed.splitlines())
    assert said in lines["cdg/field"].split("; ") or said == lines["cdg/field"]
    assert lines["cdg/other"] == "ok, 3 events, 0 snapshots"
    assert (code, last) == (1, "1 of 2 rooms are not as they should be; see docs/operations.md.")


def test_a_command_that_was_forgotten_may_be_done_again(place: Place) -> None:
    """[GS57] A command that comes again after an hour, when no room remembers it, is no fault."""
    room = grow(place, 9)
    double(place, room)
    Event.objects.using(place.alias).filter(room=room.key, seq=9).update(at=F("at") + MAX_AGE_MS + 1)
    assert rooms(place, "verify", "cdg/field").strip() == "cdg/field: ok, 9 events, 0 snapshots"


def test_a_hole_is_one_fault(place: Place) -> None:
    """[GS57] Behind a hole nothing is replayed: the snapshots after it are not called wrong because of it."""
    room = grow(place, 9, 4, 8)
    lose(place, room)
    assert fails(place, "verify", "cdg/field")[0] == "cdg/field: 5 to 6 are missing\n"


def test_up_to_the_floor_events_may_be_gone(place: Place) -> None:
    """[GS57] Below the floor numbers may be missing, above it none may; a compacted room is compared from its oldest snapshot on."""
    room = grow(place, 20, 4, 8, 12, 17, floor=12)
    events = Event.objects.using(place.alias).filter(room=room.key)
    events.filter(seq=13).delete()
    assert fails(place, "verify", "cdg/field")[0] == "cdg/field: 13 is missing\n"


def test_a_compacted_room_is_compared(place: Place) -> None:
    """[GS57] Where the beginning is gone, the newer snapshot is compared with what follows from the older one."""
    room = grow(place, 20, 4, 8, 12, 17, floor=12)
    Event.objects.using(place.alias).filter(room=room.key, seq=14).update(fields='{"by":1}')
    assert fails(place, "verify", "cdg/field")[0] == "cdg/field: score in the snapshot at 17 is not what the events after 12 lead to\n"
    for seq in (12, 17):
        hurt(place, room, seq, "digest")
    assert "it cannot be read: no good snapshot from after 12" in fails(place, "verify", "cdg/field")[0]


def test_a_world_that_is_not_here(place: Place) -> None:
    """[GS57] A room whose world is not installed, or fails at an event, is a finding and not a fault of the command."""
    grow(place, 3, 2)
    RoomRow.objects.using(place.alias).update(world="gone")
    assert fails(place, "verify", "--all")[0] == "cdg/field: there is no world 'gone' to replay it with\n"
    RoomRow.objects.using(place.alias).update(world="score")
    Event.objects.using(place.alias).filter(seq=2).update(fields='{"by":"x"}')
    assert "cdg/field: 2 cannot be replayed: TypeError(" in fails(place, "verify", "--all")[0]


def test_many_problems_are_counted(place: Place) -> None:
    """[GS57] Of many problems the first ones are said, and how many there are besides."""
    room = grow(place, 20)
    Event.objects.using(place.alias).filter(room=room.key, seq__in=range(2, 20, 2)).delete()
    assert fails(place, "verify", "--all")[0].endswith("; 10 is missing; and 4 more\n")


def test_replies_that_were_forgotten(place: Place) -> None:
    """[GS57] A replay forgets replies as the owner did: after an hour they are in neither."""
    claimed = grow(place, 4, 4)
    late = Entry({"seq": 5, "ev": "score.scored", "at": AT + MAX_AGE_MS * 2, "by": 1}, "t" * 32, 1)
    place.write(claimed, late)
    with inspection.reading(place.alias):
        room = inspection.present(inspection.find("cdg/field", place.alias), REGISTRY, place.alias)
    assert len(room.replies) == 1
    assert place.store.snapshot(claimed.key, claimed.epoch, room.snapshot(), Score.passing, 0)
    assert rooms(place, "verify", "--all") == "cdg/field: ok, 5 events, 2 snapshots\n"


# Beside others


@pytest.mark.django_db(databases=["region"], transaction=True)
def test_whoever_writes_is_not_waited_for(place: Place) -> None:
    """[GS58] While a gameserver is in the middle of a transaction every one of the commands has its answer, from before it."""
    claimed = grow(place, 4, 2)
    store = PausedStore(place.alias)
    store.gate = Gate(place.alias)
    with threads(place.alias) as start:
        write = start(store.snapshot, claimed.key, claimed.epoch, state_now(place), frozenset(), 0)
        assert store.gate.reached.wait(PATIENCE_S)
        try:
            asked = [("list",), ("show", "cdg/field"), ("export", "cdg/field"), ("verify", "--all")]
            said = [start(rooms, place, *arguments).result(PATIENCE_S) for arguments in asked]
            assert said[-1] == "cdg/field: ok, 4 events, 1 snapshots\n"
            assert not write.done()
        finally:
            store.gate.open.set()
        assert write.result(PATIENCE_S) is True


def state_now(place: Place) -> State:
    return inspection.present(inspection.find("cdg/field", place.alias), REGISTRY, place.alias).snapshot()


@pytest.mark.django_db(databases=["region"], transaction=True)
def test_nobody_waits_for_a_reader(place: Place) -> None:
    """[GS58] All that one room is judged by is read from one moment; who appends meanwhile does not wait, and is not seen."""
    claimed = grow(place, 4, 2)
    with threads(place.alias) as start:
        with inspection.reading(place.alias):
            lines = inspection.history(claimed.key, 0, place.alias)
            next(lines)
            start(place.write, claimed, happened(5)).result(PATIENCE_S)
            start(place.store.snapshot, claimed.key, claimed.epoch, state_now(place), frozenset(), 0).result(PATIENCE_S)
            assert [entry.event["seq"] for _, entry in lines] == [2, 3, 4]
            assert [kept.seq for kept in inspection.snapshots(claimed.key, place.alias)] == [2]
            assert inspection.count(claimed.key, 0, place.alias) == 4
        assert inspection.count(claimed.key, 0, place.alias) == 5
    assert not connections[place.alias].in_atomic_block


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_for_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS58] A terminal is shown how far a long one is; a short one, a file and a pipe see nothing of it."""
    quick, file, slow = Terminal(), StringIO(), Terminal()
    assert list(progress.progress(range(2000), 2000, "cdg/main", quick)) == list(range(2000))
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.0)
    assert list(progress.progress(range(2000), 2000, "cdg/main", file)) == list(range(2000))
    assert list(progress.progress(range(2000), 2000, "cdg/main", slow)) == list(range(2000))
    assert (quick.getvalue(), file.getvalue()) == ("", "")
    assert "cdg/main" in slow.getvalue()
