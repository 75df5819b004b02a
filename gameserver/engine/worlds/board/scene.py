"""The board as it is: shapes, those deleted, drags, checkpoints. `Draft` is a board as it would be, for deciding.

Nothing here decides anything, and nothing refuses.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from gameserver.engine.worlds.board.numbers import Num
from gameserver.engine.worlds.board.shapes import Shape

MAX_BIN = 10_000
"""Deleted shapes that are remembered; the oldest are forgotten first, also when they pass the next two."""
MAX_BIN_POINTS = 400_000
MAX_BIN_CHARACTERS = 1_000_000
MAX_DRAGS = 1_000
MAX_DRAGGED = 100_000
"""Ids of all drags together. The oldest drags end first, when there are more drags or more ids."""
MAX_CHECKPOINTS = 50
Depth = tuple[int, str]
"""A shape's `z` and id."""


class Binned(Struct, frozen=True, gc=False):
    """A deleted shape, the `op` that deleted it, and the id of whose it was."""

    shape: Shape
    op: str
    player: str


class Drag(Struct, frozen=True):
    """A drag that is under way, and all it has moved so far: `dx`, `dy`, or for each of `ids` a box in `boxes`."""

    drag: int
    op: str
    player: str
    ids: tuple[str, ...]
    how: str
    dx: Num = 0
    dy: Num = 0
    boxes: tuple[tuple[Num, ...], ...] = ()


class Checkpoint(Struct, frozen=True):
    """The board as it was kept: in the order in which its shapes came."""

    key: str
    name: str
    at: int
    by: str
    shapes: tuple[Shape, ...]


class Canvas:
    """Shapes by id, the highest and the lowest `z` there ever was, and how much there is of all."""

    def __init__(self) -> None:
        self.top = 0
        self.bottom = 0
        self.count = 0
        self.points = 0
        """Of all shapes."""
        self.characters = 0
        """Of all shapes."""
        self._order: list[Depth] | None = None
        """Kept in step once somebody has asked for it."""

    def get(self, id: str) -> Shape | None:
        """The shape, if it is there."""
        raise NotImplementedError

    def has_gone(self, id: str) -> bool:
        """Whether it was deleted, and is remembered."""
        raise NotImplementedError

    def there(self) -> Iterable[Shape]:
        """All shapes, in an order that depends on nothing but what happened."""
        raise NotImplementedError

    def binned_by(self, op: str) -> Iterator[Binned]:
        """What a command deleted that happened before this board was drafted, as far as it is still deleted."""
        raise NotImplementedError

    def put(self, shape: Shape) -> None:
        """Set a shape, new or in another's place. It is not deleted any more."""
        before = self.get(shape.id)
        if self._order is not None and (before is None or before.z != shape.z):
            self._reorder(before, shape)
        self.count += before is None
        self.points += (len(shape.points) - (len(before.points) if before else 0)) // 2
        self.characters += len(shape.text) - (len(before.text) if before else 0)
        self.top, self.bottom = max(self.top, shape.z), min(self.bottom, shape.z)
        self._set(shape)

    def remove(self, shape: Shape, op: str, player: str) -> None:
        """Delete a shape that is there, and remember it."""
        if self._order is not None:
            self._reorder(shape, None)
        self.count -= 1
        self.points -= len(shape.points) // 2
        self.characters -= len(shape.text)
        self._drop(Binned(shape, op, player))

    def replace(self, shape: Shape) -> None:
        """Set a shape in the place of one with the same points, text and `z`."""
        raise NotImplementedError

    def in_order(self) -> Sequence[Depth]:
        """All shapes by `z` and id, from back to front."""
        if self._order is None:
            self._order = sorted(map(depth_of, self.there()))
        return self._order

    def _reorder(self, before: Shape | None, after: Shape | None) -> None:
        assert self._order is not None
        if before is not None:
            del self._order[bisect_left(self._order, depth_of(before))]
        if after is not None:
            insort(self._order, depth_of(after))

    def _set(self, shape: Shape) -> None:
        raise NotImplementedError

    def _drop(self, binned: Binned) -> None:
        raise NotImplementedError


class Scene(Canvas):
    """The board that was decided."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: dict[str, Shape] = {}
        self.bin: dict[str, Binned] = {}
        """Oldest first."""
        self.drags: dict[int, Drag] = {}
        """Oldest first."""
        self.by_op: dict[str, int] = {}
        """The numbers of the drags by their `op`."""
        self.next = 1
        """The number of the next drag."""
        self.checkpoints: dict[str, Checkpoint] = {}
        """By key, oldest first."""
        self.weights: dict[str, int] = {}
        """By the key of a checkpoint, what it has beside the next newer one: reckoned once, by who asks."""
        self._bin_points = 0
        self._bin_characters = 0
        self._dragged = 0

    def get(self, id: str) -> Shape | None:
        return self.shapes.get(id)

    def has_gone(self, id: str) -> bool:
        return id in self.bin

    def there(self) -> Iterable[Shape]:
        return self.shapes.values()

    def binned_by(self, op: str) -> Iterator[Binned]:
        return (binned for binned in self.bin.values() if binned.op == op)

    def replace(self, shape: Shape) -> None:
        self.shapes[shape.id] = shape

    def grab(self, drag: Drag) -> None:
        """Remember a drag; the oldest end when there are too many."""
        self.next = max(self.next, drag.drag + 1)
        self.drop(drag.drag)
        self.drags[drag.drag] = drag
        self.by_op[drag.op] = drag.drag
        self._dragged += len(drag.ids)
        while len(self.drags) > MAX_DRAGS or (self._dragged > MAX_DRAGGED and len(self.drags) > 1):
            self.drop(next(iter(self.drags)))

    def drop(self, number: int) -> None:
        """Forget a drag, if there is one."""
        drag = self.drags.pop(number, None)
        if drag is not None:
            self._dragged -= len(drag.ids)
            if self.by_op.get(drag.op) == number:
                del self.by_op[drag.op]

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; the oldest are let go when there are too many."""
        self.let_go(checkpoint.key)
        self.checkpoints[checkpoint.key] = checkpoint
        while len(self.checkpoints) > MAX_CHECKPOINTS:
            self.let_go(next(iter(self.checkpoints)))

    def let_go(self, key: str) -> None:
        """Forget a checkpoint, if there is one."""
        self.checkpoints.pop(key, None)
        self.weights.pop(key, None)

    def remember(self, binned: Binned) -> None:
        """Put a shape into the bin, of which the oldest fall out when it is full."""
        self.bin[binned.shape.id] = binned
        self._bin_points += len(binned.shape.points) // 2
        self._bin_characters += len(binned.shape.text)
        while len(self.bin) > MAX_BIN or self._bin_points > MAX_BIN_POINTS or self._bin_characters > MAX_BIN_CHARACTERS:
            self._forget(next(iter(self.bin)))

    def _set(self, shape: Shape) -> None:
        self._forget(shape.id)
        self.shapes[shape.id] = shape

    def _drop(self, binned: Binned) -> None:
        del self.shapes[binned.shape.id]
        self.remember(binned)

    def _forget(self, id: str) -> None:
        binned = self.bin.pop(id, None)
        if binned is not None:
            self._bin_points -= len(binned.shape.points) // 2
            self._bin_characters -= len(binned.shape.text)


class Draft(Canvas):
    """A board as a command would make it: reads through to a scene, writes to itself only."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene
        self._over: dict[str, Shape | None] = {}
        """What differs from the scene; None for what was deleted."""
        self.top, self.bottom, self.count = scene.top, scene.bottom, scene.count
        self.points, self.characters = scene.points, scene.characters

    def get(self, id: str) -> Shape | None:
        return self._over[id] if id in self._over else self._scene.shapes.get(id)

    def has_gone(self, id: str) -> bool:
        return self._over[id] is None if id in self._over else id in self._scene.bin

    def there(self) -> Iterable[Shape]:
        over, shapes = self._over, self._scene.shapes
        if not over:
            return shapes.values()
        kept = [over.get(id, shape) for id, shape in shapes.items()]
        return [shape for shape in [*kept, *(shape for id, shape in over.items() if id not in shapes)] if shape is not None]

    def binned_by(self, op: str) -> Iterator[Binned]:
        return (binned for binned in self._scene.binned_by(op) if binned.shape.id not in self._over)

    def replace(self, shape: Shape) -> None:
        self._over[shape.id] = shape

    def in_order(self) -> Sequence[Depth]:
        if self._order is None and not self._over:
            self._order = list(self._scene.in_order())
        return super().in_order()

    def _set(self, shape: Shape) -> None:
        self._over[shape.id] = shape

    def _drop(self, binned: Binned) -> None:
        self._over[binned.shape.id] = None


def state_of(scene: Scene) -> dict[str, Any]:
    """The board as newcomers are given it, docs/board.md section 4: values that JSON can hold, but for the shapes themselves."""
    return {
        "shapes": list(scene.shapes.values()),
        "drags": list(scene.drags.values()),
        "top": scene.top,
        "bottom": scene.bottom,
        "next": scene.next,
        "checkpoints": [
            {"key": kept.key, "name": kept.name, "at": kept.at, "by": kept.by, "shapes": len(kept.shapes)}
            for kept in scene.checkpoints.values()
        ],
    }


def depth_of(shape: Shape) -> Depth:
    """By what shapes are ordered."""
    return shape.z, shape.id
