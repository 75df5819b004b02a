"""What one client did and was told, as plain values in the order it happened. Nothing here judges.

kind       written when              data
refused    no socket came about      why (an HTTP status or an error's name)
join       before it is sent         position (or None), takeover (another socket of this session may be open)
welcome    as it came                the message
events     as it came                the message
command    before it is sent         the message; `expect`: the code it is to be refused with, or None
reply      as it came                the message
bye        as it came                the message
close      the socket is gone        code, by ("us", "them")
other      as it came                the message, of a type that this client does not know
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. `at`: monotonic seconds, the same clock for all clients. `link`: which socket, from 1; 0: none."""

    at: float
    link: int
    kind: str
    data: Data


@dataclass(slots=True)
class History:
    """One client's records. `room` is the slug, `sid` what it joined with."""

    client: str
    room: str
    sid: str
    records: list[Record] = field(default_factory=list)

    def add(self, link: int, kind: str, **data: Any) -> None:
        """Record that something happens now."""
        self.records.append(Record(time.monotonic(), link, kind, data))

    def of(self, *kinds: str) -> Iterator[Record]:
        """The records of some kinds, in order."""
        return (record for record in self.records if record.kind in kinds)

    def dump(self, folder: Path) -> None:
        """Write it to `<client>.jsonl`: a line that says whose it is, then one for each record."""
        lines: list[Any] = [[self.client, self.room, self.sid], *([one.at, one.link, one.kind, one.data] for one in self.records)]
        (folder / f"{self.client}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def load(path: Path) -> History:
    """The history that `dump` wrote."""
    head, *lines = (json.loads(line) for line in path.read_text().splitlines())
    return History(*head, [Record(*line) for line in lines])
