"""A start loads what it serves with and nothing else. No time is asserted here: `python -m bench.boot` measures it."""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config import static
from fly.server.unused import UNUSED
from tests.fly.server.processes import Running

ROOT = Path(__file__).resolve().parent.parent
NOT_NEEDED = {
    # TLS, which ends at the edge
    *("OpenSSL", "service_identity", "cryptography.x509", "twisted.internet.ssl", "twisted.protocols.tls"),
    # autobahn's frames, which are not the ones that travel, and its colours
    *("_nvx_utf8validator", "autobahn.nvx", "cffi", "pycparser", "click"),
    # Redis, where no REDIS_URL names one; PostgreSQL, where the database is a file
    *("channels_redis", "redis", "psycopg"),
    # the emulator's
    *("rich", "h11", "fly.edge"),
}
LOADED = "import sys; from fly.server.__main__ import main; main(['config.asgi:nothing', '--port', '0']); print(*sys.modules)"
"""The server's own way to an application, up to the moment at which it does not find the name."""
COLLECTS_WHILE_LOADED = gc.isenabled()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer what the collector did while this module was loaded, and what it does now."""
    if scope["type"] != "http":
        raise NotImplementedError
    frozen = "the start frozen" if gc.get_freeze_count() > len(sys.modules) else "nothing frozen"
    body = f"{COLLECTS_WHILE_LOADED}, {gc.isenabled()}, {frozen}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def server() -> Iterator[Running]:
    """Our server with the application above."""
    server = Running([sys.executable, "-m", "fly.server", f"{__name__}:application", "--port", "0"])
    server.address = "127.0.0.1", int(server.wait_for(r"Listening on http://127\.0\.0\.1:(\d+)")[0][1])
    yield server
    server.end()


def test_a_start_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """A gameserver that starts on Fly with files for databases imports no TLS, no second parser of frames, no Redis, no emulator."""
    machine = {"FLY_APP_NAME": "rooms", "FLY_MACHINE_ID": "0123456789abcd", "FLY_REGION": "cdg", "PARENT_HOST": "play.localhost"}
    databases = {f"{name}DATABASE_URL": f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("", "REGION_")}
    environ = {"PATH": os.environ["PATH"], "DEBUG": "0", "PUBLIC_SCHEME": "http", "SECRET_KEY": "k" * 50, **machine, **databases}
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    loaded = set(done.stdout.split())
    assert {"fly.server.server", "config.asgi", "gameserver.process"} <= loaded, done.stderr
    assert not loaded & NOT_NEEDED


def test_unused_packages_are_hidden_for_a_while() -> None:
    """What is to be left out cannot be imported meanwhile, can be afterwards, and stays where it was loaded before."""
    program = (
        "import json\nfrom fly.server.unused import without\nwith without('json', 'wave'):\n    import json\n"
        "    try:\n        import wave\n    except ModuleNotFoundError:\n        print('hidden')\nimport wave"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "hidden\n"


def test_unused_packages_would_be_loaded_otherwise() -> None:
    """Each package that is left out, and is installed, is loaded by a start that leaves out nothing: else the list says too much."""
    installed = [name for name in UNUSED if importlib.util.find_spec(name)]
    program = f"import sys, fly.server.server\nprint(sorted(set({installed!r}) - set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_collector_rests_during_a_start(server: Running) -> None:
    """The garbage collector is off while the application is loaded, on when it serves, and then leaves alone what the start has made."""
    with server.connect() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert b"False, True, the start frozen" in wire.to_the_end()


def test_static_files_are_looked_at_when_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """WhiteNoise, which looks at every file there is, is made once, and by the first request for a file."""
    made: list[object] = []

    def look(get_response: object) -> Any:
        made.append(get_response)
        return lambda request: HttpResponse(f"file {request.path}")

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse("page")

    monkeypatch.setattr(static, "WhiteNoiseMiddleware", look)
    middleware = static.StaticMiddleware(page)
    assert middleware(RequestFactory().get("/r/main/")).content == b"page"
    assert not made
    for path in ("/static/a.css", "/static/b.css"):
        assert middleware(RequestFactory().get(path)).content == f"file {path}".encode()
    assert made == [page]
