"""What planners leave to each other in the global database: marks, starts, backoffs, refusals, and the lease of the one who plans.

Everything here waits for the database: called from a thread of the planner's own.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, When
from django.db.models.functions import Now

from lobby.fleet.model import Mark, Why
from lobby.fleet.situation import backoff_s
from lobby.fleet.tables import Backoff, Boot, FleetLease, Refusal, Watched
from lobby.models import Gameserver, Region

LEASE = "planner"
TTL_S = 15.0
"""How long after its last word a planner's process counts as dead."""
KEPT = 500
"""Starts that are remembered."""


# Who plans


def take(holder: str) -> bool:
    """Whether this holder plans for the next TTL_S: it did already, or nobody does."""
    until = Now() + timedelta(seconds=TTL_S)
    rows = FleetLease.objects.filter(name=LEASE)
    if rows.filter(Q(holder=holder) & Q(expires_at__gte=Now())).update(expires_at=until):
        return True
    # Whoever takes over has heard nobody yet.
    if rows.filter(expires_at__lt=Now()).update(holder=holder, expires_at=until, hearing_since=None, trouble=""):
        return True
    if rows.exists():
        return False
    FleetLease.objects.bulk_create([FleetLease(name=LEASE, holder=holder, expires_at=until)], ignore_conflicts=True)
    return rows.filter(holder=holder).exists()


def planner() -> FleetLease | None:
    """Who plans, with `now`, the database's time; None if nobody does."""
    return FleetLease.objects.filter(name=LEASE, expires_at__gte=Now()).annotate(now=Now()).first()


def release(holder: str) -> None:
    """Let the next one plan at once."""
    FleetLease.objects.filter(name=LEASE, holder=holder).update(expires_at=Now() - timedelta(seconds=1))


def looked(holder: str, trouble: str = "") -> None:
    """A look succeeded, or it failed with `trouble`; then those who were silent meanwhile have to be listened to anew."""
    if trouble:
        FleetLease.objects.filter(name=LEASE, holder=holder).update(trouble=trouble[:200], hearing_since=None)
    else:
        hearing = Case(When(hearing_since=None, then=Now()), default=F("hearing_since"), output_field=DateTimeField())
        FleetLease.objects.filter(name=LEASE, holder=holder).update(trouble="", looked_at=Now(), hearing_since=hearing)


# What was done with Machines


def mark(machine: str, region: str, why: Mark) -> None:
    """The fleet took a Machine out of service, or (Mark.NONE) put it back. The same mark keeps its time."""
    if why == Mark.NONE:
        Watched.objects.filter(pk=machine).update(mark="", marked_at=None)
        return
    same = Case(When(mark=why, then=F("marked_at")), default=Now(), output_field=DateTimeField())
    if not Watched.objects.filter(pk=machine).update(marked_at=same, mark=why):
        row = Watched(machine=machine, region=region, state="", since=Now(), mark=why, marked_at=Now())
        Watched.objects.bulk_create([row], ignore_conflicts=True)


def ended(machine: str) -> None:
    """A Machine was ordered to stop, or to be suspended: if it runs, that is a new life from now on, without a mark."""
    Watched.objects.filter(pk=machine).update(mark="", marked_at=None, since=Now(), empty_since=None)


def hold(machine: str, seconds: float) -> None:
    """Leave a Machine alone for a while."""
    Watched.objects.filter(pk=machine).update(held_until=Now() + timedelta(seconds=seconds))


def began(machine: str, region: str, ago_s: float) -> None:
    """A start was asked for `ago_s` ago; how long it takes is measured from then."""
    with transaction.atomic():
        Boot.objects.filter(machine=machine, seconds=None).delete()
        Boot.objects.create(machine=machine, region=region, asked_at=Now() - timedelta(seconds=ago_s))
        last = Boot.objects.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1].first()
        if last is not None:
            Boot.objects.filter(pk__lte=last).delete()


def came(machine: str, region: str, seconds: float) -> None:
    """A Machine that was started is heard: the region is well again."""
    Boot.objects.filter(machine=machine, seconds=None).update(seconds=seconds)
    Backoff.objects.filter(pk=region).delete()


def broke(machine: str, region: str) -> None:
    """A Machine is no more. If it was never heard since it was started, that start failed."""
    if Boot.objects.filter(machine=machine, seconds=None).delete()[0]:
        failed(region, Why.UNWELL)


def players_of(machine: str) -> int:
    """Sockets and players that a Machine's gameserver told last, however long ago: who has none said so, or said goodbye."""
    rows = Gameserver.objects.filter(machine=machine).values_list("players", "sockets")
    return max((max(row) for row in rows), default=0)


# Regions


def failed(region: str, why: Why) -> None:
    """A start in a region failed; nobody tries there again for `backoff_s`."""
    with transaction.atomic():
        if not Region.objects.filter(pk=region).exists():
            return
        row = Backoff.objects.select_for_update().filter(pk=region).first()
        failures = (row.failures if row else 0) + 1
        until = Now() + timedelta(seconds=backoff_s(why, failures))
        fresh = Backoff(region_id=region, until=until, failures=failures, why=why)
        Backoff.objects.bulk_create([fresh], update_conflicts=True, unique_fields=["region"], update_fields=["until", "failures", "why"])


def refuse(region: str, why: Why, nearest: str) -> None:
    """What players of a region are told from now on."""
    row = Refusal(region_id=region, why=why, nearest=nearest, at=Now())
    Refusal.objects.bulk_create([row], update_conflicts=True, unique_fields=["region"], update_fields=["why", "nearest", "at"])


def admit(region: str) -> None:
    """It is refused no more."""
    Refusal.objects.filter(pk=region).delete()
