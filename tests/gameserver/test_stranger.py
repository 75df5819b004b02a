"""A stranger's client: the `websockets` package and docs/protocol.md, nothing of ours."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.gameserver.machine import Machine, close_code
from tests.gameserver.rooms import PATIENCE_S


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path) as started:
        yield started


class Stranger:
    """Written from the document alone: joins, says, reads history, resumes, resends."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sid = secrets.token_urlsafe(24)
        self.ref = 0
        self.position: list[int] | None = None
        self.lines: list[str] = []
        self.present: dict[str, str] = {}
        self.replies: dict[int, dict[str, Any]] = {}

    async def join(self, ws: ClientConnection) -> dict[str, Any]:
        self.ws = ws
        join = {"cmd": "room.join", "v": 1, "sid": self.sid, "name": self.name}
        await ws.send(json.dumps(join if self.position is None else {**join, "position": self.position}))
        return await self.until("welcome")

    async def command(self, cmd: str, ref: int | None = None, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        if ref is None:
            self.ref = ref = self.ref + 1
        await self.ws.send(json.dumps({"cmd": cmd, "ref": ref, **fields}))
        while ref not in self.replies:
            await self.until("reply")
        return self.replies.pop(ref)

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = json.loads(await self.ws.recv())
                self.take(message)
                if message["type"] == kind:
                    return message

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "welcome":
            if not message["recovered"]:
                self.lines.clear()
            self.add(message["events"])
            self.position = message["position"]
            self.present = {player["id"]: player["name"] for player in message["present"]}
        elif message["type"] == "events":
            assert self.position is not None
            assert message["events"][0]["seq"] == self.position[1] + 1
            self.add(message["events"])
            self.position = [message["epoch"], message["events"][-1]["seq"]]
        elif message["type"] == "presence":
            self.present |= {player["id"]: player["name"] for player in message["joined"]}
            for player in message["left"]:
                self.present.pop(player, None)
        elif message["type"] == "reply":
            self.replies[message["ref"]] = message

    def add(self, events: list[dict[str, Any]]) -> None:
        self.lines += [event["text"] for event in events if event["ev"] == "chat.said"]

    async def hear(self, line: str) -> None:
        while line not in self.lines:
            await self.until("events")


async def test_a_stranger_joins_says_and_resumes(machine: Machine) -> None:
    """[GS1] A client written from the document joins, speaks, is heard, loses its connection, and comes back to exactly what it missed."""
    await _a_whole_stay(machine)


async def test_a_stock_server_serves_a_stranger_as_well(tmp_path: Path) -> None:
    """[GS20] On uvicorn, which has no prepared frames, the same stay goes the same way."""
    async with Machine(tmp_path, "uvicorn") as machine:
        await _a_whole_stay(machine)


async def _a_whole_stay(machine: Machine) -> None:
    ada, bob = Stranger("Ada"), Stranger("Bob")
    welcome = await ada.join(await machine.connect())
    assert (welcome["v"], welcome["region"], welcome["room"], welcome["you"]["name"]) == (1, "cdg", "main", "Ada")
    await bob.join(await machine.connect())
    assert set(bob.present.values()) == {"Ada", "Bob"}
    said = await ada.command("chat.say", text="hello")
    assert said["ok"] is True
    assert ada.lines == ["hello"], "the event comes before the reply"
    await bob.hear("hello")
    assert ada.position == bob.position
    await ada.ws.close()
    for number in range(3):
        assert (await bob.command("chat.say", text=f"missed {number}"))["ok"] is True
    back = await ada.join(await machine.connect())
    assert back["recovered"] is True
    assert ada.lines == ["hello", "missed 0", "missed 1", "missed 2"]
    assert await ada.command("chat.say", ref=1, text="hello") == said, "a resend gets the first reply"
    assert (await ada.command("chat.say", text="again"))["seq"] == said["seq"] + 4
    page = await bob.command("chat.history", before=3, limit=2)
    assert ([event["seq"] for event in page["events"]], page["more"]) == ([1, 2], False)
    renamed = await bob.command("chat.rename", name="Robert")
    assert (renamed["player"]["name"], renamed["ok"]) == ("Robert", True)
    for stranger in (ada, bob):
        await stranger.ws.close()


async def test_a_stranger_is_told_what_it_did_wrong(machine: Machine) -> None:
    """[EN14] Errors carry their codes, the room goes on, and a client that makes no sense is closed with 4500."""
    ada = Stranger("Ada")
    await ada.join(await machine.connect())
    assert (await ada.command("chat.say", text="  "))["code"] == "empty"
    assert (await ada.command("chat.say", text="x" * 501))["code"] == "too_long"
    assert (await ada.command("chat.shout", text="x"))["code"] == "unknown_command"
    assert (await ada.command("room.ping", more=1))["code"] == "bad_message"
    assert (await ada.command("room.ping"))["ok"] is True
    replies = [await ada.command("chat.say", text="fast") for _ in range(20)]
    rate = next(reply for reply in replies if not reply["ok"])
    assert rate["code"] == "rate"
    assert 0 < rate["wait_ms"] <= 200
    for _ in range(10):
        await ada.ws.send("nonsense")
    assert await close_code(ada.ws) == 4500


@pytest.mark.parametrize(("send", "code"), [("x" * 16385, 1009), ('{"cmd":"room.join","v":0,"sid":"' + "s" * 22 + '"}', 4501)])
async def test_a_stranger_is_closed_with_the_documents_codes(machine: Machine, send: str, code: int) -> None:
    """[GS15] A message over the limit and another version are closed with the codes of the document."""
    ws = await machine.connect()
    await ws.send(send)
    assert await close_code(ws) == code


async def test_a_session_is_taken_over_by_its_second_socket(machine: Machine) -> None:
    """[GS10] A second socket with the same sid goes on; the first is told `bye` and closed with 4505."""
    ada = Stranger("Ada")
    first = await machine.connect()
    await ada.join(first)
    await ada.join(await machine.connect())
    assert await close_code(first) == 4505
    assert (await ada.command("chat.say", text="still here"))["ok"] is True
    await ada.ws.close()
