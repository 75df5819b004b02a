"""Who is in a room, one browser tab at a time, and how much each may ask. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gameserver.engine.bucket import Bucket
from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.protocol import OLDEST, VERSION, Join
from gameserver.engine.worlds import Who

FLOOD_REFUSALS = 60
"""Refusals for the rate after which a session is a flood: ten seconds of sending at twice what is allowed."""


@dataclass(slots=True)
class Session:
    """One browser tab's stay. `key` names it in the journal without giving its `sid` away."""

    key: str
    who: Who
    buckets: dict[str, Bucket] = field(default_factory=dict)
    refusals: int = 0

    def limit(self, kind: str, rate: tuple[float, float], now: float, ref: int | None, cost: int = 1) -> None:
        """Take tokens of this kind; `rate` a second and at once. Raises Rejected (rate), and Closed when the session floods."""
        bucket = self.buckets.get(kind)
        if bucket is None:
            bucket = self.buckets[kind] = Bucket(*rate, now)
        wait_ms = bucket.take(now, cost)
        if not wait_ms:
            self.refusals = max(0, self.refusals - 1)
            return
        self.refusals += 1
        if self.refusals >= FLOOD_REFUSALS:
            raise Closed(Close.FLOOD, "Too much, too fast. Come back in a minute.")
        raise Rejected(Code.RATE, "That was too fast.", wait_ms=wait_ms, ref=ref)


def session_key(player_id: str, sid: str) -> str:
    """The name of a session in the journal: 32 hexadecimal digits, from which nobody gets the `sid` back."""
    return hashlib.blake2b(f"{player_id} {sid}".encode(), digest_size=16).hexdigest()


def session_of(join: Join, who: Who) -> Session:
    """A session that comes in."""
    return Session(session_key(who.id, join.sid), who)


def check_version(join: Join, oldest: int = OLDEST, newest: int = VERSION) -> int:
    """The version to speak with a client: its own, or the newest one here if it speaks a newer one as well, in the middle of a deploy.

    Raises Closed when its version is not spoken here any more.
    """
    if join.v < oldest:
        raise Closed(Close.VERSION, "This page is too old for the server. Reload it.")
    return min(join.v, newest)
