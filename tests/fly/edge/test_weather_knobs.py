"""Who sets the weather while the emulator runs: a page behind it, and a command from another terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.edge import control
from fly.edge.emulator import Emulator, Settings
from fly.edge.weather import BOUNDS, CLEAR, Lane, Weather
from fly.here import Here
from tests.fly.edge.world import LIMIT_S, World, read_answer

HOST = "cdg.play.localhost:8001"
SET = {"X-Edge": "1", "Content-Type": "application/json"}


async def ask(
    world: World, method: str, value: object = None, origin: str = "", host: str = HOST, **more: str
) -> tuple[int, dict[str, str], Any]:
    """Ask the edge for its weather; `value` is the body, as it is if it is bytes."""
    body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {"Host": host, "Content-Length": str(len(body)), **more} | ({"Origin": origin} if origin else {})
    head = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    status, found, text = await world.ask(f"{method} /.edge/weather HTTP/1.1\r\n{head}\r\n", body)
    return status, found, json.loads(text) if text else None


@pytest.fixture
def parent(world: World) -> World:
    world.edge.parent = "play.localhost"
    return world


@pytest.mark.parametrize("host", [HOST, "play.localhost", "nowhere.play.localhost:8000"])
async def test_a_page_reads_the_weather(parent: World, host: str) -> None:
    """[ED58] GET on any host of the emulator: the region one stands in, the values and their bounds, asked of no Machine."""
    parent.edge.sky.change(Weather(100, 30, 2, 7))
    status, headers, told = await ask(parent, "GET", host=host)
    assert status == 200
    assert told == {"region": "ewr", "latency_ms": 100, "jitter_ms": 30, "loss_percent": 2, "seed": 7, "bounds": dict(BOUNDS)}
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    assert headers["fly-edge-trace"].startswith("ewr edge")
    assert parent.heads == []


async def test_a_page_sets_the_weather(parent: World) -> None:
    """[ED58] POST with X-Edge: 1 changes what it names at the vantage point it came through, and answers with all of it."""
    status, _, told = await ask(parent, "POST", {"latency_ms": 100, "loss_percent": 2.5}, f"http://{HOST}", **SET)
    assert (status, told["latency_ms"], told["jitter_ms"], told["loss_percent"]) == (200, 100, 0, 2.5)
    assert parent.edge.sky.weather == Weather(100, 0, 2.5)
    assert (await ask(parent, "POST", {"latency_ms": 0}, **SET))[2]["loss_percent"] == 2.5
    assert parent.edge.sky.weather == Weather(0, 0, 2.5)


@pytest.mark.parametrize("headers", [{}, {"X-Edge": "0"}, {"X-Edges": "1"}])
async def test_a_post_without_the_header_is_refused(parent: World, headers: dict[str, str]) -> None:
    """[ED58] Without X-Edge: 1 a POST is a 403 and changes nothing, also with the right origin: a form cannot send it."""
    status, _, told = await ask(parent, "POST", {"latency_ms": 5}, f"http://{HOST}", **headers)
    assert (status, "X-Edge" in told["error"], parent.edge.sky.weather) == (403, True, CLEAR)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://cdg.play.localhost:8001",
        "http://cdg.play.localhost:9000",
        "http://play.localhost:9000",
        "http://nrt.play.localhost:8001",
        "http://play.localhost.evil.example:8001",
        "null",
    ],
)
async def test_a_foreign_origin_is_refused(parent: World, method: str, origin: str) -> None:
    """[ED58] A page of another site, another port or another subdomain gets a 403, whatever it sends, and no leave to read it."""
    status, headers, _ = await ask(parent, method, {"latency_ms": 5}, origin, **SET)
    assert (status, parent.edge.sky.weather) == (403, CLEAR)
    assert "access-control-allow-origin" not in headers


async def test_two_origins_are_none(parent: World) -> None:
    """[ED58] A request with a good origin and a foreign one is foreign."""
    assert (await ask(parent, "GET", None, f"http://{HOST}\r\nOrigin: http://evil.example"))[0] == 403


@pytest.mark.parametrize("origin", [f"http://{HOST}", "http://play.localhost:8001"])
async def test_pages_of_the_host_and_its_parent_may(parent: World, origin: str) -> None:
    """[ED58] The same origin and the parent host at the same port may ask first, set and read."""
    status, headers, _ = await ask(parent, "OPTIONS", None, origin)
    assert (status, headers["access-control-allow-origin"]) == (204, origin)
    assert "POST" in headers["access-control-allow-methods"]
    assert "x-edge" in headers["access-control-allow-headers"]
    status, headers, _ = await ask(parent, "POST", {"jitter_ms": 9}, origin, **SET)
    assert (status, headers["access-control-allow-origin"], parent.edge.sky.weather) == (200, origin, Weather(jitter_ms=9))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"latency_ms": 2001}, "latency_ms is a number from 0 to 2000, not 2001"),
        ({"latency_ms": 5, "loss_percent": -1}, "loss_percent is a number from 0 to 50"),
        (b'{"jitter_ms": NaN}', "jitter_ms is a number"),
        ({"wind": 5}, "no 'wind'"),
        (b"fog", "a JSON object"),
        (b"[" * 4000, "a JSON object"),
        (b"\xff\xfe", "a JSON object"),
        ([1], "a JSON object"),
        (b"", "a JSON object"),
    ],
)
async def test_what_cannot_be_is_told_in_words(parent: World, body: object, words: str) -> None:
    """[ED58] [ED57] Values out of bounds, and what is no weather, are a 400 with a sentence; nothing changes, not in part either."""
    status, _, told = await ask(parent, "POST", body, **SET)
    assert (status, parent.edge.sky.weather) == (400, CLEAR)
    assert words in told["error"]


async def test_other_methods_and_large_bodies_are_refused(parent: World) -> None:
    """[ED58] 405 names what there is, 413 comes before the body is read to its end, a malformed body is a 400."""
    status, headers, _ = await ask(parent, "DELETE")
    assert (status, headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    status, headers, _ = await ask(parent, "POST", b" " * 5000, **SET)
    assert (status, headers["connection"]) == (413, "close")
    text = f"POST /.edge/weather HTTP/1.1\r\nHost: {HOST}\r\nX-Edge: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert (await parent.ask(text))[0] == 400
    assert parent.heads == []


async def test_one_connection_turns_it_up_and_down(parent: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """[ED58] [ED34] One connection carries many turns of the knobs, each past the weather, so that nobody is locked out; HEAD too."""
    late: list[int] = []
    monkeypatch.setattr(Lane, "travel", lambda lane, now_ms, size_bytes: late.append(size_bytes) or [(size_bytes, now_ms)])
    reader, writer = await parent.connect()
    for latency_ms in (1, 2000, 0):
        body = json.dumps({"latency_ms": latency_ms, "loss_percent": 50}).encode()
        head = f"POST /.edge/weather HTTP/1.1\r\nHost: {HOST}\r\nX-Edge: 1\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert json.loads((await asyncio.wait_for(read_answer(reader), LIMIT_S))[2])["latency_ms"] == latency_ms
        assert parent.edge.sky.weather == Weather(latency_ms, 0, 50)
    writer.write(f"HEAD /.edge/weather HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /.edge/weather HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LIMIT_S)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert (await asyncio.wait_for(read_answer(reader), LIMIT_S))[2].startswith(b'{"region": "ewr"')
    assert late == []
    writer.close()


@pytest.mark.parametrize("path", ["/.edge/weather/", "/.edge/", "/.edge/weathers", "/x/.edge/weather"])
async def test_no_other_path_is_the_edges(parent: World, path: str) -> None:
    """[ED58] Only this one path is taken from the application."""
    status, _, body = await parent.ask(f"GET {path} HTTP/1.1\r\nHost: play.localhost\r\n\r\n")
    assert (status, body, len(parent.heads)) == (200, b"ok", 1)


async def test_a_host_of_nobody_has_no_weather(parent: World) -> None:
    """[ED58] [ED32] Under a name that is not the emulator's it is a 404: a foreign name that leads to loopback gets nothing."""
    status, _, _ = await parent.ask("GET /.edge/weather HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert status == 404


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("host", ["play.localhost", "cdg.play.localhost"])
def test_the_application_knows_of_no_weather(settings: SettingsWrapper, host: str) -> None:
    """[ED59] Where no emulator is, the platform's answer is a 404: a page that gets it shows no knobs."""
    settings.HERE = Here("rooms", "aaaa1111", "cdg")
    assert Client().get("/.edge/weather", headers={"host": host}).status_code == 404


class Bare:
    """An emulator without Machines, listening for orders in a folder; what the console would say is in `said`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.emulator = Emulator(Settings(("ewr", "cdg"), (0, 0), "play.localhost", ()), say=self.said.append)

    def weather(self) -> dict[str, Weather]:
        return {region: edge.sky.weather for region, edge in self.emulator.edges.items()}

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run `flyedge` as from another terminal: exit code, and what it printed."""
        out = StringIO()

        def run() -> int:
            try:
                call_command("flyedge", *arguments, "--dir", str(self.folder), stdout=out, stderr=out, no_color=True)
            except SystemExit as error:
                return int(error.code or 0)
            return 0

        return await asyncio.wait_for(asyncio.to_thread(run), LIMIT_S), out.getvalue()


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Bare]:
    made = Bare(tmp_path)
    await made.emulator.start()
    server = await control.serve(made.emulator, tmp_path / "control")
    yield made
    server.close()
    await made.emulator.stop()


async def test_the_command_sets_one_region_or_all(bare: Bare) -> None:
    """[ED57] flyedge weather sets what it names at one vantage point or at all, and prints all; --clear ends it; each change is said."""
    assert await bare.command("weather") == (0, "ewr clear\ncdg clear\n")
    code, text = await bare.command("weather", "--region", "cdg", "--latency", "100", "--jitter", "30", "--loss", "2", "--seed", "7")
    assert (code, text) == (0, "ewr clear\ncdg 100 ms ± 30 ms each way, 2% lost\n")
    assert bare.weather() == {"ewr": CLEAR, "cdg": Weather(100, 30, 2, 7)}
    await bare.command("weather", "--loss", "5")
    assert bare.weather() == {"ewr": Weather(loss_percent=5), "cdg": Weather(100, 30, 5, 7)}
    await bare.command("weather", "ewr", "--clear")
    assert bare.weather() == {"ewr": CLEAR, "cdg": Weather(100, 30, 5, 7)}
    await bare.command("weather", "--clear", "--seed", "0")
    assert bare.weather() == {"ewr": CLEAR, "cdg": CLEAR}
    assert bare.said[0] == "weather in cdg: 100 ms ± 30 ms each way, 2% lost"
    assert len(bare.said) == 5


async def test_the_status_shows_the_weather(bare: Bare) -> None:
    """[ED57] Beside the vantage points where it is not clear; as values over the control socket."""
    bare.emulator.edges["cdg"].sky.change(Weather(100, 30, 2))
    assert control.status(bare.emulator)["weather"]["cdg"] == {"latency_ms": 100, "jitter_ms": 30, "loss_percent": 2, "seed": 0}
    lines = (await bare.command("status"))[1].splitlines()
    assert [line.endswith("(weather: 100 ms ± 30 ms each way, 2% lost)") for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--latency", "5000"), "latency_ms is a number from 0 to 2000"),
        (("--latency", "real"), "number of ms, not 'real'"),
        (("--latency", "nan"), "latency_ms is a number"),
        (("--loss", "99", "--latency", "1"), "loss_percent is a number from 0 to 50"),
        (("--region", "atlantis", "--loss", "1"), "no vantage point 'atlantis'; there are ewr, cdg"),
        (("cdg", "--region", "cdg"), "once"),
        (("--clear", "--loss", "1"), "--clear stands alone"),
    ],
)
async def test_what_cannot_be_set_is_one_line(bare: Bare, arguments: tuple[str, ...], words: str) -> None:
    """[ED57] [ED40] A value or a region that cannot be is one line and exit code 2, and nothing changes anywhere."""
    code, text = await bare.command("weather", *arguments)
    assert (code, text.count("\n"), set(bare.weather().values())) == (2, 1, {CLEAR})
    assert words in text


async def test_a_run_takes_no_number(bare: Bare) -> None:
    """[ED40] [ED57] A run with --latency 100 is one line that says how it is meant, exit code 2."""
    code, text = await bare.command("--latency", "100")
    assert (code, text.count("\n")) == (2, 1)
    assert "flyedge weather --latency 100" in text
