"""`manage.py flyedge`: Fly's edge and one Machine for each region, on this machine (docs/edge.md)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from fly.edge import control
from fly.edge.console import Screen
from fly.edge.emulator import Emulator, PortInUse, Settings
from fly.edge.machine import DidNotStart, Plan, base_environ, command_of
from fly.regions import REGIONS

EXIT_USAGE = 2


class Stop(Exception):
    """One clear line and exit code 2."""


class Command(BaseCommand):
    """Runs the emulator, or steers a running one."""

    help = "Run Fly's edge and one Machine per region on this machine; or: flyedge status|start|stop|restart|kill [region]."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument(
            "verb", nargs="?", choices=("run", *control.VERBS), default="run", help="run (default), or an order to a running emulator"
        )
        parser.add_argument("region", nargs="?", help="whose Machine to start, stop, restart or kill")
        parser.add_argument(
            "--regions",
            default=",".join(settings.REGIONS),
            help="region codes with commas between; the first is where the main port stands",
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="main port; the other vantage points count up from it; 0 takes free ones"
        )
        parser.add_argument(
            "--latency", choices=("none", "real"), default="none", help="real: delay what crosses regions by their distance"
        )
        parser.add_argument(
            "--dir", default=str(settings.BASE_DIR / "var" / "edge"), help="where the regions' databases and the Machines' logs are"
        )
        parser.add_argument("--application", default="config.asgi:application", help="the ASGI application that the Machines run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run or steer; exit code 2 with one line for what cannot be."""
        try:
            if options["verb"] == "run":
                _run(options)
            else:
                self._steer(options)
        except (Stop, PortInUse, DidNotStart, control.NotRunning) as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(EXIT_USAGE)

    def _steer(self, options: dict[str, Any]) -> None:
        if options["verb"] != "status" and not options["region"]:
            raise Stop(f"Whose machine? For example: flyedge {options['verb']} {settings.REGIONS[0]}")
        answer = control.order(Path(options["dir"]) / "control", options["verb"], options["region"])
        if "error" in answer:
            raise Stop(answer["error"])
        for region, machine in answer["machines"].items():
            self.stdout.write(f"{region} {machine['id']} {machine['state']:8} pid {machine['pid']} port {machine['port']}")
        for region, port in answer["edges"].items():
            self.stdout.write(f"you are in {REGIONS[region].city}: http://{answer['host']}:{port}/")


def _run(options: dict[str, Any]) -> None:
    regions = _regions(options["regions"])
    port, folder = options["port"], Path(options["dir"]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    _alone(folder)
    plans = tuple(_plan(region, regions, folder, options["application"]) for region in regions)
    wanted = Settings(
        regions=regions,
        ports=tuple(port + number if port else 0 for number in range(len(regions))),
        host=settings.PARENT_HOST,
        plans=plans,
        real_latency=options["latency"] == "real",
    )
    screen = Screen()
    emulator = Emulator(wanted, screen.line, screen.say)
    with screen.progress() as progress:
        step = progress.add_task("preparing the global database", total=1)
        _prepare(regions)
        progress.update(step, completed=1, description="[green]✓[/green] the global database is ready")
    asyncio.run(_serve(emulator, screen, folder, options["latency"]))


def _alone(folder: Path) -> None:
    """Refuse to run beside another emulator on the same databases: two Machines of one name would each own the same rooms."""
    with contextlib.suppress(control.NotRunning):
        port = next(iter(control.order(folder / "control", "status")["edges"].values()))
        raise Stop(f"An emulator runs in {folder} already, on port {port}. End it, or choose another folder with --dir.")


def _regions(text: str) -> tuple[str, ...]:
    regions = tuple(code.strip().lower() for code in text.split(",") if code.strip())
    unknown = [code for code in regions if code not in REGIONS]
    if unknown:
        raise Stop(f"There is no region {unknown[0]!r}. Known: {' '.join(sorted(REGIONS))}")
    if not regions or len(set(regions)) != len(regions):
        raise Stop("Name each region once, such as --regions ewr,nrt,cdg")
    return regions


def _plan(region: str, regions: tuple[str, ...], folder: Path, application: str) -> Plan:
    database, inherited = settings.DATABASES["default"], base_environ()
    url = f"sqlite:///{database['NAME']}" if database["ENGINE"].endswith("sqlite3") else inherited["DATABASE_URL"]
    environ = {
        **inherited,
        "DEBUG": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "PARENT_HOST": settings.PARENT_HOST,
        "PUBLIC_SCHEME": "http",
        "REGIONS": ",".join(regions),
        "DATABASE_URL": url,
        "REGION_DATABASE_URL": f"sqlite:///{folder / region}.sqlite3",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), inherited.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }
    return Plan(
        region,
        tuple(command_of(application, settings.DRAIN_BUDGET_S)),
        environ,
        str(folder / f"{region}.log"),
        stop_s=settings.DRAIN_BUDGET_S + 5,
    )


def _prepare(regions: tuple[str, ...]) -> None:
    """Migrate the global database and enable the regions; each Machine migrates its own."""
    settings.REGIONS = regions
    call_command("migrate", database="default", interactive=False, verbosity=0, stdout=StringIO())
    call_command("regions", sync=True, stdout=StringIO())
    connections.close_all()


async def _serve(emulator: Emulator, screen: Screen, folder: Path, latency: str) -> None:
    """Boot, show, serve until a signal; a second one kills."""
    loop = asyncio.get_running_loop()
    enough = asyncio.Event()

    def on_signal() -> None:
        if enough.is_set():
            emulator.kill()
        enough.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    boot = asyncio.ensure_future(_boot(emulator, screen))
    over = asyncio.ensure_future(enough.wait())
    await asyncio.wait([boot, over], return_when=asyncio.FIRST_COMPLETED)
    if not boot.done():
        boot.cancel()
        emulator.kill()
        await asyncio.gather(boot, return_exceptions=True)
        await emulator.stop()
        return
    await boot
    server = await control.serve(emulator, folder / "control")
    screen.table(emulator, latency)
    try:
        await enough.wait()
        screen.say("ending: the machines drain (Ctrl-C again ends them at once)")
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            (folder / "control").unlink()
        await emulator.stop()


async def _boot(emulator: Emulator, screen: Screen) -> None:
    with screen.progress() as progress:
        steps = {region: progress.add_task(f"starting the {region} machine", total=1) for region in emulator.machines}
        await emulator.start(
            lambda region: progress.update(steps[region], completed=1, description=f"[green]✓[/green] the {region} machine is up")
        )
