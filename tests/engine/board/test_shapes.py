"""What is sent becomes a shape: rounded, cleaned, within its bounds, or refused by name."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.errors import Rejected
from gameserver.engine.worlds.board.numbers import MAX_SENT, q, regular, turn
from tests.engine.board.boards import ADA, MAX_FRAME, REGISTRY, Owner, code_of, create, decoded, line, rect

NUMBERS = st.floats(-MAX_SENT, MAX_SENT)
A = "aaaaaaaa"


def made(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape as it is on the board when it was created."""
    owner = Owner()
    owner.edit(ADA, "op000001", create(shape))
    return owner.shape(shape["id"])


@given(NUMBERS)
def test_numbers_are_rounded_to_the_nearest_eighth(value: float) -> None:
    """[BD1] A number becomes the nearest multiple of 1/8, the higher one of two; it is an int when it is whole, and no negative zero."""
    rounded = q(value)
    assert Fraction(rounded) * 8 % 1 == 0
    assert -Fraction(1, 16) < Fraction(rounded) - Fraction(value) <= Fraction(1, 16) or abs(value) > 1e6
    assert isinstance(rounded, int) is float(rounded).is_integer()
    assert json.dumps(rounded) != "-0.0"
    assert q(rounded) == rounded


@given(st.lists(NUMBERS, max_size=20), st.randoms())
def test_rounded_numbers_add_up_in_any_order(values: list[float], chance: Any) -> None:
    """[BD1] Rounded numbers have the same sum in whatever order they are added, exactly."""
    rounded = [q(value) for value in values]
    shuffled = chance.sample(rounded, len(rounded))
    assert sum(rounded) == sum(shuffled) == sum(map(Fraction, rounded))
    assert regular(float(sum(rounded))) == sum(rounded)


@given(NUMBERS)
def test_angles_are_taken_into_one_turn(value: float) -> None:
    """[BD1] An angle is rounded and then taken into 0 to below 360."""
    assert 0 <= turn(q(value)) < 360
    assert (Fraction(turn(q(value))) - Fraction(q(value))) % 360 == 0
    assert json.dumps(turn(q(value))) != "-0.0"


def test_what_is_left_out_is_filled_in() -> None:
    """[BD2] A shape needs its id, kind, place and size; the rest has defaults, and colours become small letters."""
    assert made(rect(A, 1.3, -2.07, fill="#ABCDEF")) == {
        "id": A, "kind": "rect", "x": 1.25, "y": -2.125, "w": 100, "h": 50, "rotation": 0, "fill": "#abcdef", "stroke": "", "width": 2,
        "opacity": 100, "text": "", "points": [], "z": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("", ""), (" two \n\n lines ", " two \n\n lines "), ("a\r\nb\tc", "a\nb c"), ("e\u0301\u202e!", "é!"), ("\u200b", "")],
)
def test_texts_are_cleaned_but_keep_their_spaces(raw: str, clean: str) -> None:
    """[BD2] Text of a shape is made regular as chat is, but may be empty, and keeps its line breaks and spaces."""
    assert made(rect(A, text=raw))["text"] == clean


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"x": 1_000_000.07}, "out_of_range"),
        ({"y": -1_000_000.07}, "out_of_range"),
        ({"w": 0.9}, "out_of_range"),
        ({"h": 100_000.07}, "out_of_range"),
        ({"text": "x" * 2_001}, "too_long"),
        ({"kind": "line", "points": [1] * 2_002}, "too_many_points"),
        ({"kind": "stroke", "points": [1, 2]}, "bad_message"),
        ({"kind": "arrow", "points": [1, 2, 3, 4, 5]}, "bad_message"),
        ({"kind": "arrow", "points": [1, 2, 3, 4], "text": "label"}, "bad_message"),
        ({"kind": "note", "points": [1, 2, 3, 4]}, "bad_message"),
    ],
)
def test_what_no_shape_may_be_is_refused(fields: dict[str, Any], code: str) -> None:
    """[BD3] A shape out of its bounds, or with what its kind does not have, is refused by name and nothing is made."""
    owner = Owner()
    with pytest.raises(Rejected) as refused:
        owner.edit(ADA, "op000001", create(rect(A, **{"kind": "rect", **fields})))
    assert (code_of(refused), owner.events) == (code, [])


def test_the_bounds_themselves_are_allowed() -> None:
    """[BD3] What is just within its bounds, after rounding, is made; lines may have no size."""
    assert made(rect(A, 1_000_000.06, -1_000_000, w=0.95, h=100_000, text="x" * 2_000, width=64, opacity=5))["x"] == 1_000_000
    assert made(line(A, [0, 10_000] * 1_000, w=0, h=0))["w"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "short"},
        {"id": "a" * 9},
        {"id": "aaaa aaa"},
        {"id": "__proto__"},
        {"id": "aaaaaaa\n"},
        {"kind": "star"},
        {"x": 1e10},
        {"x": "1"},
        {"x": None},
        {"width": 65},
        {"width": 1.5},
        {"width": -1},
        {"opacity": 4},
        {"opacity": 101},
        {"fill": "red"},
        {"fill": "#12345"},
        {"fill": "#123456\n"},
        {"points": [1, 2, 3, 10_001]},
        {"points": [-1, 2, 3, 4]},
        {"points": [0.5, 2, 3, 4]},
        {"text": "x" * 8_193},
        {"z": 5},
        {"author": "me"},
    ],
)
def test_messages_that_are_no_shape_are_not_understood(wrong: dict[str, Any]) -> None:
    """[BD38] Every field has a limit in its type: what is beyond it never reaches the board."""
    with pytest.raises(Rejected) as refused:
        decoded({"cmd": "board.edit", "op": "op000001", "steps": [create(rect(A) | wrong)]})
    assert code_of(refused) == "bad_message"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999", "1e10"])
def test_numbers_that_are_none_are_not_understood(number: str) -> None:
    """[BD38] A number that is infinite, no number, or beyond all bounds never reaches the board."""
    with pytest.raises(Rejected) as refused:
        decoded_text(f'{{"cmd":"board.point","x":{number},"y":0}}')
    assert code_of(refused) == "bad_message"


@pytest.mark.parametrize(
    "wrong",
    [
        {"op": "short"},
        {"op": "a" * 17},
        {"op": "aaaa.aaa"},
        {"steps": []},
        {"steps": [{"do": "clear"}] * 101},
        {"steps": [{"do": "fly"}]},
        {"steps": [{"do": "clear", "ids": [A]}]},
        {"steps": [{"do": "delete", "ids": []}]},
        {"steps": [{"do": "delete", "ids": [A] * 5_001}]},
        {"steps": [{"do": "reshape", "boxes": {A: [1, 2, 3, 4]}}]},
        {"steps": [{"do": "reshape", "boxes": {"__proto__": [1, 2, 3, 4, 5]}}]},
        {"steps": [{"do": "change", "ids": [A], "set": {"id": "bbbbbbbb"}}]},
        {"steps": [{"do": "order", "z": {A: 2**53}}]},
    ],
)
def test_messages_that_are_no_command_are_not_understood(wrong: dict[str, Any]) -> None:
    """[BD38] Ops, steps and ids have their limits, too."""
    with pytest.raises(Rejected) as refused:
        decoded({"cmd": "board.edit", "op": "op000001", "steps": [{"do": "clear"}], **wrong})
    assert code_of(refused) == "bad_message"


def decoded_text(text: str) -> Any:
    """A message that Python's own writer would not write."""
    return REGISTRY.decode(text, MAX_FRAME)
