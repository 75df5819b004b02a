"""The room protocol as a bot knows it (docs/protocol.md): what it sends, and what it reads of what it is sent. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from gameserver.loadtest.scenarios import BaseScenario, Mark, Numbered

VERSION = 1
MAX_WAITING = 100
"""Commands without a reply: the room remembers that many results of a session."""
MAX_GAP = 3000
"""Events: somebody who missed more gets a fresh start."""
KEPT = 8
"""Messages whose reading is remembered: everybody is sent the same bytes, and each bot may read several before the next one does."""
E = TypeVar("E", bound=Numbered)


class Message(Struct, Generic[E], gc=False):
    """Any message of the server: the fields that a bot needs, of all types together."""

    type: str
    epoch: int = 0
    events: list[E] = []
    position: tuple[int, int] | None = None
    recovered: bool = False
    ref: int = 0
    ok: bool = False
    seq: int = 0
    code: int | str = ""
    text: str = ""
    wait_ms: int = 0
    retry_ms: int = 0
    available: bool = True
    region: str = ""
    machine: str = ""
    room: str = ""
    rates: dict[str, tuple[float, float]] = {}
    state: dict[str, msgspec.Raw] = {}


Marks = Sequence[tuple[int, Mark]]
"""Marks of this run, each with the seq of its event."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one message. `dues_us`: of its marks. `is_whole`: the numbers rise by one from `first` to `last`."""

    epoch: int
    seqs: Sequence[int]
    marks: Marks
    dues_us: Sequence[int]
    first: int
    last: int
    is_whole: bool


def batch_of(message: Message[Any], scenario: BaseScenario) -> Batch:
    """What a bot needs of a message's events."""
    seqs = [event.seq for event in message.events]
    marks = [(event.seq, mark) for event in message.events if (mark := scenario.mark(event)) is not None]
    first, last = (seqs[0], seqs[-1]) if seqs else (0, 0)
    is_whole = seqs == list(range(first, first + len(seqs)))
    return Batch(message.epoch, seqs, marks, [mark.due_us for _, mark in marks], first, last, is_whole)


Read = tuple[Message[Any], Batch]


class Reader:
    """Reads what the server sends; the bots of a process share it. Raises msgspec.DecodeError and UnicodeDecodeError."""

    def __init__(self, scenario: BaseScenario) -> None:
        self._scenario = scenario
        self._decode = msgspec.json.Decoder(Message[scenario.event]).decode  # type: ignore[name-defined]
        self._known: deque[tuple[bytes | bytearray, Read]] = deque(maxlen=KEPT)

    def read(self, payload: bytes | bytearray) -> Read:
        """The message in a text frame, and its events."""
        for known, read in self._known:
            if known == payload:
                return read
        message: Message[Any] = self._decode(payload)
        read = message, batch_of(message, self._scenario)
        # Replies and welcomes are one bot's alone.
        if message.type not in ("reply", "welcome"):
            self._known.appendleft((payload, read))
        return read


def join(sid: str, name: str, position: tuple[int, int] | None) -> bytes:
    """The first message of a socket."""
    fields: dict[str, Any] = {"cmd": "room.join", "v": VERSION, "sid": sid, "name": name}
    return msgspec.json.encode(fields if position is None else {**fields, "position": position})


def command(ref: int, fields: dict[str, Any]) -> bytes:
    """A command of a scenario."""
    return msgspec.json.encode({**fields, "ref": ref})


def ping(ref: int) -> bytes:
    """Does the room still answer?"""
    return msgspec.json.encode({"cmd": "room.ping", "ref": ref})
