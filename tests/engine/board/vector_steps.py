"""Cases of commands for the vectors: steps on what is there, and their order."""

from __future__ import annotations

from tests.engine.board.asking import START, A, B, C, D, L, Told, edit, places
from tests.engine.board.boards import CLEAR, change, create, delete, duplicate, move, order, rect, reshape, revive

STEPS: Told = [
    ("change", [START, edit("bob", "op000002", change(A, B, fill="#FF0000", stroke="", width=64, opacity=5))]),
    ("change rounds", [START, edit("bob", "op000002", change(A, x=0.07, y=-0.07, w=99.99, h=1.01, rotation=359.99))]),
    (
        "change leaves out what is gone",
        [START, edit("ada", "op000002", delete(B)), edit("bob", "op000003", change(A, B, C, fill="#ff0000"))],
    ),
    (
        "change of nothing that is there is refused",
        [
            START,
            edit("ada", "op000002", delete(A, B)),
            edit("bob", "op000003", change(A, C, fill="#ff0000")),
            edit("bob", "op000004", change(C, D, fill="#ff0000")),
        ],
    ),
    (
        "change is refused for a kind that has no such field",
        [
            START,
            edit("ada", "op000002", change(A, L, text="hello")),
            edit("ada", "op000003", change(A, L, points=[0, 0, 1, 1])),
            edit("ada", "op000004", change(L, A, w=0)),
            edit("ada", "op000005", change(L, points=[])),
            edit("ada", "op000006", change(A)),
        ],
    ),
    ("change of a line's size to nothing", [START, edit("ada", "op000002", change(L, w=0, h=0))]),
    (
        "change is refused: out of range",
        [
            START,
            *(edit("ada", f"op00001{n}", change(A, **wrong)) for n, wrong in enumerate([{"x": 2e6}, {"y": -2e6}, {"w": 0.5}, {"h": 1e6}])),
        ],
    ),
    ("change with was, as it is", [START, edit("ada", "op000002", change(A, B, was={"fill": ""}, fill="#ff0000"))]),
    (
        "change with was, of those that are still so",
        [
            START,
            edit("bob", "op000002", change(A, fill="#00ff00")),
            edit("ada", "op000003", change(A, B, was={"fill": ""}, fill="#ff0000")),
        ],
    ),
    (
        "change with was is refused when others have changed all",
        [
            START,
            edit("bob", "op000002", change(A, B, x=5)),
            edit("ada", "op000003", change(A, B, was={"x": 0, "y": 0}, x=1, y=1)),
        ],
    ),
    ("change with was compares what is rounded", [START, edit("ada", "op000002", change(B, was={"x": 10.11, "fill": ""}, x=3))]),
    ("move", [START, edit("ada", "op000002", move(A, B, dx=1.06, dy=-1.06))]),
    (
        "move leaves out what is gone",
        [START, edit("ada", "op000002", delete(A)), edit("bob", "op000003", move(B, A, dx=1)), edit("bob", "op000004", move(A, dx=1))],
    ),
    (
        "a move that is asked for stops at the bounds",
        [START, edit("ada", "op000002", move(A, dx=5e8, dy=-5e8)), edit("ada", "op000003", move(A, dx=-1, dy=1))],
    ),
    ("reshape", [START, edit("ada", "op000002", reshape(**{A: [1.06, 2, 3, 4, 5.55], L: [0, 0, -500, -500, -5], C: [0, 0, 1, 1, 1]}))]),
    ("reshape of nothing that is there", [START, edit("ada", "op000002", reshape(**{C: [0, 0, 1, 1, 1]}))]),
    ("delete", [START, edit("ada", "op000002", delete(A, C, A)), edit("ada", "op000003", delete(A)), edit("ada", "op000004", delete(C))]),
    ("clear", [edit("ada", "op000001", CLEAR), START, edit("bob", "op000002", CLEAR), edit("bob", "op000003", CLEAR)]),
    ("duplicate", [START, edit("bob", "op000002", duplicate(L, A, new=[C, D], dx=10.3, dy=0))]),
    (
        "duplicate leaves out what is gone, and its new id",
        [START, edit("ada", "op000002", delete(A)), edit("bob", "op000003", duplicate(A, B, new=[C, D]))],
    ),
    (
        "duplicate is refused",
        [
            START,
            edit("ada", "op000002", duplicate(A, B, new=[C])),
            edit("ada", "op000003", duplicate(A, A, new=[C, D])),
            edit("ada", "op000004", duplicate(A, B, new=[C, C])),
            edit("ada", "op000005", duplicate(A, new=[B])),
            edit("ada", "op000006", duplicate(C, new=[D])),
        ],
    ),
    (
        "revive",
        [START, edit("ada", "op000002", delete(A, L)), edit("bob", "op000003", move(B, dx=3)), edit("ada", "op000004", revive("op000002"))],
    ),
    (
        "revive what was cleared, but for what is there again",
        [
            START,
            edit("ada", "op000002", delete(A)),
            edit("ada", "op000003", CLEAR),
            edit("ada", "op000004", revive("op000003")),
            edit("ada", "op000005", revive("op000003")),
            edit("ada", "op000006", revive("op000002")),
        ],
    ),
    (
        "revive of somebody else's deletion is refused",
        [START, edit("ada", "op000002", delete(A)), edit("bob", "op000003", revive("op000002"))],
    ),
    ("revive of a command that deleted nothing is refused", [START, edit("ada", "op000002", revive("started1"))]),
    ("revive of what this command deletes is refused", [START, edit("ada", "op000002", delete(A), revive("op000002"))]),
    (
        "steps see each other",
        [
            edit(
                "ada",
                "op000001",
                create(rect(A)),
                move(A, dx=1, dy=2),
                duplicate(A, new=[B], dx=1, dy=1),
                order(A, to="front"),
                delete(B),
                change(A, fill="#000000"),
            ),
        ],
    ),
    ("a command with a step that is refused does nothing", [START, edit("ada", "op000002", move(A, dx=1), delete(B), create(rect(L)))]),
    ("a step on what a step before it deleted is refused", [START, edit("ada", "op000002", delete(A), move(A, dx=1))]),
]

ORDER: Told = [
    (
        "front and back keep the order among themselves",
        [
            START,
            edit("ada", "op000002", order(B, A, to="front")),
            edit("ada", "op000003", order(L, A, to="back")),
            edit("ada", "op000004", create(rect(C))),
        ],
    ),
    (
        "forward and backward change places with the next",
        [
            START,
            edit("ada", "op000002", order(A, to="forward")),
            edit("ada", "op000003", order(A, to="forward")),
            edit("ada", "op000004", order(A, to="forward")),
            edit("ada", "op000005", order(A, to="backward")),
            edit("ada", "op000006", order(B, to="backward")),
        ],
    ),
    (
        "several go forward and backward together",
        [
            START,
            edit("ada", "op000002", create(rect(C), rect(D))),
            edit("ada", "op000003", order(A, B, to="forward")),
            edit("ada", "op000004", order(D, A, to="backward")),
            edit("ada", "op000005", order(D, B, A, to="forward")),
            edit("ada", "op000006", order(C, D, L, to="backward")),
        ],
    ),
    (
        "forward among equal z goes to the front, backward to the back",
        [
            START,
            edit("ada", "op000002", create(rect(C), rect(D))),
            edit("ada", "op000003", places(**{A: 2, B: 2, C: 2})),
            edit("ada", "op000004", order(A, to="forward")),
            edit("ada", "op000005", order(D, to="backward")),
        ],
    ),
    (
        "z as wanted",
        [
            START,
            edit("ada", "op000002", places(**{A: 3, L: 1})),
            edit("ada", "op000003", places(**{A: 4})),
            edit("ada", "op000004", places(**{A: -1})),
        ],
    ),
    (
        "z with was",
        [
            START,
            edit("bob", "op000002", order(A, to="front")),
            edit("ada", "op000003", places({A: 1, B: 2}, **{A: 3, B: 1})),
            edit("ada", "op000004", places({A: 1}, **{A: 2})),
        ],
    ),
    (
        "order of what is gone",
        [
            START,
            edit("ada", "op000002", delete(A)),
            edit("bob", "op000003", order(A, B, to="front")),
            edit("bob", "op000004", order(A, to="front")),
        ],
    ),
    (
        "order that says too little or too much",
        [
            START,
            edit("ada", "op000002", {"do": "order", "ids": [A]}),
            edit("ada", "op000003", {"do": "order", "to": "front"}),
            edit("ada", "op000004", {"do": "order"}),
            edit("ada", "op000005", {"do": "order", "ids": [A], "to": "front", "z": {A: 1}}),
            edit("ada", "op000006", {"do": "order", "ids": [A], "to": "front", "was": {A: 1}}),
        ],
    ),
]
