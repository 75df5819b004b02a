"""What the planner sees: the API's Machines, joined with what their gameservers told and with what the fleet remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from fly.machines.model import Machine as Listed
from lobby.fleet import memory
from lobby.fleet.demand import waiting
from lobby.fleet.keep import least
from lobby.fleet.model import Backoff, Limits, Machine, Mark, Policy, Refusal, Seen, Wanted, Why
from lobby.fleet.spending import count, spent
from lobby.fleet.tables import Backoff as BackoffRow
from lobby.fleet.tables import Boot, FleetLease, FleetLimits, Watched
from lobby.fleet.tables import Refusal as RefusalRow
from lobby.models import Gameserver, Region

SETTLE_S = 10.0
"""The API may still show a Machine as stopped that was ordered to start so short a time ago."""
BACK_S = 30.0
"""Whoever was in when a gameserver broke off is counted there for so long, until the next one is heard."""
KEPT_S = 24 * 3600.0
"""The mark of a ghost that the API does not list any more is kept for so long: a list that misses one is no proof that it is gone."""
EMPTY_S = 300.0
"""Without IDLE_STOP_S: how long a Machine has nobody before it is stopped."""


@dataclass(frozen=True, slots=True)
class View:
    """One look. `template`: the config that a new Machine gets, None if there is none to copy."""

    wanted: Wanted
    seen: Seen
    now: float
    template: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Past:
    """What the database knows of Machines, read in one go. `boots`: when starts that are under way were asked for."""

    now: datetime
    beats: Mapping[str, Gameserver]
    watched: Mapping[str, Watched]
    boots: Mapping[str, datetime]


def look(listed: Sequence[Listed], app: str, *, remember: bool = False) -> View:
    """Join what the API listed with the database; `remember` what changed, which only the one who plans may do."""
    ours = [one for one in listed if _is_ours(one)]
    past, limits = _past(), _limits()
    machines = tuple(_machine(one, past) for one in ours)
    if remember:
        _remember(machines, past, limits)
        count(machines, limits, past.now)
    template = template_of(ours)
    lease = memory.planner()
    here = _here(app, lease, is_planner=remember)
    is_one_app = not settings.GAMESERVER_APP or here in {one.id for one in machines}
    seen = Seen(
        machines=machines,
        demand=waiting(),
        backoffs={row.region_id: Backoff(row.until.timestamp(), row.failures, Why(row.why)) for row in BackoffRow.objects.all()},
        refusals={row.region_id: Refusal(Why(row.why), row.nearest) for row in RefusalRow.objects.all()},
        spent_s=spent(past.now),
        hearing_since=(lease.hearing_since if lease and lease.hearing_since else past.now).timestamp(),
        template=template is not None,
        here=here,
    )
    return View(Wanted(_policies(machines, is_one_app=is_one_app), limits), seen, past.now.timestamp(), template)


def _here(app: str, lease: FleetLease | None, *, is_planner: bool) -> str:
    """The Machine that plans; who only looks plans as whoever has the lease does."""
    if lease is not None and lease.holder and not is_planner:
        return str(lease.holder).rpartition("-")[0]
    return settings.HERE.machine if settings.HERE.app == app else ""


def template_of(machines: Sequence[Listed]) -> dict[str, Any] | None:
    """The config of a Machine to copy: of one that runs if there is one, the oldest; never of one with a volume, which cannot be in two."""
    fit = [
        one for one in machines if one.config.get("image") and not one.config.get("mounts") and one.state not in ("failed", "destroying")
    ]
    # What is told of a Machine on a host that is gone is not all of its config.
    chosen = min(fit, key=lambda one: (one.host_status not in ("", "ok"), one.state != "started", one.created_at, one.id), default=None)
    return None if chosen is None else dict(chosen.config)


def _is_ours(machine: Listed) -> bool:
    """Not what `fly deploy`, a console or a schedule runs, and not a standby, which Fly starts itself."""
    group, config = machine.metadata.get("fly_process_group", ""), machine.config
    return not (group.startswith("fly_app_") or config.get("schedule") or config.get("standbys"))


def _past() -> _Past:
    now = Region.objects.values_list(Now(), flat=True).first()
    assert now is not None, "the table of regions is empty: migrate"
    begun = now - timedelta(seconds=Limits().boot_s)
    under_way = Boot.objects.filter(seconds=None, asked_at__gt=begun).values_list("machine", "asked_at")
    return _Past(
        now,
        {row.machine: row for row in Gameserver.objects.order_by("last_seen")},
        {row.machine: row for row in Watched.objects.all()},
        dict(under_way),
    )


def _machine(listed: Listed, past: _Past) -> Machine:
    row, beat = past.watched.get(listed.id), past.beats.get(listed.id)
    state, asked_at = listed.state, past.boots.get(listed.id)
    if state in ("stopped", "suspended") and asked_at is not None and past.now - asked_at < timedelta(seconds=SETTLE_S):
        state = "starting"
    since = _in_this_life(row.since if row is not None and row.state == state else _since(listed, state, row, beat, past.now), state, beat)
    told = beat if _is_told(state, since, beat, past.now) else None
    is_of_this_life = told is not None and told.last_seen >= since
    is_empty = state == "started" and is_of_this_life and told is not None and not (told.players or told.sockets)
    known = row.empty_since if row is not None and row.empty_since is not None and row.empty_since >= since else past.now
    empty_since = known if is_empty else None
    return Machine(
        id=listed.id,
        name=listed.name,
        region=listed.region,
        state=state,
        since=since.timestamp(),
        cordoned=listed.cordoned,
        heard_at=beat.last_seen.timestamp() if beat else 0.0,
        players=told.players if told else 0,
        sockets=told.sockets if told else 0,
        rooms=len(told.rooms) if told else 0,
        draining=bool(is_of_this_life and told and told.draining),
        empty_since=empty_since.timestamp() if empty_since else 0.0,
        mark=Mark(row.mark) if row else Mark.NONE,
        marked_at=row.marked_at.timestamp() if row and row.marked_at else 0.0,
        held_until=row.held_until.timestamp() if row and row.held_until else 0.0,
        volume=bool(listed.config.get("mounts")),
        unreachable=listed.host_status == "unreachable",
    )


def _in_this_life(since: datetime, state: str, beat: Gameserver | None) -> datetime:
    """When a Machine began to run, though a stop and a start may have passed between two looks: its gameserver says when it started.

    By its own clock: what is later than its last word is not believed.
    """
    if state != "started" or beat is None or beat.started_at > beat.last_seen:
        return since
    return max(since, beat.started_at)


def _is_told(state: str, since: datetime, beat: Gameserver | None, now: datetime) -> bool:
    """Whether what a Machine's gameserver told last is still so: it runs, and told it in this life, or in one that has just broken off."""
    if beat is None or state not in ("started", "stopping", "suspending"):
        return False
    return beat.last_seen >= since or now - beat.last_seen < timedelta(seconds=BACK_S)


def _since(listed: Listed, state: str, row: Watched | None, beat: Gameserver | None, now: datetime) -> datetime:
    """When a state began that is seen for the first time."""
    if row is not None and row.state:
        # One that was heard since it did something else has run for as long at least.
        is_heard = state == "started" and beat is not None and beat.last_seen > row.since
        return min(now, beat.last_seen) if is_heard and beat is not None else now
    try:
        return min(datetime.fromisoformat(listed.updated_at), now)
    except (ValueError, TypeError):
        return now


def _remember(machines: Sequence[Machine], past: _Past, limits: Limits) -> None:
    rows = [_row(one) for one in machines if _changed(one, past.watched.get(one.id))]
    Watched.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["machine"], update_fields=["region", "state", "since", "empty_since"]
    )
    gone = set(past.watched) - {one.id for one in machines}
    if gone:
        lately = Q(marked_at__gt=Now() - timedelta(seconds=KEPT_S))
        # Without its mark what the fleet cordoned would be somebody else's, and cordoned for ever.
        Watched.objects.filter(pk__in=gone).exclude(Q(mark=Mark.GHOST) & lately).delete()
    for one in machines:
        asked_at = past.boots.get(one.id)
        # Not heard since `since`: that is when a look saw it run, which is later than its first word.
        if asked_at is not None and one.state == "started" and one.heard_at >= asked_at.timestamp():
            memory.came(one.id, one.region, (past.now - asked_at).total_seconds())
    late = Boot.objects.filter(seconds=None, asked_at__lte=past.now - timedelta(seconds=limits.boot_s))
    for machine, region in list(late.values_list("machine", "region")):
        # Nobody will ever hear of this start.
        Boot.objects.filter(machine=machine, seconds=None).delete()
        memory.failed(region, Why.UNWELL)


def _changed(machine: Machine, row: Watched | None) -> bool:
    if row is None or (row.state, row.region, row.since.timestamp()) != (machine.state, machine.region, machine.since):
        return True
    return (row.empty_since.timestamp() if row.empty_since else 0.0) != machine.empty_since


def _row(machine: Machine) -> Watched:
    return Watched(
        machine=machine.id,
        region=machine.region,
        state=machine.state,
        since=_moment(machine.since),
        empty_since=_moment(machine.empty_since) if machine.empty_since else None,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _policies(machines: Sequence[Machine], *, is_one_app: bool) -> dict[str, Policy]:
    with_machines = {one.region for one in machines}
    found: dict[str, Policy] = {}
    empty_s = settings.IDLE_STOP_S or EMPTY_S
    for row in Region.objects.all():
        if row.enabled and row.code in settings.REGIONS:
            minimum = min(least(row.code, row.min_machines, is_one_app=is_one_app), row.max_machines)
            found[row.code] = Policy(minimum, row.max_machines, row.warm, settings.MAX_SOCKETS, empty_s=empty_s)
        elif row.code in with_machines:
            # Not enabled: nothing is started, and what is empty is stopped.
            found[row.code] = Policy(0, 0, 0, settings.MAX_SOCKETS, empty_s=empty_s)
    return found


def _limits() -> Limits:
    row = FleetLimits.objects.first()
    return Limits() if row is None else Limits(cap=row.cap, price=row.price)
