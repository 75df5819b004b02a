"""Who is connected to this process, as plain numbers: people's sockets in rooms, and those on the lobby's list where it is served here.

Bots that fill rooms are no visitors, nor is a page, a ping or a check.
"""

from __future__ import annotations

from dataclasses import dataclass

from gameserver.clock import steady


@dataclass(slots=True)
class Visits:
    """`arriving`: handshakes that are not answered yet. `open`: sockets. `left_at`: when the last one that is gone went."""

    arriving: int = 0
    open: int = 0
    left_at: float = float("-inf")

    def came(self) -> None:
        """Somebody is in."""
        self.open += 1

    def left(self) -> None:
        """Somebody is gone."""
        self.open -= 1
        self.left_at = steady()


VISITS = Visits()
