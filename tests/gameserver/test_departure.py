"""How a gameserver goes that nobody needs, with an API made of values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from fly.here import Here
from fly.itself import by_socket, by_token
from fly.machines import MachinesError
from gameserver import departure as module
from gameserver import lifespan
from gameserver.departure import Departure
from gameserver.engine.lease import NOBODY
from gameserver.process import Process
from lobby.fleet import look
from lobby.fleet.keep import wanted
from lobby.models import Region
from tests.gameserver.rooms import PATIENCE_S, Shaky, until
from tests.gameserver.sockets import Talk, running

HERE = Here("rooms", "aaaa", "cdg")


class Api:
    """What a Machine asks about itself; `error` is what it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.error = error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def stop(self, id: str) -> None:
        self._ask("stop", id)

    async def suspend(self, id: str) -> None:
        self._ask("suspend", id)

    def _ask(self, what: str, id: str) -> None:
        self.asked.append((what, id))
        if self.error is not None:
            raise self.error


class Going:
    """A Departure, the API it asks, and how often it ended the process by itself."""

    def __init__(self, process: Process, *, stop_by: Api | None = None, suspend_by: Api | None = None, suspends: bool = False) -> None:
        self.ended = 0
        give: Any = (lambda: suspend_by) if suspends else None
        self.departure = Departure(process, 0.1, lambda: stop_by, give, self._end)  # type: ignore[arg-type,return-value]

    def _end(self) -> None:
        self.ended += 1

    async def go(self) -> None:
        await asyncio.wait_for(self.departure.go(), PATIENCE_S)


@pytest.fixture
def store() -> Shaky:
    return Shaky()


@pytest.fixture
async def process(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    monkeypatch.setattr(module, "SIGNAL_S", 0.0)
    monkeypatch.setattr(module, "FREEZE_S", 0.01)
    async with running(store, here=HERE, regions=("cdg",)) as made:
        talk = Talk()
        await talk.joined()
        await talk.leave()
        made.is_draining = True
        yield made


async def test_without_an_api_it_ends_by_itself(process: Process, store: Shaky) -> None:
    """[ID6] All rooms are given back, and the process ends by its own SIGTERM."""
    going = Going(process)
    await going.go()
    assert (going.ended, store.room("main").holder, process.rooms()) == (1, NOBODY, [])


async def test_the_api_is_asked_to_stop_it(process: Process) -> None:
    """[ID6] With an API that is asked; the process ends itself only when no signal comes of it."""
    api = Api()
    going = Going(process, stop_by=api)
    await going.go()
    assert (api.asked, going.ended) == ([("stop", "aaaa")], 1)


@pytest.mark.parametrize("error", [MachinesError(503, "", "down"), MachinesError(0)], ids=["refused", "no answer"])
async def test_an_api_that_does_not_stop_it(process: Process, error: MachinesError) -> None:
    """[ID6] An API that refuses, or does not answer, holds nobody up."""
    going = Going(process, stop_by=Api(error))
    await going.go()
    assert going.ended == 1


async def test_suspended_and_open_again(process: Process, store: Shaky) -> None:
    """[ID7] After a suspend it is open again, its rooms are claimed anew, and it did not end."""
    api = Api()
    going = Going(process, suspend_by=api, suspends=True)
    await going.go()
    assert (api.asked, going.ended, process.is_draining) == ([("suspend", "aaaa")], 0, False)
    talk = Talk()
    assert (await talk.joined())["position"][0] == store.room("main").epoch
    await talk.leave()


@pytest.mark.parametrize("api", [None, Api(MachinesError(422, "", "no"))], ids=["none", "refused"])
async def test_it_stops_where_it_cannot_be_suspended(process: Process, api: Api | None) -> None:
    """[ID8] Without an API to suspend it, and with one that will not, the process stops instead."""
    going = Going(process, suspend_by=api, suspends=True)
    await going.go()
    assert (going.ended, process.is_draining) == (1, True)


async def test_a_fault_of_ours_ends_it(process: Process) -> None:
    """[ID6] A process that takes nobody any more does not stay, whatever goes wrong on the way."""
    going = Going(process, stop_by=Api(RuntimeError("ours")))
    await going.go()
    assert going.ended == 1


async def test_a_sleep_is_told_from_a_slow_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """[ID7] Its own pulse tells it that it slept."""
    found = asyncio.ensure_future(module._slept())
    await until(lambda: True)
    assert not found.done()
    monkeypatch.setattr(module, "ASLEEP_S", -1.0)
    await asyncio.wait_for(found, PATIENCE_S)


def test_only_a_machine_asks_about_itself(tmp_path: Path) -> None:
    """[ID7] The Machine's own socket needs no token; without it, without a token, or off Fly there is nobody to ask."""
    import socket

    path = tmp_path / "api"
    assert by_socket(HERE, path) is None
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert by_socket(HERE, path) is not None
        assert by_socket(Here("local", "local", ""), path) is None
    assert by_token(HERE, "http://x", "") is None
    assert by_token(HERE, "http://x", "token") is not None
    assert by_token(Here("local", "local", ""), "http://x", "token") is None


async def test_the_socket_of_the_machine(tmp_path: Path) -> None:
    """[ID7] Through it the Machine is suspended by its own id, without a token."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{"ok":true}')
        await writer.drain()
        writer.close()

    path = tmp_path / "api"
    server = await asyncio.start_unix_server(serve, path)
    machines = by_socket(HERE, path)
    assert machines is not None
    async with machines:
        await machines.suspend("aaaa")
    server.close()
    assert heads[0].startswith("post /v1/apps/rooms/machines/aaaa/suspend http/1.1")
    assert "bearer" not in heads[0]


@pytest.mark.parametrize(
    ("here", "keep", "staff", "wanted"),
    [(HERE, 0, 0, 0), (HERE, 0, 2, 2), (HERE, 3, 2, 3), (Here("local", "local", ""), 1, 5, 1)],
)
async def test_how_many_stay(settings: Any, here: Here, keep: int, staff: int, wanted: int) -> None:
    """[ID4] What staff want of the region, or IDLE_KEEP if that is more; off Fly, and where there is nobody to ask, IDLE_KEEP alone."""
    settings.HERE, settings.IDLE_KEEP = here, keep
    settings.GAMESERVER_KEEP = f"{__name__}.staff_{staff}"
    assert await lifespan._keep() == wanted
    settings.GAMESERVER_KEEP = ""
    assert await lifespan._keep() == keep


def staff_0(region: str) -> int:
    return 0


def staff_2(region: str) -> int:
    assert region == "cdg"
    return 2


def staff_5(region: str) -> int:
    raise AssertionError("nobody is to be asked")


@pytest.mark.django_db(databases=["default"])
def test_what_staff_want(settings: Any) -> None:
    """[ID4] A region's least and warm Machines, and one in the primary region where each is the lobby too; the planner keeps as many."""
    Region.objects.filter(code="cdg").update(min_machines=1, warm=1, enabled=True)
    assert (wanted("cdg"), wanted("ewr"), wanted("xyz")) == (2, 0, 0)
    settings.HERE = Here("rooms", "aaaa", "cdg", "ewr")
    assert (wanted("cdg"), wanted("ewr")) == (2, 1)
    planned = look._policies([], is_one_app=True)
    assert (planned["ewr"].minimum, planned["cdg"].minimum) == (1, 1)
    settings.GAMESERVER_APP = "rooms-game"
    assert (wanted("ewr"), look._policies([], is_one_app=False)["ewr"].minimum) == (0, 0)
