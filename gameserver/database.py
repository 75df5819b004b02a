"""The store in the region's database, SQLite or PostgreSQL, through Django's ORM. See `gameserver.store` for its promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from gameserver.engine.room import Entry
from gameserver.models import Event, Room
from gameserver.store import MAX_ROOMS, Batch, Opened, StaleEpoch, TooManyRooms

ALIAS = "region"
_COLUMNS = frozenset({"seq", "ev", "at", "player"})


class DatabaseStore:
    """Called from one thread, that of the journal, which also closes its connection."""

    def open(self, region: str, slug: str, keep: int, now: float) -> Opened:
        """See Store."""
        with transaction.atomic(using=ALIAS):
            room = Room.objects.using(ALIAS).select_for_update().filter(region=region, slug=slug).first()
            if room is None:
                if Room.objects.using(ALIAS).filter(region=region).count() >= MAX_ROOMS:
                    raise TooManyRooms
                room = Room.objects.using(ALIAS).create(region=region, slug=slug, first_epoch=int(now), epoch=int(now))
            else:
                room.epoch += 1
                room.save(update_fields=["epoch"])
            last = list(Event.objects.using(ALIAS).filter(room=room).order_by("-seq")[:keep])
        return Opened(room.pk, room.epoch, room.first_epoch, tuple(_entry(row) for row in reversed(last)))

    def append(self, batches: Sequence[Batch]) -> list[StaleEpoch | None]:
        """See Store. Locks the rooms' rows, so that an epoch cannot rise between the check and the commit (R6)."""
        with transaction.atomic(using=ALIAS):
            keys = sorted({batch.key for batch in batches})
            rooms = Room.objects.using(ALIAS).select_for_update().filter(pk__in=keys).order_by("pk")
            epochs = dict(rooms.values_list("pk", "epoch"))
            results = [None if epochs.get(batch.key) == batch.epoch else StaleEpoch() for batch in batches]
            rows = [_row(batch, entry) for batch, stale in zip(batches, results, strict=True) if stale is None for entry in batch.entries]
            Event.objects.using(ALIAS).bulk_create(rows)
        return results

    def before(self, key: int, seq: int, limit: int) -> list[Entry]:
        """See Store."""
        rows = list(Event.objects.using(ALIAS).filter(room_id=key, seq__lt=seq).order_by("-seq")[:limit])
        return [_entry(row) for row in reversed(rows)]

    def slugs(self, region: str) -> list[str]:
        """See Store."""
        return list(Room.objects.using(ALIAS).filter(region=region).order_by("slug").values_list("slug", flat=True))


def _row(batch: Batch, entry: Entry) -> Event:
    event, player = entry.event, entry.event["player"]
    fields = {key: value for key, value in event.items() if key not in _COLUMNS}
    # Words have a column of their own, so that staff can search them.
    text = fields.pop("text") if isinstance(fields.get("text"), str) and fields["text"] else ""
    return Event(
        room_id=batch.key,
        seq=event["seq"],
        epoch=batch.epoch,
        ev=event["ev"],
        at=event["at"],
        player_id=player["id"],
        player_name=player["name"],
        player_colour=player["colour"],
        text=text,
        fields=fields,
        session=entry.session,
        ref=entry.ref,
    )


def _entry(row: Event) -> Entry:
    event: dict[str, Any] = {"seq": row.seq, "ev": row.ev, "at": row.at}
    event["player"] = {"id": row.player_id, "name": row.player_name, "colour": row.player_colour}
    if row.text:
        event["text"] = row.text
    return Entry({**event, **row.fields}, row.session, row.ref)
