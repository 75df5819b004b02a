"""What gameservers say to each other about a room, by name. Every message has `do`, `room` ([region, slug]) and what is listed here."""

from __future__ import annotations

ATTACH = "attach"
"""Relay to owner: be told of this room. `relay`: the relay's channel."""
SESSIONS = "sessions"
"""Relay to owner: who came and went there. `relay`, `joined`: [[key, id, name, colour]], `left`: [key], `whole`: forget all others."""
COMMANDS = "commands"
"""Relay to owner, in their order. `relay`, `commands`: [[key, JSON]]."""
ALIVE = "alive"
"""Relay to owner, once a second. `relay`, `sessions`: how many there are."""
KIT = "kit"
"""Owner to relay, for `attach`: `key`, `epoch`, `first_epoch`, `floor`, `seq`, `world`, `present`, `players`, `told`, `state`, `holder`."""
FRAME = "frame"
"""Owner to all relays: what was shown, in one write. `epoch`, `messages`: their JSON, in order."""
PULSE = "pulse"
"""Owner to all relays, once a second. `epoch`, `seq`: of the last event shown; `told`: how often it was told who came and went."""
OWN = "own"
"""Owner to a relay: messages for one session. `session`: its key, `messages`: their JSON, in order."""
CLOSE = "close"
"""Owner to a relay: close one session's socket. `session`, `code`, `reason`."""
RECOUNT = "recount"
"""Owner to a relay: say whole who is there."""
GONE = "gone"
"""Owner to all relays: it owns the room no more."""


def group_of(region: str, slug: str) -> str:
    """The channel layer's group of a room: its owner's relays."""
    return f"region.{region}.room.{slug}"
