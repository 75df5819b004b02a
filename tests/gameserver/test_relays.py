"""One room on several Machines: its owner is full, and others serve more sockets for it. Real processes, a real Redis."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.gameserver.machine import HOST, Machine, close_code, read, send
from tests.gameserver.rooms import PATIENCE_S, sid, until
from tests.support import redis
from tests.support.raw import Raw, handshake

FULL = 3


class Tab:
    """A socket in the room, and what it was shown."""

    def __init__(self, ws: ClientConnection, welcome: dict[str, Any]) -> None:
        self.ws = ws
        self.welcome = welcome
        self.seqs = [event["seq"] for event in welcome["events"]]
        self.texts = [event["text"] for event in welcome["events"]]

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of these types; events on the way are kept."""
        while True:
            message = await asyncio.wait_for(read(self.ws, "events", *kinds), PATIENCE_S)
            if message["type"] == "events":
                self.seqs += [event["seq"] for event in message["events"]]
                self.texts += [event["text"] for event in message["events"]]
            if message["type"] in kinds:
                return message

    async def hear(self, text: str) -> None:
        """Read on until this line came."""
        while text not in self.texts:
            await self.next("events")

    async def say(self, ref: int, text: str) -> dict[str, Any]:
        """Say a line; the reply."""
        await send(self.ws, cmd="chat.say", ref=ref, text=text)
        while (reply := await self.next("reply"))["ref"] != ref:
            pass
        return reply


@pytest.fixture
def server() -> Iterator[redis.Server]:
    with redis.running() as server:
        yield server


@asynccontextmanager
async def machines(folder: Path, url: str, *names: str) -> AsyncIterator[list[Machine]]:
    """Machines of cdg on one database, of which each takes FULL sockets."""
    environ = {"FLY_APP_NAME": "rooms", "FLY_REGION": "cdg", "DEBUG": "0", "PUBLIC_SCHEME": "http", "SECRET_KEY": "x" * 60}
    environ |= {"PARENT_HOST": "play.localhost", "REGIONS": "cdg", "REDIS_URL": url, "MAX_SOCKETS": str(FULL)}
    found = [Machine(folder, environ={**environ, "FLY_MACHINE_ID": name}) for name in names]
    try:
        for machine in found:
            await machine.start()
        yield found
    finally:
        for machine in found:
            await machine.__aexit__()


async def enter(machine: Machine, number: int, **more: Any) -> Tab:
    ws = await machine.connect()
    await send(ws, cmd="room.join", v=1, sid=sid(number), **more)
    return Tab(ws, await asyncio.wait_for(read(ws, "welcome"), PATIENCE_S))


async def full_house(owner: Machine, relay: Machine) -> tuple[list[Tab], list[Tab]]:
    """The owner is full, and the relay has one place left."""
    here = [await enter(owner, number) for number in range(FULL)]

    async def is_relayed() -> bool:
        # A full owner is known to others with its next renewal; until then a handshake is sent to it.
        raw = Raw(relay.port)
        raw.send(handshake(f"{HOST}:{relay.port}"))
        status = (await asyncio.to_thread(raw.answer)).status
        raw.socket.close()
        return status == 101

    while not await is_relayed():
        await asyncio.sleep(0.1)
    there = [await enter(relay, 10 + number) for number in range(FULL - 1)]
    return here, there


async def test_a_room_on_two_machines(tmp_path: Path, server: redis.Server) -> None:
    """[RL1] At the owner and at a relay everybody sees the same events in one order, with the replies behind them, and all are counted."""
    async with machines(tmp_path, server.url, "m1", "m2") as (owner, relay):
        here, there = await full_house(owner, relay)
        assert [tab.welcome["machine"] for tab in here + there] == ["m1"] * FULL + ["m2"] * (FULL - 1)
        for ref in range(1, 4):
            for tab in (here[0], there[0], there[1]):
                reply = await tab.say(ref, f"{ref} of {id(tab)}")
                assert reply["ok"]
                assert reply["seq"] in tab.seqs
        again = await there[0].say(2, f"2 of {id(there[0])}")
        assert (again["ok"], again["seq"]) == (True, there[0].seqs[there[0].texts.index(f"2 of {id(there[0])}")])
        for tab in here + there:
            await tab.hear(f"3 of {id(there[1])}")
            assert tab.seqs == list(range(1, 10))
            assert tab.texts == here[0].texts
        late = await enter(relay, 10, position=[there[0].welcome["position"][0], 4])
        assert (late.welcome["recovered"], late.seqs, late.welcome["players"]) == (True, list(range(5, 10)), 2 * FULL - 1)
        assert await close_code(there[0].ws) == 4505


async def test_redis_dies_and_comes_back(tmp_path: Path, server: redis.Server) -> None:
    """[RL2] Without Redis the owner's sockets notice nothing; a relay says that it catches up, and is whole by itself afterwards."""
    async with machines(tmp_path, server.url, "m1", "m2") as (owner, relay):
        here, there = await full_house(owner, relay)
        server.kill()
        assert (await here[0].say(1, "nobody misses Redis"))["ok"]
        await here[1].hear("nobody misses Redis")
        told = await there[0].next("status")
        assert (told["available"], "catching up" in told["text"]) == (False, True)
        refused = await there[0].say(1, "kept for later")
        assert (refused["ok"], refused["code"]) == (False, "unavailable")
        server.start()
        while not (await there[0].next("status"))["available"]:
            pass
        assert there[0].texts == ["nobody misses Redis"]
        assert (await there[0].say(1, "kept for later"))["ok"]
        for tab in (*here, *there):
            await tab.hear("kept for later")
            assert tab.seqs == [1, 2]


async def test_a_full_owner_sends_a_handshake_on(tmp_path: Path, server: redis.Server) -> None:
    """[RL3] A full owner answers a handshake with a replay to a Machine that has places, and never accepts it."""
    async with machines(tmp_path, server.url, "m1", "m2") as (owner, relay):
        await full_house(owner, relay)

        def ask(machine: Machine, headers: list[tuple[str, str]]) -> tuple[int, str]:
            with Raw(machine.port) as raw:
                raw.send(handshake(f"{HOST}:{machine.port}", headers=headers))
                answer = raw.answer()
                return answer.status, dict(answer.headers).get("fly-replay", "")

        status, replay = await asyncio.to_thread(ask, owner, [])
        assert status == 307
        assert "instance=m2" in replay


async def test_the_owner_dies(tmp_path: Path, server: redis.Server) -> None:
    """[RL4] When the owner is gone for good a relay takes the room over; its sockets have, or get by position, all that was ever shown."""
    async with machines(tmp_path, server.url, "m1", "m2") as (owner, relay):
        here, there = await full_house(owner, relay)
        assert (await there[0].say(1, "before"))["ok"]
        await there[1].hear("before")
        assert owner.process is not None
        owner.process.send_signal(signal.SIGKILL)
        told = await there[1].next("status", "bye")
        if told["type"] == "status":
            assert not told["available"]
            told = await there[1].next("bye", "status")
        if told["type"] == "bye":
            assert 4000 <= told["code"] < 4500
            there[1] = await enter(relay, 11, position=[there[1].welcome["position"][0], 1])
        reply = await there[1].say(1, "after")
        assert (reply["ok"], reply["seq"]) == (True, 2)
        newcomer = await enter(relay, 20)
        assert newcomer.texts == ["before", "after"]
        assert here[0].welcome["position"][0] < newcomer.welcome["position"][0]
        await until(lambda: owner.process is not None and owner.process.poll() is not None)
