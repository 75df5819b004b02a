"""A request on its way through the edge: what the edge adds to it, and what replays change. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fly.arrival import (
    CACHE_STATUS,
    PREFERRED_UNAVAILABLE,
    REPLAY_FAILED,
    REPLAY_SRC,
    ReplayFailed,
    ReplaySource,
    write_failed,
    write_source,
)
from fly.edge.rules import Switches
from fly.headers import Transform

Header = tuple[bytes, bytes]
PROXY_OWN = (REPLAY_SRC, REPLAY_FAILED, PREFERRED_UNAVAILABLE, CACHE_STATUS)
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"proxy-authenticate", b"proxy-authorization"}
)
NEEDED = frozenset({b"host", b"content-length", b"transfer-encoding"})


def named_by_connection(headers: Iterable[Header]) -> set[bytes]:
    """What `Connection` names: headers, and options such as close or upgrade, that belong to one connection only."""
    return {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}


def end_to_end(headers: Iterable[Header]) -> tuple[Header, ...]:
    """Headers without those of one connection (RFC 9110, 7.6.1). What frames or addresses a message stays, whoever names it."""
    headers = tuple((bytes(name), bytes(value)) for name, value in headers)
    gone = HOP_BY_HOP | (named_by_connection(headers) - NEEDED)
    return tuple(pair for pair in headers if pair[0] not in gone)


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of a connection to the edge."""

    ip: str
    port_used: int
    edge: str
    request_id: str
    started_us: int


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to a Machine. Header names in lower case."""

    method: bytes
    target: bytes
    headers: tuple[Header, ...]

    def get(self, name: str) -> bytes:
        """The first value of a header; empty without it."""
        wanted = name.encode()
        return next((value for key, value in self.headers if key == wanted), b"")

    def with_header(self, name: str, value: str) -> Request:
        """The same with this header, in place of any of that name."""
        return replace(self, headers=(*self._others(name.encode()), (name.encode(), value.encode("latin-1"))))

    def without(self, *names: str) -> Request:
        """The same without these headers."""
        gone = {name.encode() for name in names}
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] not in gone))

    def _others(self, name: bytes) -> tuple[Header, ...]:
        return tuple(pair for pair in self.headers if pair[0] != name)

    @property
    def is_upgrade(self) -> bool:
        """True for a WebSocket handshake."""
        return self.get("upgrade").lower() == b"websocket" and b"upgrade" in named_by_connection(self.headers)

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.decode("latin-1").partition("?")[0]


def enter(request: Request, client: Client, switches: Switches) -> Request:
    """The request as it enters Fly: headers that the edge adds, overwrites, appends to, or leaves alone (ED20 to ED26)."""
    if switches.strip_replay_src:
        request = request.without(*PROXY_OWN)
    upgrade = request.is_upgrade
    kept = end_to_end(request.headers)
    if upgrade:
        kept = (*kept, (b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
    request = replace(request, headers=kept)
    forwarded_for = b", ".join(value for name, value in request.headers if name == b"x-forwarded-for").decode("latin-1")
    request = (
        request.with_header("fly-client-ip", client.ip)
        .with_header("fly-region", client.edge)
        .with_header("fly-forwarded-port", str(client.port_used))
        .with_header("fly-request-id", client.request_id)
        .with_header("x-forwarded-for", f"{forwarded_for}, {client.ip}" if forwarded_for else client.ip)
        .with_header("x-forwarded-ssl", "off")
        .with_header("via", "1.1 fly.io")
        .with_header("x-request-start", f"t={client.started_us}")
    )
    if not request.get("x-forwarded-port"):
        request = request.with_header("x-forwarded-port", str(client.port_used))
    if not (switches.pass_forwarded_proto and request.get("x-forwarded-proto")):
        request = request.with_header("x-forwarded-proto", "http")
    return request


def replayed(request: Request, source: ReplaySource | None, transform: Transform, cache_status: str = "") -> Request:
    """The request as the target of a replay gets it (ED7, ED8): its source, the transform; a cached replay has no source (ED16)."""
    request = request.without(*PROXY_OWN, *transform.delete_headers)
    for name, value in transform.set_headers:
        request = request.with_header(name, value)
    if transform.path:
        request = replace(request, target=transform.path.encode())
    if cache_status:
        return request.with_header(CACHE_STATUS, cache_status)
    return request.with_header(REPLAY_SRC, write_source(source)) if source else request


def fallen_back(request: Request, failed: ReplayFailed) -> Request:
    """The request as it comes back to the one whose replay failed (ED9)."""
    return request.without(*PROXY_OWN).with_header(REPLAY_FAILED, write_failed(failed))
