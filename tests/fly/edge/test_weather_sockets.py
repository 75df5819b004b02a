"""Bad weather over a real edge: late, in order, whole; and what ends or breaks, ends or breaks as in good weather."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict

import pytest

from fly.edge.weather import CLEAR, Lane, Weather
from tests.fly.edge.test_cables import UPGRADED, Witness
from tests.fly.edge.test_tunnels import upgrade
from tests.fly.edge.world import GET, LIMIT_S, OK, World, header_of, read_answer, says
from tests.support.raw import handshake

BAD = Weather(latency_ms=5, jitter_ms=5, loss_percent=20, seed=1)


class Journal:
    """Every arrival that was computed: by direction, bytes and moments on the event loop's clock; whether its sky was its own."""

    def __init__(self) -> None:
        self.arrivals: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self.own: set[bool] = set()

    def bytes(self, direction: str) -> int:
        return sum(size for size, _ in self.arrivals[direction])


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Journal:
    kept, travel = Journal(), Lane.travel

    def watched(lane: Lane, now_ms: float, size_bytes: int) -> list[tuple[int, float]]:
        found = travel(lane, now_ms, size_bytes)
        kept.arrivals[lane.direction] += found
        kept.own.add(lane.sky.is_own)
        return found

    monkeypatch.setattr(Lane, "travel", watched)
    return kept


def now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


async def open_socket(world: World, headers: list[tuple[str, str]] | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await world.connect()
    writer.write(handshake("ewr.play.localhost", headers=headers))
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[0] == 101
    return reader, writer


async def test_a_socket_keeps_its_bytes_in_order(world: World, journal: Journal) -> None:
    """[ED50] [ED51] [ED54] Both ways: with every fifth segment lost all bytes arrive, in order, the end behind them."""
    world.edge.sky.change(BAD)
    world.handlers["ewr"] = upgrade
    reader, writer = await open_socket(world)
    text = b"".join(b"%06d" % number for number in range(20_000))
    for start in range(0, len(text), 6000):
        writer.write(text[start : start + 6000])
        await writer.drain()
    assert await asyncio.wait_for(reader.readexactly(2 + len(text)), LIMIT_S) == b"hi" + text
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), LIMIT_S) == b"bye"
    writer.close()
    for direction in ("up", "down"):
        assert journal.bytes(direction) >= len(text)
        moments = [due for _, due in journal.arrivals[direction]]
        assert moments == sorted(moments)


async def test_nothing_arrives_before_its_moment(world: World, journal: Journal) -> None:
    """[ED50] A request takes its way up and its answer its way down: when the answer is there, both moments have been."""
    world.edge.sky.change(Weather(latency_ms=20))
    for ask in (world.ask(), _echo(world)):
        journal.arrivals.clear()
        await ask
        (_, up), (_, down) = journal.arrivals["up"][0], journal.arrivals["down"][-1]
        assert now_ms() >= down >= up + 20


async def _echo(world: World) -> None:
    world.handlers["ewr"] = upgrade
    reader, writer = await open_socket(world)
    writer.write(b"?")
    assert await asyncio.wait_for(reader.readexactly(3), LIMIT_S) == b"hi?"
    writer.close()


async def test_in_clear_weather_nobody_asks_a_lane(world: World, journal: Journal) -> None:
    """[ED50] Off costs nothing: requests and sockets pass without a moment computed."""
    await world.ask()
    await _echo(world)
    assert not journal.arrivals


async def test_answers_arrive_whole(world: World) -> None:
    """[ED50] [ED53] A large answer, more than may be under way, and the next one on the same connection arrive unchanged."""
    world.edge.sky.change(Weather(latency_ms=5, jitter_ms=5, loss_percent=1, seed=2))
    piece = bytes(range(256)) * 256

    async def large(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * 40))
        for _ in range(40):
            writer.write(piece)
            await writer.drain()

    world.handlers["ewr"] = large
    reader, writer = await world.connect()
    writer.write(GET.encode())
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[2] == piece * 40
    world.handlers["ewr"] = says(OK)
    writer.write(GET.encode())
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[2] == b"ok"
    writer.close()


@pytest.mark.parametrize(
    "text", ["GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GARBAGE\r\n\r\n", "GET / HTTP/1.0\r\nHost: play.localhost\r\n\r\n"]
)
async def test_a_connection_that_ends_ends_after_its_answer(world: World, text: str) -> None:
    """[ED54] An answer after which the edge closes the connection is there before the end is."""
    world.edge.sky.change(Weather(latency_ms=20, loss_percent=20))
    _, headers, body = await world.ask(text)
    assert body
    assert headers["fly-edge-trace"].startswith("ewr edge")


async def test_an_answer_that_breaks_off_breaks_the_connection(world: World) -> None:
    """[ED54] When a Machine dies in the middle of an answer, the client's connection breaks in bad weather too."""
    world.edge.sky.change(BAD)
    world.handlers["ewr"] = says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await world.ask()


async def test_a_cut_breaks_both_ends_and_loses_what_is_under_way(world: World) -> None:
    """[ED54] [ED46] With bytes under way that would take seconds, a cut resets both ends now, and none of them arrives."""
    machine = Witness(UPGRADED)
    world.handlers["ewr"] = machine
    reader, writer = await open_socket(world)
    world.edge.sky.change(Weather(latency_ms=2000))
    writer.write(b"never there")
    await writer.drain()
    assert world.edge.carrier.cables.cut("m-ewr") == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), LIMIT_S)
    assert isinstance(await asyncio.wait_for(machine.ended, LIMIT_S), ConnectionResetError)
    writer.close()


async def test_a_client_that_resets_frees_the_machine(world: World) -> None:
    """[ED54] [ED36] A client's reset reaches the Machine, whatever was under way."""
    machine = Witness(UPGRADED + b"greeting")
    world.handlers["ewr"] = machine
    world.edge.sky.change(Weather(latency_ms=20))
    _, writer = await open_socket(world)
    writer.transport.abort()
    await asyncio.wait_for(machine.ended, LIMIT_S)
    async with asyncio.timeout(LIMIT_S):
        while world.edge.carrier.cables.load("m-ewr"):
            await asyncio.sleep(0.01)


async def test_the_weather_changes_over_an_open_socket(world: World, journal: Journal) -> None:
    """[ED55] A socket that is open feels a change at once, and it clearing; what was sent before stays ahead."""
    world.handlers["ewr"] = upgrade
    reader, writer = await open_socket(world)
    assert await reader.readexactly(2) == b"hi"
    for weather, is_felt in ((Weather(latency_ms=30), True), (CLEAR, False), (Weather(loss_percent=50), True), (CLEAR, False)):
        world.edge.sky.change(weather)
        journal.arrivals.clear()
        writer.write(b"12345")
        assert await asyncio.wait_for(reader.readexactly(5), LIMIT_S) == b"12345"
        assert (journal.bytes("up"), journal.bytes("down")) == ((5, 5) if is_felt else (0, 0))
    writer.close()


async def test_one_client_has_a_weather_of_its_own(world: World, journal: Journal) -> None:
    """[ED56] Who asks by a header gets that weather on its socket, and its Machine does not see the header; others have the region's."""
    world.handlers["ewr"] = upgrade
    reader, writer = await open_socket(world, [("X-Edge-Weather", "latency=10&jitter=3&loss=2&seed=7")])
    writer.write(b"?")
    assert await asyncio.wait_for(reader.readexactly(3), LIMIT_S) == b"hi?"
    assert journal.bytes("up") > 1
    assert journal.own == {True}
    assert header_of(world.heads[0][1], "x-edge-weather") == ""
    assert header_of(world.heads[0][1], "upgrade") == "websocket"
    journal.arrivals.clear()
    await _echo(world)
    assert not journal.arrivals
    writer.close()


async def test_its_own_weather_replaces_the_regions(world: World, journal: Journal) -> None:
    """[ED56] One's own weather, here by a cookie, does not add to the region's; the next request without it has the region's."""
    world.edge.sky.change(Weather(latency_ms=2000, loss_percent=50))
    reader, writer = await world.connect()
    writer.write(GET.replace("\r\n\r\n", "\r\nCookie: a=b; edge-weather=latency=1\r\n\r\n").encode())
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[0] == 200
    assert journal.own == {True}
    world.edge.sky.change(Weather(latency_ms=1))
    writer.write(GET.encode())
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[0] == 200
    assert journal.own == {True, False}
    writer.close()


async def test_a_malformed_wish_is_refused_in_words(world: World) -> None:
    """[ED56] A header that cannot be is a 400 that says why, and no Machine is asked."""
    status, _, body = await world.ask(GET.replace("\r\n\r\n", "\r\nX-Edge-Weather: latency=9000\r\n\r\n"))
    assert (status, world.heads) == (400, [])
    assert b"latency_ms is a number from 0 to 2000, not 9000" in body


async def test_an_error_for_a_head_has_no_body(world: World) -> None:
    """[ED34] The edge answers a HEAD for nobody's host with a 404 that has a length and no body."""
    reader, writer = await world.connect()
    writer.write(b"HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    writer.write_eof()
    with contextlib.closing(writer):
        answer = await asyncio.wait_for(reader.read(), LIMIT_S)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b"\r\n\r\n")
