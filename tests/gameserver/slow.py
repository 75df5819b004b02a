"""A way out to a client that reads only when told to, and what a room shows it."""

from __future__ import annotations

from typing import Any

from gameserver.outlet import Prepared
from tests.gameserver.rooms import Sink

EPOCH = 7
HERE = (EPOCH, 0)


class Slow(Sink):
    """A way out to a client that reads only when told to."""

    def __init__(self, waiting: int = 0, *, reads: bool = False) -> None:
        super().__init__()
        self.waiting = waiting
        self.is_reading = reads

    def send(self, *messages: Prepared) -> None:
        super().send(*messages)
        if not self.is_reading and not self.closed:
            self.waiting += sum(len(message.text) for message in messages)

    def read(self) -> None:
        """Read all that waits."""
        if self.waiting:
            self.waiting = 0
            if self.watcher is not None:
                self.watcher.caught_up()

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for message in self.of("events") for event in message["events"]]

    @property
    def passed(self) -> list[int]:
        return [event["n"] for message in self.of("ephemeral") for event in message["events"]]


def events(*seqs: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "events", "epoch": EPOCH, "events": [{"seq": seq, "load": "x" * weight} for seq in seqs]}


def passing(number: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "ephemeral", "epoch": EPOCH, "events": [{"n": number, "load": "x" * weight}]}


def reply(ref: int, weight: int = 0) -> dict[str, Any]:
    return {"type": "reply", "ref": ref, "ok": True, "load": "x" * weight}


def prepared(*messages: dict[str, Any]) -> list[Prepared]:
    return [Prepared(message) for message in messages]
