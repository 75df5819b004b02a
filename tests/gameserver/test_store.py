"""One contract for every journal: memory, SQLite, PostgreSQL. Snapshots have a file of their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.test.utils import CaptureQueriesContext

from gameserver import database, memory
from gameserver.database import COLUMNS, ROWS
from gameserver.engine.entry import Entry, Record
from gameserver.memory import Memory
from gameserver.models import Event, Lease, Room
from gameserver.models import Record as Kept
from gameserver.store import Batch, StaleEpoch
from tests.gameserver.stores import AT, Place, entries, entry, state

pytestmark = pytest.mark.django_db(databases="__all__")


def event(seq: int, ev: str = "score.scored", **fields: Any) -> dict[str, Any]:
    """An event of nobody's."""
    return {"seq": seq, "ev": ev, "at": AT, **fields}


WRITTEN = (
    entry(1),
    entry(2, "chat.renamed", was="Ad", text="", reply={"player": {"id": "ada", "name": "Ädä", "colour": "#112233"}}),
    entry(3, text="Ünï😀\n<b>\"'%s\\", extra={"deep": [1, None, "x", {"y": [[]]}]}),
    entry(4, "board.moved", x=1.5, text=["not", "words"], big=2**53, small=-0.25),
    entry(5, "board.cleared", nothing=None, yes=True),
    entry(6, text="a\0b", odd={"a\0b": "\u2028\u0007"}),
    Entry(event(7, by=1)),
    Entry(event(8), "s" * 32, 8, None),
    Entry(event(9, fields={"reply": ""}), "s" * 32, 8, {"n": 0, "of": [], "text": ""}),
    Entry(event(10, room_id=5, session="x", epoch=3), "", 0, None),
)


def test_what_was_appended_is_read_back(place: Place) -> None:
    """[GS40] Every kind of event is read back as it was written, in order: by the next owner, by pages, and by gaps."""
    room = place.room()
    place.write(room, *WRITTEN)
    again = place.room()
    assert place.store.load(again.key, 1000).entries == WRITTEN
    assert place.store.since(again.key, 2, 4) == list(WRITTEN[2:4])
    assert place.store.before(again.key, 9, 2) == list(WRITTEN[6:8])


@pytest.mark.parametrize("number", [0, 1, ROWS - 1, ROWS, ROWS + 1, 200])
def test_any_number_of_rows(place: Place, number: int) -> None:
    """[GS40] However many events one transaction has, all are there, in their order and with what belongs to each."""
    life = place.life()
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    all_of_them = entries(*range(1, number + 1))
    assert place.store.append([Batch(other.key, other.epoch, entries(1)), Batch(room.key, room.epoch, all_of_them)]) == [None, None]
    assert place.history(room) == list(all_of_them)
    assert place.history(other) == list(entries(1))


def test_a_row_has_every_column() -> None:
    """[GS40] The statement that writes events names every column that an event has: one that is forgotten would be empty."""
    assert sorted(COLUMNS) == sorted(field.column for field in Event._meta.fields if not field.primary_key)


def test_only_the_last_entries_are_read(place: Place) -> None:
    """[EN9] An opening reads what came after the snapshot, and of what came before as much as is kept in memory, oldest first."""
    room = place.room()
    place.write(room, *entries(1, 2, 3, 4, 5, 6))
    assert place.store.load(room.key, 2).entries == entries(1, 2, 3, 4, 5, 6)
    assert place.store.snapshot(room.key, room.epoch, state(4), frozenset(), 0)
    assert place.store.load(room.key, 3).entries == entries(4, 5, 6)
    assert place.store.load(room.key, 1).entries == entries(5, 6)
    assert place.store.load(room.key, 0).entries == entries(5, 6)
    assert place.store.load(room.key, 100).entries == entries(1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(("before", "limit", "page"), [(4, 2, (2, 3)), (4, 100, (1, 2, 3)), (1, 5, ()), (100, 2, (4, 5)), (0, 1, ())])
def test_pages_of_history(place: Place, before: int, limit: int, page: tuple[int, ...]) -> None:
    """[EN10] A page holds the last entries before a seq, oldest first, of this room alone."""
    life = place.life()
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    place.store.append([Batch(room.key, room.epoch, entries(1, 2, 3, 4, 5)), Batch(other.key, other.epoch, entries(1, 2))])
    assert place.store.before(room.key, before, limit) == list(entries(*page))


def test_what_lasts_is_read_past_what_does_not(place: Place) -> None:
    """[EN34] A page, and what an opening reads behind the snapshot, hold the last events that are not passing, oldest first."""
    room = place.room()
    passing = frozenset({"score.scored"})
    place.write(room, entry(1), Entry(event(2)), entry(3), *(Entry(event(seq)) for seq in range(4, 9)), entry(9), Entry(event(10)))
    assert [one.event["seq"] for one in place.store.before(room.key, 9, 5, passing)] == [1, 3]
    assert [one.event["seq"] for one in place.store.before(room.key, 100, 2, passing)] == [3, 9]
    assert place.store.snapshot(room.key, room.epoch, state(9), frozenset(), 0)
    for keep, read, lasting in ((1, [10], [9]), (2, [9, 10], [1, 3]), (8, list(range(3, 11)), [1]), (0, [10], [])):
        loaded = place.store.load(room.key, keep, passing)
        assert [one.event["seq"] for one in loaded.entries] == read
        assert [one.event["seq"] for one in loaded.lasting] == lasting
    assert place.store.load(room.key, 2).lasting == ()


def test_the_best_of_each_player_is_kept(place: Place) -> None:
    """[GS143] Of what players did, the best of each in a region and world is kept with its entries, and none of a stale owner's."""

    def did(world: str, player: str, points: int) -> Record:
        return Record(world, player, player.title(), "#112233", points, AT + points)

    old, there = place.room("main", "m1"), place.room("main", "m2", region="ewr")
    room = place.room("main", "m1")
    tries = [
        Batch(room.key, room.epoch, entries(1), (did("arena", "ada", 5), did("arena", "bob", 7), did("race", "ada", 1))),
        Batch(there.key, there.epoch, entries(1), (did("arena", "ada", 50),)),
        Batch(old.key, old.epoch, entries(2), (did("arena", "ada", 999),)),
    ]
    assert [stale is not None for stale in place.store.append(tries)] == [False, False, True]
    again = (did("arena", "ada", 9), did("arena", "bob", 6), did("arena", "ada", 8))
    assert place.store.append([Batch(room.key, room.epoch, entries(2), again)]) == [None]
    best = {("cdg", "arena", "ada"): 9, ("cdg", "arena", "bob"): 7, ("cdg", "race", "ada"): 1, ("ewr", "arena", "ada"): 50}
    if isinstance(place.store, Memory):
        assert {key: record.points for key, record in place.store.best.items()} == best
    else:
        rows = Kept.objects.using(place.alias).values_list("region", "world", "player_id", "points", "at")
        assert {(region, world, player): points for region, world, player, points, _ in rows} == best
        assert all(at == AT + points for *_, points, at in rows)


def test_an_opening_reads_no_more_than_it_can_bear(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """[EN36] Of what came before the snapshot an opening reads the last events that are not too heavy together; after it, all."""
    home = database if place.alias else memory
    monkeypatch.setattr(home, "MAX_WEIGHT", 2000)
    room = place.room()
    place.write(room, *(Entry(event(seq, heavy="x" * 800)) for seq in range(1, 10)))
    assert place.store.snapshot(room.key, room.epoch, state(6), frozenset(), 0)
    assert [one.event["seq"] for one in place.store.load(room.key, 100).entries] == [5, 6, 7, 8, 9]
    monkeypatch.setattr(home, "MAX_WEIGHT", 10)
    assert [one.event["seq"] for one in place.store.load(room.key, 100).entries] == [7, 8, 9]


@pytest.mark.parametrize(("after", "upto", "gap"), [(0, 2, (1, 2)), (2, 4, (3, 4)), (4, 100, (5,)), (3, 3, ()), (7, 9, ())])
def test_gaps(place: Place, after: int, upto: int, gap: tuple[int, ...]) -> None:
    """[EN10] A gap holds the entries after one seq up to another, oldest first, of this room alone."""
    life = place.life()
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    place.store.append([Batch(other.key, other.epoch, entries(1, 2)), Batch(room.key, room.epoch, entries(1, 2, 3, 4, 5))])
    assert place.store.since(room.key, after, upto) == list(entries(*gap))


def test_rooms_of_two_regions_are_two_rooms(place: Place) -> None:
    """[GS27] The same name in two regions is two rooms."""
    life = place.life()
    here, there = place.leases.claim("cdg", "main", life), place.leases.claim("nrt", "main", life)
    place.write(here, entry(1))
    assert here.key != there.key
    assert place.store.load(there.key, 10).entries == ()
    assert {(held.region, held.slug) for held in place.leases.held()} == {("cdg", "main"), ("nrt", "main")}


def test_an_old_owner_writes_nothing(place: Place) -> None:
    """[GS4] A batch of an earlier epoch is refused and leaves no trace; batches of other rooms beside it are written."""
    old, other = place.room("main", "m1"), place.room("other", "m2")
    new = place.room("main", "m1")
    assert new.epoch > old.epoch
    results = place.store.append([Batch(old.key, old.epoch, entries(1)), Batch(other.key, other.epoch, entries(1))])
    assert isinstance(results[0], StaleEpoch)
    assert results[1] is None
    assert place.history(new) == []
    assert place.history(other) == list(entries(1))


def test_an_epoch_from_the_future_writes_nothing(place: Place) -> None:
    """[GS4] Only the newest epoch itself may write."""
    room = place.room()
    assert isinstance(place.store.append([Batch(room.key, room.epoch + 1, entries(1))])[0], StaleEpoch)
    assert place.history(room) == []


def test_a_room_that_is_not_there_is_not_written(place: Place) -> None:
    """[GS4] A room that nobody made has no epoch that could be right, and is no harm to others."""
    room = place.room()
    results = place.store.append([Batch(room.key, room.epoch, entries(1)), Batch(room.key + 7, 0, entries(1))])
    assert results[0] is None
    assert isinstance(results[1], StaleEpoch)
    assert place.history(room) == list(entries(1))


def test_several_batches_of_one_room_are_written_in_turn(place: Place) -> None:
    """[GS5] Batches of one room in one transaction keep their order."""
    room = place.room()
    batches = [Batch(room.key, room.epoch, entries(1, 2)), Batch(room.key, room.epoch, entries(3))]
    assert place.store.append(batches) == [None, None]
    assert place.history(room) == list(entries(1, 2, 3))


def test_the_database_refuses_a_second_event_of_one_number(kept: Place) -> None:
    """[EN1] Two events of one room and number cannot be in the database, and nothing of a failed batch is."""
    room = kept.room()
    kept.write(room, entry(1))
    with pytest.raises(IntegrityError), transaction.atomic(using=kept.alias):
        kept.store.append([Batch(room.key, room.epoch, entries(2, 1))])
    assert kept.history(room) == list(entries(1))


def test_a_failed_transaction_writes_nothing(kept: Place) -> None:
    """[GS41] When one batch cannot be written, nothing of those before and behind it is, in whichever statement it stood."""
    life = kept.life()
    room, other = kept.leases.claim("cdg", "main", life), kept.leases.claim("cdg", "other", life)
    kept.write(room, entry(1))
    good = Batch(other.key, other.epoch, entries(*range(1, ROWS + 2)))
    with pytest.raises(IntegrityError):
        kept.store.append([good, Batch(room.key, room.epoch, entries(1)), Batch(other.key, other.epoch, entries(200))])
    assert kept.history(other) == []
    assert kept.history(room) == list(entries(1))
    assert kept.store.append([good]) == [None]


def test_an_append_locks_leases_only(kept: Place) -> None:
    """[GS5] A transaction takes the leases' rows, in the order of their keys, and no rooms: two of them cannot wait for each other."""
    room = kept.room()
    with CaptureQueriesContext(connections[kept.alias]) as queries:
        kept.write(room, entry(1))
    read = next(query["sql"] for query in queries if "gameserver_lease" in query["sql"])
    assert "gameserver_room" not in read
    assert "ORDER BY room_id" in read
    assert read.startswith("SELECT room_id, epoch FROM")


def make_room(alias: str, slug: str, epoch: int = 1) -> None:
    room = Room.objects.using(alias).create(region="cdg", slug=slug, first_epoch=1)
    Lease.objects.using(alias).create(room=room, epoch=epoch)


@pytest.mark.parametrize("fields", [{"slug": "main"}, {"slug": "other", "epoch": 0}])
def test_the_database_refuses_rooms_that_cannot_be(kept: Place, fields: dict[str, Any]) -> None:
    """[GS6] Two rooms of one name, and an epoch below one, cannot be in the database."""
    make_room(kept.alias, "main")
    with pytest.raises(IntegrityError), transaction.atomic(using=kept.alias):
        make_room(kept.alias, **fields)


def test_the_database_refuses_a_number_below_one(kept: Place) -> None:
    """[EN1] An event before the first cannot be in the database."""
    room = kept.room()
    with pytest.raises(IntegrityError), transaction.atomic(using=kept.alias):
        kept.write(room, entry(0))
