"""Who is where on the board: pointers, selections, strokes that are being drawn. Told and forgotten; no part of the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board.commands import Point, Show, Sketch
from gameserver.engine.worlds.board.numbers import Num, q

PACE_MS = 50
"""A player is told of at most that often: 20 times a second."""
PACE_MS_A_PERSON = 1
SLOWEST_PACE_MS = 500
"""The more are about, the less often each is told of: a thousand pointers a second are as many as anybody can be sent."""
INTRODUCE_MS = 2_000
"""Who is active is introduced anew that often, for those who came meanwhile."""
FORGET_MS = 60_000
MAX_PEOPLE = 2_000
MAX_SKETCH_NUMBERS = 2_000
"""Of a part of a stroke that waits to be told."""


@dataclass(slots=True)
class _Person:
    """What is known of a player, and what of that waits to be told."""

    tag: int
    who: Who
    noted_at: int = 0
    told_at: int = -PACE_MS
    introduced_at: int = -INTRODUCE_MS
    point: tuple[Num, Num] | None = None
    selection: list[str] | None = None
    view: list[Num] | None = None
    sketch: dict[str, Any] | None = None
    has_shown: bool = False


class Presence:
    """The players who were active on the board in the last minute."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        """By player id, the one that was silent longest first."""
        self._waiting: dict[str, _Person] = {}
        """Those of whom something is to be told."""
        self._free: list[int] = []
        """Tags that were given back."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell, now or later."""
        return not self._waiting

    def take(self, who: Who, command: Point | Show | Sketch, at: int) -> None:
        """Note what a player does."""
        person = self._people.pop(who.id, None) or self._meet(who)
        self._people[who.id] = self._waiting[who.id] = person
        if person.who != who:
            person.who, person.has_shown = who, True
        person.noted_at = at
        if isinstance(command, Point):
            person.point = q(command.x), q(command.y)
        elif isinstance(command, Show):
            person.selection = command.selection
            person.view = None if command.view is None else [*map(q, command.view[:2]), round(command.view[2], 4)]
            person.has_shown = True
        else:
            person.sketch = _joined(person.sketch, command)

    def gather(self, at: int) -> dict[str, Any]:
        """The fields of `board.pointed`; empty when there is nothing. Whom it is too early to tell of waits for the next time."""
        self._forget(at)
        pace = max(PACE_MS, min(SLOWEST_PACE_MS, PACE_MS_A_PERSON * len(self._people)))
        pointers: list[Num] = []
        people: list[dict[str, Any]] = []
        sketches: list[dict[str, Any]] = []
        for id, person in list(self._waiting.items()):
            # The owner's time may step back: then nobody waits for it.
            if 0 <= at - person.told_at < pace:
                continue
            person.told_at = at
            del self._waiting[id]
            if person.has_shown or not 0 <= at - person.introduced_at < INTRODUCE_MS:
                person.introduced_at, person.has_shown = at, False
                people.append({"tag": person.tag, **person.who.as_dict(), "selection": person.selection or [], "view": person.view})
            if person.point is not None:
                pointers += (person.tag, *person.point)
            if person.sketch is not None:
                sketches.append({"tag": person.tag, **person.sketch})
            person.point = person.sketch = None
        told = {"pointers": pointers, "who": people, "sketches": sketches}
        return {name: value for name, value in told.items() if value}

    def _meet(self, who: Who) -> _Person:
        if len(self._people) >= MAX_PEOPLE:
            self._let_go(next(iter(self._people)))
        return _Person(self._free.pop() if self._free else len(self._people), who)

    def _forget(self, at: int) -> None:
        while self._people:
            id, person = next(iter(self._people.items()))
            if at - person.noted_at < FORGET_MS or id in self._waiting:
                return
            self._let_go(id)

    def _let_go(self, id: str) -> None:
        self._free.append(self._people.pop(id).tag)
        self._waiting.pop(id, None)


def _joined(before: dict[str, Any] | None, command: Sketch) -> dict[str, Any]:
    """A part of a stroke, with the part before it if that still waits and the two belong together."""
    points: list[Num] = [q(value) for value in command.points[: len(command.points) // 2 * 2]]
    start = command.start
    if before is not None and before["op"] == command.op:
        kept = (start - before["from"]) * 2
        if 0 <= kept <= len(before["points"]) and kept + len(points) <= MAX_SKETCH_NUMBERS:
            points, start = before["points"][:kept] + points, before["from"]
    look = {"stroke": command.stroke.lower(), "width": command.width, "opacity": command.opacity}
    return {"op": command.op, "from": start, "points": points, **look}
