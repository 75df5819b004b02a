"""What the fleet's Machines cost in this hour of the clock, counted by whoever plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from lobby.fleet.model import Limits, Machine
from lobby.fleet.situation import costs
from lobby.fleet.tables import Spent

KEPT = 31 * 24
"""Hours that are kept, for staff."""


def hour_of(moment: datetime) -> datetime:
    """When the hour of a moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def spent(now: datetime) -> float:
    """Machine seconds of this hour, up to the last count."""
    return Spent.objects.filter(pk=hour_of(now)).values_list("machine_s", flat=True).first() or 0.0


def count(machines: Sequence[Machine], limits: Limits, now: datetime) -> None:
    """Add what ran since the last count. After a time without a planner a Machine counts from when its state began, as far as is known."""
    hour = hour_of(now)
    with transaction.atomic():
        row = Spent.objects.select_for_update().filter(pk=hour).first()
        since = (row.counted_at if row else hour).timestamp()
        until = now.timestamp()
        seconds = sum(max(0.0, until - max(since, one.since)) for one in machines if costs(one, limits, until))
        before = row.machine_s if row else 0.0
        fresh = Spent(hour=hour, machine_s=before + seconds, counted_at=now)
        Spent.objects.bulk_create([fresh], update_conflicts=True, unique_fields=["hour"], update_fields=["machine_s", "counted_at"])
        if row is None:
            Spent.objects.filter(hour__lt=hour - timedelta(hours=KEPT)).delete()
