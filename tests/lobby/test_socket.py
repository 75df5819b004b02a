"""The lobby's socket in one process: what is told, when, and how often the database is asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from gameserver.visits import VISITS
from lobby import consumers
from lobby.consumers import LobbyConsumer
from lobby.watch import Watch

LIMIT_S = 60


class Table:
    """Stands for the database: gives `players`, fails while `broken`, counts the looks."""

    def __init__(self) -> None:
        self.players = 0
        self.broken = False
        self.looks = 0
        self.gate = threading.Event()
        self.gate.set()

    def look(self) -> list[dict[str, Any]]:
        self.looks += 1
        assert self.gate.wait(LIMIT_S)
        if self.broken:
            raise OSError("no database")
        return [{"code": "cdg", "players": self.players, "url": "cdg"}]


class Client:
    """A lobby socket whose client reads when it is told to."""

    def __init__(self, host: str = "play.localhost:8001") -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.inbox.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/ws/lobby/", "headers": [(b"host", host.encode())]}
        self.task = asyncio.ensure_future(LobbyConsumer.as_asgi()(scope, self.inbox.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.sent.append(message)

    @property
    def lists(self) -> list[Any]:
        return [json.loads(message["text"])["regions"][0] for message in self.sent if message["type"] == "websocket.send"]

    async def leave(self) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, LIMIT_S)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    table = Table()
    monkeypatch.setattr(consumers, "watch", Watch(table.look, interval_s=0.005))
    return table


async def more_looks(table: Table, count: int = 3) -> None:
    wanted = table.looks + count
    await until(lambda: table.looks >= wanted)


async def test_the_list_comes_at_once_and_on_change_only(table: Table) -> None:
    """[LB18] A socket gets the list at once, and again when it has changed; looks that see the same tell nothing."""
    client = Client()
    await until(lambda: client.lists)
    await more_looks(table, 5)
    assert len(client.lists) == 1
    table.players = 7
    await until(lambda: len(client.lists) == 2)
    assert client.lists[1]["players"] == 7
    await client.leave()


async def test_who_watches_the_list_is_somebody(table: Table) -> None:
    """[ID1] A socket of the lobby's list counts among those that keep a Machine which is a gameserver as well."""
    before = VISITS.open
    client = Client()
    await until(lambda: client.lists)
    assert VISITS.open == before + 1
    await client.leave()
    assert VISITS.open == before
    assert VISITS.left_at > 0


async def test_addresses_keep_the_port_of_the_vantage_point(table: Table) -> None:
    """[LB7] Each socket's list has addresses with the port its own browser came by."""
    clients = [Client(settings.PARENT_HOST + port) for port in (":8001", ":8002", "")]
    for client, port in zip(clients, (":8001", ":8002", ""), strict=True):
        await until(lambda client=client: client.lists)
        assert client.lists[0]["url"] == f"http://cdg.{settings.PARENT_HOST}{port}/"
        await client.leave()


async def test_many_sockets_cost_one_reader(table: Table) -> None:
    """[LB19] However many sockets listen, the database is asked once a look; with nobody there, not at all."""
    first = Client()
    await until(lambda: first.lists)
    table.gate.clear()
    await more_looks(table, 1)
    looks = table.looks
    others = [Client() for _ in range(50)]
    await until(lambda: all(client.lists for client in others))
    assert table.looks == looks
    table.gate.set()
    for client in (first, *others):
        await client.leave()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_a_slow_reader_skips_to_the_newest(table: Table) -> None:
    """[LB20] A client that does not read costs one list: what it missed is skipped, and others are told meanwhile."""
    slow, quick = Client(), Client()
    await until(lambda: slow.lists and quick.lists)
    slow.reads.clear()
    for players in range(1, 6):
        table.players = players
        await until(lambda players=players: quick.lists[-1]["players"] == players)
    slow.reads.set()
    await until(lambda: slow.lists[-1]["players"] == 5)
    assert len(slow.lists) <= 3
    await slow.leave()
    await quick.leave()


async def test_a_database_that_is_away_ends_no_socket(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    """[LB21] While the list cannot be read, sockets stay open and one line is logged; then the list comes."""
    table.broken = True
    client = Client()
    await more_looks(table, 5)
    assert not client.task.done()
    assert client.lists == []
    table.broken = False
    await until(lambda: client.lists)
    assert len([line for line in caplog.records if line.name == "lobby.watch"]) == 1
    await client.leave()


async def test_a_client_that_talks_is_closed_once(table: Table) -> None:
    """[LB18] Whatever a client says, it is told 4500 once and hears no more lists."""
    client = Client()
    await until(lambda: client.lists)
    client.inbox.put_nowait({"type": "websocket.receive", "text": "hello"})
    client.inbox.put_nowait({"type": "websocket.receive", "bytes": b"hello"})
    await asyncio.wait_for(client.task, LIMIT_S)
    assert [message["code"] for message in client.sent if message["type"] == "websocket.close"] == [4500]
    assert client.sent[-1]["type"] == "websocket.close"
