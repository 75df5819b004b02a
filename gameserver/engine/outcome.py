"""What became of a command, a tick, or of what was noted."""

from __future__ import annotations

from msgspec import Struct

from gameserver.engine.entry import Entry, Event, Reply
from gameserver.engine.protocol import History
from gameserver.engine.worlds import Who


class Outcome(Struct, frozen=True, gc=False):
    """What a command or a tick led to.

    entries: to be journalled, then shown. ephemeral: to be shown at once. after: the seq that must be durable before `reply`
    is given, 0 for none. read: older events than are kept are asked for. who: the sender from now on, if that changed.
    """

    reply: Reply | None = None
    entries: tuple[Entry, ...] = ()
    ephemeral: tuple[Event, ...] = ()
    after: int = 0
    read: History | None = None
    who: Who | None = None


NOTHING = Outcome()
NOTED = Outcome()
"""Something will come of it, by `gather`."""
