"""What gameservers tell, once a second: kept in one row each, alive for TTL_S by the database's clock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from gameserver.heartbeat import Beat
from lobby.fleet.model import Mark
from lobby.held import arrived, lock
from lobby.models import Gameserver, Region, Watched

TTL_S = 3.5
"""A gameserver that was silent for so long is gone. It beats every second, so three may be lost; with the second between two
looks at the list, and half a second for all else, one that was killed is gone from the list within 5 s."""
FORGET_S = 24 * 3600
"""Rows of gameservers that are gone are kept for a day, for staff."""
FORGET_EVERY_S = 60.0
"""Between two looks for such rows, of each process."""


def record(beats: Sequence[Beat]) -> None:
    """Take the beats of one process, in one transaction. Regions that are not in the table are skipped."""
    with transaction.atomic():
        known = set(Region.objects.filter(pk__in=[beat.region for beat in beats]).values_list("pk", flat=True))
        ours = [beat for beat in beats if beat.region in known]
        _seat(ours)
        Gameserver.objects.bulk_create(
            [_row(beat) for beat in ours],
            update_conflicts=True,
            unique_fields=["region", "machine"],
            update_fields=["app", "started_at", "last_seen", "players", "sockets", "rooms", "draining"],
        )
        if _is_time_to_forget():
            Gameserver.objects.filter(last_seen__lt=Now() - timedelta(seconds=FORGET_S)).delete()


def _seat(beats: Sequence[Beat]) -> None:
    """Whoever came in by a ticket is counted by the beat from now on, and by the lobby's own places no more: in one transaction."""
    rooms = {beat.region: {room["slug"]: room["arrived"] for room in beat.rooms if room.get("arrived")} for beat in beats}
    come = {region: who for region, who in rooms.items() if who}
    if come:
        lock(come)
        for region, who in come.items():
            arrived(region, who)


_forgot_at = -FORGET_EVERY_S


def _is_time_to_forget() -> bool:
    global _forgot_at
    now = time.monotonic()
    if now - _forgot_at < FORGET_EVERY_S:
        return False
    _forgot_at = now
    return True


def retire(beats: Sequence[Beat]) -> None:
    """A process says goodbye: it is gone from the list at once. Not so a successor on the same Machine that beats already."""
    for beat in beats:
        Gameserver.objects.filter(region=beat.region, machine=beat.machine, started_at=_started(beat)).delete()


def alive() -> QuerySet[Gameserver]:
    """The gameservers that were heard within TTL_S, by the database's clock."""
    return Gameserver.objects.filter(last_seen__gte=Now() - timedelta(seconds=TTL_S))


def taking() -> QuerySet[Gameserver]:
    """Those of them that take people: not about to end, nor taken out of service by the fleet with nobody in them."""
    out = Watched.objects.filter(mark__in=(Mark.EMPTY, Mark.GHOST)).values("machine")
    leaving = Watched.objects.filter(mark=Mark.OPERATOR).values("machine")
    return alive().filter(draining=False).exclude(machine__in=out).exclude(machine__in=leaving, players=0, sockets=0)


def _row(beat: Beat) -> Gameserver:
    return Gameserver(
        region_id=beat.region,
        machine=beat.machine,
        app=beat.app,
        started_at=_started(beat),
        # The database's clock, not this process's.
        last_seen=Now(),
        players=beat.players,
        sockets=beat.sockets,
        rooms=[{name: value for name, value in room.items() if name != "arrived"} for room in beat.rooms],
        draining=beat.draining,
    )


def _started(beat: Beat) -> datetime:
    return datetime.fromtimestamp(beat.started_at, UTC)
