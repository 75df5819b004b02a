"""A client's way out, for tests."""

from __future__ import annotations

import json
from typing import Any

from gameserver.outlet import Prepared


class Sink:
    """A client's way out that keeps what it was sent, as `log` in order, and the prepared messages themselves.

    writes: how many messages went in each write. story: gets a line when the socket is closed.
    """

    is_far = False

    def __init__(self, story: list[Any] | None = None, name: str = "") -> None:
        self.prepared: list[Prepared] = []
        self.writes: list[int] = []
        self.frames: list[bytes] = []
        self.waiting = 0
        self.is_held = False
        self.closed: list[tuple[int, str]] = []
        self.name = name
        self.story = [] if story is None else story

    def send(self, *messages: Prepared) -> None:
        if not self.closed:
            self.prepared.extend(messages)
            self.writes.append(len(messages))

    def send_bytes(self, data: bytes) -> None:
        if not self.closed:
            self.frames.append(data)

    def watch(self, watcher: Any) -> None:
        self.watcher = watcher

    def enlist(self, audience: Any) -> bool:
        return False

    def unlist(self) -> None: ...

    def hold(self) -> None:
        self.is_held = True

    def go_on(self) -> None:
        self.is_held = False

    def enlisted(self, audience: Any) -> None: ...

    def close(self, code: int, reason: str) -> None:
        if not self.closed:
            self.closed.append((int(code), reason))
            self.story.append(("close", self.name))

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(message.text) for message in self.prepared]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.log if message["type"] == kind]

    @property
    def texts(self) -> list[str]:
        return [event["text"] for message in self.of("events") for event in message["events"] if "text" in event]
