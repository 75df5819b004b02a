"""What a client may ask of the arena in words. What a ship does comes in bytes: wire.py."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gameserver.engine.protocol import Ref
from gameserver.engine.worlds.arena.ships import MAX_SHIPS


class Play(Struct, tag_field="cmd", tag="arena.play", forbid_unknown_fields=True, frozen=True):
    """Be a ship."""

    ref: Ref


class Watch(Struct, tag_field="cmd", tag="arena.watch", forbid_unknown_fields=True, frozen=True):
    """Be none any more, and follow somebody: whoever has most points, if not the one in `slot`."""

    ref: Ref
    slot: Annotated[int, Meta(ge=0, lt=MAX_SHIPS)] | None = None
