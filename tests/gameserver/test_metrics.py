"""What a process tells of itself in numbers."""

from __future__ import annotations

from dataclasses import fields

from asgiref.testing import ApplicationCommunicator

from config.metrics import Metrics
from gameserver.counts import COUNTS, Counts
from gameserver.metrics import DESCRIPTIONS, render
from tests.gameserver.sockets import Talk, running


def values(text: bytes) -> dict[str, float]:
    lines = [line.split() for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


async def test_numbers_are_those_of_the_process() -> None:
    """[GS120] `/metrics` tells sockets, rooms, players and what was counted, as they are at that moment."""
    async with running() as process:
        talk = Talk()
        await talk.joined()
        before = values(render(process))
        talk.send({"cmd": "chat.say", "ref": 1, "text": "hello"})
        while (await talk.read())["type"] != "reply":
            pass
        after = values(render(process))
        assert (after["gameserver_sockets"], after["gameserver_rooms"], after["gameserver_players"]) == (1, 1, 1)
        assert after["gameserver_places"] == process.max_sockets - 1
        for name in ("commands", "events_shown", "frames_shown"):
            assert after[f"gameserver_{name}_total"] > before[f"gameserver_{name}_total"], name
        await talk.leave()


def test_whoever_asks_a_process_that_starts_gets_what_is_counted() -> None:
    """[GS120] Before there is a gameserver the counted numbers are there, each with a description."""
    found = values(render(None))
    assert set(found) == {f"gameserver_{field.name}_total" for field in fields(Counts)}
    assert set(DESCRIPTIONS) == {field.name for field in fields(Counts)}


def test_nobody_is_named() -> None:
    """[GS120] The numbers have no labels: no player, room or address is in them."""
    assert b"{" not in render(None)


async def test_metrics_are_text_for_any_host() -> None:
    """[GS120] `/metrics` is answered by path alone, GET and HEAD; everything else is passed on."""
    passed: list[str] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        passed.append(str(scope["path"]))

    metrics = Metrics(app, lambda: b"x 1\n")
    for method, body in (("GET", b"x 1\n"), ("HEAD", b"")):
        asked = ApplicationCommunicator(metrics, {"type": "http", "path": "/metrics", "method": method})
        start, sent = await asked.receive_output(30), await asked.receive_output(30)
        assert (start["status"], dict(start["headers"])[b"content-length"], sent["body"]) == (200, b"4", body)
    await ApplicationCommunicator(metrics, {"type": "http", "path": "/metrics/", "method": "GET"}).wait(30)
    await ApplicationCommunicator(metrics, {"type": "http", "path": "/metrics", "method": "POST"}).wait(30)
    assert passed == ["/metrics/", "/metrics"]


async def test_counting_is_of_all_rooms() -> None:
    """[GS120] One line shown to two sockets is one event and two deliveries or more."""
    async with running():
        first, second = Talk(), Talk()
        await first.joined(1)
        await second.joined(2)
        before = COUNTS.events_shown
        first.send({"cmd": "chat.say", "ref": 1, "text": "hello"})
        while (await second.read())["type"] != "events":
            pass
        assert COUNTS.events_shown == before + 1
        await first.leave()
        await second.leave()
