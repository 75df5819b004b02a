"""Journals and snapshots in the region's database, SQLite or PostgreSQL. See `gameserver.store.Store` for what is promised.

Lines are written by one statement for many rows, past the ORM, which would cost each of them more than all the rest of its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from django.db import connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from gameserver.engine.entry import Entry, Record
from gameserver.engine.entry import Snapshot as State
from gameserver.engine.past import MAX_WEIGHT
from gameserver.models import Event, Lease, Room, Snapshot
from gameserver.store import KEEP_SNAPSHOTS, NONE, Batch, Damaged, Loaded, StaleEpoch

ALIAS = "region"
LEASES = Lease._meta.db_table
COLUMNS = ("room_id", "seq", "epoch", "ev", "at", "player_id", "player_name", "player_colour", "text", "fields", "session", "ref", "reply")
ROWS = 64
"""Rows in one statement, at most. Statements have 64, 32, 16 … rows, so that a database meets seven texts and can keep their plans."""
KEEP_RECORD = """
    INSERT INTO gameserver_record (region, world, player_id, player_name, player_colour, points, at)
    SELECT region, %s, %s, %s, %s, %s, %s FROM gameserver_room WHERE id = %s
    ON CONFLICT (region, world, player_id) DO UPDATE SET
        player_name = excluded.player_name, player_colour = excluded.player_colour, points = excluded.points, at = excluded.at
    WHERE excluded.points > gameserver_record.points
"""
NOBODY = {"id": "", "name": "", "colour": ""}
_FIXED = frozenset({"seq", "ev", "at", "player"})
_encode = msgspec.json.encode
_decode = msgspec.json.decode


class DatabaseStore:
    """Called from one thread, that of the journal, which also closes its connection; `since` and `before` also from the reader's."""

    def __init__(self, alias: str = ALIAS) -> None:
        self.alias = alias

    def load(self, key: int, keep: int, passing: frozenset[str] = NONE) -> Loaded:
        """See Store."""
        snapshot = self._newest_good(key)
        after = 0 if snapshot is None else snapshot.seq
        floor = Room.objects.using(self.alias).values_list("floor", flat=True).get(pk=key)
        if after < floor:
            raise Damaged(f"no good snapshot from after {floor}: the journal of room {key} is not whole without one")
        newest = self._events(key).order_by("-seq").values_list("seq", flat=True).first() or 0
        begin = min(after, newest - keep)
        rows = self._events(key).filter(seq__gt=after).order_by("seq")
        earlier = list(self._back(key, begin, after))
        begin = earlier[-1].event["seq"] - 1 if earlier else after
        lasting = self.before(key, begin + 1, keep, passing) if passing and keep else ()
        return Loaded(snapshot, (*reversed(earlier), *(entry_of(row) for row in rows.iterator())), tuple(lasting))

    def _back(self, key: int, after: int, upto: int) -> Iterator[Entry]:
        """The entries from one seq down to another, newest first, as far as they are not too heavy together."""
        weight = 0
        for row in self._events(key).filter(seq__gt=after, seq__lte=upto).order_by("-seq").iterator(ROWS):
            weight += len(row.fields)
            if weight > MAX_WEIGHT:
                return
            yield entry_of(row)

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """See Store. Locks the leases' rows, so that no epoch can rise between the check and the commit (R6)."""
        with transaction.atomic(using=self.alias):
            epochs = self._epochs({batch.key for batch in batches})
            results = [None if epochs.get(batch.key) == batch.epoch else StaleEpoch() for batch in batches]
            rows = [_row(batch, entry) for batch, stale in zip(batches, results, strict=True) if stale is None for entry in batch.entries]
            link = connections[self.alias]
            mark = "?" if link.vendor == "sqlite" else "%s"
            # The driver itself: Django's cursor would look through each of these long texts for marks to translate.
            with link.wrap_database_errors:
                for statement, values in _statements(rows, mark):
                    link.connection.execute(statement, values)
            records = [
                (batch.key, record) for batch, stale in zip(batches, results, strict=True) if stale is None for record in batch.records
            ]
            if records:
                self._keep(records)
        return results

    def _keep(self, records: Sequence[tuple[int, Record]]) -> None:
        """Keep what is better than what is there."""
        with connections[self.alias].cursor() as cursor:
            for key, record in records:
                values = (record.world, record.player, record.name, record.colour, record.points, record.at, key)
                cursor.execute(KEEP_RECORD, values)

    def snapshot(self, key: int, epoch: int, snapshot: State, passing: frozenset[str], floor: int) -> bool:
        """See Store."""
        state = _encode(snapshot.state)
        with transaction.atomic(using=self.alias):
            if self._epochs({key}).get(key) != epoch:
                raise StaleEpoch
            snapshots = Snapshot.objects.using(self.alias).filter(room=key)
            newest = self._events(key).order_by("-seq").values_list("seq", flat=True).first() or 0
            if newest < snapshot.seq or snapshots.filter(seq__gt=snapshot.seq).exists():
                return False
            values = {"epoch": epoch, "state": state, "digest": digest(state), "made_at": timezone.now()}
            snapshots.update_or_create(room_id=key, seq=snapshot.seq, defaults=values)
            kept = list(snapshots.order_by("-seq").values_list("seq", flat=True)[:KEEP_SNAPSHOTS])
            snapshots.filter(seq__lt=kept[-1]).delete()
            if passing and len(kept) == KEEP_SNAPSHOTS and state_of(snapshots.get(seq=kept[-1])) is not None:
                self._compact(key, passing, min(floor, kept[-1]))
        return True

    def _compact(self, key: int, passing: frozenset[str], floor: int) -> None:
        """Let passing events up to `floor` go: an earlier snapshot than the newest holds what they led to."""
        room = Room.objects.using(self.alias).filter(pk=key, floor__lt=floor)
        if room.update(floor=floor):
            self._events(key).filter(seq__lte=floor, ev__in=passing).delete()

    def since(self, key: int, after: int, upto: int) -> list[Entry]:
        """See Store."""
        return [entry_of(row) for row in self._events(key).filter(seq__gt=after, seq__lte=upto).order_by("seq")]

    def before(self, key: int, seq: int, limit: int, passing: frozenset[str] = NONE) -> list[Entry]:
        """See Store."""
        rows = list(self._events(key).filter(seq__lt=seq).exclude(ev__in=passing).order_by("-seq")[:limit])
        return [entry_of(row) for row in reversed(rows)]

    def _newest_good(self, key: int) -> State | None:
        """The newest snapshot whose digest is right and whose state can be read."""
        for row in Snapshot.objects.using(self.alias).filter(room=key).order_by("-seq"):
            if (state := state_of(row)) is not None:
                return state
        return None

    def _epochs(self, keys: set[int]) -> dict[int, int]:
        """As `lock`; past the ORM, because every commit begins with it."""
        link = connections[self.alias]
        marks = ", ".join(["%s"] * len(keys))
        tail = " FOR UPDATE" if link.features.has_select_for_update else ""
        with link.cursor() as cursor:
            cursor.execute(f"SELECT room_id, epoch FROM {LEASES} WHERE room_id IN ({marks}) ORDER BY room_id{tail}", sorted(keys))
            return dict(cursor.fetchall())

    def _events(self, key: int) -> QuerySet[Event]:
        return Event.objects.using(self.alias).filter(room=key)


def lock(leases: QuerySet[Lease]) -> dict[int, int]:
    """Lock leases until the transaction ends; their rooms' keys and epochs.

    Everybody locks in the order of the keys: in another one, two could wait for each other. By the column: by the relation, rooms
    would be joined, and their rows locked as well.
    """
    return dict(leases.select_for_update().order_by("room_id").values_list("room_id", "epoch"))


def digest(state: bytes) -> str:
    """What a snapshot must match to be loaded."""
    return hashlib.blake2b(state, digest_size=16).hexdigest()


def state_of(row: Snapshot) -> State | None:
    """A snapshot as it was kept; None when it is damaged."""
    state = bytes(row.state)
    if digest(state) != row.digest:
        return None
    try:
        return State(row.seq, _decode(state))
    except msgspec.DecodeError:
        return None


@cache
def _insert(rows: int, mark: str) -> str:
    values = f"({', '.join([mark] * len(COLUMNS))})"
    return f"INSERT INTO gameserver_event ({', '.join(COLUMNS)}) VALUES {', '.join([values] * rows)}"


def _statements(rows: Sequence[Sequence[Any]], mark: str) -> Iterator[tuple[str, list[Any]]]:
    """Inserts for all rows, in order, of as few different sizes as can be."""
    start, size = 0, ROWS
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield _insert(size, mark), [value for row in rows[start : start + size] for value in row]
        start += size


def _row(batch: Batch, entry: Entry) -> tuple[Any, ...]:
    event = entry.event
    player = event.get("player", NOBODY)
    fields = {key: value for key, value in event.items() if key not in _FIXED}
    # Words have a column of their own, so that staff can search them; PostgreSQL takes no NUL in one.
    text = fields.pop("text") if isinstance(fields.get("text"), str) and fields["text"] and "\0" not in fields["text"] else ""
    return (
        batch.key,
        event["seq"],
        batch.epoch,
        event["ev"],
        event["at"],
        player["id"],
        player["name"],
        player["colour"],
        text,
        _encode(fields).decode() if fields else "",
        entry.session,
        entry.ref,
        "" if entry.reply is None else _encode(entry.reply).decode() if entry.reply else "{}",
    )


def entry_of(row: Event) -> Entry:
    """A journalled entry as it was written."""
    event: dict[str, Any] = {"seq": row.seq, "ev": row.ev, "at": row.at}
    if row.player_id:
        event["player"] = {"id": row.player_id, "name": row.player_name, "colour": row.player_colour}
    if row.text:
        event["text"] = row.text
    fields = _decode(row.fields) if row.fields else {}
    return Entry({**event, **fields}, row.session, row.ref, _decode(row.reply) if row.reply else None)
