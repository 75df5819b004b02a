"""The page of a running emulator: its feed and its orders over real sockets, with a Machine that is a real process."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fly.edge import control
from fly.edge.console import Screen
from fly.edge.desk import MAX_ORDERS
from fly.edge.feed import MAX_WATCHERS
from tests.fly.edge.desktop import PARENT, Desktop, tiny_plan
from tests.fly.edge.fleet import until
from tests.fly.edge.world import LIMIT_S, read_answer
from tests.support.raw import handshake


@pytest.fixture
async def bare() -> AsyncIterator[Desktop]:
    """Without Machines."""
    made = Desktop()
    await made.emulator.start()
    yield made
    await made.emulator.stop()


@pytest.fixture
async def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desktop]:
    """With one Machine in cdg."""
    # However busy this computer is: an order's answer waits for what it does.
    monkeypatch.setattr("fly.edge.desk.ECHO_S", LIMIT_S)
    made = Desktop(tiny_plan(tmp_path))
    await made.emulator.start()
    yield made
    await made.emulator.stop()


async def test_the_edge_answers_for_the_page(bare: Desktop) -> None:
    """[PG1] [PG2] The page comes from the edge; a HEAD has its length only; under a region's name the application is asked instead."""
    status, headers, body = await bare.ask("GET", "/.edge/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"Fly on this computer" in body
    reader, writer = await asyncio.open_connection("127.0.0.1", bare.port)
    host = f"localhost:{bare.port}"
    for _ in range(2):
        writer.write(f"HEAD /.edge/page.css HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        assert head.startswith(b"HTTP/1.1 200")
        assert b"content-length: 0" not in head.lower()
    writer.close()
    assert bare.lines == []
    status, headers, _ = await bare.ask("GET", "/.edge/", Host=f"cdg.{PARENT}:{bare.port}")
    assert status in (502, 503)
    assert "fly-edge-error" in headers


async def test_bodies_are_bounded(bare: Desktop) -> None:
    """[PG5] An order over 4096 bytes is a 413, a malformed body a 400; nothing is done."""
    status, headers, _ = await bare.ask("POST", "/.edge/orders", b" " * 5000, X_Edge="1")
    assert (status, headers["connection"]) == (413, "close")
    reader, writer = await asyncio.open_connection("127.0.0.1", bare.port)
    writer.write(f"POST /.edge/orders HTTP/1.1\r\nHost: {PARENT}\r\nX-Edge: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode())
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[0] == 400
    writer.close()
    assert bare.said == []


async def test_the_feed_begins_with_where_one_stands(bare: Desktop) -> None:
    """[PG6] The feed says at which vantage point it is read, then all: orders, places, edges with port, weather and sockets."""
    told = await bare.watch()
    assert await told.next() == {"kind": "here", "edge": "cdg"}
    first = await told.next()
    assert (first["kind"], first["regions"]["cdg"]["city"], first["bounds"]["latency_ms"]) == ("snapshot", "Paris", 2000)
    assert first["edges"]["cdg"]["port"] == bare.port
    assert first["edges"]["ewr"]["sockets"] == {}
    assert "kill" in [one["verb"] for one in first["verbs"]]
    told.writer.close()
    await until(lambda: bare.watchers() == 0, "the feed knows that its reader is gone")


async def test_a_silent_feed_says_that_it_is_alive(bare: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """[PG6] Where nothing happens a comment comes now and then, so that who reads knows that somebody is there."""
    monkeypatch.setattr("fly.edge.desk.BEAT_S", 0.01)
    told = await bare.watch()
    await told.until(lambda: "edges" in told.sections and told.sections["edges"])
    assert b": alive\n" in [await asyncio.wait_for(told.reader.readline(), LIMIT_S) for _ in range(8)]
    told.writer.close()


async def test_watchers_over_the_limit_are_refused(bare: Desktop) -> None:
    """[PG7] One watcher too many gets a 503, and the place of one that left."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_WATCHERS):
            told = await bare.watch()
            stack.callback(told.writer.close)
        assert (await bare.ask("GET", "/.edge/feed"))[0] == 503
    await until(lambda: bare.watchers() == 0, "all have left")
    (await bare.watch()).writer.close()


async def test_the_api_and_regions_are_broken_from_the_page(bare: Desktop) -> None:
    """[PG9] [PG6] Orders for the API and for a region say how it stands now; the feed has it, and takes it back when it is over."""
    told = await bare.watch()
    await told.until(lambda: told.sections.get("edges"))
    status, answer = await bare.order("api", "down")
    assert (status, answer["now"]) == (200, "api: down")
    status, answer = await bare.order("outage", "ewr")
    assert (status, answer["now"]) == (200, "ewr: outage")
    await told.until(lambda: told.sections["troubles"] == {"api": ["down"], "ewr": ["outage"]})
    assert told.sections["modes"]["api"] == "down"
    await bare.order("outage", "ewr", over=True)
    await told.until(lambda: told.sections["troubles"]["ewr"] is None)
    told.writer.close()


async def test_the_weather_is_an_order(bare: Desktop) -> None:
    """[PG9] [PG6] The weather of any vantage point is set from the page of one; it is seen in the feed, and refusals are sentences."""
    told = await bare.watch()
    await told.until(lambda: told.sections.get("edges"))
    status, answer = await bare.order("weather", "ewr", latency_ms=120)
    assert (status, answer["done"]) == (200, True)
    await told.until(lambda: told.sections["edges"]["ewr"]["weather"]["latency_ms"] == 120)
    assert told.sections["edges"]["cdg"]["weather"]["latency_ms"] == 0
    status, answer = await bare.order("weather", "ewr", latency_ms=-1)
    assert (status, "latency_ms is a number from 0 to 2000" in answer["error"]) == (409, True)
    status, answer = await bare.order("kill", "atlantis")
    assert (status, "no machine 'atlantis'" in answer["error"]) == (409, True)
    assert any(text.startswith("kill atlantis: there is no machine") for text in bare.said)
    told.writer.close()


async def test_a_machine_is_killed_from_the_page_and_comes_back(tiny: Desktop) -> None:
    """[PG9] [PG10] Kill is answered with what happened; console and feed say who ordered it, that it died, and that it is up again."""
    told = await tiny.watch()
    await told.until(lambda: told.sections.get("machines"))
    before = told.sections["machines"]["cdg"]
    status, answer = await tiny.order("kill", before["id"])
    assert (status, answer["order"], answer["done"]) == (200, "kill cdg", True)
    # On a busy computer its health check may be heard first.
    assert answer["said"]
    assert all(text.startswith("cdg machine ") for text in answer["said"])
    for words in ("died (exit code -9), starting again", "is up again"):
        await told.until(lambda words=words: any(words in text for text in told.said))
    await told.until(lambda: told.sections["machines"]["cdg"]["pid"] not in (None, before["pid"]))
    assert told.said[0] == "kill cdg, ordered from the page"
    assert tiny.said[: len(told.said)] == told.said
    told.writer.close()


async def test_sockets_and_requests_are_seen(tiny: Desktop) -> None:
    """[PG8] [PG11] An open WebSocket is counted at the edge it came in by, under its Machine's id, until it ends; requests are told."""
    told = await tiny.watch()
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    writer.write(handshake(PARENT))
    await asyncio.wait_for(read_answer(reader), LIMIT_S)
    machine = tiny.emulator.machines["cdg"].id
    await told.until(lambda: told.sections.get("edges", {}).get("cdg", {}).get("sockets") == {machine: 1})
    await told.until(lambda: told.sections["machines"]["cdg"]["connections"] == 1)
    assert told.sections["edges"]["ewr"]["sockets"] == {}
    writer.close()
    await told.until(lambda: told.sections["edges"]["cdg"]["sockets"] == {})
    await tiny.ask("GET", "/some/where/?token=secret")
    await told.until(lambda: len(told.requests) >= 2)
    assert [(one["method"], one["path"], one["edge"]) for one in told.requests] == [
        ("WS", told.requests[0]["path"], "cdg"),
        ("GET", "/some/where/", "cdg"),
    ]
    assert told.requests[1]["hops"] == [["cdg", machine, ""]]
    assert "secret" not in json.dumps(told.requests)
    told.writer.close()


async def test_what_takes_time_is_answered_before(bare: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """[PG9] What takes longer is answered with 202 and goes on; why it failed is said then. Too many at once are a 429."""
    gate = asyncio.Event()

    async def slow(*arguments: object) -> dict[str, Any]:
        await gate.wait()
        return {"error": "it would not"}

    monkeypatch.setattr(control, "obey", slow)
    monkeypatch.setattr("fly.edge.desk.PATIENCE_S", 0.01)
    monkeypatch.setattr("fly.edge.desk.ECHO_S", 0.01)
    status, answer = await bare.order("stop", "cdg")
    assert (status, answer["done"]) == (202, False)
    for _ in range(MAX_ORDERS - 1):
        await bare.order("stop", "cdg")
    assert (await bare.order("stop", "cdg"))[0] == 429
    gate.set()
    await until(lambda: "stop cdg: it would not" in bare.said, "the end is said")
    await until(lambda: not bare.desk._orders, "none is under way")


async def test_the_table_names_the_page(bare: Desktop) -> None:
    """[PG12] The table that the emulator prints has the page's address."""
    out = io.StringIO()
    Screen(Console(file=out, width=120)).table(bare.emulator, "none")
    assert f"http://{PARENT}:{bare.port}/.edge/" in out.getvalue()
