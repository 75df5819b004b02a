"""Cases of commands for the vectors: what may be made, and what not."""

from __future__ import annotations

from tests.engine.board.asking import START, A, B, C, Told, edit
from tests.engine.board.boards import create, delete, line, rect

NUMBERS = (0.0624, 0.0625, -0.0625, -0.0626, 0.1875, -0.1875, 1e-9, -0.0, 123.456, -123.456, 999_999.99, -1_000_000.06)

CREATIONS: Told = [
    ("create", [START]),
    ("create fills in what is left out", [edit("ada", "op000001", create({"id": A, "kind": "note", "x": 1, "y": 2, "w": 3, "h": 4}))]),
    (
        "create rounds to eighths",
        [edit("ada", "op000001", create(*(rect(f"shape{n:03}", x, -x, w=1.07 + n, h=2.99 + n) for n, x in enumerate(NUMBERS))))],
    ),
    (
        "create rounds angles, and takes turns away",
        [
            edit(
                "ada",
                "op000001",
                create(*(rect(f"shape{n:03}", rotation=r) for n, r in enumerate((360, 359.95, -0.06, -0.07, -45, 725, -1_080.3)))),
            ),
        ],
    ),
    ("create makes colours small", [edit("ada", "op000001", create(rect(A, fill="#FFaa00", stroke="#ABCDEF")))]),
    ("create cleans texts, which is another way", [edit("ada", "op000001", create(rect(A, text="a\tb\r\nc\u200bd e\u0301 ")))]),
    ("create with spaces at the ends keeps them", [edit("ada", "op000001", create(rect(A, text=" hello \n ")))]),
    ("create is refused: an id that is there", [START, edit("bob", "op000002", create(rect(C), rect(A)))]),
    ("create is refused: an id that was deleted", [START, edit("ada", "op000002", delete(A)), edit("bob", "op000003", create(rect(A)))]),
    ("create is refused: the same id twice", [edit("ada", "op000001", create(rect(A), rect(A)))]),
    (
        "create is refused: out of range",
        [
            edit("ada", f"op00000{n}", create(rect(A, **wrong)))
            for n, wrong in enumerate([{"x": 1_000_000.07}, {"y": -1_000_001}, {"w": 0.9}, {"h": 100_000.1}, {"w": -5}, {"h": 0}])
        ],
    ),
    (
        "a line may have no height, but not less",
        [edit("ada", "op000001", create(line(A, h=0))), edit("ada", "op000002", create(line(B, w=-1)))],
    ),
    (
        "create is refused: points and texts where there are none",
        [
            edit("ada", "op000001", create(rect(A, points=[0, 0, 1, 1]))),
            edit("ada", "op000002", create(line(A, text="hello"))),
            edit("ada", "op000003", create(line(A, points=[0, 0]))),
            edit("ada", "op000004", create(line(A, points=[0, 0, 1]))),
        ],
    ),
    (
        "create is refused: too many points, too long a text",
        [
            edit("ada", "op000001", create(line(A, points=[7] * 2_002))),
            edit("ada", "op000002", create(rect(A, text="x" * 2_001))),
        ],
    ),
]
