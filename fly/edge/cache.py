"""The path-based replay cache: an answer of the application, kept by the edge for a while (ED14 to ED18). Time is given."""

from __future__ import annotations

from dataclasses import dataclass

from fly.headers import Cache, InvalidReplay, ReplayInstruction, Transform

MIN_TTL_S = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept replay: for paths under `prefix` of one host, until `until` (seconds)."""

    prefix: str
    instruction: ReplayInstruction
    until: float
    allow_bypass: bool


class ReplayCache:
    """All kept replays of one edge, by host name."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Kept]] = {}

    def find(self, host: str, path: str, now: float) -> Kept | None:
        """The longest kept prefix of a path; expired ones are forgotten."""
        entries = self._kept.get(host, {})
        for prefix in [prefix for prefix, kept in entries.items() if kept.until <= now]:
            del entries[prefix]
        fitting = [kept for kept in entries.values() if covers(kept.prefix, path)]
        return max(fitting, key=lambda kept: len(kept.prefix), default=None)

    def keep(self, host: str, path: str, instruction: ReplayInstruction, cache: Cache, now: float) -> None:
        """Keep a replay. Raises InvalidReplay for what Fly does not allow in a kept one, or a prefix that is not the request's."""
        if instruction.state or instruction.timeout_ms or instruction.fallback or instruction.transform != Transform():
            raise InvalidReplay("a cached replay can have neither state, timeout, fallback nor transform")
        if cache.ttl < MIN_TTL_S:
            raise InvalidReplay(f"field 'cache.ttl' must be {MIN_TTL_S} seconds or more")
        prefix = prefix_of(host, cache.prefix)
        if not covers(prefix, path):
            raise InvalidReplay("field 'cache.prefix' does not match the request")
        self._kept.setdefault(host, {})[prefix] = Kept(prefix, instruction, now + cache.ttl, cache.allow_bypass)

    def invalidate(self, host: str, path: str, now: float) -> None:
        """Forget what is kept for a path."""
        kept = self.find(host, path, now)
        if kept is not None:
            del self._kept[host][kept.prefix]


def prefix_of(host: str, text: str) -> str:
    """The path prefix in `/some/path/*` or `host/path/*`. Raises InvalidReplay for another host."""
    where, slash, path = text.partition("/")
    if not slash or (where and where != host):
        raise InvalidReplay("field 'cache.prefix' is not a path of this host")
    return "/" + path.removesuffix("*").rstrip("/")


def covers(prefix: str, path: str) -> bool:
    """Whether a path lies under a prefix; a trailing `/*` is implied."""
    return prefix == "/" or path == prefix or path.startswith(prefix + "/")


def cache_of_headers(prefix: bytes, ttl: bytes, bypass: bytes) -> Cache | None:
    """The cache orders beside the header form of a replay; None if there are none. Raises InvalidReplay."""
    text = prefix.decode("latin-1").strip()
    if not text:
        return None
    if text == "invalidate":
        return Cache(invalidate=True)
    if not ttl.isdigit():
        raise InvalidReplay("field 'fly-replay-cache-ttl-secs' has a malformed value")
    return Cache(prefix=text, ttl=int(ttl), allow_bypass=bypass.strip() == b"yes")
