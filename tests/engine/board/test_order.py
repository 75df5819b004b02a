"""Which shape is in front of which, and how that changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.errors import Rejected
from tests.engine.board.asking import places
from tests.engine.board.boards import ADA, BOB, Owner, change, code_of, create, delete, order, rect

NAMES = "abcdef"
SOME = st.sets(st.sampled_from(NAMES), min_size=1)
WAYS = st.sampled_from(["forward", "backward"])


def board(*z: int) -> Owner:
    """Rectangles a, b, c, … from back to front; with numbers, these are their `z`."""
    owner = Owner()
    owner.edit(ADA, "started1", create(*(rect(name * 8) for name in NAMES)))
    if z:
        owner.edit(ADA, "ordered1", places(**{name * 8: depth for name, depth in zip(NAMES, z, strict=True)}))
    return owner


def row(owner: Owner) -> str:
    """The names from back to front."""
    return "".join(shape["id"][0] for shape in sorted(owner.state["shapes"], key=lambda shape: (shape["z"], shape["id"])))


def put(owner: Owner, names: str, to: str) -> Any:
    return owner.edit(BOB, "ordered2", order(*(name * 8 for name in names), to=to))


@pytest.mark.parametrize(
    ("names", "to", "row_after"),
    [
        ("a", "front", "bcdefa"),
        ("eb", "front", "acdfbe"),
        ("f", "back", "fabcde"),
        ("ec", "back", "ceabdf"),
        ("a", "forward", "bacdef"),
        ("f", "forward", "abcdef"),
        ("ab", "forward", "cabdef"),
        ("ac", "forward", "badcef"),
        ("ef", "forward", "abcdef"),
        ("df", "forward", "abcedf"),
        ("b", "backward", "bacdef"),
        ("a", "backward", "abcdef"),
        ("bc", "backward", "bcadef"),
        ("ac", "backward", "acbdef"),
        ("abcdef", "forward", "abcdef"),
        ("abcdef", "backward", "abcdef"),
    ],
)
def test_shapes_go_to_where_they_are_told(names: str, to: str, row_after: str) -> None:
    """[BD8] Shapes go to the front, the back, or change places with the next one; among themselves they stay in order."""
    owner = board()
    assert put(owner, names, to) == {"outcome": "commit"}
    assert row(owner) == row_after


@given(st.permutations(range(1, 7)), SOME, WAYS)
def test_a_step_forward_changes_nothing_else(z: list[int], names: set[str], to: str) -> None:
    """[BD8] After `forward` and `backward` the same `z` are there, others stand as they stood, and nobody went by more than one of them."""
    owner = board(*z)
    before, way = row(owner), 1 if to == "forward" else -1
    put(owner, "".join(sorted(names)), to)
    after = row(owner)
    assert sorted(shape["z"] for shape in owner.state["shapes"]) == [1, 2, 3, 4, 5, 6]
    for group in (names, set(NAMES) - names):
        assert [name for name in before if name in group] == [name for name in after if name in group]
    for name in names:
        assert (after.index(name) - before.index(name)) * way in (0, 1)


@given(st.lists(st.integers(1, 3), min_size=6, max_size=6), SOME, WAYS)
def test_among_equal_depths_nobody_goes_the_wrong_way(z: list[int], names: set[str], to: str) -> None:
    """[BD8] Where some `z` are equal, a step forward leads forward all the same, if only by going in front of all."""
    owner = board(*z)
    before, way = row(owner), 1 if to == "forward" else -1
    put(owner, "".join(sorted(names)), to)
    after = row(owner)
    assert [name for name in before if name in names] == [name for name in after if name in names]
    assert all((after.index(name) - before.index(name)) * way >= 0 for name in names)
    end = before[::-way][: len(names)]
    assert after != before or set(end) == names


def test_front_counts_on_from_the_highest_there_ever_was() -> None:
    """[BD8] What goes to the front is above all that ever was, and what goes to the back below."""
    owner = board()
    owner.edit(ADA, "deleted1", delete("f" * 8))
    put(owner, "a", "front")
    put(owner, "b", "back")
    put(owner, "c", "back")
    assert [owner.shape(name * 8)["z"] for name in "abc"] == [7, -1, -2]
    assert (owner.state["top"], owner.state["bottom"]) == (7, -2)


def test_the_order_that_was_kept_in_step_is_the_order_there_is() -> None:
    """[BD8] The order is right after shapes came, went and changed places in one command."""
    owner = board()
    steps = [order("a" * 8, to="forward"), delete("d" * 8), create(rect("x" * 8)), order("x" * 8, to="backward"), change("b" * 8, x=5)]
    owner.edit(BOB, "ordered2", *steps, order("a" * 8, "f" * 8, to="forward"))
    assert row(owner) == "bcaexf"
    assert [id[0] for _, id in owner.world.scene.in_order()] == list("bcaexf")


def test_depths_as_wanted_are_for_undoing() -> None:
    """[BD8] `z` sets depths that there were; with `was` only of what is where it says, and overtaken when nothing is."""
    owner = board()
    put(owner, "ab", "front")
    put(owner, "b", "back")
    undo = places({"a" * 8: 7, "b" * 8: 8}, **{"a" * 8: 1, "b" * 8: 2})
    assert owner.edit(ADA, "undone01", undo) == {"outcome": "rebase"}
    assert owner.events[-1]["did"] == [{"do": "order", "z": {"a" * 8: 1}}]
    with pytest.raises(Rejected) as refused:
        owner.edit(ADA, "undone02", undo)
    assert code_of(refused) == "overtaken"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (places(**{"a" * 8: 7}), "out_of_range"),
        (places(**{"a" * 8: -1}), "out_of_range"),
        (places(**{"x" * 8: 1}), "unknown_shape"),
        ({"do": "order"}, "bad_message"),
        ({"do": "order", "ids": ["a" * 8]}, "bad_message"),
        ({"do": "order", "to": "front"}, "bad_message"),
        ({"do": "order", "ids": ["a" * 8], "to": "front", "z": {"a" * 8: 1}}, "bad_message"),
        ({"do": "order", "ids": ["a" * 8], "to": "front", "was": {"a" * 8: 1}}, "bad_message"),
        ({"do": "order", "z": {"a" * 8: 1}, "to": "front"}, "bad_message"),
    ],
)
def test_orders_that_make_no_sense_are_refused(step: Any, code: str) -> None:
    """[BD8] A depth where nothing has ever been, or an order that says too much or too little, is refused."""
    with pytest.raises(Rejected) as refused:
        board().edit(ADA, "ordered2", step)
    assert code_of(refused) == code
