"""Orders that make things fail, or well again: hosts, regions, capacity, boots, the API (EM40 to EM47). Raises before anything changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from fly.edge.fleet import Fleet
from fly.edge.networks import Borders
from fly.edge.plan import ORG
from fly.edge.troubles import Api, ApiMode
from fly.regions import REGIONS

Values = Mapping[str, object]
MOST_S = 3600.0
SLOW_S = 5.0
STUCK_S = 6.0
"""As long as a fresh Machine was reported to sit in `created`."""


class BadOrder(ValueError):
    """What is ordered cannot be; the message is one line."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A verb: what it is for, and the values that it takes besides `over`."""

    kind: str
    values: tuple[str, ...]


VERBS: Mapping[str, Broken] = {
    "outage": Broken("region", ()),
    "capacity": Broken("region", ("most",)),
    "boot": Broken("region", ("slow",)),
    "stuck": Broken("region", ("for",)),
    "api": Broken("api", ("slow",)),
    "crossing": Broken("organisation", ()),
}


def obey(fleet: Fleet, verb: str, target: str, values: Values) -> str:
    """Carry out one; what it is now, in a few words. Raises BadOrder."""
    over = bool(values.get("over"))
    if verb == "api":
        return _api(fleet, target, values)
    if verb == "crossing":
        return _crossing(fleet, target)
    region = target.strip().lower()
    if region not in REGIONS:
        raise BadOrder(f"there is no region {target[:40]!r}")
    trouble = fleet.troubles.of(region)
    if verb == "outage":
        fleet.outage(region, over=over)
    elif verb == "capacity":
        trouble.capacity = None if over else int(_number(values.get("most"), "--most", 0, 1000, fleet.running(region)))
    elif verb == "boot":
        trouble.slow_s = 0.0 if over else _number(values.get("slow"), "--slow", 0, MOST_S, SLOW_S)
    else:
        trouble.stuck_s = 0.0 if over else _number(values.get("for"), "--for", 0, MOST_S, STUCK_S)
    now = f"{region}: {', '.join(trouble.words()) or 'all well'}"
    fleet.say(now)
    return now


def _api(fleet: Fleet, target: str, values: Values) -> str:
    modes: dict[str, ApiMode] = {mode: mode for mode in get_args(ApiMode)}
    mode = modes.get(target.strip().lower() or "up")
    if mode is None:
        raise BadOrder(f"the API is {', '.join(modes)}, not {target[:40]!r}")
    fleet.troubles.api = Api(mode, _number(values.get("slow"), "--slow", 0, MOST_S, Api().slow_s))
    late = f": {fleet.troubles.api.slow_s:g} s for each answer" if mode == "slow" else ""
    fleet.say(f"the Machines API is {mode}{late}")
    return f"api: {mode}{late}"


def _crossing(fleet: Fleet, target: str) -> str:
    """The organisation's switch: whether replays may cross networks (AP30)."""
    word = target.strip().lower()
    if word not in ("on", "off"):
        raise BadOrder(f"crossing is on or off, not {target[:40]!r}")
    fleet.borders = Borders(cross_network=(ORG,) if word == "on" else ())
    fleet.say(f"replays across networks: {word}")
    return f"crossing: {word}"


def _number(value: Any, name: str, low: float, high: float, default: float) -> float:
    """A number of an order. Raises BadOrder."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadOrder(f"{name} is a number from {low:g} to {high:g}")
    return value
