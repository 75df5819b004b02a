"""Framing by itself: its short cut for whole frames is the same as the long way, wherever the segments are cut."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.server.closing import close_of
from fly.server.frames import prepare, prepare_text
from fly.server.framing import Framing, Limits
from fly.server.inbox import FULL_MESSAGES, Inbox
from tests.fly.server.wire import BINARY, CONT, PING, TEXT, close, frame

LIMITS = Limits(message=300, frame=200)

payloads = st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode), st.just(b"x" * 130), st.just(b"x" * 201))
frames = st.builds(
    frame,
    st.sampled_from([TEXT, TEXT, BINARY, BINARY, CONT, PING, 8, 3]),
    payloads,
    fin=st.sampled_from([True, True, True, False]),
    mask=st.sampled_from([True] * 9 + [False]),
)


def outcome(segments: list[bytes], *, short_cut: bool) -> tuple[list[Any], bytes, bool]:
    """The events, the answers and whether it is still open, after all segments; the application takes everything at once."""
    inbox = Inbox()
    framing = Framing(LIMITS, inbox)
    if not short_cut:
        # A message limit that nothing passes by the short cut.
        framing._short = -1
    events, answers = [], b""
    for segment in segments:
        rest = segment
        while rest:
            rest = framing.take(rest)
            events += taken(inbox)
        answers += b"".join(framing.protocol.data_to_send())
    return events, answers, framing.open


def taken(inbox: Inbox) -> list[Any]:
    """Take everything out of an inbox, without a loop."""
    events = []
    while inbox._items:
        coroutine = inbox.get()
        with pytest.raises(StopIteration) as returned:
            coroutine.send(None)
        events.append(returned.value.value)
    return events


@given(st.lists(frames, max_size=12), st.lists(st.integers(0, 400), max_size=8))
def test_the_short_cut_changes_nothing(sent: list[bytes], cuts: list[int]) -> None:
    """[SV11] Whole frames or parts, sound or faulty: events, answers and end are those of the `websockets` package alone."""
    stream = b"".join(sent)
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    segments = [stream[start:stop] for start, stop in itertools.pairwise(marks)]
    events, answers, is_open = outcome(segments, short_cut=True)
    want_events, want_answers, want_open = outcome([bytes([byte]) for byte in stream], short_cut=False)
    assert events == want_events
    assert is_open == want_open
    if is_open:
        assert answers == want_answers
    else:
        # Of several faults in one segment the later may be named, and a ping behind the first be answered: the sender is at fault.
        assert b"\x88" in answers
        assert b"\x88" in want_answers


@pytest.mark.parametrize("sent", [frame(TEXT, b"whole"), frame(TEXT, b"wh", fin=False) + frame(CONT, b"ole")], ids=["whole", "fragments"])
def test_what_came_before_the_close_is_delivered(sent: bytes) -> None:
    """[SV11] A message in the same segment as the close behind it is delivered."""
    inbox = Inbox()
    Framing(LIMITS, inbox).take(sent + close(1000))
    assert taken(inbox) == [{"type": "websocket.receive", "text": "whole"}]


def test_it_stops_when_the_inbox_is_full() -> None:
    """[SV18] It reads no further than a full inbox, and gives back what it did not read."""
    inbox = Inbox()
    framing = Framing(LIMITS, inbox)
    one = frame(TEXT, b"hello")
    rest = framing.take(one * 1000)
    assert len(taken(inbox)) == FULL_MESSAGES + 1
    assert rest == one * (1000 - FULL_MESSAGES - 1)


def test_messages_behind_our_close_are_not_delivered() -> None:
    """[SV14] Behind the application's own close nothing is delivered any more, but the peer's close is found."""
    inbox = Inbox()
    framing = Framing(LIMITS, inbox)
    framing.done = True
    framing.protocol.send_close(4000)
    framing.take(frame(TEXT, b"too late") + close(4000))
    assert not inbox._items
    assert framing.protocol.close_rcvd is not None
    assert framing.protocol.close_rcvd.code == 4000


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_prepared_frames(size: int) -> None:
    """[SV20] A prepared frame is the bytes of one whole message, in the shortest form of its length."""
    head = {0: b"\x00", 125: b"\x7d", 126: b"\x7e\x00\x7e", 65_535: b"\x7e\xff\xff", 65_536: b"\x7f\x00\x00\x00\x00\x00\x01\x00\x00"}[size]
    assert prepare("x" * size) == b"\x81" + head + b"x" * size
    assert prepare(b"x" * size) == b"\x82" + head + b"x" * size
    assert prepare_text(b"x" * size) == prepare("x" * size)


def test_prepared_text_is_utf8() -> None:
    """[SV20] A text's frame holds its UTF-8, and its length in bytes."""
    assert prepare("ü") == b"\x81\x02\xc3\xbc"


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_nobody_may_send(code: int) -> None:
    """[SV14] A close code that may not stand in a frame is the application's error."""
    with pytest.raises(ValueError, match=str(code)):
        close_of(code, "")


def test_reasons_are_cut_between_characters() -> None:
    """[SV14] A reason is cut to 123 bytes, and never through a character."""
    assert close_of(4000, "ü" * 100).reason == "ü" * 61
    assert close_of(4000, "x" * 123).reason == "x" * 123
