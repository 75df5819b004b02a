"""The Redis of the tests is a real one that can be killed and frozen, and it ends with the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import read_env
from tests.support import redis as redis_module
from tests.support.emulator import wait_until
from tests.support.redis import Server, running

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
import time
from tests.support.redis import running
with running() as server:
    server.freeze()
    print(server.pid, server.folder, flush=True)
    time.sleep(600)
"""


def lives(pid: int) -> bool:
    """Whether a process is there, and not just waited for."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_it_dies_and_comes_back_with_an_empty_memory() -> None:
    """A killed server refuses connections; started again it has the same URL and nothing of what it was told."""
    with running() as server:
        url = server.url
        assert server.ask("SET", "name", "ada") == "+OK"
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            server.ask("PING")
        server.start()
        assert (server.url, server.ask("GET", "name")) == (url, "$-1")
    assert read_env({"SECRET_KEY": "k" * 50, "REDIS_URL": url}).redis_url == url


def test_strangers_are_not_let_in() -> None:
    """The server asks for its password: other users of this machine reach the port, too."""
    with running() as server:
        assert Server(server.folder, "guess", server.port).ask("PING").startswith("-NOAUTH")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_process_that_wanted_it(how: signal.Signals) -> None:
    """However the tests end, their server ends, even a frozen one, and its folder is gone."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        assert lives(int(pid))
        os.kill(owner.pid, how)
    wait_until(lambda: not lives(int(pid)) and not Path(folder).exists(), "the server to end")


def test_without_a_server_tests_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing, a test that needs Redis fails and says what to do."""
    monkeypatch.setattr(redis_module, "find_spec", lambda _: None)
    with pytest.raises(AssertionError, match="make test"), running():
        pass
