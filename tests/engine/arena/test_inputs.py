"""Inputs that wait for their tick: once, in order, and never faster than time."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.inputs import AHEAD, COASTING, STARVED_TICKS, Queue
from tests.engine.arena.arenas import message


def numbered(first: int, count: int) -> list[wire.Input]:
    """Inputs that say their number, as the tick that was seen."""
    return [(1, 1, number) for number in range(first, first + count)]


def numbers(done: tuple[wire.Input, ...]) -> list[int]:
    return [seen for _, _, seen in done]


def test_a_message_says_its_inputs() -> None:
    """[AR9] A message has 1 to 12 inputs, numbered from its first, all seen in the tick that it says."""
    assert wire.inputs(message(7, [(-14, 3), (127, 0)], seen=99)) == (7, [(-14, 3, 99), (127, 0, 99)])
    assert len(wire.inputs(message(2**32 - 1, [(0, 0)] * 12, seen=2**32 - 1))[1]) == 12


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        message(1, []),
        message(1, [(0, 0)] * 13),
        message(1, [(0, 0)])[:-1],
        message(1, [(0, 0)]) + b"\x00",
        message(1, [(0, 4)]),
        message(1, [(0, 0), (0, 255)]),
        b"\x02" + message(1, [(0, 0)])[1:],
        struct.pack("<BIIB", 1, 1, 1, 255) + b"\x00\x00",
        b"\x00" * 100_000,
    ],
)
def test_what_is_malformed_is_refused(data: bytes) -> None:
    """[AR9] Another kind, length, count or flag is refused as bad_message."""
    with pytest.raises(Rejected) as refused:
        wire.inputs(data)
    assert refused.value.code == Code.BAD_MESSAGE


@given(st.binary(max_size=40))
def test_any_bytes_are_inputs_or_refused(data: bytes) -> None:
    """[AR9] Whatever comes is refused, or is a message that encodes to the same bytes again."""
    try:
        first, inputs = wire.inputs(data)
    except Rejected as refused:
        said, encoded = refused.code, data
    else:
        said, encoded = Code.BAD_MESSAGE, message(first, [(turn, flags) for turn, flags, _ in inputs], inputs[0][2])
    assert (said, encoded) == (Code.BAD_MESSAGE, data)


def test_an_input_is_done_once_and_in_order() -> None:
    """[AR10] Inputs are done by number, each once; what was done, is there, or lies more than 120 ahead is dropped."""
    queue = Queue()
    queue.take(2, numbered(2, 1))
    queue.take(1, numbered(1, 2))
    queue.take(2, [(9, 9, 9)])
    assert [numbers(queue.due()) for _ in range(3)] == [[1], [2], []]
    queue.take(1, numbered(1, 2))
    queue.take(2 + AHEAD + 1, numbered(2 + AHEAD + 1, 5))
    queue.take(0, numbered(0, 1))
    assert (queue.waiting, queue.ack) == ({}, 2)
    queue.take(2 + AHEAD, numbered(2 + AHEAD, 2))
    assert list(queue.waiting) == [2 + AHEAD]


def test_three_are_done_while_more_than_two_wait() -> None:
    """[AR11] One input a tick, and up to three while more than two wait."""
    queue = Queue()
    queue.take(1, numbered(1, 10))
    assert [len(queue.due()) for _ in range(7)] == [3, 3, 2, 1, 1, 0, 0]


ARRIVALS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 12)), max_size=400)


@settings(deadline=None)
@given(ARRIVALS)
def test_nobody_is_faster_than_time(arrivals: list[tuple[int, int]]) -> None:
    """[AR12] However inputs come, no more are done in all than ticks have passed and 30, at most 3 in a tick; at most 120 wait."""
    queue, done = Queue(), 0
    for tick, (ahead, count) in enumerate(arrivals, 1):
        queue.take(queue.ack + ahead, [COASTING] * count)
        before = queue.ack
        due = queue.due()
        done += len(due)
        assert len(due) <= 3
        assert queue.ack == before + len(due) == done
        assert done <= tick + 30
        assert len(queue.waiting) <= 120
        assert 0 <= queue.credit <= 60


def test_a_flood_is_done_at_the_pace_of_time() -> None:
    """[AR12] Who always has 120 inputs waiting gets 30 of them done before their time, and no more."""
    queue = Queue()
    for _ in range(1000):
        queue.take(queue.ack + 1, [COASTING] * AHEAD)
        queue.due()
    assert queue.ack == 1000 + 30


def test_time_is_not_hoarded() -> None:
    """[AR13] Who sends an input now and then for long, and then a flood, has 60 done before their time and no more."""
    queue = Queue()
    for tick in range(3000):
        if tick % 20 == 0:
            queue.take(queue.ack + 1, [COASTING])
        queue.due()
    before = queue.ack
    for _ in range(500):
        queue.take(queue.ack + 1, [COASTING] * AHEAD)
        queue.due()
    assert queue.ack - before == 500 + 60


def test_who_sends_nothing_coasts() -> None:
    """[AR14] After half a second without an input the owner does an empty one a tick; what comes later with those numbers is dropped."""
    queue = Queue()
    queue.take(1, numbered(1, 1))
    assert numbers(queue.due()) == [1]
    assert [queue.due() for _ in range(STARVED_TICKS)] == [()] * STARVED_TICKS
    assert [queue.due() for _ in range(5)] == [(COASTING,)] * 5
    queue.take(2, numbered(2, 6))
    assert [numbers(queue.due()) for _ in range(2)] == [[7], []]
    assert queue.ack == 7


def test_a_number_that_never_comes_is_done_empty() -> None:
    """[AR14] Inputs behind a gap wait half a second for it; then the owner does empty ones until it is where they begin."""
    queue = Queue()
    queue.take(3, numbered(3, 2))
    assert [queue.due() for _ in range(STARVED_TICKS)] == [()] * STARVED_TICKS
    assert [numbers(queue.due()) for _ in range(5)] == [[0], [0], [3], [4], []]


def test_left_out_ticks_are_time_that_passed() -> None:
    """[AR15] Ticks that a late owner left out count as passed, so that what was sent meanwhile does not wait for ever."""
    queue = Queue()
    queue.credit = 0
    queue.take(1, numbered(1, 10))
    queue.forgive(4)
    assert [len(queue.due()) for _ in range(4)] == [3, 3, 1, 1]


def test_numbers_go_on_after_a_failover() -> None:
    """[AR16] A ship that was restored takes the first number it is sent as the next one, once, and none that could outgrow 32 bits."""
    queue = Queue(ack=100, is_open=True)
    queue.take(2**31, numbered(2**31, 1))
    queue.take(0, numbered(0, 1))
    assert (queue.ack, queue.waiting) == (100, {})
    queue.take(412, numbered(412, 2))
    assert [numbers(queue.due()) for _ in range(2)] == [[412], [413]]
    queue.take(900, numbered(900, 1))
    assert queue.due() == ()
