"""Where this process runs. The only reader of Fly's own variables; off Fly there are none, and nothing is replayed (R10)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

LOCAL = "local"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}\Z")


class HereError(RuntimeError):
    """A variable that Fly always sets is missing or is not what Fly sets; the message names it."""


@dataclass(frozen=True, slots=True)
class Here:
    """One process on one Machine in one region; off Fly app and machine are "local" and region is empty.

    primary: the app's primary region; empty where a Machine was made by the API without it.
    """

    app: str
    machine: str
    region: str
    primary: str = ""

    @property
    def is_fly(self) -> bool:
        """True on Fly and in the emulator, where a request can be somewhere else."""
        return bool(self.region)


def read_here(environ: Mapping[str, str] = os.environ) -> Here:
    """Read FLY_APP_NAME, FLY_MACHINE_ID, FLY_REGION and PRIMARY_REGION; Here("local", "local", "") if none of the first three is set.

    Raises HereError if only some are set, or if one cannot be a name: half a Machine would replay to nowhere.
    Source: Fly docs, machines/runtime-environment.
    """
    primary = environ.get("PRIMARY_REGION", "").lower()
    primary = primary if _NAME.match(primary) else ""
    names = ("FLY_APP_NAME", "FLY_MACHINE_ID", "FLY_REGION")
    values = [environ.get(name, "") for name in names]
    if not any(values):
        return Here(LOCAL, LOCAL, "", primary)
    for name, value in zip(names, values, strict=True):
        if not _NAME.match(value):
            raise HereError(f"{name}: {'missing, though other FLY_ variables are set' if not value else 'not a name as Fly gives it'}.")
    return Here(app=values[0], machine=values[1], region=values[2].lower(), primary=primary)
