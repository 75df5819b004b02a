"""Pages of a region: its rooms, one room, and the ping that the lobby measures."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Case, F, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_safe

from fly.origin import same_origin
from gameserver import ticket
from gameserver.connection import SLUG
from gameserver.models import NowMs, Record, Room
from gameserver.modules import needed
from gameserver.page_data import MODULE, lobby_url, page_data, world_files, world_names
from gameserver.placement import machine_in
from gameserver.process import MAIN, current
from gameserver.watch import slug_of, token_of

LISTED = 50
"""Rooms on the region's page: those with players first, then those last spoken in."""
PAGE = "gameserver/chat.mjs"
"""The module of a room's page."""
BEST = 10
"""Players on the region's page for each world with points: those who did best, ever."""
MAX_WORLD = 32
"""Characters of a world's name."""


@require_safe
def region(request: HttpRequest) -> HttpResponse:
    """The region's rooms, and a form to open another."""
    code = request.fly.region  # type: ignore[attr-defined]
    form = {"wrong": request.GET.get("wrong", "")[:64], "worlds": world_names(), "wanted_world": request.GET.get("world", "")}
    context = {"page_data": page_data(request), "rooms": rooms_of(code), "records": records_of(code), **form}
    return render(request, "gameserver/region.html", context)


@require_safe
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """A room; its socket brings the rest. `?world=` is for a room that is to be made: the socket says what it thinks of it."""
    region = request.fly.region  # type: ignore[attr-defined]
    world = request.GET.get("world", "")[:MAX_WORLD]
    wish = {name: value for name, value in (("world", world), ("at", _expected(request))) if value}
    socket = f"/ws/r/{slug}/" + (f"?{urlencode(wish)}" if wish else "")
    link = reverse("watch", kwargs={"token": token_of(region, slug)})
    more = {"slug": slug, "world": world, "socket": socket, "watch": link, "read_only": False, "worlds": world_files()}
    return _room_page(request, slug, world, more)


def _expected(request: HttpRequest) -> str:
    """The Machine where the lobby expects a room that nobody has yet, by the visitor's ticket; empty without one."""
    try:
        return machine_in(ticket.read(request.GET.get("ticket", "")).machine)
    except ticket.BadTicket:
        return ""


@require_safe
def watch(request: HttpRequest, token: str) -> HttpResponse:
    """A room for those who have a link to watch it: its name is not on the page."""
    region = request.fly.region  # type: ignore[attr-defined]
    slug = slug_of(region, token)
    if not slug:
        raise Http404("There is no such room to watch.")
    more = {"slug": "", "world": "", "socket": f"/ws/w/{token}/", "watch": "", "read_only": True, "worlds": world_files()}
    return _room_page(request, slug, "", more)


def _room_page(request: HttpRequest, slug: str, asked: str, more: dict[str, Any]) -> HttpResponse:
    """The page of a room, which has its world's files asked for early. asked: the world of a room that is not there yet."""
    try:
        world = Room.objects.filter(region=request.fly.region, slug=slug).values_list("world", flat=True).first() or asked  # type: ignore[attr-defined]
    except DatabaseError:
        # The page does not need it; the socket will tell what is the matter.
        world = asked
    files = more["worlds"].get(world, {})
    preload = dict.fromkeys([*needed(PAGE), *(needed(MODULE.format(world)) if files else ())])
    context = {"page_data": page_data(request, **more), "slug": more["slug"], "imports": settings.BROWSER_IMPORTS}
    return render(request, "gameserver/room.html", {**context, "preload": preload, "style": files.get("style", "")})


@require_GET
def open_room(request: HttpRequest) -> HttpResponse:
    """Where the form goes: to the room, or back with what was wrong."""
    wanted = re.sub(r"[\s_]+", "-", request.GET.get("slug", "").strip().lower())
    world = request.GET.get("world", "")
    more = {"world": world} if world in world_names() else {}
    if re.fullmatch(SLUG, wanted):
        return redirect(reverse("room", kwargs={"slug": wanted}) + (f"?{urlencode(more)}" if more else ""))
    wrong = urlencode({"wrong": wanted[:64] or "nothing", **more})
    return redirect(f"{reverse('region')}?{wrong}#open-room")


@require_safe
def ping(request: HttpRequest) -> HttpResponse:
    """Nothing, at once: pages of the lobby measure the round trip with it."""
    answer = HttpResponse(status=204)
    origin = request.headers.get("Origin", "")
    lobby = lobby_url(request).rstrip("/")
    if same_origin(origin, lobby.partition("://")[2], settings.PUBLIC_SCHEME):
        answer["Access-Control-Allow-Origin"] = origin
        answer["Timing-Allow-Origin"] = origin
    patch_vary_headers(answer, ["Origin"])
    answer["Cache-Control"] = "no-store"
    return answer


def records_of(code: str) -> dict[str, list[Record]]:
    """The best players of a region in each world with points, the best first."""
    best = Record.objects.filter(region=code).order_by("-points", "at")
    found = {world: list(best.filter(world=world)[:BEST]) for world in world_names()}
    return {world: rows for world, rows in found.items() if rows}


def rooms_of(code: str) -> list[dict[str, Any]]:
    """The rooms of a region for its page: `slug` and `players`; `main` first, then the fullest, then the latest.

    Of rooms that another Machine has, their sessions are known and stand for their players.
    """
    process = current()
    here = {owner.slug: owner.hub.players for owner in process.rooms() if owner.region == code} if process else {}
    elsewhere = Case(When(lease__expires_at__gt=NowMs(), then=F("lease__sessions")), default=Value(0))
    known = Room.with_last_event().filter(region=code).order_by(F("last_at").desc(nulls_last=True), "slug")
    players = {MAIN: 0, **dict(known.values_list("slug", elsewhere)), **here}
    ranked = sorted(players, key=lambda slug: (slug != MAIN, -players[slug]))
    return [{"slug": slug, "players": players[slug]} for slug in ranked[:LISTED]]
