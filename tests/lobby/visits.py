"""Visits to the lobby for tests: a browser that presses Join, and the questions of a page that waits."""

from __future__ import annotations

import json
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.test import Client

from fly.context import read_context
from gameserver.heartbeat import Beat
from gameserver.players import Player, write_cookie
from lobby.heartbeats import record
from lobby.state import State
from lobby.waiting import Wait

LOBBY = {"host": f"{settings.PARENT_HOST}:8001"}
ADA = Player("ada0ada0", "Ada", "#112233")


def up(code: str = "cdg", players: int = 0, draining: bool = False) -> None:
    """A region's gameserver beats, with so many players in its main room."""
    rooms = [{"slug": "main", "players": players, "taken": players}] if players else []
    record([Beat(code, f"m-{code}", "rooms", 1_700_000_000.0, players, rooms, players, draining)])


def browser(player: Player | None = ADA) -> Client:
    """A browser with a player's cookie, or without any."""
    client = Client()
    if player:
        client.cookies[settings.PLAYER_COOKIE] = write_cookie(player)
    return client


def join(client: Client | None = None, path: str = "/join/cdg/") -> Any:
    """Press Join: the answer."""
    return (client or browser()).get(path, headers=LOBBY)


async def inline(look: Any, *arguments: Any) -> Any:
    """In place of a thread."""
    return await sync_to_async(look)(*arguments)


def question(path: str = "/join/cdg/state", player: Player | None = ADA, method: str = "GET", host: str = LOBBY["host"]) -> tuple[int, Any]:
    """Ask as the page does: the status, and the answer; 0 for what was passed on to Django."""
    headers = [(b"host", host.encode()), (b"cookie", f"{settings.PLAYER_COOKIE}={write_cookie(player) if player else ''}".encode())]
    scope = {"type": "http", "path": path, "method": method, "headers": headers, "fly": read_context(path, headers)}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def django(*_: Any) -> None:
        sent.append({"status": 0, "headers": [(b"cache-control", b"no-store")]})
        sent.append({"body": b""})

    async_to_sync(State(django, inline))(scope, None, send)
    assert (b"cache-control", b"no-store") in sent[0]["headers"]
    return sent[0]["status"], json.loads(sent[1]["body"] or "null")


def state(player: Player | None = ADA) -> dict[str, Any]:
    """What a question is answered with, which is 200."""
    status, found = question(player=player)
    assert status == 200
    assert set(found) == set(Wait.__slots__)
    return dict(found)
