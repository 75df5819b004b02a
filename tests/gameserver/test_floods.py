"""Sockets that send too much."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from gameserver.process import Process
from tests.gameserver.rooms import sid
from tests.gameserver.sockets import Talk, running


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running() as running_process:
        yield running_process


async def test_noise_is_refused_and_then_closed(process: Process) -> None:
    """[GS14] Beyond a hundred messages at once each is refused with a time to wait, and sixty refusals close the socket with 4504."""
    talk = Talk()
    await talk.joined()
    talk.send(*[{"cmd": "room.ping", "ref": n} for n in range(1, 250)])
    replies = []
    while (event := await talk.event())["type"] == "websocket.send" and (message := json.loads(event["text"]))["type"] != "bye":
        replies += [message] if message["type"] == "reply" else []
    refused = [reply for reply in replies if not reply["ok"]]
    assert [reply["ref"] for reply in replies] == list(range(1, len(replies) + 1))
    assert {reply["code"] for reply in refused} == {"rate"}
    assert all(reply["wait_ms"] > 0 for reply in refused)
    assert len(replies) - len(refused) >= 100
    assert (await talk.closed())[1] == 4504
    await talk.leave()


async def test_whoever_flooded_stays_away(process: Process) -> None:
    """[GS14] A player whose socket was closed for a flood is not let in again at once; others are."""
    talk = Talk()
    await talk.joined()
    talk.send(*[{"cmd": "room.ping", "ref": n} for n in range(1, 250)])
    assert (await talk.closed())[1] == 4504
    again, other = Talk(), Talk()
    await again.accepted()
    again.send({"cmd": "room.join", "v": 1, "sid": sid(0)})
    assert (await again.closed())[1] == 4504
    await other.joined(1)
    for one in (talk, again, other):
        await one.leave()


async def test_a_flood_of_lines_is_closed(process: Process) -> None:
    """[EN12] Lines that go on after sixty refusals close the socket with 4504."""
    talk = Talk()
    await talk.joined()
    talk.send(*[{"cmd": "chat.say", "ref": n, "text": "x"} for n in range(1, 90)])
    assert (await talk.closed())[1] == 4504
    await talk.leave()
