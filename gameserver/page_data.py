"""What every page tells its JavaScript, and the links between hosts."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.templatetags.static import static

from fly import links
from fly.answer import nearest_other
from fly.context import FlyContext
from fly.regions import REGIONS
from gameserver.build import build_id
from gameserver.engine.registry import CHAT, discover

MODULE = "gameserver/worlds/{}.mjs"
"""Where a world's browser module lies among static files."""


def region_dict(code: str) -> dict[str, Any]:
    """A region for pages: code, name, country, flag, lat, lon."""
    region = REGIONS[code]
    return {"code": code, "name": region.city, "country": region.country, "flag": region.flag, "lat": region.lat, "lon": region.lon}


def lobby_url(request: HttpRequest) -> str:
    """The lobby, seen from where the visitor stands."""
    return links.lobby_url(links.port_of(request.get_host()))


def region_url(request: HttpRequest, code: str) -> str:
    """A region's own host, seen from where the visitor stands."""
    return links.region_url(code, links.port_of(request.get_host()))


def page_data(request: HttpRequest, **more: Any) -> dict[str, Any]:
    """The page's data: region (None in the lobby), machine, build, route, edge, player, lobby_url, nearest, and what the page adds."""
    context: FlyContext = request.fly  # type: ignore[attr-defined]
    edge = context.route.edge
    return {
        "region": region_dict(context.region) if context.region else None,
        "here": region_dict(context.route.region) if context.route.region in REGIONS else None,
        "edge": region_dict(edge) if edge in REGIONS else None,
        "places": {code: REGIONS[code].city for code in REGIONS},
        "machine": context.here.machine,
        "build": build_id(),
        "route": context.route.as_dict(),
        "player": request.player.as_dict(),  # type: ignore[attr-defined]
        "lobby_url": lobby_url(request),
        "nearest": nearest_other(context),
        **more,
    }


def world_names() -> list[str]:
    """The worlds that a room can have besides chat, in the order of their names."""
    return sorted(_discovered(tuple(settings.GAMESERVER_WORLDS)) - {CHAT})


@cache
def _discovered(packages: tuple[str, ...]) -> frozenset[str]:
    return frozenset(discover(packages).worlds)


def world_files() -> dict[str, dict[str, str]]:
    """Where the browser finds the `module` of each world that has one, and its `style` if it has one: hashed addresses, in production."""
    found = {}
    for name in world_names():
        paths = {"module": MODULE.format(name), "style": f"gameserver/worlds/{name}.css"}
        files = {kind: static(path) for kind, path in paths.items() if finders.find(path)}
        if "module" in files:
            found[name] = files
    return found
