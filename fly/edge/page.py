"""`/.edge/`: the emulator's own page, with its feed and its orders; who may have them, and what is answered. Pure (PG1 to PG5).

Whoever can give orders here can kill processes on this computer. So only loopback is answered, only by names that nobody else can point
here (DNS rebinding), and only pages of the very same origin: its own, and the lobby's.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fly.edge.knobs import Answer
from fly.edge.request import Header, Request
from fly.origin import same_origin

PREFIX = "/.edge/"
FEED = "/.edge/feed"
ORDERS = "/.edge/orders"
MAX_BODY_BYTES = 4096
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1"})
"""Names that lead to this computer whatever a name server says."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GUARDS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
NO_ORDERS = frozenset({"status"})
"""Verbs that change nothing: the feed tells it anyway."""
_WITH_END = frozenset({"host"})
"""Verbs for a Machine that `over` ends; of those for a region each has an end."""
STREAM_HEADERS: tuple[Header, ...] = ((b"content-type", b"text/event-stream"), *_GUARDS)


@dataclass(frozen=True, slots=True)
class Watch:
    """The feed is to be sent."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done: `values` is what the verb takes besides its target."""

    verb: str
    target: str | None
    values: Mapping[str, object] = field(default_factory=dict)


class BadOrder(ValueError):
    """No order; the message is a sentence."""


def is_ours(request: Request, host: str, parent: str, peer: str) -> bool:
    """Whether the emulator answers this itself. host: without its port. peer: the client's address.

    Under any other name it is the application's, which answers with a 404; so is whatever comes from another computer.
    """
    if not (request.path.startswith(PREFIX) or request.path == PREFIX.rstrip("/")):
        return False
    try:
        return (host == parent or host in LOCAL_NAMES) and ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def answer(request: Request, body: bytes, known: frozenset[str]) -> Answer | Watch | Order:
    """Answer one request that is ours, or say what is to be done for it. `known`: the orders that there are."""
    path = request.path
    if path == PREFIX.rstrip("/"):
        return Answer(308, ((b"location", PREFIX.encode()), *_GUARDS), b"")
    methods = {FEED: "GET", ORDERS: "POST"}.get(path, "GET, HEAD")
    if not _is_same_site(request, is_page=path == PREFIX):
        return error(403, "This is for the emulator's own page only.")
    if request.method.decode("latin-1") not in methods.split(", "):
        return error(405, f"There is {methods} here.", ((b"allow", methods.encode()),))
    if path == FEED:
        return Watch()
    if path == ORDERS:
        # A form or an image of another site cannot set a header: it would have to ask first, and nobody says yes.
        if request.get("x-edge") != b"1":
            return error(403, "A POST needs the header X-Edge: 1.")
        try:
            return _order(body, known)
        except BadOrder as refusal:
            return error(400, str(refusal))
    found = files().get(path.removeprefix(PREFIX) or "page.html")
    return error(404, "The emulator has nothing here.") if found is None else Answer(200, ((b"content-type", found[0]), *_GUARDS), found[1])


def verbs(kinds: Mapping[str, str], takes: Mapping[str, Iterable[str]], modes: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """The orders that the page has buttons for: of all that there are, so that a new one needs none of the page's doing.

    kinds: what each is for (`of`). takes: the numbers that one takes. modes: the targets of one that puts something into a state.
    `over`: whether it can be taken back.
    """
    return [
        {
            "verb": verb,
            "of": of,
            "takes": list(takes.get(verb, ())),
            "over": of == "region" or verb in _WITH_END,
            "modes": list(modes.get(verb, ())),
        }
        for verb, of in kinds.items()
        if verb not in NO_ORDERS
    ]


def error(status: int, text: str, more: tuple[Header, ...] = ()) -> Answer:
    """A sentence as `error`."""
    return tell(status, {"error": text}, more)


def tell(status: int, value: Mapping[str, Any], more: tuple[Header, ...] = ()) -> Answer:
    """JSON."""
    return Answer(status, ((b"content-type", b"application/json"), *_GUARDS, *more), json.dumps(value).encode())


@cache
def files() -> Mapping[str, tuple[bytes, bytes]]:
    """Type and bytes of each file of the page, by name."""
    folder = Path(__file__).with_name("static")
    return {path.name: (_TYPES[path.suffix].encode(), path.read_bytes()) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}


def _is_same_site(request: Request, *, is_page: bool) -> bool:
    """Whether what asks is of this very origin, or nobody's: an address that was typed, a program. The page itself may be linked to."""
    host = request.get("host").decode("latin-1")
    origins = [value.decode("latin-1") for name, value in request.headers if name == b"origin"]
    fetched = request.get("sec-fetch-site")
    return all(same_origin(one, host, "http") for one in origins) and (is_page or fetched in (b"", b"same-origin", b"none"))


def _order(body: bytes, known: frozenset[str]) -> Order:
    """The order in a body: a JSON object with `verb`, `target` and whatever else the verb takes. Raises BadOrder."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise BadOrder("An order is a JSON object.") from None
    if not isinstance(values, dict):
        raise BadOrder("An order is a JSON object.")
    verb, target = values.pop("verb", None), values.pop("target", None)
    if not isinstance(verb, str) or verb not in known:
        raise BadOrder(f"There is no order {str(verb)[:40]!r}; there are {', '.join(sorted(known))}.")
    if not (target is None or isinstance(target, str)):
        raise BadOrder("A target is the name of a Machine or of a region.")
    return Order(verb, target, values)
