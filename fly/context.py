"""What the platform knows of one request or handshake: where it came from, what was decided, how it got here.

Built once, by the outermost ASGI application (`fly.trace`), kept in `scope["fly"]`, and read by everything inside.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from fly.arrival import Arrival, read_arrival
from fly.asgi import values
from fly.here import Here
from fly.hosts import UNKNOWN, Resolved, resolve
from fly.replay import Decision, Refuse, Serve, Target, decide
from fly.role import Role, role_of
from fly.state import check

HEALTH = "/healthz"
"""Answered by every Machine under any name, an address too: Fly's checks come without a host of ours."""

_MAX_REPLAY_MS = 600_000
_MAX_SKEW_MS = 1000


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a request: edge, the Machine that replayed it if one did, and the Machine that serves it.

    `replay_ms` is the time from that Machine's answer to here, by two clocks: 0 where they differ a little, None if nobody
    replayed or they are at odds. `verified`: our own signature says that this Machine replayed it.
    """

    edge: str
    region: str
    machine: str
    replayed_from_region: str | None
    replayed_from_machine: str | None
    replay_ms: float | None
    reason: str
    verified: bool

    def as_dict(self) -> dict[str, Any]:
        """For page data and welcome messages."""
        return {name: getattr(self, name) for name in self.__slots__}

    def as_header(self) -> str:
        """For the debug header `x-route`, in ASCII."""
        origin = f"edge={self.edge or 'none'}"
        if self.replayed_from_region is not None:
            origin += f"; replayed-by={self.replayed_from_region}/{self.replayed_from_machine}"
            origin += f"; replay-ms={self.replay_ms}" if self.replay_ms is not None else ""
            origin += f"; verified={str(self.verified).lower()}"
        return f"{origin}; here={self.region}/{self.machine}; reason={self.reason}"


@dataclass(frozen=True, slots=True)
class FlyContext:
    """One request as the platform sees it. `region` is the tenant it belongs to; None on the lobby's host."""

    here: Here
    host: Resolved
    region: str | None
    arrival: Arrival
    decision: Decision
    route: Route

    def decide_for(self, machine: str = "", prefer: str = "") -> Decision:
        """What is to be done with this request once it is known which Machine of its region it wants: the one that owns the room, or, if
        nobody does, the one that shall have it (`prefer`). A host that names a Machine has said it already."""
        wanted, preferred = ("", "") if self.host.machine else (machine, prefer)
        target = Target(self.region, wanted, preferred, app=settings.GAMESERVER_APP) if self.region else None
        return decide(self.here, target, self.arrival, _role(self.here))


def read_context(path: str, headers: Iterable[tuple[bytes, bytes]]) -> FlyContext:
    """Decide what is to be done with a request by its path and its ASGI headers. Never raises, touches no database."""
    headers = list(headers)
    hosts = values(headers, b"host")
    # Two Host headers are two requests in one: neither is ours.
    host = resolve(hosts[0]) if len(hosts) == 1 else Resolved(UNKNOWN, None)
    arrival = read_arrival(headers, check)
    here: Here = settings.HERE
    decision = _decide(here, path, host, arrival)
    return FlyContext(here, host, host.region, arrival, decision, _route(here, host, arrival, decision))


def _decide(here: Here, path: str, host: Resolved, arrival: Arrival) -> Decision:
    role = _role(here)
    # Files that both apps have do not come here in a lobby of its own: those that only the gameservers have are theirs to answer (AP5).
    if path == HEALTH or (path.startswith(settings.STATIC_URL) and (role.gameserver or host.region is None)):
        return Serve("FR1 every Machine has this, under any name")
    if host.name == UNKNOWN:
        return Refuse(404, "not_found", "FR3 no such host")
    target = Target(host.region, host.machine, only=bool(host.machine), app=settings.GAMESERVER_APP) if host.region else None
    return decide(here, target, arrival, role)


def _role(here: Here) -> Role:
    return role_of(here, settings.GAMESERVER_APP)


def _route(here: Here, host: Resolved, arrival: Arrival, decision: Decision) -> Route:
    source = arrival.source
    return Route(
        edge=arrival.edge_region,
        region=here.region or host.region or here.app,
        machine=here.machine,
        replayed_from_region=source.region if source else None,
        replayed_from_machine=source.instance if source else None,
        replay_ms=_elapsed_ms(source.t_us) if source else None,
        reason=decision.reason,
        verified=source is not None and arrival.proof is not None and arrival.proof.machine == source.instance,
    )


def _elapsed_ms(t_us: int | None) -> float | None:
    if t_us is None:
        return None
    elapsed = time.time() * 1000 - t_us / 1000
    return round(max(elapsed, 0.0), 1) if -_MAX_SKEW_MS <= elapsed < _MAX_REPLAY_MS else None
