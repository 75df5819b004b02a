"""The replies given, for commands that come again (R4): bounded for each session, in all, and in age."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from gameserver.engine.entry import Reply
from gameserver.engine.errors import Code, Rejected

PER_SESSION = 100
"""Replies remembered of one session: more than it can have under way. However busy the room is, nobody's resend is forgotten for it."""
MAX_REPLIES = 20_000
"""Replies that a room remembers; sessions that have been silent the longest leave first."""
MAX_AGE_MS = 3_600_000
"""How long a silent session is remembered: nobody resends after an hour, and a room that sleeps for a year need not carry it."""

Kept = dict[int, tuple[int, int, Reply]]
"""By ref, lowest first: time, seq, fields."""


class Replies:
    """By session and ref. Sessions in the order of their last replies. Times are the owner's, in milliseconds since 1970."""

    __slots__ = ("_count", "_sessions")

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Kept] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def find(self, session: str, ref: int) -> Reply | None:
        """The reply that this command was given; None if it was given none.

        Raises Rejected for one that may have been given one all the same: who is full forgets the lowest refs first.
        """
        kept = self._sessions.get(session)
        if kept is None:
            return None
        found = kept.get(ref)
        if found is not None:
            return reply_of(ref, found[1], found[2])
        if len(kept) >= PER_SESSION and ref < next(iter(kept)):
            raise Rejected(Code.FORGOTTEN, "Much was done since; whether this was done is not known any more.", ref=ref)
        return None

    def keep(self, session: str, ref: int, at: int, seq: int, fields: Reply) -> None:
        """Remember one by what `reply_of` makes it from, and forget what is too old or too much."""
        kept = self._sessions.get(session)
        if kept is None:
            kept = self._sessions[session] = {}
        else:
            self._sessions.move_to_end(session)
        rises = not kept or ref > next(reversed(kept))
        kept[ref] = (at, seq, fields)
        if not rises:
            kept = self._sessions[session] = dict(sorted(kept.items()))
        if len(kept) > PER_SESSION:
            del kept[next(iter(kept))]
        else:
            self._count += 1
        self._forget(at)

    def _forget(self, at: int) -> None:
        """Sessions leave whole: of one that may still resend, no part is forgotten."""
        while len(self._sessions) > 1:
            silent = next(iter(self._sessions.values()))
            if self._count <= MAX_REPLIES and at - next(reversed(silent.values()))[0] <= MAX_AGE_MS:
                return
            self._sessions.popitem(last=False)
            self._count -= len(silent)

    def dump(self) -> dict[str, list[Any]]:
        """All of them as values for a snapshot: by session, ref, time, seq and fields."""
        return {
            session: [(ref, at, seq, fields) if fields else (ref, at, seq) for ref, (at, seq, fields) in kept.items()]
            for session, kept in self._sessions.items()
        }

    def load(self, dumped: dict[str, list[Any]]) -> None:
        """Take what `dump` gave, in place of what is here."""
        found = {session: sorted(rows) for session, rows in dumped.items() if rows}
        self._sessions = OrderedDict(
            (session, {ref: (at, seq, fields[0] if fields else {}) for ref, at, seq, *fields in rows})
            for session, rows in sorted(found.items(), key=lambda item: max(row[2] for row in item[1]))
        )
        self._count = sum(map(len, self._sessions.values()))


def reply_of(ref: int, seq: int, fields: Reply) -> Reply:
    """The reply to a journalled command: the same when it is decided and when it is read from the journal."""
    return {"ref": ref, "ok": True, **fields, "seq": seq}
