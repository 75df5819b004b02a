"""Pages of the lobby's host: the list of regions, and the way into one."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from gameserver.page_data import page_data, region_url
from lobby.listing import listing, read
from lobby.models import Region


@require_safe
def lobby(request: HttpRequest) -> HttpResponse:
    """All regions. Works without JavaScript; the socket keeps it live."""
    regions = listing(*read(), partial(region_url, request))
    enabled = [region for region in regions if region["enabled"]]
    others = [region for region in regions if not region["enabled"]]
    data = page_data(request, regions=regions)
    return render(request, "lobby/lobby.html", {"page_data": data, "enabled": enabled, "others": others})


@require_safe
def join(request: HttpRequest, code: str) -> HttpResponse:
    """The way into a region's main room. A region that does not exist, or is not enabled, is a 404."""
    if code not in settings.REGIONS or not Region.objects.filter(pk=code, enabled=True).exists():
        raise Http404("There is no such region.")
    return redirect(f"{region_url(request, code)}r/main/")
