"""The board as it is stored, and as newcomers get it."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from typing import Any

import pytest

from gameserver.engine.worlds.board import packing as module
from gameserver.engine.worlds.board.world import World
from tests.engine.board.asking import A, B, C, L
from tests.engine.board.boards import (
    ADA,
    BOB,
    Owner,
    canonical,
    change,
    create,
    delete,
    followed,
    line,
    move,
    packed,
    rect,
    revive,
    through_json,
)


@pytest.fixture
def owner() -> Owner:
    """A board with something of everything."""
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A, 0.5, text="é\n"), rect(B, 10, 20), line(L), rect(C)))
    owner.send(ADA, {"cmd": "board.keep", "op": "check001", "name": "first"})
    owner.send(ADA, {"cmd": "board.grab", "op": "dragged1", "ids": [A, B], "how": "move"})
    owner.send(BOB, {"cmd": "board.grab", "op": "dragged2", "ids": [A, L], "how": "reshape"})
    owner.send(ADA, {"cmd": "board.move", "op": "dragged1", "dx": 5, "dy": 0.5})
    owner.gather()
    owner.edit(BOB, "deleted1", delete(C))
    return owner


def copy(owner: Owner) -> Owner:
    """Another owner that begins with the state as it was stored."""
    world = World()
    world.restore(through_json(owner.world.snapshot()))
    successor = Owner(world)
    successor.now = owner.now
    return successor


def opened(view: Any) -> dict[str, Any]:
    """What a newcomer makes of a view."""
    state = json.loads(zlib.decompress(b64decode(view["packed"])))
    return canonical(followed(state, view["since"]))


def test_what_is_stored_is_all(owner: Owner) -> None:
    """[BD33] A board that was restored is the same to the last byte, and goes on so: what is deleted, dragged and kept is known."""
    successor = copy(owner)
    assert packed(successor.world) == packed(owner.world)
    assert successor.state == owner.state
    for one in (owner, successor):
        one.edit(BOB, "revived1", revive("deleted1"))
        one.send(ADA, {"cmd": "board.drop", "op": "dragged1", "dx": 1, "dy": 1})
        one.edit(ADA, "created2", create(rect("dddddddd")))
        one.send(ADA, {"cmd": "board.restore", "op": "again001", "checkpoint": "check001"})
    assert packed(successor.world) == packed(owner.world)
    assert [shape["x"] for shape in owner.state["shapes"]] == [0.5, 10, 0, 0]


def test_shared_shapes_are_stored_once(owner: Owner) -> None:
    """[BD33] A shape that the board and checkpoints share is stored once, and shared again afterwards."""
    for number in range(3):
        owner.send(ADA, {"cmd": "board.keep", "op": f"again00{number}", "name": "again"})
    successor = copy(owner)
    assert len(successor.world.snapshot()["table"]) == len(owner.world.snapshot()["table"]) == 3 + 4 - 1
    kept = successor.world.scene.checkpoints["again001"].shapes
    assert [shape is successor.world.scene.shapes[shape.id] for shape in kept] == [True] * 3


def test_a_snapshot_does_not_change_afterwards(owner: Owner) -> None:
    """[BD33] What was given as a snapshot stays as it was when the board goes on."""
    snapshot = owner.world.snapshot()
    before = through_json(snapshot)
    owner.edit(ADA, "changed1", change(A, text="other"), delete(B))
    owner.send(ADA, {"cmd": "board.drop", "op": "dragged1", "dx": 1, "dy": 1})
    assert through_json(snapshot) == before


def test_a_newcomer_opens_what_is_packed(owner: Owner) -> None:
    """[BD34] A view is the board deflated, without what is deleted or kept; a newcomer makes the owner's state of it."""
    view = through_json(owner.world.view())
    assert view["since"] == []
    assert opened(view) == owner.state
    state = json.loads(zlib.decompress(b64decode(view["packed"])))
    assert sorted(state) == ["bottom", "checkpoints", "drags", "next", "shapes", "top"]
    assert state["checkpoints"] == [{"key": "check001", "name": "first", "at": owner.events[1]["at"], "by": "Ada", "shapes": 4}]


def test_the_next_newcomers_get_what_came_since(owner: Owner) -> None:
    """[BD34] It is packed once for many; what came since is given beside it, ephemeral events are not."""
    first = owner.world.view()
    owner.edit(ADA, "moved001", move(A, dx=1))
    owner.send(BOB, {"cmd": "board.point", "x": 1, "y": 1})
    owner.gather()
    second = owner.world.view()
    assert (second["packed"] is first["packed"], first["since"]) == (True, [])
    assert [event["op"] for event in second["since"]] == ["moved001"]
    assert opened(through_json(second)) == owner.state


def test_it_is_packed_anew_when_much_came_since(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD34] What came since is bounded, in number and in size: then it is packed anew when the next one comes."""
    monkeypatch.setattr(module, "MAX_SINCE", 3)
    first = owner.world.view()["packed"]
    for number in range(5):
        owner.edit(ADA, f"moved{number:03}", move(A, dx=1))
        assert opened(through_json(owner.world.view())) == owner.state
    assert owner.world.view()["packed"] != first
    assert len(owner.world.view()["since"]) == 1
    monkeypatch.setattr(module, "MAX_SINCE_WEIGHT", 2_000)
    owner.edit(ADA, "created2", create(line("dddddddd", [0, 0] * 1_000)))
    assert owner.world.view()["since"] == []
    assert opened(through_json(owner.world.view())) == owner.state


@pytest.mark.parametrize("what", ["text", "many", "ids", "boxes", "put"])
def test_everything_large_counts(owner: Owner, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """[BD34] Whatever is large in an event counts for what came since."""
    monkeypatch.setattr(module, "MAX_SINCE_WEIGHT", 100)
    owner.world.view()
    if what == "text":
        owner.edit(ADA, "changed1", change(A, text="x" * 2_000))
    elif what == "many":
        owner.edit(ADA, "created1", create(*(rect(f"shape{number:03}") for number in range(20))))
    elif what == "ids":
        owner.edit(ADA, "moved001", move(A, dx=1), *(move(*[A, B], dx=1) for _ in range(60)))
    elif what == "boxes":
        owner.edit(ADA, "shaped01", *({"do": "reshape", "boxes": {A: [1, 1, 1, 1, 1]}} for _ in range(60)))
    else:
        owner.edit(ADA, "changed1", *(change(id, fill="#ff0000") for id in (A, B, L)))
        owner.world.view()
        owner.send(ADA, {"cmd": "board.restore", "op": "again001", "checkpoint": "check001"})
    assert owner.world.view()["since"] == []


def test_a_board_that_is_read_again_is_packed_anew(owner: Owner) -> None:
    """[BD34] After a restore from storage a view is that of what was restored."""
    empty = through_json(World().snapshot())
    owner.world.view()
    owner.world.restore(empty)
    assert opened(through_json(owner.world.view())) == canonical(World().scene)
