"""What an owner of a room needs of its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gameserver.engine.lease import Holder
from gameserver.engine.registry import Registry
from gameserver.journal import Journal
from gameserver.store import Leases

if TYPE_CHECKING:
    from gameserver.owner import Owner


class TooLate(Exception):
    """Reading a room took so long that its lease may be over."""


class Keeper(Protocol):
    """A process, as its owners see it."""

    holder: Holder
    journal: Journal
    leases: Leases
    registry: Registry

    def decides(self) -> bool:
        """Whether the process's leases allow to decide anything just now."""
        ...

    def lost(self, owner: Owner) -> None:
        """Another process owns the room now."""
        ...
