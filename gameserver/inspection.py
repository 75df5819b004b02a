"""What an operator sees of the region's rooms, read beside running gameservers: nothing here waits for them, or keeps them waiting."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
from django.db import connections, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from gameserver.database import ALIAS, DatabaseStore, entry_of, state_of
from gameserver.engine.entry import Entry
from gameserver.engine.entry import Snapshot as State
from gameserver.engine.registry import Registry
from gameserver.engine.replies import MAX_AGE_MS, MAX_REPLIES, PER_SESSION
from gameserver.engine.room import Room
from gameserver.models import Event, NowMs, Snapshot
from gameserver.models import Holder as HolderRow
from gameserver.models import Lease as LeaseRow
from gameserver.models import Room as RoomRow

CHUNK = 2000
"""Events that are in memory at once."""
NEAR = 5
"""Names that are said when one is not found."""
Line = tuple[int, Entry]
"""An event with the epoch of the owner that wrote it."""


class UnknownRoom(Exception):
    """There is no such room; `near`: those with a similar name."""

    def __init__(self, name: str, near: list[str]) -> None:
        super().__init__(name, near)
        self.name = name
        self.near = near


@dataclass(frozen=True, slots=True)
class Overview:
    """One room at one moment. `owner`: the Machine that has it, empty for nobody. `lag`: events that are in no snapshot."""

    key: int
    region: str
    slug: str
    world: str
    epoch: int
    first_epoch: int
    floor: int
    seq: int
    owner: str
    lease_ms: int
    sessions: int
    lag: int
    last_at: datetime | None

    @property
    def name(self) -> str:
        """As commands take it."""
        return f"{self.region}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot; `state` is None when it is damaged."""

    seq: int
    epoch: int
    made_at: datetime
    size: int
    state: State | None


@dataclass(frozen=True, slots=True)
class Life:
    """The newest life of a Machine, as far as the database knows. `rooms`: how many it holds."""

    machine: str
    boot: str
    lives: bool
    rooms: int


@contextmanager
def reading(alias: str = ALIAS) -> Iterator[None]:
    """All reads see the database as it was at the first one, however long they take, and block no writer."""
    connection = connections[alias]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Not `atomic`, which begins with the lock of the one who writes.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def overviews(alias: str = ALIAS, region: str = "") -> list[Overview]:
    """All rooms, or those of one region, by name."""
    rooms = _rooms(alias).order_by("region", "slug")
    return [_overview(row) for row in (rooms.filter(region=region) if region else rooms)]


def find(name: str, alias: str = ALIAS) -> Overview:
    """The room of this name, `<region>/<slug>`. Raises UnknownRoom."""
    region, _, slug = name.partition("/")
    row = _rooms(alias).filter(region=region, slug=slug).first()
    if row is not None:
        return _overview(row)
    names = [f"{region}/{slug}" for region, slug in RoomRow.objects.using(alias).order_by("region", "slug").values_list("region", "slug")]
    raise UnknownRoom(name, near(name, names))


def near(name: str, names: list[str]) -> list[str]:
    """Names that could have been meant: the same slug in any region, then similar ones."""
    same = [other for other in names if other.partition("/")[2] == (name.partition("/")[2] or name)]
    return list(dict.fromkeys([*same, *difflib.get_close_matches(name, names, NEAR)]))[:NEAR]


def _rooms(alias: str) -> QuerySet[RoomRow]:
    newest = Snapshot.objects.filter(room=OuterRef("pk")).order_by("-seq").values("seq")[:1]
    rooms = RoomRow.with_last_event().using(alias).select_related("lease")
    return rooms.annotate(snapshot_seq=Subquery(newest), remaining=F("lease__expires_at") - NowMs())


def _overview(row: Any) -> Overview:
    lease = row.lease if hasattr(row, "lease") else LeaseRow(epoch=0)
    held = bool(lease.machine) and (row.remaining or 0) > 0
    return Overview(
        key=row.pk,
        region=row.region,
        slug=row.slug,
        world=row.world or "chat",
        epoch=lease.epoch,
        first_epoch=row.first_epoch,
        floor=row.floor,
        seq=row.last_seq,
        owner=lease.machine if held else "",
        lease_ms=row.remaining if held else 0,
        sessions=lease.sessions if held else 0,
        lag=row.last_seq - (row.snapshot_seq or 0),
        last_at=None if row.last_at is None else datetime.fromtimestamp(row.last_at / 1000, UTC),
    )


def history(key: int, after: int = 0, alias: str = ALIAS) -> Iterator[Line]:
    """A room's events after a seq, oldest first; however many there are, few are in memory at once."""
    rows = Event.objects.using(alias).filter(room=key, seq__gt=after).order_by("seq")
    return ((row.epoch, entry_of(row)) for row in rows.iterator(CHUNK))


def count(key: int, after: int = 0, alias: str = ALIAS) -> int:
    """How many events `history` will give."""
    return Event.objects.using(alias).filter(room=key, seq__gt=after).count()


def snapshots(key: int, alias: str = ALIAS) -> list[Kept]:
    """A room's snapshots, newest first."""
    rows = Snapshot.objects.using(alias).filter(room=key).order_by("-seq")
    return [Kept(row.seq, row.epoch, row.made_at, len(row.state), state_of(row)) for row in rows]


def doubles(key: int, alias: str = ALIAS) -> list[tuple[int, int]]:
    """The seqs of each command of a room that was done again, of the first and of the next time, though the room remembered it then."""
    replied = Event.objects.using(alias).filter(room=key).exclude(session="").exclude(reply="")
    found = replied.values("session", "ref").annotate(times=Count("id")).filter(times__gt=1).order_by()
    return sorted(
        (seq, again)
        for session, ref in found.values_list("session", "ref")
        for (seq, at), (again, later) in pairwise(
            replied.filter(session=session, ref=ref).order_by("seq").values_list("seq", "at"),
        )
        if later - at <= MAX_AGE_MS
        and again - seq <= MAX_REPLIES
        and replied.filter(session=session, seq__gt=seq, seq__lt=again).count() < PER_SESSION
    )


def present(room: Overview, registry: Registry, alias: str = ALIAS) -> Room:
    """A room as its next owner would find it. Raises Damaged, and KeyError for a world there is not."""
    loaded = DatabaseStore(alias).load(room.key, 0)
    made = Room(room.epoch, room.first_epoch, registry.lanes(room.world), room.floor)
    made.load(loaded.snapshot, loaded.entries)
    return made


def json_line(epoch: int, entry: Entry) -> str:
    """One event of an export. `event`: as it was shown; `reply`: null when another event of its command comes behind it."""
    event = entry.event
    return msgspec.json.encode(
        {
            "seq": event["seq"],
            "epoch": epoch,
            "at": event["at"],
            "ev": event["ev"],
            "player": event.get("player"),
            "session": entry.session,
            "ref": entry.ref,
            "reply": entry.reply,
            "event": event,
        }
    ).decode()


def lives(alias: str = ALIAS) -> list[Life]:
    """The newest life of each Machine that did not say goodbye, by name."""
    holding = LeaseRow.objects.using(alias).filter(expires_at__gt=NowMs()).order_by()
    rooms = {(machine, boot): number for machine, boot, number in holding.values_list("machine", "boot").annotate(Count("room_id"))}
    rows: Any = HolderRow.objects.using(alias).annotate(remaining=F("expires_at") - NowMs()).order_by("machine")
    return [Life(row.machine, row.boot, row.remaining > 0, rooms.get((row.machine, row.boot), 0)) for row in rows]
