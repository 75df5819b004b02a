"""A beat as it travels to a lobby that is another app: signed with IDENTITY_KEY, dated, and in answer to the lobby's last word.

The lobby's word for a gameserver is the time, by its own database, at which it heard it last; a letter must name it. So each letter is
good once, whatever the clocks say, and one that was kept by somebody revives nobody: the word it answers has been followed by another.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from gameserver.heartbeat import Beat

PATH = "/beats/"
SIGNATURE = "X-Beat-Signature"
MAX_BYTES = 1_000_000
"""Room for a thousand rooms and ten thousand arrivals; Django takes no larger body."""
MAX_AGE_S = 60.0
"""How far the clocks of a gameserver and the lobby may be apart, with what a letter is under way."""
_SALT = "gameserver.signed_beats"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")


class BadLetter(ValueError):
    """A letter that is not to be believed; the message says why and repeats nothing of it."""


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One beat under way. `kind`: it lives, or says goodbye. `sent_at`: seconds since 1970. `answers`: the lobby's last word, or ""."""

    kind: Literal["record", "retire"]
    beat: Beat
    answers: str
    sent_at: float


def write(letter: Letter) -> tuple[bytes, str]:
    """The body of a POST, and the value of its SIGNATURE header."""
    body = msgspec.json.encode(letter)
    return body, _sign(body)


def read(body: bytes, signature: str, now: float) -> Letter:
    """What a body says at `now`, seconds since 1970. Raises BadLetter for what is not ours, too old, too large, or makes no sense."""
    if len(body) > MAX_BYTES:
        raise BadLetter("too large")
    if not constant_time_compare(signature, _sign(body)):
        raise BadLetter("not signed with this IDENTITY_KEY")
    try:
        letter = msgspec.json.decode(body, type=Letter)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise BadLetter("not a beat: is the other app of another release?") from None
    if not abs(now - letter.sent_at) <= MAX_AGE_S:
        raise BadLetter("too old, or the clocks differ")
    beat = letter.beat
    if not (_ID.match(beat.machine) and _ID.match(beat.region) and min(beat.players, beat.sockets) >= 0 and 0 < beat.started_at < 1e11):
        raise BadLetter("not a beat that a gameserver would send")
    return letter


def _sign(body: bytes) -> str:
    return salted_hmac(_SALT, body, secret=settings.IDENTITY_KEY, algorithm="sha256").hexdigest()
