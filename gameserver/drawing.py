"""What each player is shown that nobody else is: frames that a world draws for one, as often as it says."""

from __future__ import annotations

from gameserver.engine.worlds import BaseWorld
from gameserver.hub import Hub

SLACK = 0.001
"""Of a frame: sixtieths of a second do not add up to exactly one."""


class Drawing:
    """Of one owner. Called after each tick of a world."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._owed = 0.0

    def ticked(self, world: BaseWorld) -> None:
        """Show each player a frame if one is due. Raises what the world raises."""
        if not world.draws:
            return
        self._owed += world.tick_s * world.frames
        if self._owed >= 1 - SLACK:
            # Frames that were not shown are not made up for: the next one says all.
            self._owed = max(0.0, min(self._owed - 1, 1.0))
            self._hub.show_each(world.frame)
