"""Leases in the region's database, SQLite or PostgreSQL; see `gameserver.store.Leases` for what is promised.

Several Machines of one region share them only where they share the database: on Fly that means PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import Case, F, QuerySet, Value, When

from gameserver.database import ALIAS, LEASES, lock
from gameserver.engine.lease import EXPIRY_S, NOBODY, Holder, Lease, check_claim, next_boot
from gameserver.models import Holder as HolderRow
from gameserver.models import Lease as LeaseRow
from gameserver.models import NowMs, Room
from gameserver.store import MAX_ROOMS, RECENT_S, Claimed, Held, Peer, Renewed, Started, TooManyRooms

EXPIRY_MS = int(EXPIRY_S * 1000)
HOLDERS, ROOMS = HolderRow._meta.db_table, Room._meta.db_table
RECENT_MS = int(RECENT_S * 1000)
# It ends now; how many were in stays, for the next owner.
_FREE: dict[str, Any] = {"machine": "", "boot": "", "expires_at": NowMs()}


class DatabaseLeases:
    """Called from one thread, that of the journal; `held` also from the reader's."""

    def __init__(self, alias: str = ALIAS) -> None:
        self.alias = alias

    def start(self, machine: str, nonce: str) -> Started:
        """See Leases."""
        lives = HolderRow.objects.using(self.alias)
        with self._transaction():
            row, _ = lives.select_for_update().get_or_create(machine=machine, defaults={"boot": "", "expires_at": 0})
            now_ms = lives.values_list(NowMs(), flat=True).get(pk=machine)
            holder = Holder(machine, next_boot(now_ms, row.boot, nonce))
            lives.filter(pk=machine).update(boot=holder.boot, expires_at=NowMs() + EXPIRY_MS, drain=False)
            mine = LeaseRow.objects.using(self.alias).filter(machine=machine)
            lock(mine)
            rooms = tuple(mine.values_list("room__region", "room__slug"))
            recent = Case(When(expires_at__gt=NowMs() - RECENT_MS, then=F("sessions")), default=Value(0))
            mine.update(boot=holder.boot, epoch=F("epoch") + 1, expires_at=NowMs() + EXPIRY_MS, sessions=recent)
        return Started(holder, rooms)

    def claim(self, region: str, slug: str, holder: Holder, world: str = "") -> Claimed:
        """See Leases. One indexed read when somebody else has it."""
        self._look(region, slug, holder)
        try:
            with self._transaction():
                return self._take(region, slug, holder, world)
        except IntegrityError:
            # Two made the room at once; the other one was first.
            with self._transaction():
                return self._take(region, slug, holder, world)

    def _look(self, region: str, slug: str, holder: Holder) -> None:
        """Raises LeaseHeld without a lock where that is plain to see already."""
        row = self._rows().filter(room__region=region, room__slug=slug).first()
        check_claim(None if row is None else _lease(row), holder)

    def _take(self, region: str, slug: str, holder: Holder, world: str) -> Claimed:
        row = self._locked(region, slug)
        if row is None:
            self._make(region, slug, world)
            row = self._locked(region, slug)
            assert row is not None
        check_claim(_lease(row), holder)
        # Not before it is locked: a late snapshot of the last owner may have raised the floor until then.
        room = Room.objects.using(self.alias).get(pk=row.room_id)
        row.epoch += 1
        LeaseRow.objects.using(self.alias).filter(room=room).update(
            epoch=row.epoch, machine=holder.machine, boot=holder.boot, expires_at=NowMs() + EXPIRY_MS, sessions=0
        )
        sessions = row.sessions if row.remaining > -RECENT_MS else 0  # type: ignore[attr-defined]
        return Claimed(room.pk, row.epoch, room.first_epoch, room.world, room.floor, sessions)

    def _locked(self, region: str, slug: str) -> LeaseRow | None:
        return self._rows().select_for_update(of=("self",)).filter(room__region=region, room__slug=slug).first()

    def _make(self, region: str, slug: str, world: str) -> None:
        rooms = Room.objects.using(self.alias)
        if rooms.filter(region=region).count() >= MAX_ROOMS:
            raise TooManyRooms
        room = rooms.create(region=region, slug=slug, world=world, first_epoch=NowMs() / 1000)
        room.refresh_from_db()
        # The first owner adds one, as every other does.
        LeaseRow.objects.using(self.alias).create(room=room, epoch=room.first_epoch - 1)

    def renew(self, holder: Holder, sessions: Mapping[int, int], places: int = 1) -> Renewed:
        """See Leases."""
        link = connections[self.alias]
        # Past the ORM: an idle process does little else, once a second.
        expiry = f"{NowMs.SQL[link.vendor]} + {EXPIRY_MS}"
        tail = " FOR UPDATE" if link.features.has_select_for_update else ""
        mine, life = "machine = %s AND boot = %s", [holder.machine, holder.boot]
        with self._transaction(), link.cursor() as cursor:
            cursor.execute(f"SELECT room_id, epoch FROM {LEASES} WHERE {mine} ORDER BY room_id{tail}", life)
            rooms = dict(cursor.fetchall())
            cursor.execute(f"UPDATE {LEASES} SET expires_at = {expiry} WHERE {mine}", life)
            for key, number in sorted(sessions.items()):
                cursor.execute(f"UPDATE {LEASES} SET sessions = %s WHERE {mine} AND room_id = %s", [number, *life, key])
            cursor.execute(f"UPDATE {HOLDERS} SET expires_at = {expiry}, places = %s WHERE {mine} RETURNING drain", [places, *life])
            return Renewed(rooms, any(drain for (drain,) in cursor.fetchall()))

    def release(self, holder: Holder, rooms: Mapping[int, int]) -> None:
        """See Leases."""
        mine = LeaseRow.objects.using(self.alias).filter(machine=holder.machine, boot=holder.boot)
        with self._transaction():
            for key, epoch in sorted(rooms.items()):
                mine.filter(room=key, epoch=epoch).update(**_FREE)

    def end(self, holder: Holder) -> None:
        """See Leases."""
        with self._transaction():
            mine = LeaseRow.objects.using(self.alias).filter(machine=holder.machine, boot=holder.boot)
            lock(mine)
            mine.update(**_FREE)
            HolderRow.objects.using(self.alias).filter(machine=holder.machine, boot=holder.boot).delete()

    def held(self) -> list[Held]:
        """See Leases."""
        link = connections[self.alias]
        now = NowMs.SQL[link.vendor]
        with link.cursor() as cursor:
            cursor.execute(
                f"SELECT region, slug, machine, expires_at - {now} FROM {LEASES} JOIN {ROOMS} ON id = room_id WHERE expires_at > {now}"
            )
            return [Held(region, slug, machine, max(0, remaining)) for region, slug, machine, remaining in cursor.fetchall() if machine]

    def peers(self) -> list[Peer]:
        """See Leases."""
        living = HolderRow.objects.using(self.alias).filter(expires_at__gt=NowMs())
        return [Peer(*row) for row in living.values_list("machine", "boot", "places")]

    def ask_drain(self, machine: str) -> bool:
        """See Leases."""
        living = HolderRow.objects.using(self.alias).filter(machine=machine, expires_at__gt=NowMs())
        return bool(living.update(drain=True))

    def _rows(self) -> QuerySet[LeaseRow]:
        return LeaseRow.objects.using(self.alias).annotate(remaining=F("expires_at") - NowMs())

    def _transaction(self) -> transaction.Atomic:
        return transaction.atomic(using=self.alias)


def _lease(row: LeaseRow) -> Lease:
    holder = Holder(row.machine, row.boot) if row.machine else NOBODY
    return Lease(row.epoch, holder, max(0, row.remaining))  # type: ignore[attr-defined]
