"""`/.edge/weather`: a page behind the emulator reads and sets the weather of the edge it came in by. Pure (ED55 to ED57).

On Fly nobody answers this path but the application, with a 404: that tells a page where it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fly.edge.request import Header, Request
from fly.edge.weather import BOUNDS, BadWeather, Sky, amend
from fly.origin import same_origin

PATH = "/.edge/weather"
MAX_BODY_BYTES = 4096
METHODS = "GET, HEAD, POST, OPTIONS"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the edge says; `body` is JSON or empty."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


def answer(request: Request, body: bytes, sky: Sky, edge: str, parent: str) -> Answer:
    """Answer one request, and change the sky if it is a POST that may.

    edge: the region of this vantage point, whose sky it is. parent: the host name whose pages may ask besides those of the same origin.
    GET: `region`, the values, and `bounds`, the largest of each. POST: a JSON object of the values that change; the answer is GET's.
    An error is a JSON object with a sentence as `error`.
    """
    origins = [value.decode("latin-1") for name, value in request.headers if name == b"origin"]
    if not all(_is_ours(origin, request.get("host").decode("latin-1"), parent) for origin in origins):
        return _error(403, "The weather is made by pages of this host and of its parent only.", ())
    shared: tuple[Header, ...] = tuple((b"access-control-allow-origin", origin.encode("latin-1")) for origin in origins[:1])
    if request.method == b"OPTIONS":
        allowed = ((b"access-control-allow-methods", METHODS.encode()), (b"access-control-allow-headers", b"x-edge, content-type"))
        return Answer(204, (*shared, (b"vary", b"origin"), *allowed), b"")
    if request.method == b"POST":
        # A form or an image of another site cannot set a header: it would have to ask first, and is refused above.
        if request.get("x-edge") != b"1":
            return _error(403, "A POST needs the header X-Edge: 1.", shared)
        try:
            sky.change(amend(sky.weather, _values(body)))
        except BadWeather as error:
            return _error(400, str(error), shared)
    elif request.method not in (b"GET", b"HEAD"):
        return _error(405, f"There is {METHODS} here.", (*shared, (b"allow", METHODS.encode())))
    return _json(200, {"region": edge, **sky.weather.values(), "bounds": dict(BOUNDS)}, shared)


def too_large() -> Answer:
    """The answer to a body over MAX_BODY_BYTES."""
    return _error(413, f"The weather fits into {MAX_BODY_BYTES} bytes.", ())


def malformed() -> Answer:
    """The answer to a body that is not framed as its head says."""
    return _error(400, "The body is malformed.", ())


def _is_ours(origin: str, host: str, parent: str) -> bool:
    """Same origin, or the parent host at the same port: another port of this computer is another program."""
    _, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    return same_origin(origin, host, "http") or (bool(parent) and same_origin(origin, f"{parent}{colon}{port}", "http"))


def _values(body: bytes) -> dict[str, object]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise BadWeather("The weather is a JSON object.") from None
    if not isinstance(values, dict):
        raise BadWeather("The weather is a JSON object.")
    return values


def _error(status: int, text: str, headers: tuple[Header, ...]) -> Answer:
    return _json(status, {"error": text}, headers)


def _json(status: int, value: dict[str, Any], headers: tuple[Header, ...]) -> Answer:
    own = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"vary", b"origin"))
    return Answer(status, (*own, *headers), json.dumps(value).encode())
