"""People who wait for a region that sleeps: how many they are, what they are told, and that somebody starts it (`lobby.fleet.demand`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from fly.answer import city
from lobby.fleet.demand import outlook, want
from lobby.fleet.model import Outlook, Outlooks, Why
from lobby.models import Region

FRESH_S = 0.25
"""How long one look at a region answers all who ask this process."""
HERE_S = 10.0
"""Who has not asked for so long waits no more: the longest pause between two questions, and a bad connection."""
MOST = 20_000
"""Waiting players that a process tells apart, in each region."""
AGAIN_MS = 300
"""Between two questions of one browser while few wait: a region that has come up is known within half a second."""
MS_A_PLAYER = 4
"""And so much more for each who waits: one process is asked 250 times a second at most."""
AGAIN_MOST_MS = 5000
WORDS = {
    Outlooks.UP: "{name} is up. You are going in.",
    Outlooks.STARTING: "{name} is starting.",
    Outlooks.ASLEEP: "{name} is asleep. It is being woken.",
    Outlooks.NO_CAPACITY: "Fly has no free Machine in {name} just now. It is tried again by itself.",
    Outlooks.SPEND_CAP: "{name} is not started: the fleet may cost no more this hour.",
    Outlooks.UNKNOWN: "{name} is asleep, and whoever wakes it does not answer. It is tried again by itself.",
}
BECAUSE = {
    Why.FULL: "All Machines of {name} are full, and it may have no more.",
    Why.CLOSED: "{name} is closed: it may have no Machines.",
    Why.NO_TEMPLATE: "{name} cannot be started: there is no Machine to copy.",
    Why.UNWELL: "Machines in {name} do not come up. It is tried again by itself.",
}
"""Where the planner knows more than the state says."""
LONG = "{name} takes longer than usual."
GONE = "gone"
"""In place of an outlook: the region is not open, or not any more."""
REFUSED = frozenset((Outlooks.NO_CAPACITY, Outlooks.SPEND_CAP))


@dataclass(frozen=True, slots=True)
class Wait:
    """What somebody who waits is told. seconds: so far. usually_s: 0 before any start was measured. again_ms: until the next question.

    state: of Outlooks, or GONE. is_refused: nothing is being started just now. nearest: a region where one can play at once, or "".
    """

    state: str
    title: str
    text: str
    seconds: float = 0.0
    usually_s: float = 0.0
    nearest: str = ""
    is_refused: bool = False
    again_ms: int = AGAIN_MS

    def as_dict(self) -> dict[str, Any]:
        """For the page: `nearest` is {code, name}, or None."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "nearest": named(self.nearest)}


def named(region: str) -> dict[str, str] | None:
    """A region for a page that offers it: {code, name}; None for none."""
    return {"code": region, "name": city(region)} if region else None


def is_open(region: str) -> bool:
    """Whether a region has rooms: REGIONS names it, and staff let it."""
    return region in settings.REGIONS and Region.objects.filter(pk=region, enabled=True).exists()


def look_at(region: str) -> Outlook | None:
    """What to tell somebody who wants to play in a region; None when it is not open. Where nobody can start Machines none is waited for."""
    if not is_open(region):
        return None
    return outlook(region) if settings.MACHINES_API_TOKEN else Outlook(Outlooks.UP)


class Waiting:
    """Of one process; called from any thread. `look`: see `look_at`. `ask`: see lobby.fleet.demand."""

    def __init__(
        self,
        look: Callable[[str], Outlook | None] = look_at,
        ask: Callable[[str, int], None] = want,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._work = threading.Lock()
        self._here: dict[str, dict[str, float]] = {}
        self._looks: dict[str, tuple[float, Outlook | None]] = {}
        self._asked: set[str] = set()

    def seen(self, region: str) -> Outlook | None:
        """How a region stands, a moment ago at most; None if it is not open. Nobody is counted. Raises what the database raises."""
        if region not in settings.REGIONS:
            return None
        with self._work:
            return self._fresh(region)

    def known(self, region: str, player: str) -> Wait | None:
        """As `wait`, if that needs no look: one is fresh, or somebody looks just now and there is an earlier one. Else None."""
        if region not in self._looks:
            return None
        at, seen = self._looks[region]
        if (self._clock() - at >= FRESH_S and not self._work.locked()) or self._is_missed(region, seen):
            return None
        return told(region, seen, self._count(region, player))

    def wait(self, region: str, player: str) -> Wait:
        """Count a player among those who wait for a region, have it started, and say how it stands. Raises what the database raises."""
        # Of names that somebody makes up nothing is kept.
        if region not in settings.REGIONS:
            return told(region, None)
        count = self._count(region, player)
        with self._work:
            seen = self._fresh(region)
            if self._is_missed(region, seen):
                self._ask(region, count)
                self._asked.add(region)
        return told(region, seen, count)

    def _fresh(self, region: str) -> Outlook | None:
        """One look at a time, which answers all who ask meanwhile."""
        now = self._clock()
        if region not in self._looks or now - self._looks[region][0] >= FRESH_S:
            self._looks[region] = now, self._look(region)
            self._asked.discard(region)
        return self._looks[region][1]

    def _is_missed(self, region: str, seen: Outlook | None) -> bool:
        """Whether somebody has still to be asked to start it, since the last look."""
        return seen is not None and seen.state is not Outlooks.UP and region not in self._asked

    def _count(self, region: str, player: str) -> int:
        now = self._clock()
        with self._lock:
            here = self._here.setdefault(region, {})
            here.pop(player, None)
            here[player] = now
            # In the order of their last question.
            for one in list(here):
                if here[one] > now - HERE_S and len(here) <= MOST:
                    break
                del here[one]
            return len(here)


def told(region: str, seen: Outlook | None, count: int = 1) -> Wait:
    """An outlook in words for people; None for a region that is not open. Pure."""
    if seen is None:
        return Wait(GONE, f"{city(region)} is closed", "Nobody plays there any more. Other regions are open.", is_refused=True)
    usually_s = seen.usually_s or 0.0
    late = seen.state is Outlooks.STARTING and 0.0 < usually_s < seen.seconds_so_far
    refused = seen.state in REFUSED or seen.refusal in BECAUSE
    words = LONG if late else BECAUSE.get(seen.refusal, WORDS[seen.state])  # type: ignore[call-overload]
    return Wait(
        state=seen.state.value,
        title=f"Waiting for {city(region)}" if refused else f"Waking {city(region)}",
        text=words.format(name=city(region)),
        seconds=round(seen.seconds_so_far, 1),
        usually_s=round(usually_s, 1),
        nearest=seen.nearest,
        is_refused=refused,
        again_ms=min(AGAIN_MOST_MS, AGAIN_MS + MS_A_PLAYER * count),
    )


waiting = Waiting()
