"""How a request came here: what Fly's headers on it say. Pure.

All of it may be anybody's invention, so reading never raises: what makes no sense becomes None, and `replayed` is true as
soon as the header is there at all, so that nonsense can stop a request but never send it round again (R8).
Source: Fly docs, networking/dynamic-request-routing and networking/request-headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fly.headers import CLIENT_AIMS

REPLAY_SRC = "fly-replay-src"
REPLAY_FAILED = "fly-replay-failed"
PREFERRED_UNAVAILABLE = "fly-preferred-instance-unavailable"
CACHE_STATUS = "fly-replay-cache-status"
EDGE_REGION = "fly-region"

UNCLEAR = "unclear"
MAX_BYTES = 4096
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_STATE = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,1024}\Z")
_DIGITS = re.compile(r"\d{1,18}\Z")


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """`fly-replay-src`: who replayed this request; `t_us` microseconds since 1970, None if unreadable."""

    instance: str
    region: str
    t_us: int | None
    state: str


@dataclass(frozen=True, slots=True)
class ReplayFailed:
    """`fly-replay-failed`: a replay that asked for a fallback and got it."""

    instance: str
    app: str
    region: str
    replay_source: str
    reason: str
    elapsed_ms: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What our own signature in `state` says: which step (R8) was taken, towards which region, by which Machine."""

    step: str
    region: str
    machine: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came. `body_bytes` is None when the client did not say; 0 without a body.

    `cache_status` is Fly's word, empty without the header, and UNCLEAR when it is there and cannot be told.
    """

    replayed: bool = False
    source: ReplaySource | None = None
    proof: Proof | None = None
    failed: bool = False
    failure: ReplayFailed | None = None
    cache_status: str = ""
    aims: tuple[str, ...] = ()
    preferred_unavailable: str = ""
    edge_region: str = ""
    body_bytes: int | None = 0


def read_arrival(headers: Iterable[tuple[bytes, bytes]], check: Callable[[str], Proof | None]) -> Arrival:
    """Read an ASGI header list; `check` says what a `state` proves, None if nothing. Never raises."""
    wanted: dict[str, list[bytes]] = {}
    for name, value in headers:
        wanted.setdefault(name.decode("latin-1").lower(), []).append(value)
    source = parse_source(_single(wanted, REPLAY_SRC))
    return Arrival(
        replayed=REPLAY_SRC in wanted,
        source=source,
        proof=check(source.state) if source and source.state else None,
        failed=REPLAY_FAILED in wanted,
        failure=parse_failed(_single(wanted, REPLAY_FAILED)),
        cache_status=_cache_status(wanted),
        aims=tuple(name for name in CLIENT_AIMS if name in wanted),
        preferred_unavailable=parse_preferred_unavailable(_single(wanted, PREFERRED_UNAVAILABLE)),
        edge_region=_word(_single(wanted, EDGE_REGION)).lower(),
        body_bytes=_body_bytes(wanted),
    )


def parse_source(value: bytes | None) -> ReplaySource | None:
    """Read `instance=…;region=…;t=…;state=…` in any order; None if it is not of this form."""
    fields = _fields(value, ("instance", "region", "t", "state"))
    if fields is None:
        return None
    instance, region, state = fields.get("instance", ""), fields.get("region", ""), fields.get("state", "")
    if any(word and not _WORD.match(word) for word in (instance, region)) or (state and not _STATE.match(state)):
        return None
    return ReplaySource(instance, region.lower(), _number(fields.get("t", "")), state)


def write_source(source: ReplaySource) -> str:
    """The header as Fly writes it. Raises ValueError if a value could break out of its field."""
    text = f"instance={source.instance};region={source.region};t={source.t_us or 0}"
    text += f";state={source.state}" if source.state else ""
    if parse_source(text.encode()) != ReplaySource(source.instance, source.region, source.t_us or 0, source.state):
        raise ValueError("a value breaks out of its field")
    return text


def parse_failed(value: bytes | None) -> ReplayFailed | None:
    """Read `instance=…;app=…;region=…;replay_source=…;reason=…;elapsed_ms=…`; None if it is not of this form."""
    names = ("instance", "app", "region", "replay_source", "reason")
    fields = _fields(value, (*names, "elapsed_ms"))
    if fields is None or any(word and not _WORD.match(word) for word in (fields.get(name, "") for name in names)):
        return None
    instance, app, region, replay_source, reason = (fields.get(name, "") for name in names)
    return ReplayFailed(instance, app, region, replay_source, reason, _number(fields.get("elapsed_ms", "")))


def write_failed(failed: ReplayFailed) -> str:
    """The header as Fly writes it. Raises ValueError if a value could break out of its field."""
    text = (
        f"instance={failed.instance};app={failed.app};region={failed.region};replay_source={failed.replay_source};"
        f"reason={failed.reason};elapsed_ms={failed.elapsed_ms or 0}"
    )
    if parse_failed(text.encode()) is None:
        raise ValueError("a value breaks out of its field")
    return text


def parse_preferred_unavailable(value: bytes | None) -> str:
    """The id of the Machine that was preferred and missed; empty if there is none or it is no id."""
    return _word(value)


def _fields(value: bytes | None, known: tuple[str, ...]) -> dict[str, str] | None:
    if value is None or not value or len(value) > MAX_BYTES:
        return None
    fields: dict[str, str] = {}
    for part in value.decode("latin-1").split(";"):
        key, equals, text = part.strip().partition("=")
        if not equals or key not in known or key in fields:
            return None
        fields[key] = text
    return fields


def _single(headers: Mapping[str, list[bytes]], name: str) -> bytes | None:
    """The value of a header that is there exactly once: of two, one is forged, and which one cannot be told."""
    values = headers.get(name, [])
    return values[0] if len(values) == 1 else None


def _cache_status(headers: Mapping[str, list[bytes]]) -> str:
    if CACHE_STATUS not in headers:
        return ""
    return _word(_single(headers, CACHE_STATUS)).lower() or UNCLEAR


def _word(value: bytes | None) -> str:
    text = (value or b"")[:MAX_BYTES].decode("latin-1").strip()
    return text if _WORD.match(text) else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and _DIGITS.match(text) else None


def _body_bytes(headers: Mapping[str, list[bytes]]) -> int | None:
    if "transfer-encoding" in headers:
        return None
    if "content-length" not in headers:
        return 0
    length = _single(headers, "content-length")
    return _number((length or b"").decode("latin-1").strip())
