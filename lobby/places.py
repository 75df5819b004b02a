"""Places in rooms: counted before anybody is let in, so that a room never has more players than ROOM_PLACES, whoever asks at once.

A place that was given is held for as long as its ticket is good, then given back by its age; when the gameserver tells that its player is
in, it is counted there and not here. Both counts change in one transaction, and whoever gives places holds the region's row: there is no
moment in which somebody is in neither.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Case, Count, Exists, OuterRef, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from gameserver.ticket import TICKET_S
from lobby.heartbeats import TTL_S
from lobby.held import lock
from lobby.models import Gameserver, Place, Watched

MAIN = "main"
"""The room that every region has; when it is full, people are led to `main-2`, then `main-3` …"""
ROOMS = 50
"""Such rooms of a region, at most."""
HELD_S = TICKET_S + 5.0
"""A ticket used in its last second is told of with the next beats."""
GONE_S = 30.0
"""How long players of a gameserver that fell silent are counted: they come back, to another Machine of the region."""
MOST = 500
"""Places given in one transaction."""
AN_ADDRESS = 100
"""Places held for one address at once: a school, or somebody who wants all places for nobody."""


class TooMany(Exception):
    """Many places are held for this address already, and nobody has come for them."""


@dataclass(frozen=True, slots=True)
class Given:
    """A place, in which room. `machine`: where the room is, or should be made; empty where nobody can say."""

    room: str
    machine: str = ""


@dataclass(slots=True)
class Asked:
    """Somebody who wants a place, and what came of it: `given`, or `error`, once `is_answered`."""

    region: str
    player: str
    asker: str
    given: Given | None = None
    error: Exception | None = None
    is_answered: bool = False


class Desk:
    """Of one process; called from any thread. Whoever finds nobody at work does it for all who wait: five hundred are a few transactions.

    On their own they would wait for each other's locks, and SQLite lets the unlucky ones wait for ever.
    """

    def __init__(self) -> None:
        self._waiting: deque[Asked] = deque()
        self._work = Lock()

    def take(self, region: str, player: str, address: str = "") -> Given | None:
        """A place in the region's first room that has one, for a player; None if there is none in any.

        Who asks again while the first place is held gets the same one. address: of the browser, "" if it is unknown or this computer's
        own. Raises TooMany, and what the database raises. With ROOM_PLACES 0 nothing is written.
        """
        if not settings.ROOM_PLACES:
            servers = list(_serving(region))
            return Given(MAIN, machine_of(servers, MAIN, {server.machine: server.players for server in servers}))
        mine = Asked(region, player, salted_hmac("lobby.places", address).hexdigest()[:32] if address else "")
        self._waiting.append(mine)
        with self._work:
            while not mine.is_answered:
                _answer([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))] or [mine])
        if mine.error is not None:
            raise mine.error
        return mine.given


desk = Desk()
take = desk.take


def _answer(group: list[Asked]) -> None:
    """Give places to a group, one region after the other. A database that fails is told to each."""
    for region in dict.fromkeys(one.region for one in group):
        those = [one for one in group if one.region == region]
        try:
            with transaction.atomic():
                lock([region])
                Round(region, those).give(those)
        except Exception as error:  # noqa: BLE001 (raised to each who asked)
            for one in those:
                one.given, one.error = None, error
        for one in those:
            one.is_answered = True


class Round:
    """What is taken in a region while its row is held, and what is given. Made and used in one transaction."""

    def __init__(self, region: str, group: list[Asked]) -> None:
        self.region = region
        self.servers = list(_serving(region))
        held = Place.objects.filter(region=region, expires_at__gt=Now())
        self.held = {place.player: place for place in held.filter(player__in=[one.player for one in group])}
        self.askers = _counts(held.filter(asker__in={one.asker for one in group if one.asker}), "asker")
        self.taken = _taken(self.servers)
        self.load = Counter({server.machine: server.players for server in self.servers})
        self.machines: dict[str, str] = {}
        # Counted by the database: of hundreds of places a few rows.
        for room, machine, places in held.values_list("room", "machine").annotate(places=Count("pk")).order_by():
            self.taken[room] += places
            self.load[machine] += places
            self.machines[room] = machine

    def give(self, group: list[Asked]) -> None:
        """Give each of a group a place, in their order, and write them down."""
        rows: dict[str, Place] = {}
        for one in group:
            before = self.held.get(one.player)
            if one.asker and self.askers[one.asker] - (before is not None and before.asker == one.asker) >= AN_ADDRESS:
                one.error = TooMany()
                continue
            room = self._room(before.room if before is not None else "")
            if room:
                one.given = Given(room, self._machine(room))
                rows[one.player] = self._hold(one, before, one.given)
        Place.objects.filter(region=self.region, expires_at__lte=Now()).delete()
        fields = ["room", "machine", "asker", "expires_at"]
        Place.objects.bulk_create(rows.values(), update_conflicts=True, unique_fields=["region", "player"], update_fields=fields)

    def _room(self, before: str) -> str:
        """The room that a player gets a place in: the one where a place is held already, if it is one; "" if all are full."""
        if before and self.taken[before] <= settings.ROOM_PLACES:
            return before
        return next((slug for slug in _rooms() if self.taken[slug] < settings.ROOM_PLACES), "")

    def _machine(self, room: str) -> str:
        """The Machine that has a room, or was named for it a moment ago; else the emptiest, so that new rooms spread."""
        named = self.machines.get(room, "")
        return machine_of(self.servers, room, self.load, named)

    def _hold(self, one: Asked, before: Place | None, given: Given) -> Place:
        if before is not None:
            self.taken[before.room] -= 1
            self.askers[before.asker] -= 1
        self.taken[given.room] += 1
        self.askers[one.asker] += 1
        self.load[given.machine] += 1
        self.machines[given.room] = given.machine
        end: Any = Now() + timedelta(seconds=HELD_S)
        row = Place(region_id=self.region, player=one.player, room=given.room, machine=given.machine, asker=one.asker, expires_at=end)
        self.held[one.player] = row
        return row


def _counts(rows: QuerySet[Place], column: str) -> Counter[str]:
    return Counter(dict(rows.values_list(column).annotate(places=Count("pk")).order_by()))


def _rooms() -> Iterator[str]:
    yield MAIN
    yield from (f"{MAIN}-{number}" for number in range(2, ROOMS + 1))


def _serving(region: str) -> Iterable[Gameserver]:
    """Gameservers whose players are counted; of each `is_alive`, and `is_out`: whether the fleet took its Machine out of service."""
    recent = Gameserver.objects.filter(region=region, last_seen__gte=Now() - timedelta(seconds=GONE_S))
    marked = Watched.objects.filter(machine=OuterRef("machine")).exclude(mark="")
    return recent.annotate(is_alive=_is_alive(), is_out=Exists(marked)).order_by("machine")


def _is_alive() -> Case:
    lives = When(last_seen__gte=Now() - timedelta(seconds=TTL_S), then=Value(True))
    return Case(lives, default=Value(False), output_field=BooleanField())


def _taken(servers: Iterable[Any]) -> Counter[str]:
    """Places taken by room, as gameservers tell. Of one that is silent, whoever it had is counted until they are elsewhere."""
    living: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for server in servers:
        for room in server.rooms:
            (living if server.is_alive else silent)[room["slug"]] += int(room.get("taken", room["players"]))
    return living | silent


def machine_of(servers: Iterable[Any], room: str, load: Mapping[str, int], named: str = "") -> str:
    """Which gameserver that takes people has a room: by who is in it, as `named`, or the one with the least load; "" if none does."""
    takers = [server for server in servers if server.is_alive and not server.draining]
    having = [server.machine for server in takers if any(one["slug"] == room for one in server.rooms)]
    # New rooms are for those in service, if there is one.
    fresh = [server.machine for server in takers if not server.is_out] or [server.machine for server in takers]
    before = [machine for machine in fresh if machine == named]
    return next(iter(having or before or sorted(fresh, key=lambda one: load.get(one, 0))), "")
