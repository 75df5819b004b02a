"""One contract for the snapshots of every store, and for what leaves the journal because of them."""

from __future__ import annotations

import pytest

from gameserver.database import digest
from gameserver.engine.entry import Entry
from gameserver.engine.entry import Snapshot as State
from gameserver.models import Room, Snapshot
from gameserver.store import KEEP_SNAPSHOTS, Claimed, Damaged, StaleEpoch
from tests.gameserver.stores import AT, Place, entries, state

pytestmark = pytest.mark.django_db(databases="__all__")
PASSING = frozenset({"board.moved"})


def keep(place: Place, room: Claimed, seq: int, passing: frozenset[str] = frozenset(), floor: int = 0) -> bool:
    return place.store.snapshot(room.key, room.epoch, state(seq), passing, floor)


def rows(place: Place, room: Claimed, seq: int | None = None) -> object:
    found = Snapshot.objects.using(place.alias).filter(room=room.key)
    return found if seq is None else found.filter(seq=seq)


def mixed(*seqs: int) -> tuple[Entry, ...]:
    """Lines at odd numbers, passing moves at even ones."""
    return tuple(Entry({"seq": seq, "ev": "chat.said" if seq % 2 else "board.moved", "at": AT}, "s" * 32, seq, {"n": seq}) for seq in seqs)


def test_the_newest_snapshot_is_loaded(place: Place) -> None:
    """[GS47] A new owner finds the newest snapshot as it was kept, and all that came after it."""
    room = place.room()
    assert place.store.load(room.key, 10).snapshot is None
    place.write(room, *entries(1, 2, 3, 4, 5))
    assert keep(place, room, 2)
    assert keep(place, room, 4)
    loaded = place.store.load(place.room().key, 0)
    assert loaded.snapshot == state(4)
    assert loaded.entries == entries(5)


def test_only_so_many_are_kept(place: Place) -> None:
    """[GS48] The newest two snapshots of a room stay, and those of other rooms are left alone."""
    life = place.life()
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    place.write(room, *entries(1, 2, 3, 4))
    place.write(other, entries(1)[0])
    assert keep(place, other, 1)
    for seq in (1, 2, 3, 4):
        assert keep(place, room, seq)
    assert KEEP_SNAPSHOTS == 2
    assert place.store.load(room.key, 0).snapshot == state(4)
    assert place.store.load(other.key, 0).snapshot == state(1)
    if place.alias:
        assert list(rows(place, room).values_list("seq", flat=True)) == [4, 3]  # type: ignore[attr-defined]


def test_a_snapshot_is_not_ahead_of_its_journal(place: Place) -> None:
    """[GS48] A snapshot of what the journal does not have yet is refused, and so is an older one; one of the same seq takes its place."""
    room = place.room()
    assert not keep(place, room, 1)
    place.write(room, *entries(1, 2, 3))
    assert not keep(place, room, 4)
    assert place.store.load(room.key, 0).snapshot is None
    assert keep(place, room, 3)
    assert not keep(place, room, 2)
    assert place.store.load(room.key, 0).snapshot == state(3)
    later = State(3, {"worlds": {"wind": 7}, "replies": {}})
    assert place.store.snapshot(room.key, room.epoch, later, frozenset(), 0)
    assert place.store.load(room.key, 0).snapshot == later


@pytest.mark.parametrize("off", [-1, 1])
def test_another_epoch_keeps_no_snapshot(place: Place, off: int) -> None:
    """[GS4] A snapshot of an earlier owner, or of none there ever was, is refused and leaves no trace."""
    room = place.room()
    place.write(room, *entries(1))
    with pytest.raises(StaleEpoch):
        place.store.snapshot(room.key, room.epoch + off, state(1), frozenset(), 0)
    assert place.store.load(room.key, 0).snapshot is None


@pytest.mark.parametrize("damage", ["digest", "truncated", "changed", "not JSON"])
def test_a_damaged_snapshot_is_passed_over(kept: Place, damage: str) -> None:
    """[GS47] A snapshot that is not what was written is not loaded; the one before it is, with all that came after."""
    room = kept.room()
    kept.write(room, *entries(1, 2, 3, 4, 5))
    assert keep(kept, room, 2)
    assert keep(kept, room, 4)
    hurt(kept, room, 4, damage)
    loaded = kept.store.load(room.key, 0)
    assert loaded.snapshot == state(2)
    assert loaded.entries == entries(3, 4, 5)
    hurt(kept, room, 2, damage)
    loaded = kept.store.load(room.key, 0)
    assert (loaded.snapshot, loaded.entries) == (None, entries(1, 2, 3, 4, 5))


def hurt(place: Place, room: Claimed, seq: int, damage: str) -> None:
    row = Snapshot.objects.using(place.alias).get(room=room.key, seq=seq)
    if damage == "digest":
        row.digest = "0" * 32
    elif damage == "truncated":
        row.state = bytes(row.state)[:-3]
    elif damage == "changed":
        row.state = bytes(row.state).replace(b"points", b"pointz")
    else:
        row.state = bytes(row.state)[:-3]
        row.digest = digest(row.state)
    row.save()


def test_passing_events_are_let_go(place: Place) -> None:
    """[GS48] Passing events up to the floor leave the journal with the second snapshot; all others, and those after it, stay."""
    room = place.room()
    place.write(room, *mixed(*range(1, 11)))
    assert keep(place, room, 6, PASSING, 5)
    assert place.history(room) == list(mixed(*range(1, 11)))
    assert keep(place, room, 10, PASSING, 5)
    left = mixed(1, 3, 5, 6, 7, 8, 9, 10)
    assert place.history(room) == list(left)
    assert place.store.since(room.key, 5, 9) == list(mixed(6, 7, 8, 9))
    assert place.store.before(room.key, 6, 2) == list(mixed(3, 5))
    again = place.room()
    assert (again.floor, room.floor) == (5, 0)
    assert place.store.load(again.key, 1000).entries == left


def test_the_older_snapshot_holds_what_is_let_go(place: Place) -> None:
    """[GS48] Whatever floor is asked for, no event after the older snapshot leaves: it could be needed."""
    room = place.room()
    place.write(room, *mixed(*range(1, 9)))
    assert keep(place, room, 4, PASSING, 100)
    assert keep(place, room, 8, PASSING, 100)
    assert place.history(room) == list(mixed(1, 3, 5, 6, 7, 8))
    assert place.room().floor == 4


def test_other_rooms_keep_their_events(place: Place) -> None:
    """[GS48] What one room lets go another keeps, and a room without passing events keeps all and its floor."""
    life = place.life()
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    place.write(room, *mixed(1, 2, 3, 4))
    place.write(other, *mixed(1, 2, 3, 4))
    for seq in (3, 4):
        assert keep(place, room, seq, PASSING, 3)
        assert keep(place, other, seq, frozenset(), 3)
    assert place.history(other) == list(mixed(1, 2, 3, 4))
    assert [place.leases.claim("cdg", slug, life).floor for slug in ("main", "other")] == [3, 0]


def test_the_floor_never_sinks(place: Place) -> None:
    """[GS48] A lower floor than before, as after a long pause, changes nothing."""
    room = place.room()
    place.write(room, *mixed(*range(1, 9)))
    for seq, floor in ((5, 4), (6, 4), (7, 2), (8, -3000)):
        assert keep(place, room, seq, PASSING, floor)
    assert place.history(room) == list(mixed(1, 3, 5, 6, 7, 8))
    assert place.room().floor == 4


def test_nothing_is_let_go_behind_a_damaged_snapshot(kept: Place) -> None:
    """[GS48] An older snapshot that is damaged holds nothing: the events that it stood for stay in the journal."""
    room = kept.room()
    kept.write(room, *mixed(*range(1, 9)))
    assert keep(kept, room, 4, PASSING, 4)
    hurt(kept, room, 4, "digest")
    assert keep(kept, room, 8, PASSING, 4)
    assert kept.history(room) == list(mixed(*range(1, 9)))
    hurt(kept, room, 8, "digest")
    assert kept.store.load(room.key, 0).entries == mixed(*range(1, 9))


def test_a_room_that_is_not_whole_is_not_opened(kept: Place) -> None:
    """[GS49] With passing events gone and no good snapshot from after them, a room is Damaged rather than loaded wrong."""
    room = kept.room()
    kept.write(room, *mixed(*range(1, 9)))
    assert keep(kept, room, 4, PASSING, 4)
    assert keep(kept, room, 8, PASSING, 4)
    hurt(kept, room, 8, "digest")
    assert kept.store.load(room.key, 0).snapshot == state(4)
    hurt(kept, room, 4, "digest")
    with pytest.raises(Damaged):
        kept.store.load(room.key, 0)
    rows(kept, room).delete()  # type: ignore[attr-defined]
    with pytest.raises(Damaged):
        kept.store.load(room.key, 0)


def test_an_old_snapshot_is_not_enough(kept: Place) -> None:
    """[GS49] A good snapshot from before the floor does not make a room whole: events between it and the floor are gone."""
    room = kept.room()
    kept.write(room, *mixed(*range(1, 9)))
    assert keep(kept, room, 4)
    Room.objects.using(kept.alias).filter(pk=room.key).update(floor=6)
    with pytest.raises(Damaged):
        kept.store.load(room.key, 0)
