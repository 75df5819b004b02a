"""The room protocol, version 1, as types: what every room understands. docs/protocol.md is its text.

The commands of worlds are theirs; `gameserver.engine.registry` decodes all of them.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gameserver.engine.errors import Code, Rejected

VERSION = 1
"""The newest that is spoken here. It rises with a change that an older client would not understand; one that it may ignore needs none."""
OLDEST = 1
"""The oldest. A version goes not before pages that speak it are gone: the release after the one that brought its successor."""
MAX_FRAME = 16 * 1024
"""Bytes of a client's message; a world may say another number."""
MAX_REF = 2**53 - 1
"""The largest whole number that JavaScript counts to."""
MAX_SEQ = MAX_REF

Ref = Annotated[int, Meta(ge=1, le=MAX_REF)]
Number = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Sid = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{22,64}\Z")]
RawText = Annotated[str, Meta(max_length=8192)]
RawName = Annotated[str, Meta(max_length=512)]
RawColour = Annotated[str, Meta(max_length=7)]
RawTicket = Annotated[str, Meta(max_length=512)]


class Join(Struct, tag_field="cmd", tag="room.join", forbid_unknown_fields=True, frozen=True):
    """The first message of every socket."""

    v: int
    sid: Sid
    ref: Ref | None = None
    position: tuple[Number, Number] | None = None
    name: RawName | None = None
    colour: RawColour | None = None
    ticket: RawTicket | None = None


class Ping(Struct, tag_field="cmd", tag="room.ping", forbid_unknown_fields=True, frozen=True):
    """Does the room still answer?"""

    ref: Ref


class History(Struct, tag_field="cmd", tag="chat.history", forbid_unknown_fields=True, frozen=True):
    """Older events, before a seq."""

    ref: Ref
    before: Number
    limit: Annotated[int, Meta(ge=1, le=100)] = 100


Command = Any
"""A Struct with a `ref`: one of ROOM_COMMANDS, or a world's own."""
ROOM_COMMANDS: tuple[type[Struct], ...] = (Join, Ping, History)
"""Commands that every room understands, whatever its worlds."""


class _Outline(Struct):
    """What can still be read of a message that is not a command."""

    cmd: Any = None
    ref: Any = None


_outline = msgspec.json.Decoder(_Outline)
encode = msgspec.json.encode
"""Any value of the protocol as JSON in UTF-8."""


def is_too_big(data: str | bytes, limit: int = MAX_FRAME) -> bool:
    """Whether a message has more than `limit` bytes."""
    # UTF-8 has one to four bytes a character: most texts need not be encoded to be measured.
    size = len(data)
    return size * 4 > limit and (size > limit or (isinstance(data, str) and len(data.encode()) > limit))


def explain(data: str | bytes, error: Exception, known: frozenset[str]) -> Rejected:
    """Why a message is no command, with its ref if that can be read. `known`: the names of all commands."""
    try:
        outline = _outline.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Rejected(Code.BAD_MESSAGE, "This is not a JSON object in UTF-8.")
    ref = outline.ref if isinstance(outline.ref, int) and not isinstance(outline.ref, bool) and 1 <= outline.ref <= MAX_REF else None
    if not isinstance(outline.cmd, str) or outline.cmd not in known:
        return Rejected(Code.UNKNOWN_COMMAND, "There is no such command.", ref=ref)
    # msgspec's sentence names the field and what was wanted; it repeats no value.
    return Rejected(Code.BAD_MESSAGE, str(error)[:200], ref=ref)
