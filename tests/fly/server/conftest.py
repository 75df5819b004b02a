"""Server processes for the tests: shared ones that every test leaves as it found them, and one's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fly.server import processes
from tests.fly.server.conductor import Conductor
from tests.fly.server.processes import Running, Start


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """Our server, shared."""
    running = processes.ours("application", "--access-log", "--max-frame", "1048576")
    yield running
    running.end()


@pytest.fixture(scope="session")
def uvicorn() -> Iterator[Running]:
    """uvicorn, shared."""
    running = processes.uvicorn()
    yield running
    running.end()


@pytest.fixture(scope="session")
def daphne() -> Iterator[Running]:
    """Stock Daphne, shared."""
    running = processes.daphne()
    yield running
    running.end()


@pytest.fixture(params=["server", "uvicorn"])
def able(request: pytest.FixtureRequest) -> Running:
    """Each server that answers handshakes with plain HTTP: the same tests for both."""
    running: Running = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a server of the test's own: `start(application, *options)`."""
    started: list[Running] = []

    def start(*arguments: str, by: Start = processes.ours) -> Running:
        started.append(by(*arguments))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def hall(server: Running, request: pytest.FixtureRequest) -> Iterator[Conductor]:
    """A hall of the shared server with nobody in it yet."""
    with Conductor(server, request.node.name) as conductor:
        yield conductor
