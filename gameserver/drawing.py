"""What each player is shown that nobody else is: frames that a world draws for one, as often as it says."""

from __future__ import annotations

from gameserver.engine.worlds import BaseWorld
from gameserver.hub import Hub

SLACK = 0.25
"""Of a frame: ticks do not come to the millisecond, and a frame belongs to one of them."""


class Drawing:
    """Of one owner. Called after each tick of a world."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._due = 0.0

    def ticked(self, world: BaseWorld, now: float) -> None:
        """Show each player a frame if one is due; `now` in seconds. Raises what the world raises."""
        pause_s = 1 / world.frames
        if not world.draws or now < self._due - SLACK * pause_s:
            return
        # Frames that were not shown are not made up for: the next one says all.
        self._due = max(self._due, now - pause_s / 2) + pause_s
        self._hub.show_each(world.frame)
