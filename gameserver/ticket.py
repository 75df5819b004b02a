"""Tickets: how the lobby lets somebody into a room whose gameserver does not ask it. Signed, short-lived, for one player and one session.

A ticket gives a place in a room, never an identity: who somebody is, says the cookie. It can be read by whoever has it, and holds
nothing secret. Pure but for the clock and the key; that a ticket is used once only, `gameserver.used` sees to.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import astuple, dataclass
from enum import StrEnum

from django.conf import settings
from django.core.signing import BadSignature, Signer, b64_decode, b64_encode

TICKET_S = 60
"""Time from the lobby to the room: a page, its files and a handshake; a slow phone takes some ten seconds."""
MAX_TICKET = 512
"""Characters of a ticket."""
_SEP = "."
_LIMITS = {"region": 10, "room": 32, "world": 32, "machine": 64, "player": 40, "nonce": 32}
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


class Why(StrEnum):
    """Why a ticket lets nobody in. docs/protocol.md section 6 lists the same."""

    EXPIRED = "expired"
    FORGED = "forged"
    """Not signed by us, or damaged."""
    OTHER_REGION = "other_region"
    OTHER_ROOM = "other_room"
    OTHER_PLAYER = "other_player"
    USED = "used"
    """In another session, which may be this person's in another window."""


WORDS = {
    Why.EXPIRED: "This ticket is too old.",
    Why.FORGED: "This is no ticket of ours.",
    Why.OTHER_REGION: "This ticket is for another region.",
    Why.OTHER_ROOM: "This ticket is for another room.",
    Why.OTHER_PLAYER: "This ticket is somebody else's.",
    Why.USED: "This ticket was used already.",
}
"""What people are told."""


class BadTicket(Exception):
    """A ticket that lets nobody in. Its text is never repeated, not even here."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a room for one player. `world`: for a room that is to be made. `machine`: where the room is expected; empty for any.

    issued_ms, expires_ms: since 1970, by the clock of whoever issued it.
    """

    region: str
    room: str
    world: str
    machine: str
    player: str
    issued_ms: int
    expires_ms: int
    nonce: str

    def admits(self, region: str, room: str, player: str | None) -> None:
        """Raises BadTicket unless it is for this room and this player. player: None for a guest, who can prove nothing of who it is.

        The Machine is no condition: a room may have moved since.
        """
        if self.region != region:
            raise BadTicket(Why.OTHER_REGION)
        if self.room != room:
            raise BadTicket(Why.OTHER_ROOM)
        if player is not None and self.player != player:
            raise BadTicket(Why.OTHER_PLAYER)


def issue(region: str, room: str, player: str, *, world: str = "", machine: str = "", now: float | None = None) -> str:
    """A new ticket, in letters that an address takes as they are; at most MAX_TICKET of them. `now`: seconds since 1970."""
    issued_ms = int((time.time() if now is None else now) * 1000)
    ticket = Ticket(region, room, world, machine, player, issued_ms, issued_ms + TICKET_S * 1000, secrets.token_urlsafe(16))
    for name, limit in _LIMITS.items():
        if len(getattr(ticket, name)) > limit:
            raise ValueError(f"{name} has more than {limit} characters")
    payload = json.dumps(astuple(ticket), separators=(",", ":")).encode()
    return _signer().sign(b64_encode(payload).decode())


def read(text: str, *, now: float | None = None) -> Ticket:
    """What is in a ticket of ours that is still good. Raises BadTicket: forged, expired. `now`: seconds since 1970."""
    now_ms = (time.time() if now is None else now) * 1000
    try:
        if len(text) > MAX_TICKET or not _SHAPE.match(text):
            raise BadSignature
        ticket = Ticket(*json.loads(b64_decode(_signer().unsign(text).encode())))
    except (BadSignature, ValueError, TypeError):
        raise BadTicket(Why.FORGED) from None
    if not now_ms < ticket.expires_ms:
        raise BadTicket(Why.EXPIRED)
    return ticket


def _signer() -> Signer:
    # Of the two apps only this key is known to both. No older keys: a minute after a change of key no ticket is left that they signed.
    return Signer(key=settings.IDENTITY_KEY, fallback_keys=[], sep=_SEP, salt="gameserver.ticket")
