"""Pages of a region: its rooms, one room, and the ping that the lobby measures."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_safe

from fly.origin import same_origin
from gameserver.connection import SLUG
from gameserver.models import Room
from gameserver.page_data import lobby_url, page_data
from gameserver.process import MAIN, current

LISTED = 50
"""Rooms on the region's page: those with players first, then those last spoken in."""


@require_safe
def region(request: HttpRequest) -> HttpResponse:
    """The region's rooms, and a form to open another."""
    code = request.fly.region  # type: ignore[attr-defined]
    wrong = request.GET.get("wrong", "")[:64]
    return render(request, "gameserver/region.html", {"page_data": page_data(request), "rooms": rooms_of(code), "wrong": wrong})


@require_safe
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """A room; its socket brings the rest."""
    return render(request, "gameserver/room.html", {"page_data": page_data(request, slug=slug), "slug": slug})


@require_GET
def open_room(request: HttpRequest) -> HttpResponse:
    """Where the form goes: to the room, or back with what was wrong."""
    wanted = re.sub(r"[\s_]+", "-", request.GET.get("slug", "").strip().lower())
    if re.fullmatch(SLUG, wanted):
        return redirect("room", slug=wanted)
    wrong = urlencode({"wrong": wanted[:64] or "nothing"})
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


def rooms_of(code: str) -> list[dict[str, Any]]:
    """The rooms of a region for its page: `slug` and `players`; `main` first, then the fullest, then the latest."""
    process = current()
    players = {owner.slug: owner.hub.players for owner in process.rooms() if owner.region == code} if process else {}
    known = Room.with_last_event().filter(region=code).order_by(F("last_at").desc(nulls_last=True), "slug").values_list("slug", flat=True)
    slugs = [MAIN, *(slug for slug in known if slug != MAIN)]
    ranked = sorted(slugs, key=lambda slug: (slug != MAIN, -players.get(slug, 0)))
    return [{"slug": slug, "players": players.get(slug, 0)} for slug in ranked[:LISTED]]
