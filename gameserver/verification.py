"""Whether a room's journal and its snapshots say the same. Pure: rows in, what is wrong out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from gameserver.engine.registry import Registry
from gameserver.engine.room import Room
from gameserver.inspection import Kept, Line, Overview

MAX_PROBLEMS = 5
"""Problems of one room that are said; of a journal with a hole in it every snapshot is wrong, too."""


@dataclass(slots=True)
class Verdict:
    """What was found in one room. `problems`: with the seq where each of them is; empty when all is well."""

    events: int = 0
    snapshots: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.problems:
            return f"ok, {self.events} events, {self.snapshots} snapshots"
        more = len(self.problems) - MAX_PROBLEMS
        return "; ".join(self.problems[:MAX_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def verify(room: Overview, kept: Sequence[Kept], lines: Iterable[Line], doubles: Iterable[tuple[int, int]], registry: Registry) -> Verdict:
    """Look at all of a room once, oldest event first. `doubles`: as `gameserver.inspection.doubles` gives them."""
    verdict = Verdict(snapshots=len(kept))
    if not room.epoch:
        verdict.problems.append("there is no lease, nobody can open it")
    verdict.problems += [f"the snapshot at {one.seq} is damaged" for one in kept if one.state is None]
    order = _Order(room)
    replay = _Replay(room, kept, registry, verdict.problems)
    for epoch, entry in lines:
        verdict.events += 1
        seq = entry.event["seq"]
        verdict.problems += order.take(epoch, seq)
        if not order.is_whole:
            replay.stop()
        replay.until(seq - 1)
        replay.take((epoch, entry))
    replay.until(order.seq)
    verdict.problems += [
        f"the snapshot at {one.seq} is ahead of the journal, which ends at {order.seq}" for one in kept if one.seq > order.seq
    ]
    verdict.problems += [f"the command of {first} was done again at {last}" for first, last in doubles]
    return verdict


class _Order:
    """Numbers without a gap, epochs that never fall."""

    def __init__(self, room: Overview) -> None:
        self._room = room
        # Not the first epoch: a restored room has a newer one than its events.
        self._epoch = 0
        self.seq = 0
        self.is_whole = True

    def take(self, epoch: int, seq: int) -> list[str]:
        """What is wrong with this event, after all before it."""
        problems = []
        # Up to the floor passing events may be gone.
        first = max(self.seq, self._room.floor) + 1
        if seq > first:
            problems.append(f"{first} to {seq - 1} are missing" if seq - 1 > first else f"{first} is missing")
        if seq <= self.seq:
            problems.append(f"{seq} comes behind {self.seq}")
        self.is_whole = self.is_whole and not problems
        if epoch < self._epoch:
            problems.append(f"the epoch falls from {self._epoch} to {epoch} at {seq}")
        if epoch > self._room.epoch:
            problems.append(f"the epoch at {seq} is {epoch}, above the lease's {self._room.epoch}")
        self._epoch, self.seq = max(epoch, self._epoch), max(seq, self.seq)
        return problems


class _Replay:
    """The room from the beginning, or from the oldest good snapshot where the beginning is gone; compared with each later snapshot."""

    def __init__(self, room: Overview, kept: Sequence[Kept], registry: Registry, problems: list[str]) -> None:
        self._problems = problems
        self._room: Room | None = None
        good = sorted((one.state for one in kept if one.state is not None and one.seq >= room.floor), key=lambda state: state.seq)
        start = None
        if room.floor:
            if not good:
                problems.append(f"it cannot be read: no good snapshot from after {room.floor}")
                return
            start, *good = good
        self._begin = 0 if start is None else start.seq
        self._waiting = good
        try:
            lanes = registry.lanes(room.world)
        except KeyError:
            self._give_up(f"there is no world {room.world!r} to replay it with")
            return
        try:
            self._room = Room(room.epoch, room.first_epoch, lanes, room.floor)
            self._room.load(start, ())
        except Exception as error:  # noqa: BLE001
            self._give_up(f"the snapshot at {self._begin} cannot be read: {error!r}")

    def stop(self) -> None:
        """The journal is not whole: what it leads to says nothing from here on."""
        self._room = None

    def _give_up(self, problem: str) -> None:
        self._problems.append(problem)
        self.stop()

    def take(self, line: Line) -> None:
        """Replay one event."""
        if self._room is not None:
            try:
                self._room.load(None, (line[1],))
            except Exception as error:  # noqa: BLE001
                self._give_up(f"{line[1].event['seq']} cannot be replayed: {error!r}")

    def until(self, seq: int) -> None:
        """Compare the snapshots up to a seq with the room, which has been replayed that far."""
        while self._room is not None and self._waiting and self._waiting[0].seq <= seq:
            state = self._waiting.pop(0)
            # What JSON makes of it: that is what was kept.
            replayed = msgspec.json.decode(msgspec.json.encode(self._room.snapshot().state))
            exact = [world.name for world in self._room.worlds if world.has_state and world.is_exact]
            wrong = [name for name in exact if state.state["worlds"].get(name) != replayed["worlds"][name]]
            parts = [*wrong, *(["replies"] if state.state["replies"] != replayed["replies"] else [])]
            self._problems += [
                f"{part} in the snapshot at {state.seq} is not what the events after {self._begin} lead to" for part in parts
            ]
