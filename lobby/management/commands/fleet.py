"""`manage.py fleet`: look at the fleet, see what the planner would do, and start, stop and drain by hand."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from io import StringIO
from itertools import count
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console, RenderableType
from rich.live import Live
from rich.status import Status

from fly.machines.errors import MachinesError
from lobby.fleet import lifespan, orders
from lobby.fleet.apply import line_of, says
from lobby.fleet.orders import Declined, Desk
from lobby.fleet.report import facts, report, tables

WATCH_S = 2.0
"""Between two looks of `watch`; the planner shares the API's one list a second."""
TIMEOUT_S = 150.0
"""Longer than a start may take before the planner gives it up."""
EMULATOR = "For the emulator: env $(cat var/edge/api.env) manage.py fleet …"
ADVICE = {
    0: "Is MACHINES_API_URL right, and can this process reach it?",
    401: "The token is not accepted. A new one: fly tokens create deploy --app {app}; fly secrets set MACHINES_API_TOKEN=…",
    403: "The token is of another app or organisation. A new one: fly tokens create deploy --app {app}.",
    404: "There is no app {app}, or no such Machine: see GAMESERVER_APP and manage.py fleet status.",
    429: "Too many requests; wait some seconds. The planner of a lobby shares this app's rate.",
}


class Command(BaseCommand):
    """Exit code 1: it was not done, or the API failed. 2: it cannot be asked for here."""

    help = "Show the fleet, plan, apply one round, start, stop or drain by hand, or watch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="status | plan | apply | start | stop | drain | watch")
        self._add(actions, "status", "who plans, what it costs, each region and Machine")
        self._add(actions, "plan", "what the planner would do now; nothing is done")
        self._add(actions, "apply", "plan and do it, once; where a lobby does so already, it says so")
        one = self._add(actions, "start", "start a Machine, or one of a region, and wait until it is up", timeout=True)
        one.add_argument("name", metavar="REGION|MACHINE")
        one = self._add(actions, "stop", "stop a Machine, or all of a region, if nobody is in, and wait", timeout=True)
        one.add_argument("name", metavar="REGION|MACHINE")
        one.add_argument("--force", action="store_true", help="also with players: they are sent on")
        one = self._add(actions, "drain", "send no new room to a Machine, or a region's; it is stopped when the last has gone")
        one.add_argument("name", metavar="REGION|MACHINE")
        one = self._add(actions, "watch", "status, again and again, until Ctrl-C")
        one.add_argument("--times", type=int, default=0, metavar="N", help="so many looks; default: no end")

    def _add(self, actions: Any, name: str, help: str, *, timeout: bool = False) -> Any:
        one = actions.add_parser(name, help=help)
        one.add_argument("--json", action="store_true")
        if timeout:
            one.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="S", help="default: %(default)s")
        return one

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them. Every failure says what to do about it."""
        app = lifespan.app_name()
        if not (settings.GAMESERVER_APP or settings.HERE.is_fly):
            raise CommandError(f"Which app? Set GAMESERVER_APP, or run this on a Machine: fly ssh console. {EMULATOR}", returncode=2)
        if not settings.MACHINES_API_TOKEN:
            text = f"MACHINES_API_TOKEN is not set. fly tokens create deploy --app {app}; fly secrets set MACHINES_API_TOKEN=…"
            raise CommandError(text, returncode=2)
        try:
            async_to_sync(self._run)(app, options)
        except Declined as declined:
            raise CommandError(str(declined), returncode=1) from None
        except MachinesError as error:
            text = f"{str(error).rstrip('.')}. {ADVICE.get(error.status, '').format(app=app)}"
            raise CommandError(text.strip(), returncode=1) from None
        except DatabaseError as error:
            raise CommandError(f"The global database cannot be used: {error}", returncode=2) from None
        except (KeyboardInterrupt, BrokenPipeError):
            # Whoever looked has seen enough; Python would complain once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    async def _run(self, app: str, options: dict[str, Any]) -> None:
        self._json: bool = options["json"]
        async with lifespan.machines() as api:
            action: Callable[[Desk, dict[str, Any]], Awaitable[None]] = getattr(self, f"_{options['action']}")
            with Status("asking the Machines API", console=_console(self.stderr)) as status:
                if self._json or not self.stderr.isatty():
                    status.stop()
                await action(Desk(api, app, say=status.update if self.stderr.isatty() else self._mention), options)

    async def _status(self, desk: Desk, options: dict[str, Any]) -> None:
        self._show(*await self._report(desk))

    async def _plan(self, desk: Desk, options: dict[str, Any]) -> None:
        planned = await desk.planned()
        lines = [line_of(one) for one in planned]
        self._show([facts(one) for one in planned], "\n".join(lines) or "All is as it should be.")

    async def _apply(self, desk: Desk, options: dict[str, Any]) -> None:
        done = await desk.round()
        lines = [says(one) for one in done]
        self._show([facts(one.action) | {"ok": one.ok, "text": one.text} for one in done], "\n".join(lines) or "All is as it should be.")
        failed = [one for one in done if not one.ok]
        if failed:
            raise Declined(f"{len(failed)} of {len(done)} failed; what failed is tried again at the next round.")

    async def _start(self, desk: Desk, options: dict[str, Any]) -> None:
        line = await desk.start(options["name"], options["timeout"])
        self._show({"done": line}, line)

    async def _stop(self, desk: Desk, options: dict[str, Any]) -> None:
        lines = await desk.stop(options["name"], options["timeout"], force=options["force"])
        self._show({"done": lines}, "\n".join(lines))

    async def _drain(self, desk: Desk, options: dict[str, Any]) -> None:
        lines = await desk.drain(options["name"])
        self._show({"done": lines}, "\n".join(lines))

    async def _watch(self, desk: Desk, options: dict[str, Any]) -> None:
        state, drawn = await self._report(desk)
        with Live(console=_console(self.stdout), auto_refresh=False) as live:
            if self._json or not self.stdout.isatty():
                live.stop()
            for looks in count(1):
                if self._json:
                    self.stdout.write(json.dumps(state))
                elif live.is_started:
                    live.update(drawn, refresh=True)
                else:
                    self._show(state, drawn)
                if looks == options["times"]:
                    return
                await asyncio.sleep(WATCH_S)
                state, drawn = await self._again(desk, state)

    async def _again(self, desk: Desk, state: dict[str, Any]) -> tuple[dict[str, Any], RenderableType]:
        """The next look. Who watches through an outage of the API sees the last one, with what is wrong."""
        try:
            return await self._report(desk)
        except MachinesError as error:
            failed = state | {"error": str(error)}
            return failed, tables(failed)

    async def _report(self, desk: Desk) -> tuple[dict[str, Any], RenderableType]:
        state: dict[str, Any] = await orders.directly(report, await desk.view(), desk.app)
        return state, tables(state)

    def _show(self, state: Any, drawn: RenderableType) -> None:
        if self._json:
            self.stdout.write(json.dumps(state, indent=2))
            return
        is_terminal = self.stdout.isatty()
        paper = StringIO()
        Console(file=paper, width=None if is_terminal else 200, force_terminal=is_terminal, highlight=False, markup=False).print(drawn)
        self.stdout.write("\n".join(line.rstrip() for line in paper.getvalue().splitlines()))

    def _mention(self, text: str) -> None:
        if not self._json:
            self.stderr.write(text)


def _console(stream: Any) -> Console:
    # Past Django's wrapper, which ends every write with a line break.
    return Console(file=stream._out)
