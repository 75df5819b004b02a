"""`manage.py flyedge`: Fly's edge and the Machines of each region, on this machine (docs/edge.md)."""

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
from fly.edge.machine import MAX_MACHINES, DidNotStart, Plan, base_environ, command_of
from fly.edge.weather import SHORT, Weather
from fly.regions import REGIONS

EXIT_USAGE = 2


class Stop(Exception):
    """One clear line and exit code 2."""


class Command(BaseCommand):
    """Runs the emulator, or steers a running one."""

    help = f"Run Fly's edge and Machines in each region on this machine; or: flyedge {'|'.join(control.VERBS)} [machine or region]."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument(
            "verb", nargs="?", choices=("run", *control.VERBS), default="run", help="run (default), or an order to a running emulator"
        )
        parser.add_argument(
            "target",
            nargs="?",
            help="for an order: a Machine (cdg/2), its id or the beginning of it, or a region; for weather: a vantage point",
        )
        parser.add_argument(
            "--regions",
            default=",".join(settings.REGIONS),
            help="region codes with commas between; the first is where the main port stands",
        )
        parser.add_argument("--machines", type=int, default=1, metavar="N", help="Machines in each region, 1 to 9, sharing its database")
        parser.add_argument(
            "--region-database",
            metavar="URL",
            help="the regions' databases instead of SQLite files; {region} in it is replaced: postgres://…/rooms_{region}",
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="main port; the other vantage points count up from it; 0 takes free ones"
        )
        parser.add_argument(
            "--latency",
            metavar="none|real|MS",
            help="run: real delays what crosses regions by their distance, none (default) does not; weather: ms that each way takes longer",
        )
        parser.add_argument(
            "--dir", default=str(settings.BASE_DIR / "var" / "edge"), help="where the regions' databases and the Machines' logs are"
        )
        parser.add_argument("--application", default="config.asgi:application", help="the ASGI application that the Machines run")

        self._add_weather(parser)

    def _add_weather(self, parser: ArgumentParser) -> None:
        weather = parser.add_argument_group("for weather", "What is not named stays as it is; without any, the weather is only shown.")
        weather.add_argument("--region", help="the vantage point, by its region; without it: all")
        weather.add_argument("--jitter", type=float, metavar="MS", help="how far the latency strays to both sides")
        weather.add_argument("--loss", type=float, metavar="PERCENT", help="of the segments, which come later by a timeout")
        weather.add_argument("--seed", type=int, help="of the dice: the same seed loses the same segments")
        weather.add_argument("--clear", action="store_true", help="no latency, no jitter, no loss; the seed stays")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run or steer; exit code 2 with one line for what cannot be."""
        try:
            if options["verb"] == "run":
                _run(options)
            elif options["verb"] == "weather":
                self._steer_weather(options)
            else:
                self._steer(options)
        except (Stop, PortInUse, DidNotStart, control.NotRunning) as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(EXIT_USAGE)

    def _steer(self, options: dict[str, Any]) -> None:
        if options["verb"] != "status" and not options["target"]:
            raise Stop(f"Which machine? For example: flyedge {options['verb']} {settings.REGIONS[0]}")
        answer = control.order(_control(options), options["verb"], options["target"])
        if "error" in answer:
            raise Stop(answer["error"])
        if "cut" in answer:
            self.stdout.write(f"connections reset: {answer['cut']}")
        for name, machine in answer["machines"].items():
            self.stdout.write(f"{name} {machine['id']} {machine['state']:8} pid {machine['pid']} port {machine['port']}")
        for region, port in answer["edges"].items():
            weather = Weather(**answer["weather"][region])
            beside = "" if weather.is_clear else f" (weather: {weather})"
            self.stdout.write(f"you are in {REGIONS[region].city}: http://{answer['host']}:{port}/{beside}")

    def _steer_weather(self, options: dict[str, Any]) -> None:
        if options["region"] and options["target"]:
            raise Stop("Name the vantage point once.")
        answer = control.order(_control(options), "weather", options["region"] or options["target"], _weather(options))
        if "error" in answer:
            raise Stop(answer["error"])
        for region, values in answer["weather"].items():
            self.stdout.write(f"{region} {Weather(**values)}")


def _control(options: dict[str, Any]) -> Path:
    return Path(options["dir"]) / "control"


def _weather(options: dict[str, Any]) -> dict[str, object]:
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


def _latency(text: str | None) -> str:
    if text not in (None, "none", "real"):
        raise Stop(f"--latency is none or real, not {text!r}. Once it runs: flyedge weather --latency {text}")
    return text or "none"


def _run(options: dict[str, Any]) -> None:
    latency, regions = _latency(options["latency"]), _regions(options["regions"])
    machines, databases = _machines(options["machines"]), _databases(options["region_database"])
    port, folder = options["port"], Path(options["dir"]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    _alone(folder)
    plans = tuple(
        Plan(
            region,
            tuple(command_of(options["application"], settings.DRAIN_BUDGET_S)),
            _environ(regions, databases.replace("{region}", region) or f"sqlite:///{folder / region}.sqlite3"),
            str(folder / (f"{region}.log" if machines == 1 else f"{region}-{number}.log")),
            stop_s=settings.DRAIN_BUDGET_S + 5,
            number=number,
            alone=machines == 1,
        )
        for region in regions
        for number in range(1, machines + 1)
    )
    wanted = Settings(
        regions=regions,
        ports=tuple(port + number if port else 0 for number in range(len(regions))),
        host=settings.PARENT_HOST,
        plans=plans,
        real_latency=latency == "real",
    )
    screen = Screen()
    emulator = Emulator(wanted, screen.line, screen.say)
    with screen.progress() as progress:
        step = progress.add_task("preparing the global database", total=1)
        _prepare(regions)
        progress.update(step, completed=1, description="[green]✓[/green] the global database is ready")
    asyncio.run(_serve(emulator, screen, folder, latency))


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


def _machines(number: int) -> int:
    if not 1 <= number <= MAX_MACHINES:
        raise Stop(f"--machines is how many Machines each region has: 1 to {MAX_MACHINES}, not {number}")
    return number


def _databases(template: str | None) -> str:
    """The template of the regions' databases, empty for SQLite files. It may hold a password: nothing that is said repeats it."""
    if template is not None and "{region}" not in template:
        raise Stop("--region-database needs {region} in its URL: each region has a database of its own")
    return template or ""


def _environ(regions: tuple[str, ...], region_database: str) -> dict[str, str]:
    database, inherited = settings.DATABASES["default"], base_environ()
    url = f"sqlite:///{database['NAME']}" if database["ENGINE"].endswith("sqlite3") else inherited["DATABASE_URL"]
    return {
        **inherited,
        "DEBUG": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "PARENT_HOST": settings.PARENT_HOST,
        "PUBLIC_SCHEME": "http",
        "REGIONS": ",".join(regions),
        "DATABASE_URL": url,
        "REGION_DATABASE_URL": region_database,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), inherited.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }


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
        steps = {name: progress.add_task(f"starting the {name} machine", total=1) for name in emulator.machines}
        await emulator.start(
            lambda name: progress.update(steps[name], completed=1, description=f"[green]✓[/green] the {name} machine is up")
        )
