"""`python -m fly.server` and `manage.py runserver` as processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fly.server.versions import TESTED, untested
from tests.fly.server.processes import APP, ROOT, Running
from tests.fly.server.wire import TEXT, close, frame


@pytest.fixture
def run() -> Iterator[type[Running]]:
    """Start a process by its whole command line."""
    started: list[Running] = []

    class Noted(Running):
        def __init__(self, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
            super().__init__([sys.executable, *arguments], pass_fds=pass_fds)
            started.append(self)

    yield Noted
    for each in started:
        each.end()


def serve(*options: str) -> tuple[str, ...]:
    """A command line of our server."""
    return ("-m", "fly.server", APP + "application", *options)


def test_addresses_are_told_in_one_write(tmp_path: Path) -> None:
    """[SV40] The lines that tell its addresses are one write, without a buffer too: nothing comes between a line and its end."""
    # A pipe of packets: each read gives what one write gave.
    reading, writing = os.pipe2(os.O_DIRECT)
    command = [sys.executable, *serve("--port", "0", "--unix", str(tmp_path / "server"))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=writing, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    os.close(writing)
    try:
        said = os.read(reading, 65536).decode()
    finally:
        process.terminate()
        process.wait()
        os.close(reading)
    assert said.count("Listening on") == said.count("\n") == 2
    assert said.endswith("\n")


def echoes(server: Running) -> bool:
    """True if a socket carries a message there and back."""
    with server.connect() as wire:
        wire.open()
        wire.send(frame(TEXT, b"there"))
        return wire.text() == "there"


def test_unix_socket(run: type[Running], tmp_path: Path) -> None:
    """[SV40] It listens on a Unix socket, in the place of one that a dead process left; and takes it away at the end."""
    path = tmp_path / "server"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = run(*serve("--unix", str(path)))
    server.wait_for(f"Listening on unix:{path}")
    server.address = str(path)
    assert echoes(server)
    second = run(*serve("--unix", str(path)))
    assert second.ended() == 2
    assert second.lines == [f"Cannot listen on {path}: Address already in use."]
    server.signal()
    assert server.ended() == 0
    assert not path.exists()


def test_inherited_socket(run: type[Running]) -> None:
    """[SV40] It listens on a socket it was given by number."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = run(*serve("--fd", str(listening.fileno())), pass_fds=(listening.fileno(),))
        server.wait_for(f"Listening on http://127.0.0.1:{listening.getsockname()[1]}$")
        server.address = listening.getsockname()
        assert echoes(server)


def test_several_addresses(run: type[Running], tmp_path: Path) -> None:
    """[SV40] It listens on several addresses at once, and says so of each."""
    server = run(*serve("--port", "0", "--unix", str(tmp_path / "server")))
    server.wait_for("Listening on", 2)
    for address in (str(tmp_path / "server"), ("127.0.0.1", int(server.wait_for(r"http://127\.0\.0\.1:(\d+)$")[0][1]))):
        server.address = address
        assert echoes(server)


def test_port_in_use(run: type[Running]) -> None:
    """[SV41] A port in use is one line and exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = run(*serve("--port", str(port)))
        assert server.ended() == 2
    assert server.lines == [f"Cannot listen on 127.0.0.1:{port}: Address already in use."]


@pytest.mark.parametrize(
    ("application", "line"),
    [
        ("no.such:application", "Cannot load no.such:application: No module named 'no'."),
        (APP + "nothing", f"Cannot load {APP}nothing: tests.fly.server.app has no nothing."),
        ("tests.fly.server.app", "'tests.fly.server.app' is not of the form module:name."),
    ],
)
def test_no_application(run: type[Running], application: str, line: str) -> None:
    """[SV41] An application that is not there is one line and exit code 2."""
    server = run("-m", "fly.server", application, "--port", "0")
    assert server.ended() == 2
    assert server.lines == [line]


def test_fd_that_is_none(run: type[Running]) -> None:
    """[SV41] A file descriptor that is no listening socket is one line and exit code 2."""
    server = run(*serve("--fd", "99"))
    assert server.ended() == 2
    assert len(server.lines) == 1
    assert "99" in server.lines[0]


def test_startup_failed(run: type[Running]) -> None:
    """[SV42] An application that says it cannot start: its own words in one line, exit code 3, and no port was open."""
    server = run("-m", "fly.server", APP + "refusing", "--port", "0")
    assert server.ended() == 3
    assert server.lines == ["no database here"]


def test_signal_while_starting(run: type[Running]) -> None:
    """[SV42] A signal during the start-up ends it, with exit code 0."""
    server = run("-m", "fly.server", APP + "starting", "--port", "0")
    server.wait_for("starting up")
    server.signal()
    assert server.ended() == 0
    assert not [line for line in server.lines if line.startswith("Listening")]


def test_versions() -> None:
    """[SV43] The versions that are installed are those that were tested."""
    assert untested() is None


def test_other_versions() -> None:
    """[SV43] Another version is refused in one line that names what is installed and what was tested."""
    line = untested(lambda package: "0.1" if package == "twisted" else TESTED[package])
    assert line is not None
    assert f"twisted 0.1 (tested with {TESTED['twisted']})" in line
    assert "daphne" not in line


@pytest.mark.parametrize("options", [(), ("--noreload",)], ids=["reloader", "noreload"])
def test_runserver(run: type[Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    """[SV44] `manage.py runserver` serves pages, static files and sockets, and drains at SIGTERM: under the reloader too."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/default.sqlite3")
    monkeypatch.setenv("REGION_DATABASE_URL", f"sqlite:///{tmp_path}/region.sqlite3")
    server = run("manage.py", "runserver", "127.0.0.1:0", *options)
    server.address = "127.0.0.1", int(server.wait_for(r"The lobby is at http://[^:]+:(\d+)/")[0][1])
    assert server.lines[0] == "Performing system checks..." or "Watching for file changes" in server.lines[0]
    host = server.wait_for(r"The lobby is at http://([^:]+):")[0][1]
    for path, kind in (("/", "text/html"), ("/static/gameserver/site.css", "text/css")):
        with server.connect() as wire:
            wire.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = wire.answer()
            assert answer.status == 200
            assert (answer["content-type"] or "").startswith(kind)
    with server.connect() as wire:
        wire.send(_lobby_handshake(host))
        assert wire.answer().status == 101
        os.kill(server.process.pid, signal.SIGTERM)
        while (received := wire.frame()).opcode != 8:
            pass
        wire.send(close(received.code))
        assert server.ended() == 0


def _lobby_handshake(host: str) -> bytes:
    from tests.fly.server.wire import upgrade

    return upgrade("/ws/lobby/", host=host)
