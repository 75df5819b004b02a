"""What `manage.py flyedge` takes about the weather, Machines that sleep, room for them, and what breaks."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fly.edge.emulator import Emulator
from fly.edge.plan import MAX_MACHINES, Concurrency
from fly.edge.weather import SHORT
from fly.regions import REGIONS

STOPS = ("off", "stop", "suspend")
USUAL = Concurrency()
LONGEST_SOCKET = 100
"""Linux takes 107 bytes for the name of a socket, macOS 103."""


class Stop(Exception):
    """One clear line and exit code 2."""


def add_arguments(parser: ArgumentParser) -> None:
    """Options of `run`, of `weather`, and of the orders that break things."""
    _add_weather(parser)
    asleep = parser.add_argument_group("Machines that sleep")
    asleep.add_argument(
        "--asleep", default="", metavar="REGIONS", help="the Machines there are made and stay stopped until they are wanted"
    )
    asleep.add_argument("--autostop", choices=STOPS, default="off", help="whether the proxy stops Machines that are not needed, and how")
    asleep.add_argument("--autostop-every", type=float, default=60.0, metavar="S", help="how often it looks; Fly does every few minutes")
    asleep.add_argument("--no-autostart", action="store_true", help="a request wakes nobody")
    asleep.add_argument("--capacity", type=int, metavar="N", help="Machines that can run in a region at once; without it: any number")
    asleep.add_argument("--soft", type=int, default=USUAL.soft_limit, metavar="N", help="connections above which another one is woken")
    asleep.add_argument("--hard", type=int, default=USUAL.hard_limit, metavar="N", help="connections of a Machine, at most")
    broken = parser.add_argument_group("for outage, host, capacity, boot, stuck and api")
    broken.add_argument("--over", action="store_true", help="it is well again")
    broken.add_argument("--slow", type=float, metavar="S", help="boot: how much longer it takes; api: how long each answer")
    broken.add_argument("--for", type=float, metavar="S", dest="for_s", help="stuck: how long a new Machine stays created")
    broken.add_argument("--most", type=int, metavar="N", help="capacity: how many Machines can run; without it: as many as run now")


def _add_weather(parser: ArgumentParser) -> None:
    weather = parser.add_argument_group("for weather", "What is not named stays as it is; without any, the weather is only shown.")
    weather.add_argument("--region", help="the vantage point, by its region; without it: all")
    weather.add_argument("--jitter", type=float, metavar="MS", help="how far the latency strays to both sides")
    weather.add_argument("--loss", type=float, metavar="PERCENT", help="of the segments, which come later by a timeout")
    weather.add_argument("--seed", type=int, help="of the dice: the same seed loses the same segments")
    weather.add_argument("--clear", action="store_true", help="no latency, no jitter, no loss; the seed stays")


def weather(options: Mapping[str, Any]) -> dict[str, object]:
    """The values that an order changes. What they may be, the emulator says."""
    named: dict[str, object] = {SHORT[name]: options[name] for name in ("latency", "jitter", "loss", "seed") if options[name] is not None}
    if options["clear"]:
        if named.keys() - {"seed"}:
            raise Stop("--clear stands alone, or with --seed")
        return {"latency_ms": 0, "jitter_ms": 0, "loss_percent": 0, **named}
    if "latency_ms" in named:
        try:
            named["latency_ms"] = float(str(named["latency_ms"]))
        except ValueError:
            raise Stop(f"For weather --latency is a number of ms, not {options['latency']!r}") from None
    return named


def latency(text: str | None) -> str:
    """For `run`: none or real. Raises Stop."""
    if text not in (None, "none", "real"):
        raise Stop(f"--latency is none or real, not {text!r}. Once it runs: flyedge weather --latency {text}")
    return text or "none"


def folder(name: str) -> Path:
    """Where the run keeps its files. Raises Stop."""
    folder = Path(name).resolve()
    if len(os.fsencode(folder / "control")) > LONGEST_SOCKET:
        raise Stop(f"--dir is too long for the name of a socket in it, which has {LONGEST_SOCKET} bytes at most: {folder}")
    return folder


def regions(text: str) -> tuple[str, ...]:
    """The regions of a run, the first one its primary. Raises Stop."""
    regions = tuple(code.strip().lower() for code in text.split(",") if code.strip())
    unknown = [code for code in regions if code not in REGIONS]
    if unknown:
        raise Stop(f"There is no region {unknown[0]!r}. Known: {' '.join(sorted(REGIONS))}")
    if not regions or len(set(regions)) != len(regions):
        raise Stop("Name each region once, such as --regions ewr,nrt,cdg")
    return regions


def machines(number: int) -> int:
    """How many Machines a region has. Raises Stop."""
    if not 1 <= number <= MAX_MACHINES:
        raise Stop(f"--machines is how many Machines each region has: 1 to {MAX_MACHINES}, not {number}")
    return number


def databases(template: str | None) -> str:
    """The template of the regions' databases, empty for SQLite files. Raises Stop, which does not repeat it: it may hold a password."""
    if template is not None and "{region}" not in template:
        raise Stop("--region-database needs {region} in its URL: each region has a database of its own")
    return template or ""


def values(options: Mapping[str, Any]) -> dict[str, object]:
    """What an order takes besides its target."""
    named = {"slow": options["slow"], "for": options["for_s"], "most": options["most"], "over": options["over"] or None}
    return {name: value for name, value in named.items() if value is not None}


def asleep(options: Mapping[str, Any], regions: tuple[str, ...]) -> frozenset[str]:
    """The regions whose Machines sleep. Raises Stop."""
    codes = frozenset(code.strip().lower() for code in options["asleep"].split(",") if code.strip())
    if unknown := sorted(codes - set(regions)):
        raise Stop(f"--asleep names regions of this run: {', '.join(regions)}, not {unknown[0][:20]!r}")
    if codes == set(regions):
        raise Stop("Somebody has to be awake: --asleep cannot name every region")
    return codes


def concurrency(options: Mapping[str, Any]) -> Concurrency:
    """What the proxy may do with the Machines. Raises Stop."""
    if not 1 <= options["soft"] <= options["hard"]:
        raise Stop("--soft is 1 or more, and --hard not less")
    if options["autostop_every"] <= 0:
        raise Stop("--autostop-every is a number of seconds")
    autostop = options["autostop"]
    return Concurrency(options["soft"], options["hard"], not options["no_autostart"], autostop, 1 if autostop != "off" else 0)


def limit(emulator: Emulator, capacity: int | None) -> None:
    """So many Machines can run in each region of the run."""
    if capacity is not None:
        for region in emulator.settings.regions:
            emulator.fleet.troubles.of(region).capacity = max(0, capacity)


def write_access(emulator: Emulator, path: Path, app: str) -> None:
    """What `manage.py fleet` needs from another terminal, in a file that only its owner can read: `env $(cat …) manage.py fleet status`.

    app: whose Machines the fleet are; empty: that of the first Machine that is not the lobby's alone.
    """
    app = app or next(reversed(emulator.machines.values())).plan.app
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    regions = emulator.settings.regions
    lines = (
        *(f"MACHINES_API_URL={emulator.api.url}", f"MACHINES_API_TOKEN={emulator.api.token}", f"GAMESERVER_APP={app}"),
        *(f"REGIONS={','.join(regions)}", f"PRIMARY_REGION={regions[0]}"),
    )
    path.write_text("\n".join(lines) + "\n")


def beside(machine: Mapping[str, Any]) -> str:
    """What else there is to say of a Machine in `status`."""
    words = [] if machine["fly"] in ("started", machine["state"]) else [machine["fly"]]
    words += ["cordoned"] if machine["cordoned"] else []
    words += [f"host {machine['host']}"] if machine["host"] != "ok" else []
    return f" ({', '.join(words)})" if words else ""
