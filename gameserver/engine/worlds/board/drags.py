"""Drags: many moves of many people, told together. A move leaves a note; what the notes come to is one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds import Happening
from gameserver.engine.worlds.board.commands import Drop, Grab, Move
from gameserver.engine.worlds.board.decide import COMMIT, REBASE, there
from gameserver.engine.worlds.board.numbers import Num, q
from gameserver.engine.worlds.board.scene import Drag, Scene
from gameserver.engine.worlds.board.shapes import Refusal


class Notes:
    """What drags have moved since it was told, by the drag's number."""

    def __init__(self) -> None:
        self._moves: dict[int, Move] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self._moves

    def take(self, scene: Scene, command: Move, player: str) -> None:
        """Note the totals of a drag. One that is no drag of this player's any more comes late, and is no matter."""
        number = scene.by_op.get(command.op)
        if number is not None and scene.drags[number].player == player:
            self._moves[number] = command

    def gather(self, scene: Scene) -> dict[str, Any]:
        """The fields of `board.moved`; empty when nothing moved. The notes are gone."""
        notes, self._moves = self._moves, {}
        moves: list[Num] = []
        boxes: list[list[Any]] = []
        for number, command in notes.items():
            drag = scene.drags.get(number)
            if drag is None:
                continue
            if drag.how == "reshape":
                totals = _totals(drag, command.boxes or {})
                if any(tuple(box) != before for box, before in zip(totals, drag.boxes, strict=True)):
                    boxes.append([number, *totals])
            elif (total := (q(command.dx), q(command.dy))) != (drag.dx, drag.dy):
                moves += (number, *total)
        return ({"moves": moves} if moves else {}) | ({"boxes": boxes} if boxes else {})


def grab(scene: Scene, command: Grab) -> tuple[Happening, str]:
    """`board.grabbed`, and its outcome. Raises Rejected: gone, unknown_shape, taken."""
    if command.op in scene.by_op:
        raise Rejected(Refusal.TAKEN, "There is another drag under this name.")
    ids = [shape.id for shape in there(scene, command.ids)]
    fields = {"op": command.op, "drag": scene.next, "ids": ids, "how": command.how}
    return ("board.grabbed", fields), COMMIT if len(ids) == len(command.ids) else REBASE


def drop(scene: Scene, command: Drop, player: str) -> tuple[Happening, str]:
    """`board.dropped`, and its outcome. Raises Rejected: no_drag, not_yours, bad_message."""
    number = scene.by_op.get(command.op)
    if number is None:
        raise Rejected(Refusal.NO_DRAG, "There is no such drag.")
    drag = scene.drags[number]
    if drag.player != player:
        raise Rejected(Refusal.NOT_YOURS, "That is somebody else's drag.")
    if (drag.how == "move") is not (command.boxes is None):
        raise Rejected(Code.BAD_MESSAGE, "A drag that moves has `dx` and `dy`, one that reshapes has `boxes`.")
    fields: dict[str, Any] = {"op": command.op, "drag": number}
    if command.boxes is None:
        fields |= {"dx": q(command.dx), "dy": q(command.dy)}
    else:
        fields["boxes"] = _totals(drag, command.boxes)
    is_whole = all(id in scene.shapes for id in drag.ids)
    return ("board.dropped", fields), COMMIT if is_whole else REBASE


def _totals(drag: Drag, boxes: Mapping[str, tuple[float, ...]]) -> list[list[Num]]:
    """The totals in the order of the drag's ids. Shapes that are not named stay where they are."""
    return [[q(value) for value in boxes[id]] if id in boxes else list(before) for id, before in zip(drag.ids, drag.boxes, strict=True)]
