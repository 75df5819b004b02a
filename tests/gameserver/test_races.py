"""What happens at once, on a real SQLite file and a real PostgreSQL: every order is forced, none is hoped for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections, transaction

from gameserver.database import DatabaseStore
from gameserver.engine.lease import Holder, LeaseHeld
from gameserver.leases import DatabaseLeases
from gameserver.models import Lease, Room
from gameserver.store import Batch, Claimed, StaleEpoch
from tests.gameserver.stores import DATABASES, PATIENCE_S, Place, entries, make, state, threads, wait
from tests.gameserver.test_snapshots import PASSING, mixed

pytestmark = pytest.mark.django_db(databases=["region"], transaction=True)


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest) -> Place:
    return make(request)


class Gate:
    """A point at which one thread waits with its locks, until another one is seen to wait for them."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.reached = threading.Event()
        self.open = threading.Event()
        self.begun = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.open.wait(PATIENCE_S)

    def begins(self, execute: Any, sql: str, *rest: Any) -> Any:
        """For `execute_wrapper`: the thread is about to begin a transaction, which SQLite makes it wait for."""
        if sql.startswith("BEGIN"):
            self.begun.set()
        return execute(sql, *rest)

    def somebody_waits(self) -> bool:
        if connections[self.alias].vendor == "sqlite":
            return self.begun.is_set()
        with connections[self.alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            return bool(cursor.fetchone()[0])

    def behind(self, function: Any, *arguments: Any) -> Any:
        """Call a function that will have to wait for the thread at the gate."""
        with connections[self.alias].execute_wrapper(self.begins):
            return function(*arguments)


class PausedStore(DatabaseStore):
    """Waits at the gate when it has looked at the epochs, with their rows locked."""

    gate: Gate

    def _epochs(self, keys: Any) -> dict[int, int]:
        epochs = super()._epochs(keys)
        self.gate.wait()
        return epochs


class PausedLeases(DatabaseLeases):
    """Waits at the gate when it has written its claim, before the commit."""

    gate: Gate

    def _take(self, *arguments: Any) -> Claimed:
        claimed = super()._take(*arguments)
        self.gate.wait()
        return claimed


class MeetingLeases(DatabaseLeases):
    """All that claim go on together when each has seen that the room is free; and where they can, when each has begun to make it."""

    def __init__(self, alias: str, number: int = 2) -> None:
        super().__init__(alias)
        self.barrier = threading.Barrier(number, timeout=PATIENCE_S)

    def _look(self, *arguments: Any) -> None:
        super()._look(*arguments)
        self.barrier.wait()

    def _make(self, *arguments: Any) -> None:
        # SQLite lets one in at a time.
        if connections[self.alias].vendor != "sqlite":
            self.barrier.wait()
        super()._make(*arguments)


def outcomes(place: Place, leases: DatabaseLeases, lives: list[Holder], slug: str) -> list[Any]:
    def claim(life: Holder) -> Any:
        try:
            return leases.claim("cdg", slug, life)
        except LeaseHeld as held:
            return held

    with threads(place.alias, len(lives)) as start:
        return [future.result(PATIENCE_S) for future in [start(claim, life) for life in lives]]


@pytest.mark.parametrize("there", [True, False])
def test_one_of_two_has_the_room(place: Place, there: bool) -> None:
    """[GS42] Of two Machines that claim a free room at once, or make it at once, one has it and the other is told who."""
    lives = [place.life("m1"), place.life("m2")]
    epochs: dict[str, int] = {}
    slugs = [f"room-{number}" for number in range(5)]
    for slug in slugs if there else []:
        claimed = place.leases.claim("cdg", slug, lives[0])
        place.leases.release(lives[0], {claimed.key: claimed.epoch})
        epochs[slug] = claimed.epoch
    for slug in slugs:
        found = outcomes(place, MeetingLeases(place.alias), lives, slug)
        (won,) = [one for one in found if isinstance(one, Claimed)]
        (lost,) = [one for one in found if isinstance(one, LeaseHeld)]
        assert lost.machine == lives[found.index(won)].machine
        assert won.epoch == epochs.get(slug, won.first_epoch - 1) + 1
        assert Lease.objects.using(place.alias).get(room=won.key).machine == lost.machine
    assert Room.objects.using(place.alias).count() == len(slugs)


def test_one_of_many_has_a_room_that_ran_out(place: Place) -> None:
    """[GS42] Of three Machines that wait for a lease to run out, one has the room, with the next epoch."""
    room = place.room(machine="m0")
    place.later()
    lives = [place.life(f"m{number}") for number in range(1, 4)]
    found = outcomes(place, MeetingLeases(place.alias, len(lives)), lives, "main")
    (won,) = [one for one in found if isinstance(one, Claimed)]
    assert won.epoch == room.epoch + 1
    assert {one.machine for one in found if isinstance(one, LeaseHeld)} == {lives[found.index(won)].machine}


def test_two_lives_that_begin_at_once(place: Place) -> None:
    """[GS44] Of two processes with one Machine's name that start at once, one is the newer, and it alone has the rooms."""
    for number in range(5):
        place.room(f"room-{number}", "m1")
        with threads(place.alias) as start:
            begun = [start(place.leases.start, "m1", nonce) for nonce in "ab"]
            older, newer = sorted((future.result(PATIENCE_S).holder for future in begun), key=lambda life: life.boot)
        assert older.boot != newer.boot
        assert place.leases.renew(older, {}).rooms == {}
        assert len(place.leases.renew(newer, {}).rooms) == number + 1


@pytest.fixture
def expired(place: Place) -> Iterator[tuple[Place, Claimed, Holder, Gate, ExitStack]]:
    """A room whose lease ran out, the Machine that will take it, a gate, and a stack that opens the gate whatever happens."""
    room = place.room(machine="m1")
    place.later()
    with ExitStack() as stack:
        gate = Gate(place.alias)
        stack.callback(gate.open.set)
        yield place, room, place.life("m2"), gate, stack


def test_an_append_before_a_claim_is_seen(expired: tuple[Place, Claimed, Holder, Gate, ExitStack]) -> None:
    """[GS45] A claim waits for an append whose epoch was found good; the new owner reads what was appended."""
    place, room, life, gate, _ = expired
    store = PausedStore(place.alias)
    store.gate = gate
    with threads(place.alias) as start:
        append = start(store.append, [Batch(room.key, room.epoch, entries(1))])
        assert gate.reached.wait(PATIENCE_S)
        claim = start(gate.behind, place.leases.claim, "cdg", "main", life)
        wait(gate.somebody_waits)
        assert not claim.done()
        gate.open.set()
        assert append.result(PATIENCE_S) == [None]
        claimed = claim.result(PATIENCE_S)
    assert claimed.epoch == room.epoch + 1
    assert place.store.load(claimed.key, 10).entries == entries(1)


def test_an_append_behind_a_claim_is_stale(expired: tuple[Place, Claimed, Holder, Gate, ExitStack]) -> None:
    """[GS45] An append waits for a claim that is under way, and is refused by it."""
    place, room, life, gate, _ = expired
    leases = PausedLeases(place.alias)
    leases.gate = gate
    with threads(place.alias) as start:
        claim = start(leases.claim, "cdg", "main", life)
        assert gate.reached.wait(PATIENCE_S)
        append = start(gate.behind, place.store.append, [Batch(room.key, room.epoch, entries(1))])
        wait(gate.somebody_waits)
        assert not append.done()
        gate.open.set()
        claimed = claim.result(PATIENCE_S)
        assert [type(result) for result in append.result(PATIENCE_S)] == [StaleEpoch]
    assert place.store.load(claimed.key, 10).entries == ()
    place.write(claimed, *entries(1))


def test_a_claim_sees_the_floor_of_a_late_snapshot(expired: tuple[Place, Claimed, Holder, Gate, ExitStack]) -> None:
    """[GS45] A claim that waited for the last owner's snapshot knows which events that one let go."""
    place, room, life, gate, _ = expired
    place.write(room, *mixed(*range(1, 9)))
    place.store.snapshot(room.key, room.epoch, state(4), PASSING, 4)
    store = PausedStore(place.alias)
    store.gate = gate
    with threads(place.alias) as start:
        snapshot = start(store.snapshot, room.key, room.epoch, state(8), PASSING, 4)
        assert gate.reached.wait(PATIENCE_S)
        claim = start(gate.behind, place.leases.claim, "cdg", "main", life)
        wait(gate.somebody_waits)
        gate.open.set()
        assert snapshot.result(PATIENCE_S) is True
        assert claim.result(PATIENCE_S).floor == 4


def test_a_new_life_is_behind_an_append(expired: tuple[Place, Claimed, Holder, Gate, ExitStack]) -> None:
    """[GS45] A Machine's new life waits for what its last one appends, and fences it from then on."""
    place, room, _, gate, _ = expired
    store = PausedStore(place.alias)
    store.gate = gate
    with threads(place.alias) as start:
        append = start(store.append, [Batch(room.key, room.epoch, entries(1))])
        assert gate.reached.wait(PATIENCE_S)
        begun = start(gate.behind, place.leases.start, "m1", "1")
        wait(gate.somebody_waits)
        gate.open.set()
        assert append.result(PATIENCE_S) == [None]
        assert begun.result(PATIENCE_S).rooms == (("cdg", "main"),)
    assert [type(result) for result in place.store.append([Batch(room.key, room.epoch, entries(2))])] == [StaleEpoch]
    assert place.history(room) == list(entries(1))


def test_reads_go_beside_writes(place: Place) -> None:
    """[GS52] A transaction that is under way holds up no page, no gap, no opening and no table of leases."""
    room = place.room()
    place.write(room, *entries(1))
    gate = Gate(place.alias)
    store = PausedStore(place.alias)
    store.gate = gate
    with threads(place.alias) as start, ExitStack() as stack:
        stack.callback(gate.open.set)
        append = start(store.append, [Batch(room.key, room.epoch, entries(2))])
        assert gate.reached.wait(PATIENCE_S)
        assert start(place.history, room).result(PATIENCE_S) == list(entries(1))
        assert start(place.store.before, room.key, 9, 9).result(PATIENCE_S) == list(entries(1))
        assert start(place.store.load, room.key, 9).result(PATIENCE_S).entries == entries(1)
        assert [held.slug for held in start(place.leases.held).result(PATIENCE_S)] == ["main"]
        assert not append.done()
        gate.open.set()
        append.result(PATIENCE_S)


def test_late_writers_and_new_owners_do_not_wait_for_each_other(place: Place) -> None:
    """[GS5] Appends that come too late and renewals of those who have the rooms now take their locks in one order."""
    old, new = place.life("m1"), place.life("m2")
    slugs = [f"room-{number}" for number in range(12)]
    late = [place.leases.claim("cdg", slug, old) for slug in slugs]
    place.later()
    with transaction.atomic(using=place.alias):
        for slug in reversed(slugs):
            place.leases.claim("cdg", slug, new)
    batches = [Batch(room.key, room.epoch, entries(1)) for room in late]

    def renewals() -> int:
        return sum(len(place.leases.renew(new, {room.key: number for room in reversed(late)}).rooms) for number in range(150))

    def appends() -> int:
        return sum(isinstance(one, StaleEpoch) for _ in range(150) for one in place.store.append(batches))

    with threads(place.alias, 3) as start:
        running = [start(renewals), start(appends), start(appends)]
        assert [future.result(PATIENCE_S) for future in running] == [150 * len(slugs)] * 3
