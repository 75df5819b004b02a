"""The board as it once was, under a name: what is kept, what is let go for it, and what leads back there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gameserver.engine.errors import Rejected
from gameserver.engine.text import MAX_NAME, clean_name
from gameserver.engine.worlds import Happening
from gameserver.engine.worlds.board.commands import Keep, Restore
from gameserver.engine.worlds.board.scene import MAX_CHECKPOINTS, Scene
from gameserver.engine.worlds.board.shapes import Refusal, Shape, fields_of

MAX_WEIGHT = 60_000
"""Of the distinct shapes in all checkpoints; a shape weighs 1, and 1 for each 50 numbers and characters that it has."""
NUMBERS_PER_WEIGHT = 50
_BEFORE = "before “{}”"


def keep(scene: Scene, command: Keep) -> Happening:
    """`board.kept`. Raises Rejected: nothing, taken, empty, too_long."""
    name = clean_name(command.name)
    if not scene.shapes:
        raise Rejected(Refusal.NOTHING, "There is nothing on the board to keep.")
    return _kept(scene, command.op, name)


def restore(scene: Scene, command: Restore) -> tuple[Happening, Happening]:
    """`board.kept`, of what was there before, and `board.restored`. Raises Rejected: no_checkpoint, nothing, taken."""
    checkpoint = scene.checkpoints.get(command.checkpoint)
    if checkpoint is None:
        raise Rejected(Refusal.NO_CHECKPOINT, "This checkpoint is no longer kept.")
    wanted = {shape.id for shape in checkpoint.shapes}
    put = [fields_of(shape) for shape in checkpoint.shapes if scene.shapes.get(shape.id) != shape]
    gone = [id for id in scene.shapes if id not in wanted]
    if not put and not gone:
        raise Rejected(Refusal.NOTHING, "The board is as it was then.")
    restored = {"op": command.op, "key": checkpoint.key, "put": put, "gone": gone}
    return _kept(scene, command.op, before(checkpoint.name)), ("board.restored", restored)


def before(name: str) -> str:
    """What the checkpoint is called that is made before another one is restored: no longer than any name."""
    room = MAX_NAME - len(_BEFORE.format(""))
    return _BEFORE.format(name if len(name) <= room else f"{name[: room - 1].rstrip()}…")


def _kept(scene: Scene, key: str, name: str) -> Happening:
    if key in scene.checkpoints:
        raise Rejected(Refusal.TAKEN, "There is another checkpoint with this key.")
    fields: dict[str, Any] = {"op": key, "key": key, "name": name}
    gone = _outweighed(scene)
    return "board.kept", fields | ({"gone": gone} if gone else {})


def _outweighed(scene: Scene) -> list[str]:
    """Keys of the oldest checkpoints that must go, so that the newest ones with the board as it is weigh no more than they may."""
    kept = list(scene.checkpoints.values())[-(MAX_CHECKPOINTS - 1) :]
    newer: Collection[Shape] = scene.shapes.values()
    weight = _weight(newer, ())
    for place in range(len(kept) - 1, -1, -1):
        # What one has beside the next stays the same, because the oldest go first. The newest one has no next one yet.
        is_newest = place == len(kept) - 1
        more = None if is_newest else scene.weights.get(kept[place].key)
        if more is None:
            more = _weight(kept[place].shapes, newer)
        if not is_newest:
            scene.weights[kept[place].key] = more
        weight += more
        newer = kept[place].shapes
        if weight > MAX_WEIGHT:
            return [checkpoint.key for checkpoint in kept[: place + 1]]
    return []


def _weight(shapes: Collection[Shape], others: Collection[Shape]) -> int:
    """The weight of shapes but for those that others share. A shape is shared when it is the same object: then it is kept once."""
    by_id = dict(zip(map(id, shapes), shapes, strict=True))
    new = by_id.keys() - set(map(id, others))
    return sum(1 + (len(by_id[one].points) + len(by_id[one].text)) // NUMBERS_PER_WEIGHT for one in new)
