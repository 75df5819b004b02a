"""The list of regions as players see it: rows in, dictionaries out. Pure but for `read`, which fetches the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

from fly.regions import REGIONS
from lobby.heartbeats import alive
from lobby.models import Gameserver, Region

Listed = dict[str, Any]


def listing(regions: Iterable[Region], gameservers: Iterable[Gameserver], url: Callable[[str], str]) -> list[Listed]:
    """Regions in their given order: code, name, country, flag, place, `state` "up" or "asleep", players, rooms, machines, url.

    A gameserver that drains is not counted as up: it takes no new players. `url` gives a region's address by its code.
    """
    serving: dict[str, list[Gameserver]] = {}
    for gameserver in gameservers:
        serving.setdefault(gameserver.region_id, []).append(gameserver)
    return [_listed(region, serving.get(region.code, []), url) for region in regions]


def _listed(region: Region, gameservers: list[Gameserver], url: Callable[[str], str]) -> Listed:
    known = REGIONS.get(region.code)
    return {
        "code": region.code,
        "name": known.city if known else region.name,
        "country": region.country,
        "flag": known.flag if known else "",
        "lat": region.lat,
        "lon": region.lon,
        "enabled": region.enabled,
        "state": "up" if any(not gameserver.draining for gameserver in gameservers) else "asleep",
        "players": sum(gameserver.players for gameserver in gameservers),
        "rooms": sum(room["players"] > 0 for gameserver in gameservers for room in gameserver.rooms),
        "machines": len(gameservers),
        "url": url(region.code),
    }


def read() -> tuple[list[Region], list[Gameserver]]:
    """All regions, enabled ones first, and the gameservers alive: two queries.

    A region that REGIONS does not name has no host, so it counts as not enabled whatever its row says.
    """
    regions = list(Region.objects.all())
    for region in regions:
        region.enabled = region.enabled and region.code in settings.REGIONS
    return sorted(regions, key=lambda region: not region.enabled), list(alive())
