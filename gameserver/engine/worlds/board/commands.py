"""What people ask of the board, as types with a limit on every field. docs/board.md section 2 is their text."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from gameserver.engine.protocol import RawName, Ref
from gameserver.engine.worlds.board.shapes import Colour, Id, Opacity, RawPoints, RawShape, RawText, Sent, Width

MAX_IDS = 5_000
MAX_Z = 2**52
Op = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,16}\Z")]
Ids = Annotated[list[Id], Meta(min_length=1, max_length=MAX_IDS)]
Z = Annotated[int, Meta(ge=-MAX_Z, le=MAX_Z)]
Zs = Annotated[dict[Id, Z], Meta(min_length=1, max_length=MAX_IDS)]
Box = tuple[Sent, Sent, Sent, Sent, Sent]
"""What a shape is moved, grown and turned by: dx, dy, dw, dh, dr."""
Boxes = Annotated[dict[Id, Box], Meta(min_length=1, max_length=MAX_IDS)]
Totals = Annotated[dict[Id, Box], Meta(max_length=MAX_IDS)]
"""Of a drag: shapes that are not named have their last ones."""


class Fields(Struct, forbid_unknown_fields=True, frozen=True):
    """Any of the fields that can be changed."""

    fill: Colour | UnsetType = UNSET
    stroke: Colour | UnsetType = UNSET
    width: Width | UnsetType = UNSET
    opacity: Opacity | UnsetType = UNSET
    text: RawText | UnsetType = UNSET
    points: RawPoints | UnsetType = UNSET
    rotation: Sent | UnsetType = UNSET
    x: Sent | UnsetType = UNSET
    y: Sent | UnsetType = UNSET
    w: Sent | UnsetType = UNSET
    h: Sent | UnsetType = UNSET


class Create(Struct, tag_field="do", tag="create", forbid_unknown_fields=True, frozen=True):
    """New shapes, in this order in front of all."""

    shapes: Annotated[list[RawShape], Meta(min_length=1, max_length=MAX_IDS)]


class Change(Struct, tag_field="do", tag="change", forbid_unknown_fields=True, frozen=True):
    """Fields become this; with `was` only of shapes that are as it says."""

    ids: Ids
    set: Fields
    was: Fields | None = None


class MoveBy(Struct, tag_field="do", tag="move", forbid_unknown_fields=True, frozen=True):
    """Shapes move by this."""

    ids: Ids
    dx: Sent
    dy: Sent


class Reshape(Struct, tag_field="do", tag="reshape", forbid_unknown_fields=True, frozen=True):
    """Shapes move, grow and turn by this, each."""

    boxes: Boxes


class Order(Struct, tag_field="do", tag="order", forbid_unknown_fields=True, frozen=True):
    """Other `z`: by a word for `ids`, or those of `z`; the latter with `was` only of shapes that are where it says."""

    ids: Ids | None = None
    to: Literal["front", "back", "forward", "backward"] | None = None
    z: Zs | None = None
    was: Zs | None = None


class Delete(Struct, tag_field="do", tag="delete", forbid_unknown_fields=True, frozen=True):
    """Shapes go, but are remembered."""

    ids: Ids


class Clear(Struct, tag_field="do", tag="clear", forbid_unknown_fields=True, frozen=True):
    """All shapes go."""


class Duplicate(Struct, tag_field="do", tag="duplicate", forbid_unknown_fields=True, frozen=True):
    """Copies under other ids, in front of all."""

    ids: Ids
    new: Ids = field(name="as")
    dx: Sent
    dy: Sent


class Revive(Struct, tag_field="do", tag="revive", forbid_unknown_fields=True, frozen=True):
    """What a command of one's own deleted is there again."""

    of: Op


class Paste(Struct, tag_field="do", tag="paste", forbid_unknown_fields=True, frozen=True):
    """The shapes of an upload."""

    upload: Op


Step = Create | Change | MoveBy | Reshape | Order | Delete | Clear | Duplicate | Revive | Paste


class Edit(Struct, tag_field="cmd", tag="board.edit", forbid_unknown_fields=True, frozen=True):
    """Steps that are done whole or not at all."""

    ref: Ref
    op: Op
    steps: Annotated[list[Step], Meta(min_length=1, max_length=100)]


class Grab(Struct, tag_field="cmd", tag="board.grab", forbid_unknown_fields=True, frozen=True):
    """A drag begins."""

    ref: Ref
    op: Op
    ids: Ids
    how: Literal["move", "reshape"]


class Move(Struct, tag_field="cmd", tag="board.move", forbid_unknown_fields=True, frozen=True):
    """All that a drag has moved so far. Unanswered, and only noted."""

    op: Op
    ref: Ref | None = None
    dx: Sent = 0.0
    dy: Sent = 0.0
    boxes: Totals | None = None


class Drop(Struct, tag_field="cmd", tag="board.drop", forbid_unknown_fields=True, frozen=True):
    """A drag ends, having moved this in all."""

    ref: Ref
    op: Op
    dx: Sent = 0.0
    dy: Sent = 0.0
    boxes: Totals | None = None


class Keep(Struct, tag_field="cmd", tag="board.keep", forbid_unknown_fields=True, frozen=True):
    """Keep the board as it is, under a name."""

    ref: Ref
    op: Op
    name: RawName


class Restore(Struct, tag_field="cmd", tag="board.restore", forbid_unknown_fields=True, frozen=True):
    """Be as a checkpoint says."""

    ref: Ref
    op: Op
    checkpoint: Op


class Upload(Struct, tag_field="cmd", tag="board.upload", forbid_unknown_fields=True, frozen=True):
    """A part of a JSON list of shapes."""

    ref: Ref
    upload: Op
    part: Annotated[int, Meta(ge=0, le=4_095)]
    parts: Annotated[int, Meta(ge=1, le=4_096)]
    text: Annotated[str, Meta(max_length=65_536)]


class Point(Struct, tag_field="cmd", tag="board.point", forbid_unknown_fields=True, frozen=True):
    """Where the pointer is. Unanswered, and only noted."""

    x: Sent
    y: Sent
    ref: Ref | None = None


class Show(Struct, tag_field="cmd", tag="board.show", forbid_unknown_fields=True, frozen=True):
    """What is selected and seen. Unanswered, and only noted."""

    selection: Annotated[list[Id], Meta(max_length=100)] = []
    view: tuple[Sent, Sent, Annotated[float, Meta(gt=0, le=1_000)]] | None = None
    ref: Ref | None = None


class Sketch(Struct, tag_field="cmd", tag="board.sketch", forbid_unknown_fields=True, frozen=True):
    """A part of a stroke that is being drawn. Unanswered, and only noted."""

    op: Op
    start: Annotated[int, Meta(ge=0, le=100_000)] = field(name="from")
    points: Annotated[list[Sent], Meta(max_length=200)]
    stroke: Colour
    width: Width
    opacity: Opacity
    ref: Ref | None = None


COMMANDS: tuple[type[Struct], ...] = (Edit, Grab, Move, Drop, Keep, Restore, Upload, Point, Show, Sketch)
NOTED: tuple[type[Struct], ...] = (Move, Point, Show, Sketch)
