"""Pages: serve, replay or refuse, before sessions, authentication and CSRF, and without a database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from fly.answer import RETRY_AFTER_S, city, nearest_other, replay_answer
from fly.context import FlyContext, read_context
from fly.hosts import UNKNOWN
from fly.links import lobby_url, port_of, region_url
from fly.regions import REGIONS
from fly.replay import MAX_REPLAY_BODY, Refuse, Replay

_TEMPLATES = {
    "not_found": "fly/unknown_host.html",
    "no_machine": "fly/no_machine.html",
    "not_answering": "fly/not_answering.html",
    "too_large": "fly/too_large.html",
}


class ReplayMiddleware:
    """First of all middleware: sets `request.fly`, and answers what is not to be served here."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer_async(request)
        return _answer(request) or self.get_response(request)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        answer = _answer(request)
        if answer is not None:
            return answer
        served = self.get_response(request)
        assert isinstance(served, Awaitable)
        return await served


def _answer(request: HttpRequest) -> HttpResponse | None:
    context = _context(request)
    request.fly = context  # type: ignore[attr-defined]
    decision = context.decision
    if isinstance(decision, Replay):
        status, headers, body = replay_answer(context, decision, bodiless=request.method == "HEAD")
        return HttpResponse(body, status=status, headers=headers)
    if isinstance(decision, Refuse):
        return _refuse(request, context, decision)
    if context.host.name == UNKNOWN:
        # Static files, for the 404 page of such a name too: Django's own host check would answer them with 400.
        request.META["HTTP_HOST"] = settings.PARENT_HOST
    return None


def _context(request: HttpRequest) -> FlyContext:
    scope = getattr(request, "scope", {})
    if "fly" in scope:
        context: FlyContext = scope["fly"]
        return context
    # Without our ASGI application outside, as under Django's test client.
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in request.headers.items()]
    if not request.META.get("HTTP_HOST"):
        headers.append((b"host", str(request.META.get("SERVER_NAME", "")).encode()))
    return read_context(request.path_info, headers)


def _refuse(request: HttpRequest, context: FlyContext, refusal: Refuse) -> HttpResponse:
    port = port_of(request.META.get("HTTP_HOST", ""))
    other = nearest_other(context)
    answer = render(
        request,
        _TEMPLATES[refusal.code],
        {
            "city": city(context.region),
            "other": REGIONS[other] if other else None,
            "other_url": region_url(other, port) if other else "",
            "region_url": region_url(context.region, port) if context.region else "",
            "machine": context.host.machine,
            "lobby_url": lobby_url(port),
            "limit_mb": MAX_REPLAY_BODY // 1_000_000,
            "reason": refusal.reason,
        },
        status=refusal.status,
    )
    add_never_cache_headers(answer)
    if refusal.status == 503:
        answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer
