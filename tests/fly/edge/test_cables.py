"""What leads to a Machine: counted while it does, and cut at both ends."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.fly.edge.world import GET, LIMIT_S, World, read_answer, replay, says
from tests.support.raw import handshake

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Witness:
    """A Machine that holds what it gets and keeps how it ended: None for a quiet end."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.begun = asyncio.Event()
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer)
        self.begun.set()
        try:
            while await reader.read(65_536):
                pass
            self.ended.set_result(None)
        except ConnectionError as error:
            self.ended.set_result(error)


async def to_the_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


def cables(world: World) -> dict[str, int]:
    return {region: world.edge.carrier.cables.load(f"m-{region}") for region in world.handlers}


@pytest.mark.parametrize("delay_s", [0.0, 0.02])
async def test_a_cut_resets_both_ends_of_a_socket(world: World, delay_s: float) -> None:
    """[ED46] A cut socket is reset for the client and for the Machine; one to another Machine lives on."""
    world.delay = lambda a, b: delay_s
    here, there = Witness(UPGRADED), Witness(UPGRADED)
    world.handlers |= {"ewr": here, "cdg": there}
    reader, writer = await world.connect()
    writer.write(handshake("play.localhost"))
    await read_answer(reader)
    other_reader, other = await world.connect()
    other.write(handshake("play.localhost", headers=[("fly-force-region", "cdg")]))
    await read_answer(other_reader)
    assert world.edge.carrier.cables.cut("m-ewr") == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), LIMIT_S)
    assert isinstance(await asyncio.wait_for(here.ended, LIMIT_S), ConnectionResetError)
    assert (cables(world)["cdg"], there.ended.done()) == (1, False)
    other.write_eof()
    assert await asyncio.wait_for(there.ended, LIMIT_S) is None
    other.close()


async def test_a_cut_resets_a_request_that_waits(world: World) -> None:
    """[ED46] A request that a Machine has not answered yet is reset at both ends, without an answer of the edge's own."""
    machine = Witness(b"")
    world.handlers["ewr"] = machine
    reader, writer = await world.connect()
    writer.write(GET.encode())
    await asyncio.wait_for(machine.begun.wait(), LIMIT_S)
    assert world.edge.carrier.cables.cut("m-ewr") == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), LIMIT_S)
    assert isinstance(await asyncio.wait_for(machine.ended, LIMIT_S), ConnectionResetError)
    writer.close()


async def test_a_cut_loses_what_was_under_way(world: World) -> None:
    """[ED46] What a slow client had not read yet is not delivered first: a broken cable holds nothing."""

    async def pour(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(UPGRADED)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(bytes(65_536))
                await writer.drain()

    world.handlers["ewr"] = pour
    reader, writer = await world.connect()
    writer.write(handshake("play.localhost"))
    await read_answer(reader)
    assert world.edge.carrier.cables.cut("m-ewr") == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(to_the_end(reader), LIMIT_S)
    writer.close()


async def test_an_idle_keep_alive_connection_leads_nowhere(world: World) -> None:
    """[ED46] A client between two requests is at the edge, not at a Machine: a cut leaves it alone."""
    reader, writer = await world.connect()
    for _ in range(2):
        writer.write(GET.encode())
        assert (await read_answer(reader))[0] == 200
        assert world.edge.carrier.cables.cut("m-ewr") == 0
    writer.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken",
        b"HTTP/1.1 307 X\r\nfly-replay: nonsense\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.fly.replay+json\r\nContent-Length: 99\r\n\r\n{",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["an answer", "half an answer", "a bad replay", "half a replay", "no HTTP", "nothing"],
)
async def test_nothing_is_counted_when_it_is_over(world: World, answer: bytes) -> None:
    """[ED48] However a request ends, and after a replay, no Machine is thought busier than it is."""
    world.handlers |= {"ewr": replay("region=cdg"), "cdg": says(answer)}
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await world.ask()
    assert [region for region, _ in world.heads] == ["ewr", "cdg"]
    async with asyncio.timeout(LIMIT_S):
        while any(cables(world).values()):
            await asyncio.sleep(0.01)


async def test_a_refused_connection_is_not_counted(world: World) -> None:
    """[ED48] A Machine that refuses connections gets none on its account."""
    world.handlers["ewr"] = replay("region=cdg;timeout=100ms")
    world.ports["cdg"] = 1
    assert (await world.ask())[1]["fly-edge-error"] == "PR04"
    assert cables(world) == {"ewr": 0, "nrt": 0, "cdg": 0}
