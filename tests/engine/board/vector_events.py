"""Cases of events for the vectors: what a copy makes of what it is told. Each is its name, a state or None, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.engine.board.boards import (
    ADA,
    BOB,
    CLEAR,
    CYD,
    NOW_MS,
    canonical,
    change,
    create,
    delete,
    duplicate,
    followed,
    line,
    move,
    rect,
    reshape,
)

A, B, C, D, L = "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "llllllll"
Event = dict[str, Any]


def full(shape: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A shape with all fields but `z`, as events have it."""
    rest = {"rotation": 0, "fill": "", "stroke": "", "width": 2, "opacity": 100, "text": "", "points": []}
    return {**rest, **shape, **fields}


def edited(op: str, *did: Mapping[str, Any], who: Any = ADA) -> Event:
    return {"ev": "board.edited", "at": NOW_MS, "player": who.as_dict(), "op": op, "did": list(did)}


def grabbed(op: str, drag: int, *ids: str, how: str = "move", who: Any = ADA) -> Event:
    return {"ev": "board.grabbed", "at": NOW_MS, "player": who.as_dict(), "op": op, "drag": drag, "ids": list(ids), "how": how}


def moved(**fields: Any) -> Event:
    return {"ev": "board.moved", "at": NOW_MS, **fields}


def dropped(op: str, drag: int, who: Any = ADA, **fields: Any) -> Event:
    return {"ev": "board.dropped", "at": NOW_MS, "player": who.as_dict(), "op": op, "drag": drag, **fields}


def kept(key: str, name: str, at: int = NOW_MS, **fields: Any) -> Event:
    return {"ev": "board.kept", "at": at, "player": CYD.as_dict(), "op": key, "key": key, "name": name, **fields}


def restored(key: str, put: Sequence[Any], gone: Sequence[str]) -> Event:
    return {
        "ev": "board.restored",
        "at": NOW_MS,
        "player": ADA.as_dict(),
        "op": "restored1",
        "key": key,
        "put": list(put),
        "gone": list(gone),
    }


def put(*shapes: Mapping[str, Any]) -> dict[str, Any]:
    return {"do": "put", "shapes": list(shapes)}


def depth(**z: int) -> dict[str, Any]:
    return {"do": "order", "z": z}


def box(*values: float) -> list[float]:
    return list(values)


NEW = edited("created1", create(full(rect(A)), full(rect(B, 10.125, -3.5)), full(line(L))))
START = canonical(followed(None, [NEW, grabbed("dragged1", 1, A, B), grabbed("shaped01", 2, A, L, how="reshape", who=BOB)]))
EDGE = canonical(followed(None, [edited("created2", create(full(rect(A, 999_999, -999_999)), full(line(L, x=5, w=3, h=0))))]))

EDITS: list[tuple[str, Mapping[str, Any] | None, list[Event]]] = [
    ("an empty board", None, []),
    ("create gives z in order", None, [NEW]),
    ("create in two steps goes on counting", None, [edited("created3", create(full(rect(A))), create(full(rect(B))))]),
    ("an event of another world changes nothing", START, [{"ev": "chat.said", "at": 1, "player": ADA.as_dict(), "text": "hello"}]),
    ("an unknown event of the board changes nothing", START, [{"ev": "board.sung", "at": 1, "song": "la"}]),
    ("an ephemeral event changes nothing", START, [{"ev": "board.pointed", "at": [1, 2, 3]}]),
    ("change sets fields of all", START, [edited("changed1", change(A, B, fill="#ff8800", opacity=50, width=0))]),
    ("change sets text", START, [edited("changed1", change(A, text="two\nlines 🎈"))]),
    ("change sets points", START, [edited("changed1", change(L, points=[0, 10_000, 5_000, 0, 10_000, 10_000]))]),
    ("change sets place, size and angle", START, [edited("changed1", change(A, x=-0.125, y=7, w=1, h=100_000, rotation=359.875))]),
    ("change of what is not there changes nothing", START, [edited("changed1", change(C, fill="#ff8800"))]),
    ("move adds up", START, [edited("moved001", move(A, B, dx=0.125, dy=-7)), edited("moved002", move(A, dx=5, dy=0.375), who=BOB)]),
    ("move stops at the bounds", EDGE, [edited("moved001", move(A, dx=5, dy=-5)), edited("moved002", move(A, dx=-3, dy=3))]),
    (
        "move far away and back",
        EDGE,
        [edited("moved001", move(A, L, dx=-999_999_999, dy=999_999_999)), edited("moved002", move(A, dx=1, dy=1))],
    ),
    ("reshape adds to all", START, [edited("shaped01", reshape(**{A: box(1, 2, 3.125, -4.5, 15), B: box(0, 0, 0, 0, -15)}))]),
    ("reshape stops at size 1", START, [edited("shaped01", reshape(**{A: box(0, 0, -500, -50, 0)}))]),
    ("reshape of a line stops at size 0", EDGE, [edited("shaped01", reshape(**{L: box(0, 0, -500, -50, 0)}))]),
    ("reshape stops at the largest size", START, [edited("shaped01", reshape(**{A: box(0, 0, 100_000, 99_951, 0)}))]),
    (
        "angles go round",
        START,
        [edited("turned01", reshape(**{A: box(0, 0, 0, 0, 725.125), B: box(0, 0, 0, 0, -0.125), L: box(0, 0, 0, 0, -360)}))],
    ),
    (
        "order sets z, and the highest and lowest",
        START,
        [edited("ordered1", depth(**{A: 4, B: -1})), edited("created2", create(full(rect(C))))],
    ),
    ("order may give equal z", START, [edited("ordered1", depth(**{A: 2, B: 2}))]),
    ("delete takes away", START, [edited("deleted1", delete(A, C))]),
    (
        "what is new after a delete is in front of what was",
        START,
        [edited("deleted1", delete(L)), edited("created2", create(full(rect(C))))],
    ),
    (
        "clear takes all away, and forgets neither z nor drags",
        START,
        [edited("cleared1", CLEAR), edited("created2", create(full(rect(C))))],
    ),
    ("duplicate copies in the order of z", START, [edited("doubled1", duplicate(L, A, new=[C, D], dx=10, dy=10.5))]),
    (
        "duplicate of what has another order",
        START,
        [edited("ordered1", depth(**{A: 9})), edited("doubled1", duplicate(A, B, new=[C, D], dx=1, dy=1))],
    ),
    ("duplicate at the edge stops there", EDGE, [edited("doubled1", duplicate(A, new=[C], dx=10, dy=-10))]),
    ("duplicate of what is not there leaves it out", START, [edited("doubled1", duplicate(C, A, new=["eeeeeeee", D], dx=1, dy=1))]),
    ("put with z sets as given", START, [edited("deleted1", delete(A)), edited("revived1", put(full(rect(A, 3, 4), z=1)))]),
    ("put with z over one that is there", START, [edited("revived1", put(full(rect(A, 3, 4, fill="#000000"), z=-7)))]),
    ("put without z goes in front", START, [edited("pasted01", put(full(rect(C)), full(rect(D, z=2)), full(rect("eeeeeeee"))))]),
    (
        "steps of one event see each other",
        None,
        [edited("created3", create(full(rect(A))), move(A, dx=1, dy=2), duplicate(A, new=[B], dx=1, dy=1), delete(A))],
    ),
]

DRAGS: list[tuple[str, Mapping[str, Any] | None, list[Event]]] = [
    ("grab remembers", START, [grabbed("dragged3", 3, L)]),
    ("grab to reshape begins with boxes of zero", None, [NEW, grabbed("dragged3", 1, L, A, how="reshape")]),
    ("moves are totals", START, [moved(moves=[1, 5, 5]), moved(moves=[1, 7.5, 4.125])]),
    ("a total of zero goes back", START, [moved(moves=[1, 5, 5]), moved(moves=[1, 0, 0])]),
    (
        "two drags of the same shape add up",
        START,
        [moved(moves=[1, 5, 5], boxes=[[2, box(1, 1, 10, 10, 5), box(0, 0, 0, 0, 0)]]), moved(moves=[1, 6, 6])],
    ),
    (
        "boxes are totals",
        START,
        [moved(boxes=[[2, box(1, 1, 10, 10, 5), box(2, 2, 2, 2, 2)]]), moved(boxes=[[2, box(1, 1, 12.5, 9, -5), box(2, 2, 2, 2, 2)]])],
    ),
    ("several drags in one event", None, [NEW, grabbed("dragged1", 1, A), grabbed("dragged2", 2, B), moved(moves=[1, 1, 1, 2, -2, -2])]),
    ("a move of an unknown drag changes nothing", START, [moved(moves=[7, 1, 1], boxes=[[8, box(1, 1, 1, 1, 1)]])]),
    ("a move of the other kind changes nothing", START, [moved(moves=[2, 1, 1], boxes=[[1, box(1, 1, 1, 1, 1), box(1, 1, 1, 1, 1)]])]),
    (
        "a drag at the edge stops and comes back by what it comes back",
        EDGE,
        [grabbed("dragged1", 1, A), moved(moves=[1, 50, 0]), moved(moves=[1, 49, 0])],
    ),
    ("a drag of what is deleted moves the others", START, [edited("deleted1", delete(A)), moved(moves=[1, 5, 5])]),
    (
        "a drag of what is revived moves it from then on",
        START,
        [
            moved(moves=[1, 5, 5]),
            edited("deleted1", delete(A)),
            moved(moves=[1, 9, 9]),
            edited("revived1", put(full(rect(A, 5, 5), z=1))),
            moved(moves=[1, 10, 10]),
        ],
    ),
    (
        "drop moves a last time, and forgets",
        START,
        [moved(moves=[1, 5, 5]), dropped("dragged1", 1, dx=8, dy=-8.125), moved(moves=[1, 100, 100])],
    ),
    ("drop of boxes", START, [dropped("shaped01", 2, who=BOB, boxes=[box(1, 2, 3, 4, 5), box(0, 0, -100, -50, 0)])]),
    ("drop of an unknown drag changes nothing", START, [dropped("dragged7", 7, dx=1, dy=1)]),
    ("at most 1,000 drags are remembered", None, [NEW, *(grabbed(f"dragg{number:03}", number, A) for number in range(1, 1_003))]),
]

CHECKPOINTS: list[tuple[str, Mapping[str, Any] | None, list[Event]]] = [
    (
        "kept is listed with its number of shapes",
        START,
        [kept("checked1", "first"), edited("deleted1", delete(A)), kept("checked2", "second", NOW_MS + 5)],
    ),
    ("the oldest of 51 checkpoints goes", START, [kept(f"check{number:03}", f"number {number}", NOW_MS + number) for number in range(51)]),
    (
        "kept may name others that go",
        START,
        [kept("checked1", "first"), kept("checked2", "second"), kept("checked3", "third", gone=["checked1", "checked9"])],
    ),
    ("restored deletes and sets", START, [restored("checked1", [full(rect(A, 77, 7), z=1), full(rect(D), z=-3)], [B, C])]),
]

EVENT_CASES = [*EDITS, *DRAGS, *CHECKPOINTS]
