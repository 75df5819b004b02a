"""Checkpoints: the board kept under a name, and restored."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board import checkpoints as module
from gameserver.engine.worlds.board import scene
from tests.engine.board.asking import A, B, C, L
from tests.engine.board.boards import ADA, BOB, CLEAR, Owner, change, code_of, create, delete, line, move, rect, revive


@pytest.fixture
def owner() -> Owner:
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A), rect(B, 10, 20), line(L)))
    return owner


def keep(owner: Owner, op: str = "check001", name: str = "first", who: Who = ADA) -> Any:
    return owner.send(who, {"cmd": "board.keep", "op": op, "name": name})


def restore(owner: Owner, op: str, checkpoint: str, who: Who = BOB) -> Any:
    return owner.send(who, {"cmd": "board.restore", "op": op, "checkpoint": checkpoint})


def keys(owner: Owner) -> list[str]:
    return [checkpoint["key"] for checkpoint in owner.state["checkpoints"]]


def test_a_checkpoint_is_listed(owner: Owner) -> None:
    """[BD25] A kept board is listed with its key, cleaned name, time, who kept it, and the number of its shapes."""
    assert keep(owner, name="  my \u200bfirst ") == {"outcome": "commit", "key": "check001"}
    assert owner.state["checkpoints"] == [{"key": "check001", "name": "my first", "at": owner.now, "by": "Ada", "shapes": 3}]


@pytest.mark.parametrize(("name", "code"), [("", "empty"), (" \u200b", "empty"), ("x" * 33, "too_long")])
def test_a_checkpoint_needs_a_name(owner: Owner, name: str, code: str) -> None:
    """[BD25] A name in which nothing can be seen, or a long one, is refused."""
    with pytest.raises(Rejected) as refused:
        keep(owner, name=name)
    assert code_of(refused) == code


def test_an_empty_board_is_not_kept(owner: Owner) -> None:
    """[BD25] There is nothing to keep on an empty board; and a key is used once."""
    keep(owner)
    with pytest.raises(Rejected) as refused:
        keep(owner, name="second")
    assert code_of(refused) == "taken"
    owner.edit(ADA, "cleared1", CLEAR)
    with pytest.raises(Rejected) as refused:
        keep(owner, "check002")
    assert code_of(refused) == "nothing"


def test_a_restore_makes_all_as_it_was(owner: Owner) -> None:
    """[BD26] After a restore the shapes are those of the checkpoint, `z` and all; what there was before is kept, and its key told."""
    before = owner.state["shapes"]
    keep(owner)
    owner.edit(BOB, "changed1", delete(A), change(B, fill="#ff0000"), create(rect(C)))
    between = owner.state["shapes"]
    assert restore(owner, "again001", "check001") == {"outcome": "commit", "undo": "again001"}
    assert owner.state["shapes"] == before
    assert [(one["name"], one["by"], one["shapes"]) for one in owner.state["checkpoints"]] == [
        ("first", "Ada", 3),
        ("before “first”", "Bob", 3),
    ]
    restore(owner, "again002", "again001")
    assert owner.state["shapes"] == between


def test_a_restore_tells_the_difference(owner: Owner) -> None:
    """[BD26] A restore's event has the shapes that differ and the ids that go, no more."""
    keep(owner)
    owner.edit(BOB, "changed1", move(A, dx=3), create(rect(C)))
    restore(owner, "again001", "check001")
    kept, restored = owner.events[-2:]
    assert (kept["ev"], kept["key"]) == ("board.kept", "again001")
    assert (restored["ev"], restored["key"], restored["op"], restored["gone"]) == ("board.restored", "check001", "again001", [C])
    assert [shape["id"] for shape in restored["put"]] == [A]


@pytest.mark.parametrize(("checkpoint", "code"), [("check009", "no_checkpoint"), ("check001", "nothing")])
def test_a_restore_without_effect_is_refused(owner: Owner, checkpoint: str, code: str) -> None:
    """[BD26] A checkpoint that is not kept cannot be restored, and one that the board equals need not."""
    keep(owner)
    with pytest.raises(Rejected) as refused:
        restore(owner, "again001", checkpoint)
    assert code_of(refused) == code


def test_a_cleared_board_can_be_restored(owner: Owner) -> None:
    """[BD26] On an empty board a restore keeps an empty checkpoint, so that it can be undone."""
    keep(owner)
    owner.edit(ADA, "cleared1", CLEAR)
    undo = restore(owner, "again001", "check001")["undo"]
    assert len(owner.state["shapes"]) == 3
    restore(owner, "again002", undo)
    assert owner.state["shapes"] == []


def test_what_a_restore_brings_back_is_not_deleted_any_more(owner: Owner) -> None:
    """[BD26] Who deleted what a restore brought back has nothing to revive; who restored can revive what went."""
    keep(owner)
    owner.edit(ADA, "deleted1", delete(A), create(rect(C)))
    restore(owner, "again001", "check001")
    with pytest.raises(Rejected) as refused:
        owner.edit(ADA, "revived1", revive("deleted1"))
    assert code_of(refused) == "unknown_shape"
    owner.edit(BOB, "revived2", revive("again001"))
    assert owner.shape(C)["z"] == 4


@pytest.mark.parametrize(
    ("name", "before"), [("first", "before “first”"), ("x" * 32, "before “" + "x" * 22 + "…”"), ("x" * 23, "before “" + "x" * 23 + "”")]
)
def test_what_was_before_has_a_name_of_a_name_s_length(name: str, before: str) -> None:
    """[BD26] The checkpoint before a restore is called after the one that is restored, in no more characters than a name has."""
    assert module.before(name) == before
    assert len(module.before(module.before(name))) <= 32


def test_the_last_fifty_are_kept(owner: Owner) -> None:
    """[BD27] At most 50 checkpoints are kept, the newest ones; shapes that they share are kept once."""
    for number in range(60):
        owner.edit(BOB, f"moved{number:03}", move(A, dx=1))
        keep(owner, f"check{number:03}")
    assert keys(owner) == [f"check{number:03}" for number in range(10, 60)]
    assert len(owner.world.snapshot()["table"]) == 2 + 50
    restore(owner, "again001", "check010")
    assert owner.shape(A)["x"] == 11


def test_the_oldest_go_when_all_together_are_too_large(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD27] What checkpoints hold in distinct shapes, points and characters is bounded: the oldest go, and the event names them."""
    monkeypatch.setattr(module, "MAX_WEIGHT", 8)
    for number in range(4):
        keep(owner, f"check{number:03}")
        owner.edit(BOB, f"moved{number:03}", move(A, B, dx=1))
    assert keys(owner) == ["check001", "check002", "check003"]
    assert owner.events[-2]["gone"] == ["check000"]
    owner.edit(BOB, "changed1", change(A, text="x" * 300))
    keep(owner, "check004")
    assert (keys(owner), owner.events[-1]["gone"]) == (["check004"], ["check001", "check002", "check003"])


def test_a_checkpoint_that_goes_for_its_own_restore_is_restored_all_the_same(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD27] A restore works even when what it keeps before pushes its checkpoint out."""
    monkeypatch.setattr(scene, "MAX_CHECKPOINTS", 1)
    keep(owner)
    owner.edit(BOB, "cleared1", CLEAR)
    restore(owner, "again001", "check001")
    assert (keys(owner), len(owner.state["shapes"])) == (["again001"], 3)
