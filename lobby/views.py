"""Pages of the lobby's host: the list of regions, and the way into one."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gameserver import ticket
from gameserver.page_data import page_data, region_dict, region_url
from gameserver.players import player_in
from gameserver.throttle import address_of
from lobby import places
from lobby.fleet.demand import outlook
from lobby.fleet.model import Outlooks
from lobby.listing import listing, read
from lobby.state import waiter
from lobby.waiting import named, waiting

RETRY_S = 10


@require_safe
def lobby(request: HttpRequest) -> HttpResponse:
    """All regions. Works without JavaScript; the socket keeps it live."""
    regions = listing(*read(), partial(region_url, request))
    enabled = [region for region in regions if region["enabled"]]
    others = [region for region in regions if not region["enabled"]]
    data = page_data(request, regions=regions)
    return render(request, "lobby/lobby.html", {"page_data": data, "enabled": enabled, "others": others})


@never_cache
@require_safe
def join(request: HttpRequest, code: str) -> HttpResponse:
    """The way into a region: to a room with a place, with a ticket for it; or a page to wait on, while the region is woken.

    A region that does not exist, or is not enabled, is a 404. HEAD takes no place and wakes nobody; nor does what a browser fetches ahead,
    or for another page, which is a 403.
    """
    seen = waiting.seen(code)
    if seen is None:
        raise Http404("There is no such region.")
    if not _is_visit(request):
        return HttpResponse("Open this address itself.\n", status=403, content_type="text/plain; charset=utf-8")
    if request.method == "HEAD":
        return redirect(_room_url(request, code, places.MAIN))
    return _enter(request, code) if seen.state is Outlooks.UP else _wait(request, code)


def _enter(request: HttpRequest, code: str) -> HttpResponse:
    player = request.player.id  # type: ignore[attr-defined]
    try:
        given = places.take(code, player, _address(request))
    except places.TooMany:
        return _full(request, code, 429)
    if given is None:
        return _full(request, code, 409)
    text = ticket.issue(code, given.room, player, machine=given.machine)
    return redirect(f"{_room_url(request, code, given.room)}?{urlencode({'ticket': text})}")


def _wait(request: HttpRequest, code: str) -> HttpResponse:
    player = waiter(player_in(request.COOKIES))
    wait = waiting.known(code, player) or waiting.wait(code, player)
    data = page_data(request, wait=wait.as_dict(), state_url=f"{request.path}state")
    context = {"page_data": data, "region": region_dict(code), "wait": wait, "nearest": named(wait.nearest)}
    return render(request, "lobby/waiting.html", context, status=202)


def _full(request: HttpRequest, code: str, status: int) -> HttpResponse:
    context = {"region": region_dict(code), "nearest": named(outlook(code).nearest), "busy": status == 429}
    answer = render(request, "lobby/full.html", {"page_data": page_data(request), **context}, status=status)
    answer["Retry-After"] = str(RETRY_S)
    return answer


def _is_visit(request: HttpRequest) -> bool:
    """Whether somebody comes to this address, as far as the browser tells: no image, frame or script of a page, and not ahead of time."""
    return request.headers.get("Sec-Fetch-Dest", "document") == "document" and "prefetch" not in request.headers.get("Sec-Purpose", "")


def _room_url(request: HttpRequest, code: str, room: str) -> str:
    return f"{region_url(request, code)}r/{room}/"


def _address(request: HttpRequest) -> str:
    scope: Any = getattr(request, "scope", None)
    return address_of(scope, settings.HERE) if scope is not None else ""
