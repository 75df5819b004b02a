"""Where bots may go: a room on this machine, or on a host that the operator names as an own one. Pure but for the resolver."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

from msgspec import Struct

LOOPBACK = "127.0.0.1"
PATH = re.compile(r"/ws/r/([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)/\Z")


class NoTarget(Exception):
    """Bots do not go there; the message is one line."""


class Target(Struct, frozen=True):
    """A room's socket. `url` is what the handshake names; `address` and `port` are where to connect."""

    url: str
    host: str
    address: str
    port: int
    room: str
    is_secure: bool

    PORTS: ClassVar[dict[str, int]] = {"ws": 80, "wss": 443}

    @property
    def place(self) -> str:
        """Where somebody should listen, for people."""
        return f"{self.address}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone: a loopback address, `localhost`, or a name under it (RFC 6761)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def target_of(url: str, allowed: str = "", world: str = "") -> Target:
    """The target that a URL means. `allowed`: the host that may be another machine's. `world`: what a new room is to have.

    Raises NoTarget. A name that is loopback is resolved here; only an allowed one is asked of the resolver.
    """
    parts = _parts(url)
    host = (parts.hostname or "").removesuffix(".")
    if not is_loopback(host) and host != allowed.strip().lower().removesuffix("."):
        raise NoTarget(f"{host!r} is not this machine. Bots go to loopback, or to an own host that is named: --allow-host {host}")
    match = PATH.match(parts.path)
    if match is None:
        raise NoTarget(f"{parts.path!r} is no room's socket; it looks like /ws/r/main/")
    port = parts.port or Target.PORTS[parts.scheme]
    query = parts.query or (f"world={world}" if world else "")
    whole = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return Target(whole, host, _address(host, port), port, match.group(1), parts.scheme == "wss")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in Target.PORTS and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.username is not None or parts.fragment:
        raise NoTarget(f"{url!r} is no address of a socket; it looks like ws://cdg.play.localhost:8000/ws/r/main/")
    return parts


def _address(host: str, port: int) -> str:
    if host == "localhost" or host.endswith(".localhost"):
        return LOOPBACK
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoTarget(f"There is no address for {host!r}: {error.strerror or error}") from None
    return str(found[0][4][0])
