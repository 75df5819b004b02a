"""The other side of the test application's halls."""

from __future__ import annotations

import json
from typing import Any

from tests.fly.server.processes import Running
from tests.fly.server.wire import PING, PONG, TEXT, Wire, frame


class Conductor:
    """Tells the sockets of one hall what to do."""

    def __init__(self, server: Running, hall: str) -> None:
        self.server, self.hall = server, hall
        self.wire = server.connect()
        self.wire.open(f"/conductor/{hall}")

    def __enter__(self) -> Conductor:
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.socket.close()

    def __call__(self, *order: Any) -> Any:
        """One order, done within one turn of the server's loop; its answer."""
        self.wire.send(frame(TEXT, json.dumps(order).encode()))
        while (received := self.wire.frame()).opcode == PING:
            self.wire.send(frame(PONG))
        return json.loads(received.payload)

    def seat(self, name: str, kind: str = "seat", **options: Any) -> Wire:
        """Somebody new in the hall."""
        wire = self.server.connect(**options)
        wire.open(f"/{kind}/{self.hall}/{name}")
        assert wire.text() == "seated"
        return wire
