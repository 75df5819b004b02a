"""What people write, made regular."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.text import MAX_NAME, MAX_TEXT, clean_colour, clean_name, clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("hello", "hello"),
        ("  hello  ", "hello"),
        ("e\u0301", "\u00e9"),
        ("e\u200b\u0301", "\u00e9"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("trailing   \nspaces\t\n", "trailing\nspaces"),
        ("a\tb", "a b"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("\ufeffmark\u2066", "mark"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\U0001fae8", "\U0001fae8"),
        ("private \ue000 and nobody's \ufffe", "private  and nobody's"),
        ("half \ud800 character", "half  character"),
    ],
)
def test_a_line_is_made_regular(raw: str, clean: str) -> None:
    """[CH2] What controls, hides or turns text is removed; letters, joiners and new emoji stay."""
    assert clean_text(raw) == clean


@given(st.text(max_size=600))
def test_a_clean_line_stays_as_it_is(raw: str) -> None:
    """[CH1] Taking in what was taken in already changes nothing, and it is in NFC."""
    try:
        once = clean_text(raw)
    except Rejected:
        return
    assert clean_text(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(max_size=100))
def test_a_clean_name_stays_as_it_is(raw: str) -> None:
    """[CH5] A name is one line with single spaces, in at most 32 characters, however often it is taken in."""
    try:
        once = clean_name(raw)
    except Rejected:
        return
    assert clean_name(once) == once
    assert 1 <= len(once) <= MAX_NAME
    assert "\n" not in once
    assert "  " not in once


@pytest.mark.parametrize(
    "raw", ["", "   ", "\n\n", "\u200b", "\u200d\u200c", "\u3164", "\u2800 \u2800", "\u0301", "\ufe0f", "\x00", "\u202e"]
)
def test_nothing_to_see_is_empty(raw: str) -> None:
    """[CH3] Text in which nothing can be seen is refused, as a line and as a name."""
    for clean in (clean_text, clean_name):
        with pytest.raises(Rejected) as refused:
            clean(raw)
        assert refused.value.code is Code.EMPTY


@pytest.mark.parametrize(("length", "fits"), [(1, True), (MAX_TEXT, True), (MAX_TEXT + 1, False)])
def test_the_length_of_a_line(length: int, fits: bool) -> None:
    """[CH4] A line of 500 characters passes, one of 501 is too long; it is counted after normalising."""
    for text in ("x" * length, "e\u0301" * length, "x" * length + "\u200b" * 50):
        if fits:
            assert len(clean_text(text)) == length
        else:
            with pytest.raises(Rejected) as refused:
                clean_text(text)
            assert refused.value.code is Code.TOO_LONG


def test_line_breaks_have_a_limit() -> None:
    """[CH4] Twenty line breaks pass, twenty-one are too long."""
    assert clean_text("x\n" * 20 + "x").count("\n") == 20
    with pytest.raises(Rejected) as refused:
        clean_text("x\n" * 21 + "x")
    assert refused.value.code is Code.TOO_LONG


@pytest.mark.parametrize(("raw", "clean"), [(" Ada  Lovelace ", "Ada Lovelace"), ("Ada\nLovelace", "Ada Lovelace"), ("x" * 32, "x" * 32)])
def test_a_name_is_one_line(raw: str, clean: str) -> None:
    """[CH5] Spaces and line breaks in a name become single spaces."""
    assert clean_name(raw) == clean


def test_a_name_has_a_limit() -> None:
    """[CH5] A name of 33 characters is too long."""
    with pytest.raises(Rejected) as refused:
        clean_name("x" * 33)
    assert refused.value.code is Code.TOO_LONG


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#gggggg", "#12345\n", "", "123456"])
def test_a_colour_is_written_in_one_way(colour: str) -> None:
    """[CH7] Only #rrggbb is a colour; capitals are taken as small letters."""
    assert clean_colour("#AbCdEf") == "#abcdef"
    with pytest.raises(Rejected) as refused:
        clean_colour(colour)
    assert refused.value.code is Code.BAD_MESSAGE
