"""Which shape is in front of which: other `z` for some shapes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds.board.scene import Canvas, Depth, depth_of
from gameserver.engine.worlds.board.shapes import Refusal, Shape


def depths(canvas: Canvas, shapes: Sequence[Shape], to: str) -> dict[str, int]:
    """New `z` for these shapes, and for those that they change places with. Among themselves they stay in order.

    `front` and `back`: beyond all that ever was. `forward` and `backward`: each changes places with the next one that is none of them;
    where equal `z` leave no place to change, they go to the front or to the back.
    """
    chosen = sorted(map(depth_of, shapes))
    if to == "forward" or to == "backward":
        z = _changed_places(canvas.in_order(), chosen, 1 if to == "forward" else -1)
        if z is not None:
            return z
    if to == "front" or to == "forward":
        return {id: canvas.top + 1 + place for place, (_, id) in enumerate(chosen)}
    return {id: canvas.bottom - len(chosen) + place for place, (_, id) in enumerate(chosen)}


def depths_given(shapes: Sequence[Shape], wanted: Mapping[str, int], was: Mapping[str, int] | None, canvas: Canvas) -> dict[str, int]:
    """The `z` that are wanted for these shapes; with `was` of those that still have that. Raises Rejected: overtaken, out_of_range."""
    kept = [shape for shape in shapes if was is None or was.get(shape.id) == shape.z]
    if not kept:
        raise Rejected(Refusal.OVERTAKEN, "Somebody has put it elsewhere since.")
    # Nothing comes to lie beyond what there was: else the next `z` could be too large to count on.
    if any(not canvas.bottom <= wanted[shape.id] <= canvas.top for shape in kept):
        raise Rejected(Refusal.OUT_OF_RANGE, "No shape has ever been there.")
    return {shape.id: wanted[shape.id] for shape in kept}


def _changed_places(before: Sequence[Depth], chosen: Sequence[Depth], way: int) -> dict[str, int] | None:
    """Each shape that has another place gets the `z` of whose place it was. None when that leads to another order than is meant."""
    ids = {id for _, id in chosen}
    after: dict[int, str] = {}
    """Who is at a place that somebody else had."""
    for depth in reversed(chosen) if way > 0 else chosen:
        place = bisect_left(before, depth)
        other = place + way
        if 0 <= other < len(before):
            neighbour = after.get(other, before[other][1])
            if neighbour not in ids:
                after[place], after[other] = neighbour, depth[1]
    for place in after:
        for one, other in ((place - 1, place), (place, place + 1)):
            is_tie = one >= 0 and other < len(before) and before[one][0] == before[other][0]
            if is_tie and after.get(one, before[one][1]) > after.get(other, before[other][1]):
                return None
    return {id: z for z, id in chosen} | {id: before[place][0] for place, id in after.items()}
