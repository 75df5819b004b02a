"""What a Machine may ask of the Machines API about itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fly.here import Here

if TYPE_CHECKING:
    from fly.machines import Machines

SOCKET = Path("/.fly/api")
"""Fly's API inside every Machine, which needs no token. Source: Fly docs, reference/suspend-resume."""
SOCKET_URL = "http://flaps"


def by_socket(here: Here, socket: Path = SOCKET) -> Machines | None:
    """The API through the Machine's own socket; None where there is none."""
    if not here.is_fly or not socket.is_socket():
        return None
    # Not before it is needed: a start needs none of it.
    import httpx

    from fly.machines import Machines

    return Machines(SOCKET_URL, "", here.app, transport=httpx.AsyncHTTPTransport(uds=str(socket)))


def by_token(here: Here, url: str, token: str) -> Machines | None:
    """The API over the network; None without a token, and off Fly, where there is no Machine to ask about."""
    if not here.is_fly or not token:
        return None
    from fly.machines import Machines

    return Machines(url, token, here.app)
