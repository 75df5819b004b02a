"""Cases of commands for the vectors: drags, checkpoints, uploads; and all cases together."""

from __future__ import annotations

import json

from tests.engine.board.asking import START, A, B, C, D, Told, drop, edit, grab, keep, paste, pull, restore, upload
from tests.engine.board.boards import CLEAR, create, delete, line, move, rect, revive
from tests.engine.board.vector_creations import CREATIONS
from tests.engine.board.vector_steps import ORDER, STEPS

LIST = json.dumps([rect(C, 1.3, 2.4), line(D)])

DRAGS: Told = [
    (
        "a drag from its beginning to its end",
        [
            START,
            grab("ada", "dragged1", A, B),
            pull("ada", "dragged1", dx=1, dy=1),
            pull("ada", "dragged1", dx=2.06, dy=3),
            "gather",
            "gather",
            drop("ada", "dragged1", dx=3, dy=-3.07),
        ],
    ),
    (
        "two people's drags of one shape add up",
        [
            START,
            grab("ada", "dragged1", A),
            grab("bob", "dragged2", A),
            pull("ada", "dragged1", dx=10, dy=0),
            pull("bob", "dragged2", dx=0, dy=7),
            "gather",
            pull("ada", "dragged1", dx=20, dy=0),
            drop("bob", "dragged2", dx=1, dy=8),
            "gather",
            drop("ada", "dragged1", dx=20, dy=0),
        ],
    ),
    (
        "a drag that reshapes",
        [
            START,
            grab("ada", "dragged1", B, A, how="reshape"),
            pull("ada", "dragged1", boxes={A: [1, 1, 5, 5, 10], C: [9, 9, 9, 9, 9]}),
            "gather",
            pull("ada", "dragged1", boxes={B: [0, 0, 2, 2, 0]}),
            "gather",
            drop("ada", "dragged1", boxes={A: [0, 0, -200, 5.3, -10]}),
        ],
    ),
    (
        "a move that comes after the drop is no matter",
        [START, grab("ada", "dragged1", A), drop("ada", "dragged1", dx=1, dy=1), pull("ada", "dragged1", dx=9, dy=9), "gather"],
    ),
    (
        "a move that was noted before the drop is no matter",
        [START, grab("ada", "dragged1", A), pull("ada", "dragged1", dx=9, dy=9), drop("ada", "dragged1", dx=1, dy=1), "gather"],
    ),
    ("a move of somebody else's drag is no matter", [START, grab("ada", "dragged1", A), pull("bob", "dragged1", dx=9, dy=9), "gather"]),
    (
        "grab leaves out what is gone",
        [START, edit("bob", "op000002", delete(A)), grab("ada", "dragged1", A, B), grab("ada", "dragged2", A), grab("ada", "dragged3", C)],
    ),
    ("grab under a name that is taken is refused", [START, grab("ada", "dragged1", A), grab("bob", "dragged1", B)]),
    (
        "drop of what others have deleted is done in another way",
        [START, grab("ada", "dragged1", A, B), edit("bob", "op000002", delete(A)), drop("ada", "dragged1", dx=5, dy=5)],
    ),
    (
        "drop is refused: no drag, not yours, the wrong totals",
        [
            START,
            drop("ada", "dragged1", dx=1, dy=1),
            grab("ada", "dragged1", A),
            drop("bob", "dragged1", dx=1, dy=1),
            drop("ada", "dragged1", boxes={A: [1, 1, 1, 1, 1]}),
            grab("ada", "dragged2", A, how="reshape"),
            drop("ada", "dragged2", dx=1, dy=1),
        ],
    ),
]

OTHERS: Told = [
    (
        "keep and restore",
        [
            keep("ada", "check001", "nothing"),
            START,
            keep("ada", "check001", " first "),
            edit("bob", "op000002", delete(A), move(B, dx=5), create(rect(C))),
            restore("ada", "again001", "check001"),
            restore("ada", "again002", "check001"),
            restore("bob", "again003", "again001"),
            restore("bob", "again004", "check009"),
            keep("bob", "check001", "the same key"),
        ],
    ),
    (
        "restore of what was cleared",
        [START, keep("ada", "check001", "x" * 32), edit("bob", "op000002", CLEAR), restore("ada", "again001", "check001")],
    ),
    (
        "a restored shape is not remembered as deleted",
        [
            START,
            keep("ada", "check001", "first"),
            edit("ada", "op000002", delete(A)),
            restore("bob", "again001", "check001"),
            edit("ada", "op000003", revive("op000002")),
        ],
    ),
    (
        "what a restore deleted can be revived",
        [
            START,
            keep("ada", "check001", "first"),
            edit("bob", "op000002", create(rect(C))),
            restore("ada", "again001", "check001"),
            edit("ada", "op000003", revive("again001")),
        ],
    ),
    (
        "an upload, pasted",
        [
            START,
            upload("ada", "upload01", 1, 2, LIST[50:]),
            edit("ada", "op000002", paste("upload01")),
            upload("ada", "upload01", 0, 2, LIST[:50]),
            edit("bob", "op000003", paste("upload01")),
            edit("ada", "op000004", paste("upload01")),
            edit("ada", "op000005", paste("upload01")),
        ],
    ),
    (
        "an upload that is no list of shapes",
        [upload("ada", "upload01", 0, 1, "[{}]"), edit("ada", "op000002", paste("upload01")), upload("ada", "upload01", 2, 2, "")],
    ),
]

COMMAND_CASES = [*CREATIONS, *STEPS, *ORDER, *DRAGS, *OTHERS]
