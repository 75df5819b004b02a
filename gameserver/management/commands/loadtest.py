"""`manage.py loadtest`: bots in processes of their own, in a room of this machine or of a host that is named as an own one."""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from gameserver.loadtest import scenarios
from gameserver.loadtest.cpu import Meter, NoProcess
from gameserver.loadtest.files import fitting, raise_limit
from gameserver.loadtest.orders import Plan
from gameserver.loadtest.probe import NoRoom, look
from gameserver.loadtest.report import drawing_of, facts_of, wrongs_of
from gameserver.loadtest.run import Outcome, Run
from gameserver.loadtest.scenarios import BaseScenario, NoScenario
from gameserver.loadtest.screen import shown
from gameserver.loadtest.target import NoTarget, Target, target_of
from gameserver.loadtest.wire import Message

WIDTH = 200
"""Characters of a line where nobody sees it on a terminal."""


class Command(BaseCommand):
    """Exit code 1: something was lost, a bot stayed away, or a process of bots died. 2: it cannot be done as asked."""

    help = (
        "Have bots come into a room and talk, and report how long that took and what was lost. They go to loopback only, or to an own "
        "host that is named. Latency counts from the moment a command was due, whether or not the server was slow just then. "
        "The first Ctrl-C ends the talking, the second one the waiting; the report is of what was measured."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        add = parser.add_argument
        add("url", nargs="?", metavar="URL", help="such as ws://cdg.play.localhost:8000/ws/r/load/; or use the next three")
        add("--region", metavar="CODE", help=f"default: {settings.REGIONS[0]}")
        add("--room", metavar="SLUG", help="default: load")
        add("--port", type=int, metavar="N", help="default: 8000")
        add("--allow-host", default="", metavar="NAME", help="an own host that is not this machine: exactly as in the URL")
        what = f"what they do: {', '.join(scenarios.names())} (default: %(default)s)"
        add("--scenario", "--world", dest="scenario", default="chat", metavar="NAME", help=what)
        add("--bots", type=int, default=200, metavar="N", help="default: %(default)s")
        add("--talkers", type=int, metavar="N", help="how many of them talk, in turn; the others listen (default: all)")
        rate = f"commands a second of all bots together, in the arena messages of inputs (default: {scenarios.RATE:g}; arena: 30 for each)"
        add("--rate", type=float, metavar="N", help=rate)
        add("--ramp", type=float, default=5.0, metavar="S", help="seconds over which they come in (default: %(default)g)")
        add("--duration", type=float, default=20.0, metavar="S", help="seconds for which they talk then (default: %(default)g)")
        add("--settle", type=float, default=30.0, metavar="S", help="at most so long until everything has arrived (default: %(default)g)")
        add("--processes", type=int, metavar="N", help="default: as many as there are cores")
        pid = "the server's process on this machine, for CPU per delivery; `manage.py flyedge status` names those of `make play`"
        add("--server-pid", type=int, metavar="PID", help=pid)
        add("--json", action="store_true", help="one JSON object instead of the table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, run, report."""
        try:
            scenario = scenarios.find(options["scenario"])(secrets.token_hex(3))
            plan = _plan(options, scenario)
            meter = None if options["server_pid"] is None else Meter(options["server_pid"])
            room, outcome = asyncio.run(self._run(plan, scenario, options["settle"], meter))
        except (NoScenario, NoTarget, NoProcess, NoRoom) as refused:
            raise CommandError(str(refused), returncode=2) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted before anything was measured.", returncode=1) from None
        facts = facts_of(plan, room, outcome, options["server_pid"])
        self.stdout.write(json.dumps(facts, indent=2) if options["json"] else self._drawn(drawing_of(facts, outcome.failure)))
        wrongs = wrongs_of(facts, outcome.failure)
        if wrongs:
            raise CommandError(" ".join(wrongs), returncode=1)

    async def _run(self, plan: Plan, scenario: BaseScenario, settle_s: float, meter: Meter | None) -> tuple[Message[Any], Outcome]:
        room = await look(plan.target, scenario)
        _check_rate(plan, scenario, room)
        run = Run(plan, settle_s, meter)
        # Past Django's wrapper, which ends every write with a line break.
        stream: Any = self.stderr
        with shown(run, stream._out):
            return room, await run.go()

    def _drawn(self, drawing: Any) -> str:
        is_terminal = self.stdout.isatty()
        text = StringIO()
        Console(file=text, width=None if is_terminal else WIDTH, force_terminal=is_terminal, highlight=False, markup=False).print(drawing)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _plan(options: dict[str, Any], scenario: BaseScenario) -> Plan:
    """What was asked for. Raises NoTarget and CommandError."""
    bots, talkers = options["bots"], options["bots"] if options["talkers"] is None else options["talkers"]
    processes = min(os.cpu_count() or 1, bots) if options["processes"] is None else options["processes"]
    rate = scenario.rate_of(talkers) if options["rate"] is None else options["rate"]
    duration_s = options["duration"]
    _check("--bots", bots, 1, 1_000_000)
    _check("--processes", processes, 1, bots)
    _check("--talkers", talkers, 1, bots)
    _check("--rate", rate, 0.01, 1_000_000)
    _check("--duration", duration_s, 0.1, 86_400)
    _check("--ramp", options["ramp"], 0, 86_400)
    _check("--settle", options["settle"], 0, 86_400)
    fit = fitting(raise_limit(), processes)
    if bots > fit:
        said = f"{processes} processes with {fit // processes} sockets each"
        raise CommandError(f"{fit} bots fit, not {bots}: {said}. Raise the limit of open files (ulimit -Hn).", returncode=2)
    count = max(1, math.floor(rate * duration_s))
    target = _target(options, scenario)
    return Plan(target, scenario.name, scenario.run, bots, talkers, processes, options["ramp"], rate, count)


def _target(options: dict[str, Any], scenario: BaseScenario) -> Target:
    asked = [name for name in ("region", "room", "port") if options[name] is not None]
    url = options["url"]
    if url and asked:
        raise CommandError(f"The URL says it all: leave out --{asked[0]}.", returncode=2)
    if not url:
        region, room, port = options["region"] or settings.REGIONS[0], options["room"] or "load", options["port"] or 8000
        url = f"ws://{region}.{settings.PARENT_HOST}:{port}/ws/r/{room}/"
    return target_of(url, options["allow_host"], scenario.world)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise CommandError(f"{name} is from {least:.9g} to {most:.9g}, not {value:.9g}.", returncode=2)


def _check_rate(plan: Plan, scenario: BaseScenario, room: Message[Any]) -> None:
    if scenario.lane not in room.rates:
        raise CommandError(f"The room {room.region}/{room.room} has no {scenario.lane}; take another --room.", returncode=2)
    each = room.rates[scenario.lane][0]
    if plan.rate > plan.talkers * each:
        needed = math.ceil(plan.rate / each)
        said = f"the room takes {each:g} a second of each, so {needed} talkers are needed, not {plan.talkers}"
        raise CommandError(f"{plan.rate:g} commands a second are too many: {said}.", returncode=2)
