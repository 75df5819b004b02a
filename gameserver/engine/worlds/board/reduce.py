"""What events do to the board: the only place where it changes. Total: no event that was journalled raises.

Browsers do the same (static/gameserver/board/core/reduce.mjs); tests/vectors/board holds both to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from gameserver.engine.worlds.board.numbers import Num, regular
from gameserver.engine.worlds.board.scene import Canvas, Checkpoint, Drag, Scene, depth_of
from gameserver.engine.worlds.board.shapes import Shape, moved, reshaped

Fields = Mapping[str, Any]
STILL: tuple[Num, ...] = (0, 0, 0, 0, 0)


def apply(scene: Scene, event: Fields) -> None:
    """Take an event of the board that was decided; one that it does not know changes nothing."""
    change = _EVENTS.get(event["ev"])
    if change is not None:
        change(scene, event)


def do(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    """Do a decided step of `op` of the player with this id, on the board or on a draft of it."""
    _STEPS[step["do"]](canvas, step, op, player)


def differences(drag: Drag, totals: Sequence[Sequence[Num]]) -> Iterable[tuple[str, tuple[Num, ...]]]:
    """By what each shape of a drag has moved since its last totals, if at all."""
    for id, now, before in zip(drag.ids, totals, drag.boxes, strict=False):
        difference = tuple(regular(one - other) for one, other in zip(now, before, strict=True))
        if difference != STILL:
            yield id, difference


def _edited(scene: Scene, event: Fields) -> None:
    op, player = event["op"], event["player"]["id"]
    for step in event["did"]:
        do(scene, step, op, player)


def _create(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    _add(canvas, msgspec.convert(step["shapes"], list[Shape]))


def _add(canvas: Canvas, shapes: Iterable[Shape]) -> None:
    for shape in shapes:
        canvas.put(replace(shape, z=canvas.top + 1))


def _put(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    shapes = msgspec.convert(step["shapes"], list[Shape])
    for fields, shape in zip(step["shapes"], shapes, strict=True):
        canvas.put(shape if "z" in fields else replace(shape, z=canvas.top + 1))


def _change(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    fields = dict(step["set"])
    if "points" in fields:
        fields["points"] = tuple(fields["points"])
    for shape in _there(canvas, step["ids"]):
        canvas.put(replace(shape, **fields))


def _move(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    dx, dy = step["dx"], step["dy"]
    for shape in _there(canvas, step["ids"]):
        canvas.replace(moved(shape, dx, dy))


def _reshape(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    for shape in _there(canvas, step["boxes"]):
        canvas.replace(reshaped(shape, *step["boxes"][shape.id]))


def _order(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    for shape in _there(canvas, step["z"]):
        canvas.put(replace(shape, z=step["z"][shape.id]))


def _delete(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    for shape in _there(canvas, step["ids"]):
        canvas.remove(shape, op, player)


def _clear(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    for shape in list(canvas.there()):
        canvas.remove(shape, op, player)


def _duplicate(canvas: Canvas, step: Fields, op: str, player: str) -> None:
    named = dict(zip(step["ids"], step["as"], strict=False))
    originals = sorted(_there(canvas, named), key=depth_of)
    _add(canvas, [replace(moved(shape, step["dx"], step["dy"]), id=named[shape.id]) for shape in originals])


def _there(canvas: Canvas, ids: Iterable[str]) -> list[Shape]:
    return [shape for id in ids if (shape := canvas.get(id)) is not None]


def _grabbed(scene: Scene, event: Fields) -> None:
    # Ids of shapes that are there are the shapes' own strings: a thousand drags of the same shapes hold them once.
    ids = tuple(shape.id if (shape := scene.shapes.get(id)) else id for id in event["ids"])
    boxes = (STILL,) * len(ids) if event["how"] == "reshape" else ()
    scene.grab(Drag(event["drag"], event["op"], event["player"]["id"], ids, event["how"], boxes=boxes))


def _moved(scene: Scene, event: Fields) -> None:
    moves = event.get("moves", ())
    for place in range(0, len(moves) - 2, 3):
        _move_drag(scene, moves[place], moves[place + 1], moves[place + 2])
    for number, *totals in event.get("boxes", ()):
        _reshape_drag(scene, number, totals)


def _move_drag(scene: Scene, number: int, dx: Num, dy: Num) -> None:
    drag = scene.drags.get(number)
    if drag is None or drag.how != "move":
        return
    by_x, by_y = regular(dx - drag.dx), regular(dy - drag.dy)
    scene.drags[number] = replace(drag, dx=dx, dy=dy)
    for id in drag.ids:
        if (shape := scene.shapes.get(id)) is not None:
            scene.replace(moved(shape, by_x, by_y))


def _reshape_drag(scene: Scene, number: int, totals: Sequence[Sequence[Num]]) -> None:
    drag = scene.drags.get(number)
    if drag is None or drag.how != "reshape":
        return
    for id, difference in differences(drag, totals):
        if (shape := scene.shapes.get(id)) is not None:
            scene.replace(reshaped(shape, *difference))
    scene.drags[number] = replace(drag, boxes=tuple(tuple(box) for box in totals))


def _dropped(scene: Scene, event: Fields) -> None:
    number = event["drag"]
    if "boxes" in event:
        _reshape_drag(scene, number, event["boxes"])
    else:
        _move_drag(scene, number, event["dx"], event["dy"])
    scene.drop(number)


def _kept(scene: Scene, event: Fields) -> None:
    for key in event.get("gone", ()):
        scene.let_go(key)
    scene.keep(Checkpoint(event["key"], event["name"], event["at"], event["player"]["name"], tuple(scene.shapes.values())))


def _restored(scene: Scene, event: Fields) -> None:
    _delete(scene, {"ids": event["gone"]}, event["op"], event["player"]["id"])
    _put(scene, {"shapes": event["put"]}, event["op"], event["player"]["id"])


_STEPS: dict[str, Callable[[Canvas, Fields, str, str], None]] = {
    "create": _create,
    "put": _put,
    "change": _change,
    "move": _move,
    "reshape": _reshape,
    "order": _order,
    "delete": _delete,
    "clear": _clear,
    "duplicate": _duplicate,
}
_EVENTS: dict[str, Callable[[Scene, Fields], None]] = {
    "board.edited": _edited,
    "board.grabbed": _grabbed,
    "board.moved": _moved,
    "board.dropped": _dropped,
    "board.kept": _kept,
    "board.restored": _restored,
}
