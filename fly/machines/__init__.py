"""A client of Fly's Machines API: typed answers, one error, retries and rates in one place. Works against Fly and against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fly.machines.errors import MachinesError
from fly.machines.model import Lease, Machine

if TYPE_CHECKING:
    from fly.machines.client import Machines

__all__ = ["Lease", "Machine", "Machines", "MachinesError"]


def __getattr__(name: str) -> Any:
    # httpx is long to import, and a process that only reads answers, or asks nothing, should not wait for it.
    if name != "Machines":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fly.machines.client import Machines

    return Machines
