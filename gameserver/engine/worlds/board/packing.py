"""The board as it is stored, and as newcomers get it: packed once for many of them, with what came since."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gameserver.engine.worlds.board.scene import Binned, Checkpoint, Drag, Scene, state_of
from gameserver.engine.worlds.board.shapes import Shape

MAX_SINCE = 300
"""Events that are given beside what is packed, at most."""
MAX_SINCE_WEIGHT = 20_000
"""Of those events: about the numbers in them."""
LEVEL = 1
"""Of zlib: the next ones take twice the time and save a tenth."""


class Packed:
    """What newcomers are given. It is packed when one comes; events that come later are kept beside it as long as they are few."""

    def __init__(self) -> None:
        self._packed: str | None = None
        self._since: list[Mapping[str, Any]] = []
        self._weight = 0

    def take(self, event: Mapping[str, Any]) -> None:
        """An event that was applied after it was packed."""
        if self._packed is None:
            return
        self._since.append(event)
        self._weight += _weight(event)
        if len(self._since) > MAX_SINCE or self._weight > MAX_SINCE_WEIGHT:
            self.forget()

    def forget(self) -> None:
        """What is packed has nothing to do with the board any more, or is too old."""
        self._packed, self._since, self._weight = None, [], 0

    def view(self, scene: Scene) -> dict[str, Any]:
        """`{"packed", "since"}` of docs/board.md section 4."""
        if self._packed is None:
            self._packed = pack(scene)
        return {"packed": self._packed, "since": list(self._since)}


def pack(scene: Scene) -> str:
    """The board as JSON, deflated, in base64."""
    return b64encode(zlib.compress(msgspec.json.encode(state_of(scene)), LEVEL)).decode()


def snapshot(scene: Scene) -> dict[str, Any]:
    """All of it, as values that JSON can hold. Shapes that several places share are written once, and shared again by `restore`."""
    table = _Table()
    binned = scene.bin.values()
    return {
        "shapes": table.add(scene.shapes.values()),
        "bin": [table.add(one.shape for one in binned), [one.op for one in binned], [one.player for one in binned]],
        "drags": [msgspec.structs.astuple(drag) for drag in scene.drags.values()],
        "top": scene.top,
        "bottom": scene.bottom,
        "next": scene.next,
        "checkpoints": [[one.key, one.name, one.at, one.by, table.add(one.shapes)] for one in scene.checkpoints.values()],
        "table": list(map(msgspec.structs.astuple, table.shapes)),
    }


def restore(data: Mapping[str, Any]) -> Scene:
    """The board that `snapshot` gave."""
    table = [_shape(row) for row in data["table"]]
    scene = Scene()
    for number in data["shapes"]:
        scene.put(table[number])
    binned, ops, players = data["bin"]
    for number, op, player in zip(binned, ops, players, strict=True):
        scene.remember(Binned(table[number], op, player))
    for number, op, player, ids, how, dx, dy, boxes in data["drags"]:
        scene.grab(Drag(number, op, player, tuple(ids), how, dx, dy, tuple(map(tuple, boxes))))
    scene.top, scene.bottom, scene.next = data["top"], data["bottom"], data["next"]
    for key, name, at, by, shapes in data["checkpoints"]:
        scene.keep(Checkpoint(key, name, at, by, tuple(table[number] for number in shapes)))
    return scene


class _Table:
    """Shapes, each object once."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self._numbers: dict[int, int] = {}

    def add(self, shapes: Iterable[Shape]) -> list[int]:
        """The numbers of shapes, those that are new at the end."""
        shapes = list(shapes)
        numbers, ids = self._numbers, list(map(id, shapes))
        for shape in [shape for one, shape in zip(ids, shapes, strict=True) if one not in numbers]:
            numbers[id(shape)] = len(self.shapes)
            self.shapes.append(shape)
        return list(map(numbers.__getitem__, ids))


def _shape(row: Sequence[Any]) -> Shape:
    fields = dict(zip(Shape.__struct_fields__, row, strict=True))
    fields["points"] = tuple(fields["points"])
    return Shape(**fields)


def _weight(event: Mapping[str, Any]) -> int:
    """About how many numbers there are in an event."""
    weight = 10 + len(event.get("moves", ())) + len(event.get("ids", ())) + len(event.get("gone", ()))
    weight += sum(5 * len(box) for box in event.get("boxes", ()))
    weight += sum(_step_weight(step) for step in event.get("did", ()))
    return weight + sum(_shape_weight(shape) for shape in event.get("put", ()))


def _step_weight(step: Mapping[str, Any]) -> int:
    weight = 5 + len(step.get("ids", ())) + 6 * len(step.get("boxes", ())) + 2 * len(step.get("z", ()))
    fields = step.get("set", {})
    weight += len(fields.get("points", ())) + len(fields.get("text", "")) // 4
    return weight + sum(_shape_weight(shape) for shape in step.get("shapes", ()))


def _shape_weight(shape: Mapping[str, Any]) -> int:
    return 30 + len(shape["points"]) + len(shape["text"]) // 4
