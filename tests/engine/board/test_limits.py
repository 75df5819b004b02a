"""Bounds of what a board holds, and of what it remembers."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds.board import decide, scene
from gameserver.engine.worlds.board.world import World
from tests.engine.board.asking import A, B, C, D, L
from tests.engine.board.boards import ADA, BOB, CLEAR, Owner, change, code_of, create, delete, duplicate, line, move, rect, revive


@pytest.fixture
def owner() -> Owner:
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A, text="abc"), rect(B), line(L)))
    return owner


def refusal(owner: Owner, *steps: Any) -> str:
    with pytest.raises(Rejected) as refused:
        owner.edit(ADA, "refused1", *steps)
    return code_of(refused)


def test_a_board_has_so_many_shapes(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD16] A step after which there would be too many shapes is refused; what goes makes room."""
    monkeypatch.setattr(decide, "MAX_SHAPES", 4)
    assert refusal(owner, create(rect(C), rect(D))) == "full"
    assert refusal(owner, duplicate(A, B, new=[C, D])) == "full"
    owner.edit(ADA, "deleted1", delete(B), create(rect(C), rect(D)))
    assert refusal(owner, revive("deleted1")) == "full"
    owner.edit(BOB, "deleted2", delete(C))
    owner.edit(ADA, "revived1", revive("deleted1"))


def test_a_board_has_so_many_points(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD16] Points are counted over all shapes, by whatever they come."""
    monkeypatch.setattr(decide, "MAX_POINTS", 5)
    assert refusal(owner, change(L, points=[0, 0] * 6)) == "full"
    owner.edit(ADA, "doubled1", duplicate(L, new=[C]))
    assert refusal(owner, create(line(D))) == "full"
    owner.edit(ADA, "changed1", change(L, points=[0, 0] * 3))
    owner.edit(ADA, "cleared1", CLEAR, create(line(D, [0, 0] * 5)))


def test_a_board_has_so_many_characters(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD16] Characters are counted over all shapes as Unicode counts them."""
    monkeypatch.setattr(decide, "MAX_CHARACTERS", 6)
    owner.edit(ADA, "changed1", change(B, text="🎈🎈🎈"))
    assert refusal(owner, create(rect(C, text="x"))) == "full"
    assert refusal(owner, duplicate(A, new=[C])) == "full"
    owner.edit(ADA, "deleted1", delete(A), create(rect(C, text="x")))


def test_the_bounds_are_those_of_the_page() -> None:
    """[BD16] A board has at most 5,000 shapes, 200,000 points and 500,000 characters; its messages are at most 64 KiB, 60 a second."""
    assert (decide.MAX_SHAPES, decide.MAX_POINTS, decide.MAX_CHARACTERS) == (5_000, 200_000, 500_000)
    assert (World.max_frame, World.rate, World.burst, World.frames) == (65_536, 60, 120, 30)
    assert (scene.MAX_BIN, scene.MAX_DRAGS, scene.MAX_CHECKPOINTS) == (10_000, 1_000, 50)


def test_a_full_board_is_full() -> None:
    """[BD16] With the real bounds: 5,000 shapes fit, and one more does not."""
    owner = Owner()
    for part in range(10):
        owner.edit(ADA, f"created{part}", create(*(rect(f"s{part}{number:06}") for number in range(500))))
    assert refusal(owner, create(rect(A))) == "full"


@pytest.mark.parametrize(("bound", "most"), [("MAX_BIN", 2), ("MAX_BIN_POINTS", 4), ("MAX_BIN_CHARACTERS", 2)])
def test_the_oldest_deleted_shapes_are_forgotten(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    """[BD17] So many deleted shapes are remembered, with so many points and characters; older ones are as if they had never been."""
    monkeypatch.setattr(scene, bound, most)
    owner = Owner()
    shapes = [line(id) if bound == "MAX_BIN_POINTS" else rect(id, text="x") for id in (A, B, C)]
    owner.edit(ADA, "started1", create(*shapes))
    owner.edit(ADA, "deleted1", delete(A))
    owner.edit(ADA, "deleted2", delete(B, C))
    assert refusal(owner, move(A, dx=1)) == "unknown_shape"
    assert refusal(owner, move(B, dx=1)) == refusal(owner, move(C, dx=1)) == "gone"
    assert refusal(owner, revive("deleted1")) == "unknown_shape"
    owner.edit(BOB, "created1", create(rect(A)))
    owner.edit(ADA, "revived1", revive("deleted2"))
    assert owner.world.scene.bin == {}
    owner.edit(ADA, "deleted3", delete(A, B, C))
    assert len(owner.world.scene.bin) == (2 if bound == "MAX_BIN" else 3)


def test_what_is_deleted_again_is_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD17] A shape that was revived and deleted again is remembered as the newest."""
    monkeypatch.setattr(scene, "MAX_BIN", 2)
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A), rect(B), rect(C)))
    owner.edit(ADA, "deleted1", delete(A))
    owner.edit(ADA, "deleted2", delete(B))
    owner.edit(ADA, "revived1", revive("deleted1"), delete(A))
    owner.edit(ADA, "deleted3", delete(C))
    assert list(owner.world.scene.bin) == [A, C]
