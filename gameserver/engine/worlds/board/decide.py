"""What a `board.edit` does: each step is decided on a draft that has the steps before it. Nothing here changes the board."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, Struct

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds.board import commands as ask
from gameserver.engine.worlds.board.numbers import q
from gameserver.engine.worlds.board.order import depths, depths_given
from gameserver.engine.worlds.board.reduce import do
from gameserver.engine.worlds.board.scene import Canvas, Draft, Scene
from gameserver.engine.worlds.board.shapes import (
    MAX_CHARACTERS,
    MAX_POINTS,
    MAX_SHAPES,
    RawShape,
    Refusal,
    Shape,
    check_fields,
    clean,
    clean_field,
    fields_of,
    fields_without_z,
)
from gameserver.engine.worlds.board.uploads import Uploads

COMMIT, REBASE = "commit", "rebase"
"""Outcomes: done as asked, or in another way."""
Did = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose command it is, and what that player has uploaded."""

    op: str
    player: str
    uploads: Uploads


def edit(scene: Scene, command: ask.Edit, player: str, uploads: Uploads) -> tuple[list[Did], str]:
    """What the steps of a command come to, and its outcome. Raises Rejected when one of them cannot be done."""
    draft = Draft(scene)
    asker = Asker(command.op, player, uploads)
    did: list[Did] = []
    is_as_asked = True
    for step in command.steps:
        done, is_whole = _STEPS[type(step)](draft, step, asker)
        do(draft, done, command.op, player)
        _check_room(draft)
        did.append(done)
        is_as_asked = is_as_asked and is_whole
    return did, COMMIT if is_as_asked else REBASE


def there(canvas: Canvas, ids: Iterable[str]) -> list[Shape]:
    """Those shapes that are there, each once. Raises Rejected, gone or unknown_shape, when there is none."""
    wanted = dict.fromkeys(ids)
    found = [shape for id in wanted if (shape := canvas.get(id)) is not None]
    if found:
        return found
    if any(canvas.has_gone(id) for id in wanted):
        raise Rejected(Refusal.GONE, "Somebody has deleted it.")
    raise Rejected(Refusal.UNKNOWN_SHAPE, "There is no such shape.")


def _create(draft: Draft, step: ask.Create, asker: Asker) -> tuple[Did, bool]:
    shapes = [clean(raw) for raw in step.shapes]
    _check_free(draft, [shape.id for shape in shapes])
    return {"do": "create", "shapes": [fields_without_z(shape) for shape in shapes]}, _reads_alike(step.shapes, shapes)


def _paste(draft: Draft, step: ask.Paste, asker: Asker) -> tuple[Did, bool]:
    shapes, is_as_asked = asker.uploads.shapes(asker.player, step.upload)
    _check_free(draft, [shape.id for shape in shapes])
    return {"do": "put", "shapes": [fields_without_z(shape) for shape in shapes]}, is_as_asked


def _change(draft: Draft, step: ask.Change, asker: Asker) -> tuple[Did, bool]:
    fields = _fields(step.set)
    if not fields:
        raise Rejected(Code.BAD_MESSAGE, "There is nothing to change.")
    found = there(draft, step.ids)
    if step.was is not None:
        was = _fields(step.was)
        found = [shape for shape in found if all(getattr(shape, name) == value for name, value in was.items())]
        if not found:
            raise Rejected(Refusal.OVERTAKEN, "Somebody has changed it since.")
    for shape in found:
        check_fields(shape, fields)
    is_as_asked = len(found) == len(step.ids) and fields.get("text", step.set.text) == step.set.text
    if "points" in fields:
        fields["points"] = list(fields["points"])
    return {"do": "change", "ids": [shape.id for shape in found], "set": fields}, is_as_asked


def _move(draft: Draft, step: ask.MoveBy, asker: Asker) -> tuple[Did, bool]:
    ids = [shape.id for shape in there(draft, step.ids)]
    return {"do": "move", "ids": ids, "dx": q(step.dx), "dy": q(step.dy)}, len(ids) == len(step.ids)


def _reshape(draft: Draft, step: ask.Reshape, asker: Asker) -> tuple[Did, bool]:
    boxes = {shape.id: [q(value) for value in step.boxes[shape.id]] for shape in there(draft, step.boxes)}
    return {"do": "reshape", "boxes": boxes}, len(boxes) == len(step.boxes)


def _order(draft: Draft, step: ask.Order, asker: Asker) -> tuple[Did, bool]:
    if step.z is not None and step.ids is None and step.to is None:
        z = depths_given(there(draft, step.z), step.z, step.was, draft)
        return {"do": "order", "z": z}, len(z) == len(step.z)
    if step.ids is not None and step.to is not None and step.z is None and step.was is None:
        found = there(draft, step.ids)
        return {"do": "order", "z": depths(draft, found, step.to)}, len(found) == len(step.ids)
    raise Rejected(Code.BAD_MESSAGE, "An order has either `ids` and `to`, or `z`.")


def _delete(draft: Draft, step: ask.Delete, asker: Asker) -> tuple[Did, bool]:
    ids = [shape.id for shape in there(draft, step.ids)]
    return {"do": "delete", "ids": ids}, len(ids) == len(step.ids)


def _clear(draft: Draft, step: ask.Clear, asker: Asker) -> tuple[Did, bool]:
    if not draft.count:
        raise Rejected(Refusal.NOTHING, "There is nothing on the board.")
    return {"do": "clear"}, True


def _duplicate(draft: Draft, step: ask.Duplicate, asker: Asker) -> tuple[Did, bool]:
    named = dict(zip(step.ids, step.new, strict=False))
    if len(step.ids) != len(step.new) or len(named) != len(step.ids):
        raise Rejected(Code.BAD_MESSAGE, "Each shape needs one new id.")
    ids = [shape.id for shape in there(draft, step.ids)]
    new = [named[id] for id in ids]
    _check_free(draft, new)
    return {"do": "duplicate", "ids": ids, "as": new, "dx": q(step.dx), "dy": q(step.dy)}, len(ids) == len(step.ids)


def _revive(draft: Draft, step: ask.Revive, asker: Asker) -> tuple[Did, bool]:
    binned = list(draft.binned_by(step.of))
    own = [one.shape for one in binned if one.player == asker.player]
    if not own:
        if binned:
            raise Rejected(Refusal.NOT_YOURS, "Somebody else has deleted that.")
        raise Rejected(Refusal.UNKNOWN_SHAPE, "Nothing of that is remembered.")
    return {"do": "put", "shapes": [fields_of(shape) for shape in own]}, True


def _fields(raw: ask.Fields) -> dict[str, Any]:
    given = ((name, getattr(raw, name)) for name in raw.__struct_fields__)
    return {name: clean_field(name, value) for name, value in given if value is not UNSET}


def _check_free(draft: Draft, ids: list[str]) -> None:
    if len(set(ids)) < len(ids) or any(draft.get(id) is not None or draft.has_gone(id) for id in ids):
        raise Rejected(Refusal.TAKEN, "There is, or was, another shape with this id.")


def _check_room(draft: Draft) -> None:
    if draft.count > MAX_SHAPES:
        raise Rejected(Refusal.FULL, f"A board has at most {MAX_SHAPES} shapes.")
    if draft.points > MAX_POINTS:
        raise Rejected(Refusal.FULL, f"All lines of a board have at most {MAX_POINTS} points.")
    if draft.characters > MAX_CHARACTERS:
        raise Rejected(Refusal.FULL, f"All texts of a board have at most {MAX_CHARACTERS} characters.")


def _reads_alike(raw: Iterable[RawShape], shapes: Iterable[Shape]) -> bool:
    """Whether no text had to be cleaned: rounding is what the sender does, too."""
    return all(one.text == other.text for one, other in zip(raw, shapes, strict=True))


_STEPS: dict[type[Struct], Callable[[Draft, Any, Asker], tuple[Did, bool]]] = {
    ask.Create: _create,
    ask.Paste: _paste,
    ask.Change: _change,
    ask.MoveBy: _move,
    ask.Reshape: _reshape,
    ask.Order: _order,
    ask.Delete: _delete,
    ask.Clear: _clear,
    ask.Duplicate: _duplicate,
    ask.Revive: _revive,
}
