"""Drags: notes, what they come to, and their end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds import Who
from gameserver.engine.worlds.board import scene as module
from tests.engine.board.asking import A, B, C, D
from tests.engine.board.boards import ADA, BOB, CLEAR, Owner, code_of, create, delete, rect, revive

ODD = st.floats(-500, 500)


@pytest.fixture
def owner() -> Owner:
    """A board with two rectangles."""
    return begun()


def begun() -> Owner:
    owner = Owner()
    owner.edit(ADA, "started1", create(rect(A), rect(B, 10, 20)))
    return owner


def grab(owner: Owner, who: Who, op: str, *ids: str, how: str = "move") -> Any:
    return owner.send(who, {"cmd": "board.grab", "op": op, "ids": list(ids), "how": how})


def pull(owner: Owner, who: Who, op: str, **totals: Any) -> None:
    owner.send(who, {"cmd": "board.move", "op": op, **totals})


def drop(owner: Owner, who: Who, op: str, **totals: Any) -> Any:
    return owner.send(who, {"cmd": "board.drop", "op": op, **totals})


def place(owner: Owner, id: str) -> tuple[float, float]:
    shape = owner.shape(id)
    return shape["x"], shape["y"]


def test_a_drag_moves_by_totals(owner: Owner) -> None:
    """[BD20] Of many moves the last total is told, once; a drop has the last of all, and the drag is forgotten."""
    assert grab(owner, ADA, "dragged1", A, B) == {"outcome": "commit"}
    assert owner.events[-1] | {"at": 0} == {
        "ev": "board.grabbed", "at": 0, "player": ADA.as_dict(), "op": "dragged1", "drag": 1, "ids": [A, B], "how": "move",
    }  # fmt: skip
    for step in range(5):
        pull(owner, ADA, "dragged1", dx=step, dy=-step)
    assert [(event["ev"], event["moves"]) for event in owner.gather()] == [("board.moved", [1, 4, -4])]
    assert (place(owner, A), place(owner, B)) == ((4, -4), (14, 16))
    assert owner.gather() == []
    assert drop(owner, ADA, "dragged1", dx=5.07, dy=0) == {"outcome": "commit"}
    assert (place(owner, A), owner.state["drags"], owner.state["next"]) == ((5.125, 0), [], 2)


def test_nothing_is_told_of_a_drag_that_did_not_move(owner: Owner) -> None:
    """[BD20] A total that is as it was before is told to nobody."""
    grab(owner, ADA, "dragged1", A)
    grab(owner, ADA, "dragged2", A, how="reshape")
    pull(owner, ADA, "dragged1", dx=0.05, dy=-0.05)
    pull(owner, ADA, "dragged2", boxes={A: [0, 0, 0, 0, 0.01]})
    assert owner.world.has_notes
    assert owner.gather() == []
    assert not owner.world.has_notes


def test_a_drag_that_reshapes_tells_a_box_for_each_shape(owner: Owner) -> None:
    """[BD20] Boxes are totals in the order of the drag's ids; shapes that are not named stay where they are."""
    grab(owner, ADA, "dragged1", B, C, A, how="reshape")
    pull(owner, ADA, "dragged1", boxes={A: [1, 1, 5, 5, 10], C: [9, 9, 9, 9, 9]})
    assert owner.gather()[0]["boxes"] == [[1, [0, 0, 0, 0, 0], [1, 1, 5, 5, 10]]]
    pull(owner, ADA, "dragged1", boxes={B: [0, 0, 2, 2, 0]})
    assert owner.gather()[0]["boxes"] == [[1, [0, 0, 2, 2, 0], [1, 1, 5, 5, 10]]]
    drop(owner, ADA, "dragged1", boxes={A: [0, 0, 7.5, -200, -10]})
    assert [owner.shape(A)[name] for name in ("x", "w", "h", "rotation")] == [0, 107.5, 1, 350]
    grab(owner, ADA, "dragged2", A, how="reshape")
    drop(owner, ADA, "dragged2", boxes={})
    assert owner.events[-1]["boxes"] == [[0, 0, 0, 0, 0]]


@given(st.lists(st.tuples(st.booleans(), ODD, ODD), max_size=12), ODD, ODD)
def test_two_people_s_drags_add_up(moves: list[tuple[bool, float, float]], dx: float, dy: float) -> None:
    """[BD22] Two drags of one shape, in any order: it ends where both totals together lead."""
    owner = begun()
    grab(owner, ADA, "dragged1", A)
    grab(owner, BOB, "dragged2", A, B)
    for is_ada, x, y in moves:
        pull(owner, *((ADA, "dragged1") if is_ada else (BOB, "dragged2")), dx=x, dy=y)
        owner.gather()
    drop(owner, BOB, "dragged2", dx=8, dy=-8)
    drop(owner, ADA, "dragged1", dx=dx, dy=dy)
    alone = begun()
    grab(alone, ADA, "dragged1", A)
    drop(alone, ADA, "dragged1", dx=dx, dy=dy)
    assert place(owner, A) == (place(alone, A)[0] + 8, place(alone, A)[1] - 8)
    assert place(owner, B) == (18, 12)


def test_what_comes_late_is_no_matter(owner: Owner) -> None:
    """[BD21] A move of an unknown drag, of one that was dropped, or of somebody else's is passed over without a word."""
    grab(owner, ADA, "dragged1", A)
    pull(owner, BOB, "dragged1", dx=5, dy=5)
    pull(owner, ADA, "dragged9", dx=5, dy=5)
    assert not owner.world.has_notes
    pull(owner, ADA, "dragged1", dx=7, dy=7)
    drop(owner, ADA, "dragged1", dx=1, dy=1)
    assert owner.gather() == []
    pull(owner, ADA, "dragged1", dx=9, dy=9)
    assert (owner.gather(), place(owner, A)) == ([], (1, 1))


def test_notes_are_no_part_of_the_state(owner: Owner) -> None:
    """[BD21] What is only noted changes nothing; an owner that begins again has no notes."""
    grab(owner, ADA, "dragged1", A)
    before = owner.state
    pull(owner, ADA, "dragged1", dx=7, dy=7)
    assert owner.state == before
    follower = Owner()
    follower.world.restore(owner.world.snapshot())
    assert (follower.world.has_notes, follower.gather()) == (False, [])
    pull(follower, ADA, "dragged1", dx=8, dy=8)
    follower.gather()
    assert place(follower, A) == (8, 8)


def test_a_drag_goes_on_with_what_is_there(owner: Owner) -> None:
    """[BD20] Shapes that are deleted while they are dragged stay where they were, and come along from then on when they are revived."""
    grab(owner, ADA, "dragged1", A, B)
    pull(owner, ADA, "dragged1", dx=5, dy=0)
    owner.gather()
    owner.edit(BOB, "deleted1", delete(A))
    pull(owner, ADA, "dragged1", dx=6, dy=0)
    owner.gather()
    owner.edit(BOB, "revived1", revive("deleted1"))
    assert drop(owner, ADA, "dragged1", dx=9, dy=0) == {"outcome": "commit"}
    assert (place(owner, A), place(owner, B)) == ((8, 0), (19, 20))


def test_a_drag_of_what_is_gone_ends_in_another_way(owner: Owner) -> None:
    """[BD18] A grab takes what is there; a drop says `rebase` when a shape of the drag is gone, and ends the drag all the same."""
    owner.edit(BOB, "deleted1", delete(A))
    assert grab(owner, ADA, "dragged1", A, B, D) == {"outcome": "rebase"}
    assert owner.events[-1]["ids"] == [B]
    owner.edit(BOB, "cleared1", CLEAR)
    assert drop(owner, ADA, "dragged1", dx=1, dy=1) == {"outcome": "rebase"}
    assert owner.state["drags"] == []


@pytest.mark.parametrize(("ids", "code"), [([A], "gone"), ([A, C], "gone"), ([C], "unknown_shape")])
def test_nothing_cannot_be_grabbed(owner: Owner, ids: list[str], code: str) -> None:
    """[BD24] A grab of no shape that is there is refused."""
    owner.edit(BOB, "deleted1", delete(A))
    with pytest.raises(Rejected) as refused:
        grab(owner, ADA, "dragged1", *ids)
    assert code_of(refused) == code


def test_a_drag_is_its_player_s(owner: Owner) -> None:
    """[BD24] Only who grabbed drops, with the totals that the drag has; and no other drag has the same `op` meanwhile."""
    grab(owner, ADA, "dragged1", A)
    grab(owner, ADA, "dragged2", A, how="reshape")
    for attempt, code in (
        (lambda: drop(owner, BOB, "dragged1", dx=1, dy=1), "not_yours"),
        (lambda: drop(owner, BOB, "dragged9", dx=1, dy=1), "no_drag"),
        (lambda: drop(owner, ADA, "dragged1", boxes={A: [1, 1, 1, 1, 1]}), "bad_message"),
        (lambda: drop(owner, ADA, "dragged2", dx=1, dy=1), "bad_message"),
        (lambda: grab(owner, BOB, "dragged1", B), "taken"),
    ):
        with pytest.raises(Rejected) as refused:
            attempt()
        assert code_of(refused) == code
    drop(owner, ADA, "dragged1", dx=1, dy=1)
    grab(owner, BOB, "dragged1", B)
    assert [drag["player"] for drag in owner.state["drags"]] == ["ada", "bob"]


def test_the_oldest_drags_end_when_there_are_too_many(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD23] So many drags are remembered, with so many ids in all; then the oldest end where they are, but never the newest."""
    monkeypatch.setattr(module, "MAX_DRAGS", 3)
    monkeypatch.setattr(module, "MAX_DRAGGED", 4)
    for number in range(1, 5):
        grab(owner, ADA, f"dragged{number}", A)
    assert [drag["drag"] for drag in owner.state["drags"]] == [2, 3, 4]
    with pytest.raises(Rejected) as refused:
        drop(owner, ADA, "dragged1", dx=1, dy=1)
    assert code_of(refused) == "no_drag"
    drop(owner, ADA, "dragged3", dx=1, dy=1)
    grab(owner, ADA, "dragged5", A, B)
    grab(owner, ADA, "dragged6", A, B)
    assert [drag["drag"] for drag in owner.state["drags"]] == [5, 6]
    owner.edit(BOB, "created2", create(*(rect(f"shape{number:03}") for number in range(9))))
    grab(owner, ADA, "dragged7", *(f"shape{number:03}" for number in range(9)))
    assert [drag["drag"] for drag in owner.state["drags"]] == [7]


def test_a_drag_that_ended_meanwhile_is_not_told(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD23] What was noted of a drag that has ended since is not told."""
    monkeypatch.setattr(module, "MAX_DRAGS", 1)
    grab(owner, ADA, "dragged1", A)
    pull(owner, ADA, "dragged1", dx=5, dy=5)
    grab(owner, BOB, "dragged2", B)
    assert (owner.gather(), place(owner, A)) == ([], (0, 0))


def test_a_drag_stops_at_the_bounds(owner: Owner) -> None:
    """[BD7] A drag stops at the edge and comes back by what it comes back; its totals are as they were told."""
    grab(owner, ADA, "dragged1", A)
    pull(owner, ADA, "dragged1", dx=1_000_050, dy=0)
    owner.gather()
    assert (place(owner, A), owner.state["drags"][0]["dx"]) == ((1_000_000, 0), 1_000_050)
    drop(owner, ADA, "dragged1", dx=1_000_040, dy=0)
    assert place(owner, A) == (999_990, 0)
