"""RFC 6455 in a room: what a client of the `websockets` package gets of the hub's frames, and what breaks its socket, on a real server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.fly.server.test_frames_on_the_wire import FAULTS
from tests.fly.server.wire import BINARY, CONT, TEXT, frame
from tests.gameserver.machine import HOST, Machine, close_code, read, send
from tests.gameserver.rooms import PATIENCE_S, sid

WEIGHTS = (0, 1, 60, 61, 62, 300, 65_000, 65_536, 200_000)
"""Of events: frames of each form of length are among them."""


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with Machine(tmp_path, environ={"DJANGO_SETTINGS_MODULE": "tests.gameserver.settings"}) as started:
        yield started


async def entered(machine: Machine, number: int, **options: Any) -> ClientConnection:
    """A client that has been welcomed."""
    sock = socket.create_connection(("127.0.0.1", machine.port))
    url = f"ws://{HOST}:{machine.port}/ws/r/main/?world=freight"
    ws = await connect(url, sock=sock, ping_interval=None, max_size=None, **{"compression": None, **options})
    await send(ws, cmd="room.join", v=1, sid=sid(number))
    await read(ws, "welcome")
    return ws


async def test_the_hubs_frames(machine: Machine) -> None:
    """[SV49] Frames of all lengths reach every client whole and in order, its own replies behind them; pings go between."""
    ada, bob = await entered(machine, 1), await entered(machine, 2, compression="deflate")
    assert bob.protocol.extensions == []
    for ref, weight in enumerate(WEIGHTS, 1):
        await send(ada, cmd="freight.load", ref=ref, weight=weight)
        assert await asyncio.wait_for(await bob.ping(b"between"), PATIENCE_S) >= 0
    for ws in (ada, bob):
        seqs: list[int] = []
        while len(seqs) < len(WEIGHTS):
            for event in (await read(ws, "events"))["events"]:
                seqs.append(event["seq"])
                assert event["load"] == "x" * WEIGHTS[event["seq"] - 1]
        assert seqs == list(range(1, len(WEIGHTS) + 1))
    for ws in (ada, bob):
        await ws.close(1001, "bye")
        assert ws.close_code == 1001


async def test_commands_in_fragments(machine: Machine) -> None:
    """[SV49] A command in fragments, cut in the middle of a character, with a ping between, is one command."""
    ws = await entered(machine, 1)
    data = json.dumps({"cmd": "chat.say", "ref": 1, "text": "grüße"}, ensure_ascii=False).encode()
    cut = data.index("ü".encode()) + 1
    ws.transport.write(frame(TEXT, data[:cut], fin=False))
    await (await ws.ping())
    ws.transport.write(frame(CONT, b"", fin=False) + frame(CONT, data[cut:]))
    assert (await read(ws, "events"))["events"][0]["text"] == "grüße"
    await ws.close()


async def test_faults_in_a_room(machine: Machine) -> None:
    """[SV12] What breaks the protocol in a room is closed as everywhere, and the one beside it goes on."""
    stays = await entered(machine, 0)
    for number, (data, code) in enumerate(FAULTS.values(), 1):
        ws = await entered(machine, number)
        ws.transport.write(data + frame(TEXT, b'{"cmd":"chat.say","ref":1,"text":"not read any more"}'))
        assert await close_code(ws) == code
    await send(stays, cmd="chat.say", ref=1, text="still here")
    assert [event["text"] for event in (await read(stays, "events"))["events"]] == ["still here"]
    await stays.close()


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in fragments"])
async def test_the_limit_of_a_room(machine: Machine, whole: bool) -> None:
    """[GS15] A message of 16,384 bytes is taken, one byte more is closed with 1009; a binary one is refused, and not for its bytes."""
    ws = await entered(machine, 1)
    text = json.dumps({"cmd": "room.ping", "ref": 1}).ljust(16_384)
    parts = [text] if whole else [text[:100], text[100:9000], text[9000:]]
    await ws.send(parts)
    assert (await read(ws, "reply"))["ref"] == 1
    ws.transport.write(frame(BINARY, text.encode()))
    assert (await read(ws, "reply", "error"))["code"] == "bad_message"
    await ws.send([*parts, " "] if not whole else text + " ")
    assert await close_code(ws) == 1009
