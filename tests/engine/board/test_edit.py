"""Steps of `board.edit`: what each of them does, and when it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from tests.engine.board.asking import A, B, C, D, L
from tests.engine.board.boards import (
    ADA,
    BOB,
    CLEAR,
    Owner,
    change,
    code_of,
    create,
    delete,
    duplicate,
    line,
    move,
    packed,
    rect,
    reshape,
    revive,
)


@pytest.fixture
def owner() -> Owner:
    """A board with two rectangles and a line."""
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A), rect(B, 10, 20), line(L)))
    return owner


def refusal(owner: Owner, *steps: Any, who: Any = BOB, op: str = "refused1") -> str:
    """The code that a command is refused with. `Owner` makes sure that it changes nothing."""
    events = list(owner.events)
    with pytest.raises(Rejected) as refused:
        owner.edit(who, op, *steps)
    assert owner.events == events
    return code_of(refused)


def ids(owner: Owner) -> list[str]:
    return [shape["id"] for shape in owner.state["shapes"]]


def test_what_is_created_is_in_front_in_its_order(owner: Owner) -> None:
    """[BD4] New shapes get the next `z`, each one above the highest there ever was, also of those that are gone."""
    owner.edit(ADA, "deleted1", delete(L))
    owner.edit(BOB, "created2", create(rect(D), rect(C)))
    assert [(shape["id"], shape["z"]) for shape in owner.state["shapes"]] == [(A, 1), (B, 2), (C, 5), (D, 4)]


@pytest.mark.parametrize("shapes", [[rect(C), rect(A)], [rect(C), rect(C)]])
def test_an_id_is_not_used_twice(owner: Owner, shapes: list[Any]) -> None:
    """[BD4] A shape with an id that is there, or that came just before, is refused, and with it all others."""
    assert refusal(owner, create(*shapes)) == "taken"


def test_the_id_of_a_deleted_shape_is_taken(owner: Owner) -> None:
    """[BD4] An id is not used again while the shape that had it is remembered."""
    owner.edit(ADA, "deleted1", delete(A))
    assert refusal(owner, create(rect(A))) == "taken"
    assert refusal(owner, duplicate(B, new=[A])) == "taken"


def test_a_change_sets_its_fields_only(owner: Owner) -> None:
    """[BD5] A change gives all shapes the same fields, rounded, and leaves the others as they are."""
    before = owner.shape(A)
    assert owner.edit(BOB, "changed1", change(A, B, x=3.3, fill="#FF0000", text="hi")) == {"outcome": "commit"}
    assert owner.shape(A) == before | {"x": 3.25, "fill": "#ff0000", "text": "hi"}
    assert owner.shape(B)["x"] == 3.25


def test_a_change_is_refused_when_one_of_the_shapes_cannot_have_it(owner: Owner) -> None:
    """[BD5] Fields that one of the shapes may not have refuse the step for all."""
    assert refusal(owner, change(A, L, text="hi")) == "bad_message"
    assert refusal(owner, change(A, L, points=[0, 0, 1, 1])) == "bad_message"
    assert refusal(owner, change(A, L, w=0.5)) == "out_of_range"
    assert refusal(owner, change(L, points=[1] * 2_002)) == "too_many_points"
    assert refusal(owner, change(L, points=[])) == "bad_message"
    assert refusal(owner, change(A, text="x" * 2_001)) == "too_long"
    assert refusal(owner, change(A)) == "bad_message"
    owner.edit(ADA, "changed1", change(L, w=0.5, points=[0, 0, 5, 5]))
    assert (owner.shape(L)["w"], owner.shape(L)["points"]) == (0.5, [0, 0, 5, 5])


def test_a_change_with_was_takes_back_only_what_is_as_it_was_left(owner: Owner) -> None:
    """[BD6] With `was` only shapes are changed whose fields are what it says; if there is none, the step is overtaken."""
    owner.edit(BOB, "changed1", change(A, fill="#00ff00"))
    step = change(A, B, was={"fill": ""}, fill="#ff0000")
    assert owner.edit(ADA, "changed2", step) == {"outcome": "rebase"}
    assert owner.events[-1]["did"] == [{"do": "change", "ids": [B], "set": {"fill": "#ff0000"}}]
    assert (owner.shape(A)["fill"], owner.shape(B)["fill"]) == ("#00ff00", "#ff0000")
    assert refusal(owner, step) == "overtaken"


def test_was_is_compared_as_it_would_be_kept(owner: Owner) -> None:
    """[BD6] What `was` says is rounded and cleaned before it is compared."""
    owner.edit(ADA, "changed1", change(A, x=0.07, text="a"))
    assert owner.edit(ADA, "changed2", change(A, was={"x": 0.13, "text": "a\u200b"}, x=5)) == {"outcome": "commit"}
    assert owner.edit(ADA, "changed3", change(L, was={"points": [0, 0, 10_000, 10_000]}, points=[1, 1, 2, 2])) == {"outcome": "commit"}


def test_moves_add_up_and_stop_at_the_bounds(owner: Owner) -> None:
    """[BD7] Moves of several people add up; at the edge a shape stops instead of being refused."""
    owner.edit(ADA, "moved001", move(A, dx=5.06, dy=1))
    owner.edit(BOB, "moved002", move(A, B, dx=1.07, dy=-3))
    assert (owner.shape(A)["x"], owner.shape(A)["y"]) == (6.125, -2)
    owner.edit(BOB, "moved003", move(A, dx=9e8, dy=-9e8))
    assert (owner.shape(A)["x"], owner.shape(A)["y"]) == (1_000_000, -1_000_000)


def test_reshapes_add_up_and_stop_at_the_bounds(owner: Owner) -> None:
    """[BD7] Sizes and angles add up as places do; sizes stop at 1, those of lines at 0, and at the largest, angles go round."""
    owner.edit(ADA, "shaped01", reshape(**{A: [1, 2, 3, 4, 350], L: [0, 0, -500, -500, -10]}))
    owner.edit(BOB, "shaped02", reshape(**{A: [1, 2, -500, 1e8, 20]}))
    shape, line = owner.shape(A), owner.shape(L)
    assert [shape[name] for name in ("x", "y", "w", "h", "rotation")] == [2, 4, 1, 100_000, 10]
    assert [line[name] for name in ("w", "h", "rotation")] == [0, 0, 350]


def test_what_is_deleted_is_gone_and_what_never_was_is_unknown(owner: Owner) -> None:
    """[BD9] A step is done on those shapes that are there; on none of them it is refused, as gone if one of them was deleted."""
    assert owner.edit(ADA, "deleted1", delete(A, C)) == {"outcome": "rebase"}
    assert owner.events[-1]["did"] == [{"do": "delete", "ids": [A]}]
    for step in (move(A, C, dx=1), change(A, fill=""), reshape(**{A: [1, 1, 1, 1, 1]}), delete(A), duplicate(A, new=[D])):
        assert refusal(owner, step) == "gone"
    for step in (move(C, D, dx=1), change(C, fill=""), reshape(**{C: [1, 1, 1, 1, 1]}), delete(C), duplicate(C, new=[D])):
        assert refusal(owner, step) == "unknown_shape"


@pytest.mark.parametrize("deletion", [delete(A), CLEAR])
def test_a_late_change_brings_nothing_back(owner: Owner, deletion: Any) -> None:
    """[BD12] A late change to a deleted shape is refused, or done on the others only: the shape does not come back."""
    owner.edit(ADA, "deleted1", deletion)
    before = ids(owner)
    assert refusal(owner, change(A, fill="#ff0000")) == "gone"
    owner.edit(ADA, "created2", create(rect(C)))
    assert owner.edit(BOB, "moved001", move(A, C, dx=7)) == {"outcome": "rebase"}
    assert ids(owner) == [*before, C] if deletion is CLEAR else sorted([*before, C])
    assert owner.shape(C)["x"] == 7


def test_clear_takes_all_and_an_empty_board_has_nothing_to_clear(owner: Owner) -> None:
    """[BD10] A clear deletes all; on an empty board it is refused."""
    assert owner.edit(BOB, "cleared1", CLEAR) == {"outcome": "commit"}
    assert (owner.state["shapes"], owner.state["top"]) == ([], 3)
    assert refusal(owner, CLEAR) == "nothing"


def test_duplicates_are_in_front_in_the_order_of_their_originals(owner: Owner) -> None:
    """[BD11] Copies have new ids, the next `z` in the order of the originals' `z`, and are moved by what was asked."""
    owner.edit(BOB, "doubled1", duplicate(L, A, new=[C, D], dx=10.07, dy=-1))
    assert owner.shape(D) == owner.shape(A) | {"id": D, "x": 10.125, "y": -1, "z": 4}
    assert owner.shape(C) == owner.shape(L) | {"id": C, "x": 10.125, "y": -1, "z": 5}


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (duplicate(A, B, new=[C]), "bad_message"),
        (duplicate(A, A, new=[C, D]), "bad_message"),
        (duplicate(A, B, new=[C, C]), "taken"),
        (duplicate(A, new=[B]), "taken"),
        (duplicate(A, new=[A]), "taken"),
    ],
)
def test_duplicates_need_an_id_each(owner: Owner, step: Any, code: str) -> None:
    """[BD11] A duplicate whose new ids do not fit is refused."""
    assert refusal(owner, step) == code


def test_revive_gives_exactly_what_was_deleted(owner: Owner) -> None:
    """[BD13] What a player deleted comes back as it was, with its `z`, whatever happened to the others meanwhile."""
    owner.edit(BOB, "moved001", move(A, dx=3.5))
    before = {shape["id"]: shape for shape in owner.state["shapes"]}
    owner.edit(ADA, "deleted1", delete(A, L))
    owner.edit(BOB, "moved002", move(B, dx=1), create(rect(C)))
    assert owner.edit(ADA, "revived1", revive("deleted1")) == {"outcome": "commit"}
    assert (owner.shape(A), owner.shape(L)) == (before[A], before[L])
    assert owner.shape(B)["x"] == before[B]["x"] + 1


def test_revive_after_clear_gives_only_what_that_cleared(owner: Owner) -> None:
    """[BD13] A command's deletion is what it deleted itself: not what was gone before, nor what is there again."""
    owner.edit(ADA, "deleted1", delete(A))
    owner.edit(ADA, "cleared1", CLEAR)
    owner.edit(ADA, "revived1", revive("cleared1"))
    assert ids(owner) == [B, L]
    assert refusal(owner, revive("cleared1"), who=ADA) == "unknown_shape"


def test_only_who_deleted_revives(owner: Owner) -> None:
    """[BD13] Somebody else's deletion is not revived, nor one of a command that deleted nothing, or that is just being done."""
    owner.edit(ADA, "deleted1", delete(A))
    assert refusal(owner, revive("deleted1")) == "not_yours"
    assert refusal(owner, revive("started1")) == "unknown_shape"
    assert refusal(owner, delete(B), revive("refused1"), op="refused1") == "unknown_shape"


def test_a_command_is_done_whole_or_not_at_all(owner: Owner) -> None:
    """[BD15] When one step is refused, nothing of the command happens: the state is the same to the last byte."""
    before = packed(owner.world)
    steps = [move(A, dx=1), delete(B), create(rect(C)), duplicate(C, new=[D]), change(A, fill="#ff0000")]
    for last in (create(rect(L)), move(B, dx=1), revive("nothing1")):
        refusal(owner, *steps, last)
        assert packed(owner.world) == before
    assert owner.edit(BOB, "done0001", *steps) == {"outcome": "commit"}


def test_a_step_sees_what_the_steps_before_it_did() -> None:
    """[BD15] What a step makes, moves or deletes, is so for the next one."""
    owner = Owner()
    owner.edit(ADA, "done0001", create(rect(A)), move(A, dx=5), duplicate(A, new=[B], dx=1), delete(A), CLEAR, create(rect(C)))
    assert (ids(owner), owner.shape(C)["z"]) == ([C], 3)
    assert refusal(owner, delete(C), move(C, dx=1)) == "gone"
    assert refusal(owner, CLEAR, CLEAR) == "nothing"


def test_the_outcome_tells_whether_it_was_done_as_asked(owner: Owner) -> None:
    """[BD18] `rebase` says that a shape was left out or a text cleaned; what was only rounded is a `commit`."""
    assert owner.edit(ADA, "op000001", move(A, dx=0.3), create(rect(C, 0.3))) == {"outcome": "commit"}
    assert owner.edit(ADA, "op000002", move(A, dx=1), change(A, D, fill="")) == {"outcome": "rebase"}
    assert owner.edit(ADA, "op000003", change(A, text="a\u202eb")) == {"outcome": "rebase"}
    assert owner.edit(ADA, "op000004", create(rect(D, text="a\u202eb"))) == {"outcome": "rebase"}
    assert owner.edit(ADA, "op000005", change(A, B, text="ab")) == {"outcome": "commit"}
