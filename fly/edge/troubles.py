"""What does not work just now, by order: hosts, regions, capacity, boots, the API itself. Values only (EM40 to EM47)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ApiMode = Literal["up", "down", "slow", "limited", "failing"]


class Refusal(Exception):
    """What Fly says when something is well-formed and cannot be: a status, a code that programs read, a text."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


@dataclass(slots=True)
class Region:
    """The troubles of one region. `capacity`: Machines that can run in it at once, None for any number."""

    out: bool = False
    capacity: int | None = None
    slow_s: float = 0.0
    """How much longer a boot takes."""
    stuck_s: float = 0.0
    """How long a new Machine stays `created`."""

    def words(self) -> list[str]:
        """What is wrong, for people."""
        found = ["outage"] if self.out else []
        found += [f"capacity {self.capacity}"] if self.capacity is not None else []
        found += [f"boots {self.slow_s:g} s slower"] if self.slow_s else []
        found += [f"new Machines stay created for {self.stuck_s:g} s"] if self.stuck_s else []
        return found


@dataclass(slots=True)
class Api:
    """The troubles of the API. `down`: it hangs up without an answer. `limited`: 429 to everything. `failing`: 503.

    `slow`: each order is carried out, and answered `slow_s` late.
    """

    mode: ApiMode = "up"
    slow_s: float = 3.0


@dataclass(slots=True)
class Troubles:
    """All of them."""

    api: Api = field(default_factory=Api)
    _regions: dict[str, Region] = field(default_factory=dict)

    def of(self, region: str) -> Region:
        """Those of a region; it is made when it is not known yet."""
        return self._regions.setdefault(region, Region())

    def values(self) -> dict[str, list[str]]:
        """By region, and `api`: what is wrong, for people; only where something is."""
        found = {code: region.words() for code, region in self._regions.items() if region.words()}
        if self.api.mode != "up":
            found["api"] = [self.api.mode]
        return found
