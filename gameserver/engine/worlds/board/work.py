"""How much work a command is, in shapes that it touches at most: known before it is decided."""

from __future__ import annotations

from typing import Any

from gameserver.engine.worlds.board import commands as ask
from gameserver.engine.worlds.board.scene import Scene
from gameserver.engine.worlds.board.shapes import MAX_SHAPES

SHAPES_A_TOKEN = 100


def work(scene: Scene, command: Any) -> int:
    """Shapes that a command may touch."""
    if isinstance(command, ask.Edit):
        return sum(_of_step(scene, step) for step in command.steps)
    if isinstance(command, ask.Grab):
        return len(command.ids)
    if isinstance(command, ask.Move | ask.Drop):
        number = scene.by_op.get(command.op)
        return 0 if number is None else len(scene.drags[number].ids)
    if isinstance(command, ask.Keep):
        return scene.count
    if isinstance(command, ask.Restore):
        kept = scene.checkpoints.get(command.checkpoint)
        return scene.count + (len(kept.shapes) if kept else 0)
    return 0


def _of_step(scene: Scene, step: Any) -> int:
    if isinstance(step, ask.Create):
        return len(step.shapes)
    if isinstance(step, ask.Clear):
        return scene.count
    if isinstance(step, ask.Reshape):
        return len(step.boxes)
    if isinstance(step, ask.Order):
        # Neighbours are looked for in a list of all, which is copied: a tenth of the work.
        return len(step.ids or step.z or ()) + scene.count // 10
    if isinstance(step, ask.Change | ask.MoveBy | ask.Delete | ask.Duplicate):
        return len(step.ids)
    # What a revival or a paste brings is not known before it is decided.
    return MAX_SHAPES
