"""The benchmarks run, in a setting so small that it measures nothing, and their load client counts right. No time is asserted here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench import board, fanout, inbound, load, machine, memory, opening, slow, storm
from tests.support import chromium
from tests.support.raw import LIMIT_S

PROGRAMS: dict[str, tuple[Any, Callable[[], dict[str, object]]]] = {
    "fanout": (fanout, lambda: fanout.run((fanout.Crowded(5, with_stock=True, curve=(20,)),), 0.2, 0.2, 1)),
    "slow": (slow, lambda: slow.run(5, 0.2, 1)),
    "inbound": (inbound, lambda: inbound.run((5,), 0.2, 1)),
    "memory": (memory, lambda: memory.run(5, 6, 1)),
    "board": (board, lambda: board.run(3, 50, 0.2)),
    "storm": (storm, lambda: storm.run(5, 1)),
}
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs in C, and migrated databases: made once."""
    folder = tmp_path_factory.mktemp("built")
    machine.migrate(machine.machine_environ(folder))
    if shutil.which("cc"):
        load.build(folder)
    return folder


def copy(built: Path, folder: Path) -> None:
    """Put the programs into a folder, as `build` does."""
    if not shutil.which("cc"):
        load.build(folder)
    for program in load.PROGRAMS:
        shutil.copy(built / program, folder / program)


@contextmanager
def compiled() -> Iterator[None]:
    """Where there is no C compiler, what needs one ends with a line that says so, and that is all that can be said of it."""
    if shutil.which("cc"):
        yield
    else:
        with pytest.raises(SystemExit, match="needs a C compiler"):
            yield


@pytest.mark.browser
def test_opening_a_board_can_be_measured() -> None:
    """The benchmark of a large board comes to its end in a tiny setting; where there is no browser it says so in a line."""
    if chromium.find() is None:
        assert os.environ.get("CI") != "true"
        with pytest.raises(SystemExit, match="No Chromium"):
            opening.run(20, 1)
        return
    result = opening.run(20, 1)
    assert (result["bench"], result["shapes"]) == ("opening", 20)
    assert all(result[name] for name in ("welcome_ms", "picture_ms", "empty_ms", "ratio"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_benchmark_can_be_run(name: str, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A benchmark comes to its end in a tiny setting, and what it found is one line of JSON with its name."""

    def migrated(environ: Mapping[str, str]) -> None:
        shutil.copy(built / "lobby.sqlite3", environ["DATABASE_URL"].removeprefix("sqlite:///"))

    module, run = PROGRAMS[name]
    monkeypatch.setattr(module, "build", partial(copy, built))
    for user in (machine, memory, storm):
        monkeypatch.setattr(user, "migrate", migrated)
    with compiled():
        found = run()
        assert found["bench"] == name
        assert "\n" not in json.dumps(found)


def test_a_benchmark_without_a_compiler_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A benchmark that needs a C compiler and finds none ends with one line that names it."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"\AThis benchmark needs a C compiler: there is no `cc`\.\Z"):
        load.build(tmp_path)


class Script:
    """A server of one client after the other, that says what a test makes it say. `joins`: what the clients joined with."""

    def __init__(self, *talks: Callable[[Script], None]) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(LIMIT_S)
        self.joins: list[dict[str, Any]] = []
        self._talks = talks
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> tuple[int, int]:
        """Its port, and a pid for the load client."""
        return self.listening.getsockname()[1], 1

    def __exit__(self, *error: object) -> None:
        self._thread.join(LIMIT_S)
        self.listening.close()

    def say(self, message: dict[str, Any]) -> None:
        """Send a message, spelt as msgspec does."""
        data = json.dumps(message, separators=(",", ":")).encode()
        assert len(data) < 126
        self.link.sendall(bytes([0x81, len(data)]) + data)

    def hear(self) -> dict[str, Any]:
        """The next message."""
        head = self._exactly(2)
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(self._exactly(2), "big")
        mask = self._exactly(4)
        message: dict[str, Any] = json.loads(bytes(byte ^ mask[index % 4] for index, byte in enumerate(self._exactly(size))))
        return message

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.link.recv(size - len(data))
        return data

    def _serve(self) -> None:
        for talk in self._talks:
            self.link, _ = self.listening.accept()
            self.link.settimeout(LIMIT_S)
            with self.link:
                while not self.link.recv(65_536).endswith(b"\r\n\r\n"):
                    pass
                self.link.sendall(ACCEPTED)
                self.joins.append(self.hear())
                talk(self)


def welcome(script: Script, seq: int, recovered: bool = False) -> None:
    script.say({"type": "welcome", "position": [3, seq], "recovered": recovered})


def lines(script: Script, *numbers: int) -> None:
    """Lines as they come from a room, two at most in a message."""
    for number in numbers:
        script.say({"type": "events", "epoch": 3, "events": [{"seq": 10 + number, "text": f"@1,{number} ~"}]})


def until_it_hangs_up(script: Script) -> None:
    while script.link.recv(65_536):
        pass


def test_the_load_client_counts_what_comes(built: Path, tmp_path: Path) -> None:
    """Of five lines of which one is missing, one comes twice and one late, the client says exactly that."""

    def talk(script: Script) -> None:
        welcome(script, 10)
        for _ in range(5):
            script.hear()
        lines(script, 1, 3, 2, 2, 5)
        until_it_hangs_up(script)

    with compiled():
        copy(built, tmp_path)
        with Script(talk) as server, load.Load(tmp_path, server, "/", 1) as client:
            client.open(1)
            said = client.order("say", 1000, 0.005, 60)
        found = {name: said[name] for name in ("lines", "delivered", "lost", "repeated", "disordered")}
        assert found == {"lines": 5, "delivered": 4, "lost": 1, "repeated": 1, "disordered": 1}


def test_the_load_client_comes_back_by_position(built: Path, tmp_path: Path) -> None:
    """A client that is sent away comes back with the position of the last event it saw, and what it missed is not lost."""

    def first(script: Script) -> None:
        welcome(script, 10)
        script.hear()
        lines(script, 1)
        script.say({"type": "bye", "code": 4001, "text": "", "retry_ms": 5})

    def second(script: Script) -> None:
        script.say({"type": "welcome", "position": [3, 12], "recovered": True, "events": [{"seq": 12, "text": "@1,2 ~"}]})
        until_it_hangs_up(script)

    with compiled():
        copy(built, tmp_path)
        script = Script(first, second)
        with script as server, load.Load(tmp_path, server, "/", 1) as client:
            client.open(1)
            said = client.order("say", 1000, 0.002, 60)
        assert script.joins[1]["position"] == [3, 11]
        assert script.joins[1]["sid"] == script.joins[0]["sid"]
        assert (said["delivered"], said["lost"], said["repeated"], said["drops"]) == (2, 0, 0, 1)


def test_a_point_of_the_curve_has_the_worst_of_what_went_wrong() -> None:
    """Costs and delays are the median of the rounds; a line lost in one of them is not averaged away."""
    good: dict[str, Any] = dict.fromkeys(fanout.FAULTS, 0) | {"late_ms": {"p50": 1.0, "p99": 2.0}, "seconds": 2.0, "lines": 10}
    good |= {"cpu_us": 3.0, "spent_us": 6000.0, "frames": 40, "members": 2}
    bad = good | {"lost": 7, "cpu_us": 90.0, "late_ms": {"p50": 50.0, "p99": 60.0}}
    point = fanout.point([good, good, bad])
    assert (point["cpu_us"], point["p50_ms"], point["p99_ms"], point["lost"]) == (3.0, 1.0, 2.0, 7)
    assert (point["cpu_us_a_line"], point["frames_a_second"]) == (600, 10.0)
