"""The replies given, for commands that come again (R4): bounded in count and in age."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from gameserver.engine.entry import Reply

MAX_REPLIES = 5000
"""Replies that a room remembers; the oldest leave first."""
MAX_AGE_MS = 3_600_000
"""How long it remembers one: nobody resends after an hour, and a room that sleeps for a year need not carry them."""


class Replies:
    """By session and ref, in the order of their seqs. Times are the owner's, in milliseconds since 1970."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[int, int, Reply]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, session: str, ref: int) -> Reply | None:
        """The reply that this command was given; None if it was given none, or long ago."""
        kept = self._kept.get((session, ref))
        return None if kept is None else reply_of(ref, kept[1], kept[2])

    def keep(self, session: str, ref: int, at: int, seq: int, fields: Reply) -> None:
        """Remember one by what `reply_of` makes it from, and forget what is too old or too much."""
        kept = self._kept
        kept[(session, ref)] = (at, seq, fields)
        if len(kept) > MAX_REPLIES:
            kept.popitem(last=False)
        while at - next(iter(kept.values()))[0] > MAX_AGE_MS:
            kept.popitem(last=False)

    def dump(self) -> dict[str, list[Any]]:
        """All of them as values for a snapshot: by session, ref, time, seq and fields."""
        dumped: dict[str, list[Any]] = {}
        for (session, ref), (at, seq, fields) in self._kept.items():
            dumped.setdefault(session, []).append((ref, at, seq, fields) if fields else (ref, at, seq))
        return dumped

    def load(self, dumped: dict[str, list[Any]]) -> None:
        """Take what `dump` gave, in place of what is here."""
        rows = [(seq, session, ref, at, fields) for session, kept in dumped.items() for ref, at, seq, *fields in kept]
        rows.sort(key=lambda row: row[0])
        self._kept = OrderedDict(((session, ref), (at, seq, fields[0] if fields else {})) for seq, session, ref, at, fields in rows)


def reply_of(ref: int, seq: int, fields: Reply) -> Reply:
    """The reply to a journalled command: the same when it is decided and when it is read from the journal."""
    return {"ref": ref, "ok": True, **fields, "seq": seq}
