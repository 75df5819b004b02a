"""Who plays: a name, a colour and an id in a signed cookie on the parent domain. No account, no database.

The cookie says who somebody is to others, not what they may do. A cookie that was tampered with is no cookie: it is signed with
IDENTITY_KEY, which lobby and gameservers share also where they are two apps.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse, parse_cookie
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from fly.hosts import UNKNOWN, resolve
from gameserver.engine.errors import Rejected
from gameserver.engine.text import COLOUR, clean_colour, clean_name

YEAR_S = 365 * 24 * 3600
SALT = "player"
NO_COOKIE = ("/static/", "/healthz", "/ping", "/beats/")
"""Paths that carry no cookie: files, measurements, and what gameservers tell."""

ADJECTIVES = (
    *("Amber", "Brave", "Calm", "Clever", "Cosmic", "Curious", "Daring", "Gentle", "Golden", "Happy", "Jolly", "Keen"),
    *("Lucky", "Mellow", "Nimble", "Quick", "Quiet", "Royal", "Sunny", "Swift", "Tidy", "Warm", "Wild", "Witty"),
)
ANIMALS = (
    *("Badger", "Beaver", "Crane", "Dolphin", "Falcon", "Fox", "Gecko", "Heron", "Ibex", "Koala", "Lemur", "Lynx"),
    *("Marten", "Otter", "Owl", "Panda", "Puffin", "Raven", "Robin", "Seal", "Stoat", "Tapir", "Walrus", "Wren"),
)
COLOURS = (
    "#c2410c",
    "#b45309",
    "#4d7c0f",
    "#15803d",
    "#0f766e",
    "#0369a1",
    "#1d4ed8",
    "#6d28d9",
    "#a21caf",
    "#be185d",
    "#be123c",
    "#475569",
)
"""Each has a contrast of 4.5 or more on white; pages lighten them in the dark."""
_ID = re.compile(r"[a-z0-9]{8,40}\Z")


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody: `id` public and stable, `name` 1 to 32 characters, `colour` as #rrggbb."""

    id: str
    name: str
    colour: str

    def as_dict(self) -> dict[str, str]:
        """For page data."""
        return asdict(self)


def new_player() -> Player:
    """Somebody new, with a pleasant name and a colour."""
    return _named(secrets.token_hex(8), secrets.SystemRandom())


def guest(sid: str) -> Player:
    """The player of a client without a cookie: the same `sid` is the same guest."""
    digest = hashlib.blake2b(f"guest {sid}".encode(), digest_size=8).hexdigest()
    return _named(f"g{digest}", random.Random(digest))  # noqa: S311


def _named(player_id: str, chance: random.Random) -> Player:
    return Player(player_id, f"{chance.choice(ADJECTIVES)} {chance.choice(ANIMALS)}", chance.choice(COLOURS))


def write_cookie(player: Player) -> str:
    """The cookie's value: signed, readable, without anything secret."""
    return signing.dumps([player.id, player.name, player.colour], key=settings.IDENTITY_KEY, salt=SALT)


def read_cookie(value: str) -> Player | None:
    """The player in a cookie; None if it is not ours. Never raises."""
    try:
        player_id, name, colour = signing.loads(value, key=settings.IDENTITY_KEY, salt=SALT, max_age=YEAR_S)
        if not (isinstance(player_id, str) and _ID.match(player_id) and COLOUR.match(colour)):
            return None
        return Player(player_id, clean_name(name), colour)
    except (signing.BadSignature, ValueError, TypeError, Rejected, AttributeError):
        return None


def player_in(cookies: Mapping[str, str]) -> Player | None:
    """The player whom a browser brings along; None without a cookie of ours. Never raises."""
    return read_cookie(cookies.get(settings.PLAYER_COOKIE, ""))


def player_of(scope: Any) -> Player | None:
    """The player whose browser opens a handshake; None without a cookie of ours. Never raises, touches no database."""
    # As pages read it: a stricter parser would lose the player to another site's odd cookie on the same parent domain.
    return player_in(parse_cookie("; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")))


def set_cookie(response: HttpResponseBase, player: Player) -> None:
    """Give the browser its player, for every host of the platform."""
    response.set_cookie(
        settings.PLAYER_COOKIE,
        write_cookie(player),
        max_age=YEAR_S,
        domain=settings.PARENT_HOST,
        secure=settings.PUBLIC_SCHEME == "https",
        httponly=True,
        samesite="Lax",
    )


class PlayerMiddleware:
    """Sets `request.player` on pages, and the cookie at the first visit."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer_async(request)
        fresh = _meet(request)
        response: HttpResponseBase = self.get_response(request)
        return _introduce(request, response, fresh)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        fresh = _meet(request)
        return _introduce(request, await self.get_response(request), fresh)


def _meet(request: HttpRequest) -> bool:
    """Find the player of a request; True if it is somebody new."""
    known = player_in(request.COOKIES)
    request.player = known or new_player()  # type: ignore[attr-defined]
    return known is None


def _introduce(request: HttpRequest, response: HttpResponseBase, fresh: bool) -> HttpResponseBase:
    if (
        fresh
        and response.status_code < 400
        and not request.path_info.startswith(NO_COOKIE)
        and settings.PLAYER_COOKIE not in _cookies(response)
    ):
        set_cookie(response, request.player)  # type: ignore[attr-defined]
    return response


def _cookies(response: HttpResponseBase) -> Any:
    return response.cookies


@require_POST
def me(request: HttpRequest) -> HttpResponseBase:
    """Change one's name and colour. Answers a fetch with JSON {id, name, colour}, a form with a redirect; 400 says what is wrong."""
    before: Player = request.player  # type: ignore[attr-defined]
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        asked = json.loads(request.body) if request.content_type == "application/json" else request.POST
        name, colour = asked.get("name", before.name), asked.get("colour", before.colour)
        after = Player(before.id, clean_name(name), clean_colour(colour))
    except Rejected as rejected:
        return _refused(wants_json, rejected.code.value, rejected.text)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return _refused(wants_json, "bad_message", "Send a name and a colour.")
    response: HttpResponse = JsonResponse(after.as_dict()) if wants_json else redirect(_back(request, str(asked.get("next", "/"))))
    set_cookie(response, after)
    return response


def _refused(wants_json: bool, code: str, text: str) -> HttpResponse:
    if wants_json:
        return JsonResponse({"code": code, "text": text}, status=400)
    return HttpResponse(f"{text} Go back and try another.\n", status=400, content_type="text/plain; charset=utf-8")


def _back(request: HttpRequest, url: str) -> str:
    """Where a form wants to go afterwards, if that is one of our hosts."""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return "/"
    allowed = {request.get_host(), *({host} if host and resolve(host).name != UNKNOWN else ())}
    return url if url_has_allowed_host_and_scheme(url, allowed) else "/"
