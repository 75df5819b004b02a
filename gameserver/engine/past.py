"""What a room remembers of its events: all of the last ones, to fill gaps with, and further back those that people ask for. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from gameserver.engine.entry import Entry, Event
from gameserver.engine.protocol import encode

KEEP = 1000
"""Events kept in memory; and as many of those that last."""
MAX_WEIGHT = 8 * 2**20
"""Bytes of heavy events that are kept, as JSON."""


class Past:
    """`passing`: names of events that only lead to a state. Whoever looks back wants none of them. `heavy`: those that may be large."""

    __slots__ = ("_begin", "_heavy", "_passing", "_weighed", "_weight", "events", "lasting", "weighed")

    def __init__(self, passing: frozenset[str], heavy: frozenset[str] = frozenset()) -> None:
        self._passing = passing
        self._heavy = heavy
        self._begin = 0
        self._weighed: deque[tuple[int, int]] = deque()
        self._weight = 0
        self.weighed = 0
        """Bytes of all heavy events that ever were remembered."""
        self.events: deque[Event] = deque(maxlen=KEEP)
        """The last ones, without a gap."""
        self.lasting: deque[Event] = deque(maxlen=KEEP)
        """The last ones that are not passing."""

    def remember(self, event: Event) -> None:
        """Take the next event."""
        self.events.append(event)
        if event["ev"] not in self._passing:
            self.lasting.append(event)
        elif event["ev"] in self._heavy:
            self._weigh(event)

    def _weigh(self, event: Event) -> None:
        """Forget the oldest events until those that are left are not too heavy; the newest too, if it is."""
        weight = len(encode(event))
        self._weighed.append((event["seq"], weight))
        self._weight += weight
        self.weighed += weight
        while self._weighed and (self._weight > MAX_WEIGHT or self._weighed[0][0] < self.events[0]["seq"]):
            seq, weight = self._weighed.popleft()
            self._weight -= weight
            while self.events and self.events[0]["seq"] <= seq:
                self.events.popleft()

    def begin(self, lasting: Iterable[Entry] | None, before: int) -> None:
        """Begin with lasting events from before those that are remembered next: KEEP, or all there are.

        None: nothing is known of them; all that is remembered comes behind the seq `before`. Not the first call: nothing.
        """
        if self.events:
            return
        if lasting is None:
            self._begin = before
            return
        self.lasting.extend(entry.event for entry in lasting)

    def missed(self, after: int, upto: int) -> tuple[Event, ...] | None:
        """All events after one seq up to another; None if they are not all here."""
        oldest = int(self.events[0]["seq"]) if self.events else upto + 1
        if after < oldest - 1:
            return None
        return tuple(event for event in self.events if after < event["seq"] <= upto)

    def page(self, before: int, limit: int) -> list[Event] | None:
        """The last lasting events before a seq, `limit` at most, oldest first; None if they are not all here."""
        page = [event for event in self.lasting if event["seq"] < before][-limit:]
        return page if len(page) == limit or before <= 1 or self.is_whole else None

    @property
    def is_whole(self) -> bool:
        """Whether all lasting events that there ever were are here."""
        return not self._begin and (len(self.lasting) < KEEP or self.lasting[0]["seq"] == 1)
