"""What is under way in bad weather: by a clock that only moves when it is told, and a writer that keeps what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from fly.edge.passage import PIECE_BYTES, UNDER_WAY_BYTES, Passage
from fly.edge.weather import CLEAR, Lane, Sky, Weather

END = b"<end>"


class Clock:
    """An event loop's clock; `pass_to` goes on to a moment and keeps the appointments up to it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.appointments: list[tuple[float, Callable[[], Any]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], Any]) -> asyncio.TimerHandle:
        entry = (when, callback)
        self.appointments.append(entry)

        class Handle:
            def cancel(self) -> None:
                clock.appointments.remove(entry)

        clock = self
        return cast(asyncio.TimerHandle, Handle())

    async def pass_to(self, moment: float) -> None:
        while due := [entry for entry in self.appointments if entry[0] <= moment]:
            first = min(due, key=lambda entry: entry[0])
            self.appointments.remove(first)
            self.now = first[0]
            first[1]()
            await asyncio.sleep(0)
        self.now = moment
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class Writer:
    """The other side: `got` has what arrived and when. `is_broken` is true after a cut."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.got: list[tuple[float, bytes]] = []
        self.is_broken = False
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.transport = self

    def is_closing(self) -> bool:
        return self.is_broken

    def write(self, data: bytes) -> None:
        self.got.append((self.clock.now, data))

    def write_eof(self) -> None:
        self.write(END)

    async def drain(self) -> None:
        await self.is_reading.wait()


def passage(weather: Weather) -> tuple[Passage, Clock, Writer]:
    clock = Clock()
    writer = Writer(clock)
    return Passage(cast(asyncio.StreamWriter, writer), Lane(Sky(weather), 1, "down"), clock), clock, writer


async def begin(doing: Any) -> asyncio.Task[Any]:
    task = asyncio.ensure_future(doing)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_in_clear_weather_bytes_pass_at_once() -> None:
    """[ED50] Off: what is sent is there, the end too; no clock is asked, no appointment made."""
    way, clock, writer = passage(CLEAR)
    await way.send(b"a")
    await way.end()
    assert (writer.got, clock.appointments, way.size_bytes) == ([(0, b"a"), (0, END)], [], 0)


async def test_bytes_arrive_when_the_lane_says() -> None:
    """[ED50] [ED54] Each write arrives at its moment and not before; the end after all of them, and then sending is over."""
    way, clock, writer = passage(Weather(latency_ms=100))
    await way.send(b"a")
    await clock.pass_to(0.05)
    await way.send(b"b")
    ending = await begin(way.end())
    assert (writer.got, ending.done()) == ([], False)
    await clock.pass_to(0.12)
    assert (writer.got, ending.done()) == ([(0.1, b"a")], False)
    await clock.pass_to(0.16)
    assert (writer.got[1:], ending.done()) == ([(0.15, b"b"), (0.15, END)], True)


async def test_the_way_through_a_cable_comes_on_top() -> None:
    """[ED27] [ED50] With latency between regions too, both add up; the weather clears and that one stays."""
    way, clock, writer = passage(Weather(latency_ms=100))
    way.delay_s = 0.5
    await way.send(b"a")
    await clock.pass_to(1)
    way.lane.sky.change(CLEAR)
    await way.send(b"b")
    await clock.pass_to(2)
    assert [(round(when, 6), data) for when, data in writer.got] == [(0.6, b"a"), (1.5, b"b")]


async def test_what_is_sent_after_it_clears_overtakes_nothing() -> None:
    """[ED55] Bytes sent in clear weather wait for those that are under way; when none are, they pass at once."""
    way, clock, writer = passage(Weather(latency_ms=100))
    await way.send(b"a")
    way.lane.sky.change(CLEAR)
    await way.send(b"b")
    assert writer.got == []
    await clock.pass_to(0.1)
    await way.send(b"c")
    assert writer.got == [(0.1, b"a"), (0.1, b"b"), (0.1, b"c")]


async def test_too_much_under_way_makes_the_sender_wait() -> None:
    """[ED53] When a megabyte is under way, whoever sends waits until some of it has arrived; nothing is lost by that."""
    way, clock, writer = passage(Weather(latency_ms=100))
    sent = 0

    async def pour() -> None:
        nonlocal sent
        for number in range(64):
            await way.send(bytes([number]) * 65_536)
            sent += 1

    pouring = await begin(pour())
    assert (sent, pouring.done()) == (UNDER_WAY_BYTES // 65_536 - 1, False)
    assert way.size_bytes <= UNDER_WAY_BYTES + 65_536 + PIECE_BYTES
    while not pouring.done():
        await clock.pass_to(clock.now + 0.1)
        assert way.size_bytes <= UNDER_WAY_BYTES + 65_536 + PIECE_BYTES
    await clock.pass_to(clock.now + 0.1)
    assert b"".join(data for _, data in writer.got) == b"".join(bytes([number]) * 65_536 for number in range(64))


async def test_many_small_writes_are_bounded_too() -> None:
    """[ED53] A piece costs more than its bytes: a flood of single bytes is stopped at some thousands of pieces."""
    way, _, _ = passage(Weather(latency_ms=100))
    sent = 0

    async def drizzle() -> None:
        nonlocal sent
        while True:
            await way.send(b"x")
            sent += 1

    drizzling = await begin(drizzle())
    assert 1000 < sent < 5000
    drizzling.cancel()
    way.drop()


async def test_a_reader_that_does_not_read_stops_the_sender() -> None:
    """[ED53] What has arrived and is not read counts as without weather: the sender waits for the reader."""
    way, clock, writer = passage(Weather(latency_ms=100))
    writer.is_reading.clear()
    sending = await begin(way.send(b"a"))
    await clock.pass_to(1)
    assert (writer.got, sending.done()) == ([(0.1, b"a")], False)
    writer.is_reading.set()
    await sending


async def test_a_broken_connection_loses_what_is_under_way() -> None:
    """[ED54] After a cut nothing is written any more, and nobody waits for it."""
    way, clock, writer = passage(Weather(latency_ms=100))
    await way.send(b"a")
    ending = await begin(way.end())
    writer.is_broken = True
    await clock.pass_to(0.2)
    assert (writer.got, ending.done(), way.size_bytes) == ([], True, 0)


async def test_what_is_dropped_makes_no_appointment() -> None:
    """[ED54] Dropped: nothing is under way, no timer is left, who waited goes on."""
    way, clock, writer = passage(Weather(latency_ms=100))
    await way.send(b"a")
    waiting = await begin(way.arrived())
    way.drop()
    await waiting
    assert (clock.appointments, way.size_bytes, writer.got) == ([], 0, [])


async def test_a_lost_segment_holds_up_the_rest_of_its_write() -> None:
    """[ED51] The part ahead of a lost segment arrives in time, the rest with the segment; together they are what was sent."""
    way, clock, writer = passage(Weather(latency_ms=50, loss_percent=2, seed=1))
    text = bytes(range(256)) * 1200
    await way.send(text)
    await clock.pass_to(10)
    assert len(writer.got) == 2
    assert [round(when, 6) for when, _ in writer.got] == [0.05, 0.25]
    assert b"".join(data for _, data in writer.got) == text
