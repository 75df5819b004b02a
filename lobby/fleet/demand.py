"""Who wants a region awake, and what people there are told. Any lobby process asks; whoever plans looks (`lobby.fleet.loop`).

Called from threads that may wait for the global database, never from an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from statistics import median

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Case, DateTimeField, ExpressionWrapper, F, Q, Sum, Value, When
from django.db.models.functions import Now

from fly.regions import by_distance
from lobby.fleet.model import Limits, Outlook, Outlooks, Why
from lobby.fleet.tables import Boot, Demand, FleetLease, Refusal
from lobby.heartbeats import taking
from lobby.models import Region

AGE_S = 60.0
"""Nobody asks for a region any more: whoever waited is in, or gone."""
KEEP_S = 10.0
"""The largest number told in this time counts: one process knows of 500 who wait, another one of 3."""
AGAIN_S = 1.0
"""Who asks again for no more players within this time has been heard already, and writes nothing."""
UNHEARD_S = 30.0
"""Without a good look for so long nobody knows what the API would say."""
RECENT = 20
"""Starts that `usually_s` is the median of."""
FEW = 3
"""With fewer starts of its own than this a region's usual time is that of all regions."""
_KINDLY: Mapping[str, Outlooks] = {
    Why.NO_CAPACITY: Outlooks.NO_CAPACITY,
    Why.UNWELL: Outlooks.NO_CAPACITY,
    Why.SPEND_CAP: Outlooks.SPEND_CAP,
}

wakers: list[Callable[[], object]] = []
"""Called, in whatever thread, when demand has risen: the planner of this process need not wait for its next look."""


def want(region: str, players: int) -> None:
    """Somebody waits for a region: `players` in all, as far as the caller knows. Asked again at least every AGE_S while they wait.

    A region that is not in the table is nobody's. Cheap to repeat: a second call within AGAIN_S only reads.
    """
    fresh = Demand.objects.filter(pk=region, last_asked__gt=Now() - timedelta(seconds=AGE_S))
    lately = ExpressionWrapper(Q(last_asked__gt=Now() - timedelta(seconds=AGAIN_S)), BooleanField())
    known = fresh.annotate(lately=lately).values_list("players", "lately").first() if players > 0 else None
    if players <= 0 or (known and known[0] >= players and known[1]):
        return
    if not Region.objects.filter(pk=region).exists():
        return
    with transaction.atomic():
        larger = Q(players__gt=players, told_at__gt=Now() - timedelta(seconds=KEEP_S))
        kept = fresh.update(
            players=Case(When(larger, then=F("players")), default=Value(players)),
            told_at=Case(When(larger, then=F("told_at")), default=Now(), output_field=DateTimeField()),
            last_asked=Now(),
        )
        if not kept:
            row = Demand(region_id=region, players=players, since=Now(), told_at=Now(), last_asked=Now())
            fields = ["players", "since", "told_at", "last_asked"]
            Demand.objects.bulk_create([row], update_conflicts=True, unique_fields=["region"], update_fields=fields)
    if known is None or players > known[0]:
        for wake in list(wakers):
            wake()


def waiting() -> dict[str, int]:
    """Players who wait, by region: those who asked, without those who are in since it is up, and nobody when nobody asks any more."""
    now = Now()
    rows = Demand.objects.filter(last_asked__gt=now - timedelta(seconds=AGE_S))
    late = ExpressionWrapper(Q(last_asked__lte=now - timedelta(seconds=KEEP_S)), BooleanField())
    asked = {region: (players, over) for region, players, over in rows.annotate(late=late).values_list("region_id", "players", "late")}
    up = taking().filter(region__in=asked).order_by().values_list("region").annotate(come=Sum("players")) if asked else ()
    come = dict(up)
    # In a region that is up all who wait have been told so within their longest pause, and ask no more.
    left = {region: 0 if region in come and over else players - come.get(region, 0) for region, (players, over) in asked.items()}
    return {region: players for region, players in left.items() if players > 0}


def outlook(region: str) -> Outlook:
    """What to tell somebody who wants to play in a region."""
    up = set(taking().values_list("region_id", flat=True))
    enabled = set(Region.objects.filter(enabled=True, pk__in=settings.REGIONS).values_list("pk", flat=True))
    near = next((code for code in by_distance(region, sorted(up & enabled)) if code != region), "")
    usually, refusal = usually_s(region), Refusal.objects.filter(pk=region).first()
    # The planner knows where there are places.
    nearest = (refusal.nearest if refusal is not None else "") or near
    if region in up:
        return Outlook(Outlooks.UP, 0.0, usually, nearest)
    if refusal is not None:
        return Outlook(_KINDLY.get(refusal.why, Outlooks.ASLEEP), _waiting_s(region), usually, nearest, refusal.why)
    started_s = _starting_s(region)
    if started_s is not None:
        return Outlook(Outlooks.STARTING, started_s, usually, nearest)
    state = Outlooks.ASLEEP if _is_looked_after() else Outlooks.UNKNOWN
    return Outlook(state, _waiting_s(region), usually, nearest)


def usually_s(region: str) -> float | None:
    """How long a start takes until the gameserver is heard: the median of the last ones there, or of all regions; None before the first."""
    measured = Boot.objects.filter(seconds__isnull=False).order_by("-asked_at")
    own = list(measured.filter(region=region).values_list("seconds", flat=True)[:RECENT])
    seconds = own if len(own) >= FEW else list(measured.values_list("seconds", flat=True)[:RECENT])
    return median(one for one in seconds if one is not None) if seconds else None


def _starting_s(region: str) -> float | None:
    begun = Now() - timedelta(seconds=Limits().boot_s)
    row = Boot.objects.filter(region=region, seconds=None, asked_at__gt=begun).annotate(now=Now()).order_by("asked_at").first()
    return None if row is None else max(0.0, (row.now - row.asked_at).total_seconds())


def _waiting_s(region: str) -> float:
    row = Demand.objects.filter(pk=region, last_asked__gt=Now() - timedelta(seconds=AGE_S)).annotate(now=Now()).first()
    return 0.0 if row is None else max(0.0, (row.now - row.since).total_seconds())


def _is_looked_after() -> bool:
    """Where nobody has a token the API is not asked, and Fly's own autostart wakes a region; else somebody must have looked lately."""
    if not settings.MACHINES_API_TOKEN:
        return True
    return FleetLease.objects.filter(looked_at__gt=Now() - timedelta(seconds=UNHEARD_S)).exists()
