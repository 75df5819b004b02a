"""What waits for one reader who does not keep up: bounded in bytes and in time (R12).

Journalled events wait until OUTBOX_BYTES do. From there on nothing is added; once all of it was read, the reader gets what is missing by
position, in a second welcome. Ephemeral events wait beside them, the newest of them only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from gameserver.counts import COUNTS
from gameserver.engine.entry import Position
from gameserver.outlet import Outlet, Prepared

OUTBOX_BYTES = 256 * 1024
"""Journalled events that may wait for one client."""
PASSING_BYTES = 32 * 1024
"""Ephemeral ones."""
PATIENCE_S = 30.0
"""How long a reader may be behind without a break; then it is closed with 4002."""
THIN = 8 * 1024
"""Bytes a second of the thinnest line that is served: what waits first, a long welcome perhaps, may take so much longer."""


class Backlog:
    """Of one member that is not written to with the others. `position`: the last event it was sent, once it gets no more."""

    __slots__ = ("_bound", "_bytes", "_outlet", "_passing", "grace_s", "position", "since")

    def __init__(self, outlet: Outlet, now: float) -> None:
        self._outlet = outlet
        # What waited first, a long welcome perhaps, is no sign of slowness.
        self._bound = OUTBOX_BYTES + outlet.waiting
        self.grace_s = outlet.waiting / THIN
        self._passing: deque[Prepared] = deque()
        self._bytes = 0
        self.position: Position | None = None
        self.since = now

    def show(self, messages: Sequence[Prepared], own: Sequence[Prepared], before: Position) -> None:
        """Send what the room shows, and behind it the reader's `own`; or keep it, or leave it. `before`: the position without it."""
        if self.position is not None:
            COUNTS.frames_skipped += 1
            return
        if not self._outlet.waiting:
            self._outlet.send(*messages, *own)
            return
        lasting = [message for message in messages if not message.passes]
        if lasting or own:
            self._add([*lasting, *own], before)
        if self.position is None:
            for message in messages:
                if message.passes:
                    self._keep(message)

    def reply(self, own: Sequence[Prepared], before: Position) -> None:
        """Send replies, or leave them: whoever gets a second welcome asks again."""
        if self.position is None:
            self._add(own, before)

    def take_passing(self) -> list[Prepared]:
        """The ephemeral events that were kept; everything else was read."""
        passing, self._passing, self._bytes = list(self._passing), deque(), 0
        return passing

    def _add(self, messages: Sequence[Prepared], before: Position) -> None:
        waiting = self._outlet.waiting
        if waiting and waiting + sum(len(message.text) for message in messages) > self._bound:
            self.position = before
            self._passing.clear()
            # Who does not listen is not listened to: its commands wait where they are, until it gets answers again.
            self._outlet.hold()
            COUNTS.readers_lagged += 1
        else:
            self._outlet.send(*messages)

    def _keep(self, message: Prepared) -> None:
        self._passing.append(message)
        self._bytes += len(message.text)
        while self._bytes > PASSING_BYTES and len(self._passing) > 1:
            self._bytes -= len(self._passing.popleft().text)
            COUNTS.ephemeral_dropped += 1
