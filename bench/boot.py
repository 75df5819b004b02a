"""Time from starting a gameserver to the first thing that it serves, against what no start can do without. `python -m bench.boot`.

Databases are migrated before, as they are at every start but the first; byte code is compiled. A boot ends with one page or one welcome:
the second of the two would find loaded what the first one had to load. References, in the same rounds: Python that does nothing,
Django set up with our settings, and the bare server under an application of a few lines.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.machine import cpu_s, machine_environ
from fly.edge.machine import free_port
from tests.support.emulator import ROOT
from tests.support.raw import Raw, handshake

ROUNDS = 7
HOST = "cdg.play.localhost"
POLL_S = 0.002
LIMIT_S = 60.0
SETUP = "import config.settings, django; django.setup()"
JOIN = {"cmd": "room.join", "v": 1, "sid": "boot-boot-boot-boot-boot"}

Figures = dict[str, float]


def healthz(port: int) -> None:
    """The question of Fly's proxy, and of the emulator: may players come?"""
    with Raw(port) as raw:
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
        assert raw.answer().status == 200


def page(port: int) -> None:
    """A room's page."""
    with Raw(port) as raw:
        raw.send(f"GET /r/main/ HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        assert raw.answer().status == 200


def shaken(port: int) -> None:
    """An accepted socket."""
    with Raw(port) as raw:
        raw.send(handshake(HOST))
        assert raw.answer().status == 101


def welcome(port: int) -> None:
    """A player in a room."""
    with Raw(port) as raw:
        raw.send(handshake(HOST))
        assert raw.answer().status == 101
        raw.say(JOIN)
        assert raw.message()["type"] == "welcome"


def first(port: int, action: Callable[[int], None]) -> None:
    """Do it as soon as the server listens."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            return action(port)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the server never listened"
            time.sleep(POLL_S)


def boot(application: str, environ: dict[str, str], steps: dict[str, Callable[[int], None]]) -> Figures:
    """Start a server and take the steps one after the other: milliseconds since its start at the end of each, and its CPU time so far."""
    port = free_port()
    command = [sys.executable, "-m", "fly.server", application, "--port", str(port)]
    began = time.monotonic()
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    figures: Figures = {}
    try:
        for name, step in steps.items():
            first(port, step)
            figures[f"{name}_ms"] = (time.monotonic() - began) * 1e3
            figures[f"{name}_cpu_ms"] = cpu_s(server.pid) * 1e3
    finally:
        server.terminate()
        server.wait(30)
    return figures


def run_through(name: str, program: str, environ: dict[str, str]) -> Figures:
    """A program from its start to its end."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed, process.returncode = time.monotonic() - began, status
    assert status == 0, name
    return {f"{name}_ms": elapsed * 1e3, f"{name}_cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3}


def one_round(environ: dict[str, str]) -> list[Figures]:
    """Every case once, so that a busy moment of the machine falls on all of them."""
    ours = "config.asgi:application"
    return [
        run_through("python", "pass", environ),
        run_through("django", SETUP, environ),
        boot("bench.echo:application", environ, {"bare_server": shaken}),
        boot(ours, environ, {"healthz": healthz, "page": page}),
        boot(ours, environ, {"healthz": healthz, "welcome": welcome}),
    ]


def run() -> dict[str, object]:
    """Measure, and compare medians."""
    with tempfile.TemporaryDirectory() as folder:
        environ = machine_environ(Path(folder))
        for alias in ("default", "region"):
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0", "--database", alias], cwd=ROOT, env=environ, check=True)
        one_round(environ)
        rounds = [one_round(environ) for _ in range(ROUNDS)]
    taken: dict[str, list[float]] = {}
    for figures in (figures for one in rounds for figures in one):
        for name, value in figures.items():
            taken.setdefault(name, []).append(value)
    median = {name: statistics.median(values) for name, values in taken.items()}
    result: dict[str, object] = {"bench": "boot", "rounds": ROUNDS, **{name: round(value) for name, value in median.items()}}
    for reference in ("python", "django", "bare_server"):
        result[f"ratio_healthz_to_{reference}"] = round(median["healthz_ms"] / median[f"{reference}_ms"], 2)
    return result


if __name__ == "__main__":
    print(json.dumps(run()))
