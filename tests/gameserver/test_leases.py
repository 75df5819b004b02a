"""One contract for all leases: memory, SQLite, PostgreSQL. What happens at once has a file of its own: test_races.py."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from gameserver.engine import lease
from gameserver.engine.lease import EXPIRY_S, LeaseHeld
from gameserver.memory import Memory
from gameserver.models import Holder as HolderRow
from gameserver.models import Lease, Room
from gameserver.store import MAX_ROOMS, TooManyRooms
from tests.gameserver.stores import Place

pytestmark = pytest.mark.django_db(databases="__all__")
EXPIRY_MS = int(EXPIRY_S * 1000)
HALF_S = EXPIRY_S / 2


def sessions(place: Place, key: int) -> int:
    if isinstance(place.leases, Memory):
        return place.leases.rooms[key].sessions
    return Lease.objects.using(place.alias).get(room=key).sessions


# Epochs


def test_a_new_room_begins_with_the_time_of_its_making(place: Place) -> None:
    """[GS6] The first epoch is the unix time in seconds, by the clock of whoever keeps it, and the room is empty."""
    before = int(time.time()) - 1
    room = place.room()
    assert room.epoch == room.first_epoch
    assert (room.world, room.floor) == ("", 0)
    assert place.store.load(room.key, 10).entries == ()
    if place.alias:
        assert before <= room.epoch <= time.time() + 1
    else:
        assert room.epoch == place.now[0]


def test_every_owner_has_an_epoch_of_its_own(place: Place) -> None:
    """[GS6] Each claim adds one to the epoch, whoever claims; the first one stays known."""
    life = place.life()
    first = place.leases.claim("cdg", "main", life)
    again = place.leases.claim("cdg", "main", life)
    place.leases.release(life, {again.key: again.epoch})
    third = place.room(machine="m2")
    assert [one.epoch - first.epoch for one in (again, third)] == [1, 2]
    assert {(one.key, one.first_epoch) for one in (first, again, third)} == {(first.key, first.first_epoch)}


def test_a_room_keeps_its_world(place: Place) -> None:
    """[GS42] Who makes a room says what its world is; a later owner is told, whatever it asks for."""
    life = place.life()
    assert place.leases.claim("cdg", "field", life, "board").world == "board"
    assert place.leases.claim("cdg", "field", life, "arena").world == "board"
    assert place.leases.claim("cdg", "field", life).world == "board"


def test_a_region_holds_a_thousand_rooms(place: Place) -> None:
    """[GS16] The 1001st room of a region is refused, those that are there still open, and other regions have their own thousand."""
    life = place.life()
    if isinstance(place.leases, Memory):
        for number in range(MAX_ROOMS):
            place.leases.claim("cdg", f"room-{number}", life)
    else:
        made = Room.objects.using(place.alias).bulk_create(Room(region="cdg", slug=f"room-{n}", first_epoch=1) for n in range(MAX_ROOMS))
        Lease.objects.using(place.alias).bulk_create(Lease(room=room, epoch=1) for room in made)
    with pytest.raises(TooManyRooms):
        place.leases.claim("cdg", "one-more", life)
    place.leases.claim("cdg", "room-7", life)
    place.leases.claim("nrt", "one-more", life)
    assert ("cdg", "one-more") not in {(held.region, held.slug) for held in place.leases.held()}


# Holding


def test_a_held_room_says_who_has_it(place: Place) -> None:
    """[GS42] Who claims a room that another Machine has is told which one, and for how long at most."""
    room = place.room(machine="m1")
    with pytest.raises(LeaseHeld) as raised:
        place.room(machine="m2")
    assert raised.value.machine == "m1"
    assert 0 < raised.value.remaining_ms <= EXPIRY_MS
    assert place.leases.renew(place.life("m2"), {}).rooms == {}
    place.write(room)


def test_a_lease_runs_out(place: Place) -> None:
    """[GS43] After 6 s without a renewal, by the clock of whoever keeps it and not before, anybody may have the room."""
    room = place.room(machine="m1")
    place.later(HALF_S)
    with pytest.raises(LeaseHeld) as raised:
        place.room(machine="m2")
    assert 0 < raised.value.remaining_ms <= HALF_S * 1000
    place.later(HALF_S)
    assert place.room(machine="m2").epoch == room.epoch + 1


def test_a_renewal_puts_the_end_off(place: Place) -> None:
    """[GS43] A renewal gives all rooms of its life another 6 s, those of others none, and names them with their epochs."""
    m1, m2 = place.life("m1"), place.life("m2")
    rooms = [place.leases.claim("cdg", slug, m1) for slug in ("a", "b")]
    place.leases.claim("cdg", "c", m2)
    for _ in range(3):
        place.later(HALF_S)
        assert place.leases.renew(m1, {}).rooms == {room.key: room.epoch for room in rooms}
    held = {one.slug: one for one in place.leases.held()}
    assert set(held) == {"a", "b"}
    assert all(HALF_S * 1000 < one.remaining_ms <= EXPIRY_MS for one in held.values())


def test_held_lists_what_runs(place: Place) -> None:
    """[GS43] The table of leases has each one that runs, of every region and Machine: not those given back or run out."""
    m1, m2 = place.life("m1"), place.life("m2")
    old = place.leases.claim("cdg", "run-out", m1)
    assert old
    place.later()
    gone = place.leases.claim("cdg", "given-back", m1)
    place.leases.release(m1, {gone.key: gone.epoch})
    place.leases.claim("cdg", "mine", m1)
    place.leases.claim("nrt", "yours", m2)
    held = place.leases.held()
    assert {(one.region, one.slug, one.machine) for one in held} == {("cdg", "mine", "m1"), ("nrt", "yours", "m2")}
    assert all(0 < one.remaining_ms <= EXPIRY_MS for one in held)


def test_sessions_are_stored(place: Place) -> None:
    """[GS43] A renewal stores how many sessions its rooms have, of others nothing; a new owner begins with none."""
    m1, m2 = place.life("m1"), place.life("m2")
    here, there = place.leases.claim("cdg", "here", m1), place.leases.claim("cdg", "there", m2)
    place.leases.renew(m1, {here.key: 7, there.key: 9})
    assert [sessions(place, room.key) for room in (here, there)] == [7, 0]
    place.leases.renew(m1, {})
    assert sessions(place, here.key) == 7
    place.leases.claim("cdg", "here", m1)
    assert sessions(place, here.key) == 0


# Giving back


def test_a_room_that_was_given_back_is_free_at_once(place: Place) -> None:
    """[GS43] After a release another Machine has the room without waiting, and the last one does not renew it any more."""
    life = place.life("m1")
    room, other = place.leases.claim("cdg", "main", life), place.leases.claim("cdg", "other", life)
    place.leases.renew(life, {room.key: 5})
    place.leases.release(life, {room.key: room.epoch})
    assert sessions(place, room.key) == 5
    assert place.leases.renew(life, {}).rooms == {other.key: other.epoch}
    assert place.room(machine="m2").epoch == room.epoch + 1


def test_a_late_release_is_ignored(place: Place) -> None:
    """[GS44] A release with an old epoch, of another life, or of another Machine's room, changes nothing."""
    old = place.life("m1", "1")
    first = place.leases.claim("cdg", "main", old)
    again = place.leases.claim("cdg", "main", old)
    place.leases.release(old, {again.key: first.epoch})
    place.leases.release(place.life("m2"), {again.key: again.epoch})
    assert place.leases.renew(old, {}).rooms == {again.key: again.epoch}
    new = place.life("m1", "2")
    rooms = place.leases.renew(new, {}).rooms
    place.leases.release(old, dict(rooms))
    place.leases.end(old)
    assert place.leases.renew(new, {}).rooms == rooms == {again.key: again.epoch + 1}
    assert place.leases.ask_drain("m1")


# Lives


def test_a_new_life_has_what_the_last_one_held(place: Place) -> None:
    """[GS44] A Machine's new life takes over at once what its earlier ones held, with the next epoch, and nobody else's."""
    old, other = place.life("m1", "1"), place.life("m2")
    rooms = [place.leases.claim("cdg", slug, old) for slug in ("a", "b")]
    theirs = place.leases.claim("cdg", "c", other)
    place.leases.renew(old, {rooms[0].key: 5})
    started = place.leases.start("m1", "0")
    assert started.holder.boot > old.boot
    assert set(started.rooms) == {("cdg", "a"), ("cdg", "b")}
    assert place.leases.renew(started.holder, {}).rooms == {room.key: room.epoch + 1 for room in rooms}
    assert place.leases.renew(old, {}).rooms == {}
    assert place.leases.renew(other, {}).rooms == {theirs.key: theirs.epoch}
    assert sessions(place, rooms[0].key) == 5


def test_a_new_life_has_what_ran_out_and_nobody_took(place: Place) -> None:
    """[GS44] A Machine that was away for long opens what it held, unless somebody else has it."""
    life = place.life("m1")
    place.leases.claim("cdg", "mine", life)
    place.leases.claim("cdg", "taken", life)
    place.later()
    place.room("taken", "m2")
    assert place.leases.start("m1", "1").rooms == (("cdg", "mine"),)
    assert {(held.slug, held.machine) for held in place.leases.held()} == {("mine", "m1"), ("taken", "m2")}


def test_an_older_life_takes_nothing_from_a_newer_one(place: Place) -> None:
    """[GS44] A process that goes on after its Machine began a new life gets none of its rooms; the new one takes what it will."""
    old = place.life("m1", "9")
    room = place.leases.claim("cdg", "main", old)
    new = place.life("m1", "0")
    with pytest.raises(LeaseHeld) as raised:
        place.leases.claim("cdg", "main", old)
    assert raised.value.machine == "m1"
    late = place.leases.claim("cdg", "late", old)
    assert place.leases.claim("cdg", "late", new).epoch == late.epoch + 1
    assert place.leases.claim("cdg", "main", new).epoch == room.epoch + 2


def test_lives_sort_even_when_the_clock_went_back(place: Place) -> None:
    """[GS44] Of two lives the later one sorts behind, also within one millisecond and on a clock that goes back."""
    boots = []
    for nonce in ("z", "y", "x"):
        boots.append(place.life("m1", nonce).boot)
        place.now[0] -= 100
    if place.alias:
        HolderRow.objects.using(place.alias).filter(machine="m1").update(boot=f"{2**50:013x}-a")
        boots += [f"{2**50:013x}-a", place.life("m1", "0").boot]
    assert boots == sorted(set(boots))


def test_the_end_of_a_life(place: Place) -> None:
    """[GS43] A life that ends holds nothing, is spoken to no more, and leaves the rooms of others alone."""
    m1, m2 = place.life("m1"), place.life("m2")
    place.leases.claim("cdg", "a", m1)
    place.leases.claim("cdg", "b", m2)
    place.leases.end(m1)
    assert [held.slug for held in place.leases.held()] == ["b"]
    assert place.leases.ask_drain("m1") is False
    assert place.leases.start("m1", "1").rooms == ()
    place.room("a", "m2")


# Asking


def test_a_drain_is_told_by_the_next_renewal(place: Place) -> None:
    """[GS51] Who is asked to drain is told by its next renewals, and nobody else is."""
    m1, m2 = place.life("m1"), place.life("m2")
    assert [place.leases.renew(life, {}).drain for life in (m1, m2)] == [False, False]
    assert place.leases.ask_drain("m1") is True
    assert [place.leases.renew(life, {}).drain for life in (m1, m2)] == [True, False]
    assert place.leases.renew(m1, {}).drain is True


def test_a_drain_is_for_one_life(place: Place) -> None:
    """[GS51] A new life was not asked, and an old one is not told what the new one is asked."""
    old = place.life("m1", "1")
    place.leases.ask_drain("m1")
    new = place.life("m1", "2")
    assert place.leases.renew(new, {}).drain is False
    place.leases.ask_drain("m1")
    assert [place.leases.renew(life, {}).drain for life in (old, new)] == [False, True]


def test_nobody_is_asked_in_vain(place: Place) -> None:
    """[GS51] There is nobody to ask where no such Machine is, or where none of its lives was renewed for 6 s."""
    life = place.life("m1")
    assert place.leases.ask_drain("m2") is False
    place.later(HALF_S)
    place.leases.renew(life, {})
    place.later(HALF_S)
    assert place.leases.ask_drain("m1") is True
    place.later(HALF_S)
    assert place.leases.ask_drain("m1") is False


def test_a_look_at_a_held_room_takes_no_lock(kept: Place, django_assert_num_queries: object) -> None:
    """[GS42] Whoever asks for a held room costs the database one read, and no turn of the one that writes."""
    kept.room(machine="m1")
    m2 = kept.life("m2")
    with django_assert_num_queries(1, using=kept.alias), pytest.raises(LeaseHeld):  # type: ignore[operator]
        kept.leases.claim("cdg", "main", m2)


def test_the_ladder_is_documented() -> None:
    """docs/operations.md has the numbers of the program, in their order, with the margin between the last two."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    numbers = [float(number) for number in re.findall(r"^\| (\d+(?:\.\d+)?) s", page, re.MULTILINE)]
    assert numbers == [lease.RENEW_S, lease.REFUSE_S, lease.CLOSE_S, lease.EXPIRY_S]
    assert numbers == sorted(numbers)
    assert lease.EXPIRY_S - lease.CLOSE_S >= lease.MARGIN_S
