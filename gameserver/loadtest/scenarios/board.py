"""Shapes on a board: each bot makes one, moves it about, takes it away and makes the next. What is left at the end can be cleared."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec import Struct, field

from gameserver.loadtest.scenarios import BaseScenario, Mark, Numbered

LIFE = 10
"""Commands on one shape, the first of which makes it and the last takes it away."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_value = {letter: value for value, letter in enumerate(LETTERS)}
_REF_BITS, _BOT_BITS, _DUE_BITS = 24, 18, 54
LOOK = {"rotation": 0, "fill": "#facc15", "stroke": "#1f2937", "width": 2, "opacity": 100, "text": "", "points": []}


class Named(Struct, gc=False):
    """Of a shape, its id."""

    id: str


class Did(Struct, gc=False):
    """Of a step, which shapes it is about."""

    ids: list[str] = field(default_factory=list)
    shapes: list[Named] = field(default_factory=list)


class Edited(Numbered, gc=False):
    """`board.edited`."""

    op: str = ""
    did: list[Did] = field(default_factory=list)


class Scenario(BaseScenario):
    """Somebody makes, moves or deletes a shape, everybody is shown it. The mark is the command's `op`; the run is in the ids of shapes."""

    name = "board"
    world = "board"
    event = Edited

    def __init__(self, run: str) -> None:
        super().__init__(run)
        # Five letters for the run, three for the shape.
        self._run = _letters(int.from_bytes(blake2b(run.encode(), digest_size=4).digest(), "big") >> 2, 5)
        self._done: dict[int, int] = {}

    def command(self, mark: Mark) -> dict[str, Any]:
        """See BaseScenario. A bot's commands follow from how many it has had."""
        done = self._done[mark.bot] = self._done.get(mark.bot, -1) + 1
        life, age = divmod(done, LIFE)
        shape = self._run + _letters((mark.bot * 97 + life) % 64**3, 3)
        step: dict[str, Any] = {"do": "move", "ids": [shape], "dx": 8, "dy": 4 - age}
        if age == 0:
            place = {"x": mark.bot % 40 * 90, "y": life * 20, "w": 80, "h": 60}
            step = {"do": "create", "shapes": [{"id": shape, "kind": "rect", **place, **LOOK}]}
        elif age == LIFE - 1:
            step = {"do": "delete", "ids": [shape]}
        return {"cmd": "board.edit", "op": op_of(mark), "steps": [step]}

    def mark(self, event: Any) -> Mark | None:
        """See BaseScenario."""
        if event.ev != "board.edited" or not event.did:
            return None
        did = event.did[0]
        shape = did.ids[0] if did.ids else did.shapes[0].id if did.shapes else ""
        return mark_of(event.op) if shape.startswith(self._run) else None


def op_of(mark: Mark) -> str:
    """A mark in the sixteen letters of an `op`. A bot's number has 18 bits, its ref 24, and the time 54: five centuries of microseconds."""
    return _letters((mark.due_us << _BOT_BITS | mark.bot) << _REF_BITS | mark.ref, 16)


def mark_of(op: str) -> Mark | None:
    """The mark in an `op`; None for one that has none."""
    if len(op) != 16 or not _value.keys() >= set(op):
        return None
    number = 0
    for letter in op:
        number = number << 6 | _value[letter]
    return Mark(number >> _REF_BITS & (1 << _BOT_BITS) - 1, number & (1 << _REF_BITS) - 1, number >> _REF_BITS + _BOT_BITS)


def _letters(number: int, count: int) -> str:
    return "".join(LETTERS[number >> 6 * place & 63] for place in reversed(range(count)))
