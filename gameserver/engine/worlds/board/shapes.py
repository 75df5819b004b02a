"""Shapes: what they may be, and how what is sent becomes one. A shape is a value; another one takes its place when it changes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.text import clean_writing
from gameserver.engine.worlds.board.numbers import MAX_COORDINATE, MAX_SENT, MAX_SIZE, Num, add, q, turn

MAX_SHAPES = 5_000
MAX_POINTS = 200_000
"""Points of all shapes together."""
MAX_CHARACTERS = 500_000
"""Characters of all shapes together."""
MAX_POINTS_OF_ONE = 1_000
MAX_TEXT = 2_000
LINES = frozenset({"line", "arrow", "stroke"})
"""Kinds that have points, and may have no width or height."""

Id = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8}\Z")]
Sent = Annotated[float, Meta(ge=-MAX_SENT, le=MAX_SENT)]
Colour = Annotated[str, Meta(pattern=r"\A(#[0-9A-Fa-f]{6})?\Z")]
Width = Annotated[int, Meta(ge=0, le=64)]
Opacity = Annotated[int, Meta(ge=5, le=100)]
RawText = Annotated[str, Meta(max_length=8_192)]
Part = Annotated[int, Meta(ge=0, le=10_000)]
RawPoints = Annotated[list[Part], Meta(max_length=20_000)]
Kind = Literal["rect", "ellipse", "line", "arrow", "stroke", "text", "note"]


class Refusal(StrEnum):
    """Codes of the board's own, besides those of every room. docs/board.md section 6 says what they mean."""

    FULL = "full"
    TOO_MANY_POINTS = "too_many_points"
    OUT_OF_RANGE = "out_of_range"
    GONE = "gone"
    UNKNOWN_SHAPE = "unknown_shape"
    TAKEN = "taken"
    OVERTAKEN = "overtaken"
    NOT_YOURS = "not_yours"
    NO_DRAG = "no_drag"
    NO_UPLOAD = "no_upload"
    NO_CHECKPOINT = "no_checkpoint"
    NOTHING = "nothing"


class Shape(Struct, frozen=True, gc=False):
    """A shape as it is on the board. Its fields are those of docs/board.md section 1."""

    id: str
    kind: str
    x: Num
    y: Num
    w: Num
    h: Num
    rotation: Num = 0
    fill: str = ""
    stroke: str = ""
    width: int = 2
    opacity: int = 100
    text: str = ""
    points: tuple[int, ...] = ()
    z: int = 0


class RawShape(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A shape as it is sent: not yet rounded, its text not yet cleaned."""

    id: Id
    kind: Kind
    x: Sent
    y: Sent
    w: Sent
    h: Sent
    rotation: Sent = 0.0
    fill: Colour = ""
    stroke: Colour = ""
    width: Width = 2
    opacity: Opacity = 100
    text: RawText = ""
    points: RawPoints = []


def clean(raw: RawShape) -> Shape:
    """The shape that is meant. Raises Rejected: out_of_range, too_many_points, too_long, bad_message."""
    low = least(raw.kind)
    return Shape(
        raw.id,
        raw.kind,
        _place(raw.x),
        _place(raw.y),
        _size(raw.w, low),
        _size(raw.h, low),
        turn(q(raw.rotation)),
        raw.fill.lower(),
        raw.stroke.lower(),
        raw.width,
        raw.opacity,
        _text(raw.text, raw.kind),
        _points(raw.points, raw.kind),
    )


def clean_field(name: str, value: Any) -> Any:
    """A field of a step `change` as it is kept, for shapes of any kind. Raises Rejected: out_of_range, too_many_points, too_long."""
    if name in ("x", "y"):
        return _place(value)
    if name in ("w", "h"):
        return _size(value, 0)
    if name == "rotation":
        return turn(q(value))
    if name in ("fill", "stroke"):
        return value.lower()
    if name == "text":
        return clean_writing(value, MAX_TEXT)
    if name == "points":
        return tuple(_checked(value))
    return value


def check_fields(shape: Shape, fields: Mapping[str, Any]) -> None:
    """Whether a shape of this kind may have these fields, which were cleaned. Raises Rejected: out_of_range, bad_message."""
    low = least(shape.kind)
    if fields.get("w", low) < low or fields.get("h", low) < low:
        raise _out_of_range()
    if "text" in fields:
        _text(fields["text"], shape.kind)
    if "points" in fields:
        _points(fields["points"], shape.kind)


def least(kind: str) -> int:
    """The smallest width and height of a kind."""
    return 0 if kind in LINES else 1


def moved(shape: Shape, dx: Num, dy: Num) -> Shape:
    """The shape elsewhere, within the bounds."""
    return replace(shape, x=add(shape.x, dx, -MAX_COORDINATE, MAX_COORDINATE), y=add(shape.y, dy, -MAX_COORDINATE, MAX_COORDINATE))


def reshaped(shape: Shape, dx: Num, dy: Num, dw: Num, dh: Num, dr: Num) -> Shape:
    """The shape moved, grown and turned, within the bounds."""
    low = least(shape.kind)
    return replace(
        moved(shape, dx, dy),
        w=add(shape.w, dw, low, MAX_SIZE),
        h=add(shape.h, dh, low, MAX_SIZE),
        rotation=turn(shape.rotation + dr),
    )


def fields_of(shape: Shape) -> dict[str, Any]:
    """The shape as JSON holds it, for events."""
    fields: dict[str, Any] = msgspec.structs.asdict(shape)
    fields["points"] = list(shape.points)
    return fields


def fields_without_z(shape: Shape) -> dict[str, Any]:
    """The shape for events that give it its `z`."""
    fields = fields_of(shape)
    del fields["z"]
    return fields


def _place(value: float) -> Num:
    place = q(value)
    if not -MAX_COORDINATE <= place <= MAX_COORDINATE:
        raise _out_of_range()
    return place


def _size(value: float, low: int) -> Num:
    size = q(value)
    if not low <= size <= MAX_SIZE:
        raise _out_of_range()
    return size


def _text(text: str, kind: str) -> str:
    if text and kind in LINES:
        raise Rejected(Code.BAD_MESSAGE, "Lines and strokes have no text.")
    return clean_writing(text, MAX_TEXT) if text else ""


def _points(points: list[int] | tuple[int, ...], kind: str) -> tuple[int, ...]:
    if kind not in LINES:
        if points:
            raise Rejected(Code.BAD_MESSAGE, "Only lines and strokes have points.")
        return ()
    if len(_checked(points)) < 4:
        raise Rejected(Code.BAD_MESSAGE, "A line needs two points at least.")
    return tuple(points)


def _checked(points: list[int] | tuple[int, ...]) -> list[int] | tuple[int, ...]:
    if len(points) % 2:
        raise Rejected(Code.BAD_MESSAGE, "A point is two numbers.")
    if len(points) > 2 * MAX_POINTS_OF_ONE:
        raise Rejected(Refusal.TOO_MANY_POINTS, f"A shape has at most {MAX_POINTS_OF_ONE} points.")
    return points


def _out_of_range() -> Rejected:
    return Rejected(Refusal.OUT_OF_RANGE, "That is too far away, too small, or too large.")
