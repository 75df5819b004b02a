"""What was counted and measured: by each process, in steps, and by the command, which adds the steps up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from gameserver.loadtest.histogram import Histogram

LATENCIES = ("delivery", "reply", "waking", "joining")
"""From the moment a command was due: to its event at each bot, to its reply, to its bot's turn. From connecting to the welcome."""
LOSSES = {
    "gap": "events that were left out of a stream",
    "repeated": "events that came again",
    "disordered": "epochs that fell, replies before their event, events before the welcome",
    "missing": "events that were promised and had not arrived at the end",
    "unanswered": "commands without a reply at the end",
    "unasked": "replies to no command, or second ones",
    "doubled": "commands that led to two events",
    "misplaced": "replies with the number of another event",
    "malformed": "messages that are not of the protocol",
}
"""What may not happen, however great the load. Each is counted at every bot that saw it."""


class Step(Struct):
    """What a process counted since it last told: counts by name, and of each latency the buckets and the longest time."""

    counts: dict[str, int]
    latencies: dict[str, dict[int, int]]
    longest_us: dict[str, int]


class Tally:
    """Counts by name, and a histogram for each of LATENCIES, and of a scenario's own. `messages` is apart: it is counted the most."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.messages = 0
        self.last_us = 0
        """When the last event came, by the monotonic clock."""
        self._begin()

    def _begin(self) -> None:
        self._named = {name: Histogram() for name in LATENCIES}
        self.delivery, self.reply, self.waking, self.joining = self._named.values()

    def latency(self, name: str) -> Histogram:
        """One of LATENCIES, or of a scenario's own."""
        found = self._named.get(name)
        if found is None:
            found = self._named[name] = Histogram()
        return found

    def take(self) -> Step:
        """All of it, and begin anew."""
        self.counts["messages"] += self.messages
        step = Step(
            {name: count for name, count in self.counts.items() if count},
            {name: histogram.sparse() for name, histogram in self._named.items()},
            {name: histogram.longest_us for name, histogram in self._named.items()},
        )
        self.counts, self.messages = Counter(), 0
        self._begin()
        return step

    def add(self, step: Step) -> None:
        """Take in what a process counted."""
        self.counts.update(step.counts)
        for name, sparse in step.latencies.items():
            self.latency(name).add(sparse, step.longest_us[name])

    def under(self, prefix: str) -> dict[str, int]:
        """Counts whose names begin with `prefix` and a dot, by the rest of the name, in order."""
        return {name.removeprefix(f"{prefix}."): self.counts[name] for name in sorted(self.counts) if name.startswith(f"{prefix}.")}


def losses(counts: Mapping[str, int]) -> dict[str, int]:
    """The count of each of LOSSES."""
    return {name: counts.get(name, 0) for name in LOSSES}
