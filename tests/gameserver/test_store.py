"""One contract for every store: memory and the region's database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from gameserver.database import ALIAS, DatabaseStore
from gameserver.engine.room import Entry
from gameserver.models import Event, Room
from gameserver.store import MAX_ROOMS, Batch, MemoryStore, StaleEpoch, Store, TooManyRooms

pytestmark = pytest.mark.django_db(databases="__all__")
NOW = 1_700_000_000.7


@pytest.fixture(params=["memory", "database"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else DatabaseStore()


def entry(seq: int, ev: str = "chat.said", session: str = "s" * 32, **fields: Any) -> Entry:
    fields = fields or {"text": f"line {seq}"}
    event = {"seq": seq, "ev": ev, "at": 1_700_000_000_000 + seq, "player": {"id": "ada", "name": "Ada", "colour": "#112233"}, **fields}
    return Entry(event, session, seq)


def entries(*seqs: int) -> tuple[Entry, ...]:
    return tuple(entry(seq) for seq in seqs)


def test_a_new_room_begins_with_the_time_of_its_making(store: Store) -> None:
    """[GS6] The first epoch is the unix time in seconds, and the room is empty."""
    opened = store.open("cdg", "main", 1000, NOW)
    assert (opened.epoch, opened.first_epoch, opened.entries) == (int(NOW), int(NOW), ())


def test_every_owner_has_an_epoch_of_its_own(store: Store) -> None:
    """[GS6] Each opening adds one to the epoch; the first one stays known, whatever the clock says."""
    first = store.open("cdg", "main", 1000, NOW)
    again = store.open("cdg", "main", 1000, NOW - 500)
    assert (again.key, again.epoch, again.first_epoch) == (first.key, first.epoch + 1, first.epoch)


def test_rooms_of_two_regions_are_two_rooms(store: Store) -> None:
    """[GS27] The same name in two regions is two rooms."""
    here, there = store.open("cdg", "main", 1000, NOW), store.open("nrt", "main", 1000, NOW)
    store.append([Batch(here.key, here.epoch, entries(1))])
    assert store.open("nrt", "main", 1000, NOW).entries == ()
    assert (store.slugs("cdg"), store.slugs("nrt"), here.key != there.key) == (["main"], ["main"], True)


def test_what_was_appended_is_read_back(store: Store) -> None:
    """[GS1] Every kind of event is read back as it was written, in order."""
    written = (
        entry(1),
        entry(2, "chat.renamed", was="Ad", text=""),
        entry(3, text="Ünï😀\n<b>", extra={"deep": [1, None, "x"]}),
        entry(4, "board.moved", x=1.5, text=["not", "words"]),
        entry(5, "board.cleared", nothing=None),
    )
    opened = store.open("cdg", "main", 1000, NOW)
    assert store.append([Batch(opened.key, opened.epoch, written)]) == [None]
    assert store.open("cdg", "main", 1000, NOW).entries == written


def test_only_the_last_entries_are_read(store: Store) -> None:
    """[EN9] An opening reads as many entries as are kept in memory, the last ones, oldest first."""
    opened = store.open("cdg", "main", 3, NOW)
    store.append([Batch(opened.key, opened.epoch, entries(1, 2, 3, 4, 5))])
    assert store.open("cdg", "main", 3, NOW).entries == entries(3, 4, 5)


@pytest.mark.parametrize(("before", "limit", "page"), [(4, 2, (2, 3)), (4, 100, (1, 2, 3)), (1, 5, ()), (100, 2, (4, 5)), (0, 1, ())])
def test_pages_of_history(store: Store, before: int, limit: int, page: tuple[int, ...]) -> None:
    """[EN10] A page holds the last entries before a seq, oldest first, of this room alone."""
    opened, other = store.open("cdg", "main", 1000, NOW), store.open("cdg", "other", 1000, NOW)
    store.append([Batch(opened.key, opened.epoch, entries(1, 2, 3, 4, 5)), Batch(other.key, other.epoch, entries(1, 2))])
    assert store.before(opened.key, before, limit) == list(entries(*page))


def test_an_old_owner_writes_nothing(store: Store) -> None:
    """[GS4] A batch of an earlier epoch is refused and leaves no trace; batches of other rooms beside it are written."""
    old, other = store.open("cdg", "main", 1000, NOW), store.open("cdg", "other", 1000, NOW)
    new = store.open("cdg", "main", 1000, NOW)
    results = store.append([Batch(old.key, old.epoch, entries(1)), Batch(other.key, other.epoch, entries(1))])
    assert isinstance(results[0], StaleEpoch)
    assert results[1] is None
    assert store.before(new.key, 10, 10) == []
    assert store.before(other.key, 10, 10) == list(entries(1))


def test_an_epoch_from_the_future_writes_nothing(store: Store) -> None:
    """[GS4] Only the newest epoch itself may write."""
    opened = store.open("cdg", "main", 1000, NOW)
    assert isinstance(store.append([Batch(opened.key, opened.epoch + 1, entries(1))])[0], StaleEpoch)
    assert store.before(opened.key, 10, 10) == []


def test_several_batches_of_one_room_are_written_in_turn(store: Store) -> None:
    """[GS5] Batches of one room in one transaction keep their order."""
    opened = store.open("cdg", "main", 1000, NOW)
    batches = [Batch(opened.key, opened.epoch, entries(1, 2)), Batch(opened.key, opened.epoch, entries(3))]
    assert store.append(batches) == [None, None]
    assert store.before(opened.key, 10, 10) == list(entries(1, 2, 3))


def test_a_region_holds_a_thousand_rooms(store: Store) -> None:
    """[GS16] The 1001st room of a region is refused, those that are there still open, and other regions have their own thousand."""
    if isinstance(store, MemoryStore):
        for number in range(MAX_ROOMS):
            store.open("cdg", f"room-{number}", 1, NOW)
    else:
        Room.objects.bulk_create(Room(region="cdg", slug=f"room-{n}", epoch=1, first_epoch=1) for n in range(MAX_ROOMS))
    with pytest.raises(TooManyRooms):
        store.open("cdg", "one-more", 1, NOW)
    store.open("cdg", "room-7", 1, NOW)
    store.open("nrt", "one-more", 1, NOW)
    assert "one-more" not in store.slugs("cdg")


def test_the_database_refuses_a_second_event_of_one_number() -> None:
    """[EN1] Two events of one room and number cannot be in the database, and nothing of a failed batch is."""
    store = DatabaseStore()
    opened = store.open("cdg", "main", 1000, NOW)
    store.append([Batch(opened.key, opened.epoch, entries(1))])
    with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):
        store.append([Batch(opened.key, opened.epoch, entries(2, 1))])
    assert store.before(opened.key, 10, 10) == list(entries(1))


@pytest.mark.parametrize("fields", [{"slug": "main"}, {"slug": "other", "epoch": 0}])
def test_the_database_refuses_rooms_that_cannot_be(fields: dict[str, Any]) -> None:
    """[GS6] Two rooms of one name, and an epoch before the first one, cannot be in the database."""
    Room.objects.create(region="cdg", slug="main", epoch=1, first_epoch=1)
    with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):
        Room.objects.create(**{"region": "cdg", "epoch": 1, "first_epoch": 1, **fields})


def test_the_database_refuses_a_number_below_one() -> None:
    """[EN1] An event before the first cannot be in the database."""
    room = Room.objects.create(region="cdg", slug="main", epoch=1, first_epoch=1)
    with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):
        Event.objects.create(room=room, seq=0, epoch=1, ev="chat.said", at=1, player_id="a", player_name="a", session="s", ref=1)
