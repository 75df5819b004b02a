"""`manage.py flyedge`: Fly's edge and the Machines of each region, on this machine (docs/edge.md)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from fly.edge import control, split
from fly.edge import options as given
from fly.edge.console import Screen
from fly.edge.desk import Desk
from fly.edge.emulator import Emulator, PortInUse, Settings
from fly.edge.fleet import Blueprint
from fly.edge.machine import DidNotStart, Plan, base_environ, command_of
from fly.edge.options import Stop
from fly.edge.weather import Weather
from fly.regions import REGIONS

EXIT_USAGE = 2


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

        given.add_arguments(parser)
        split.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run or steer; exit code 2 with one line for what cannot be."""
        try:
            if options["verb"] == "run":
                _run(options)
            elif options["verb"] == "weather":
                self._steer_weather(options)
            elif options["verb"] != "status" and control.KINDS[options["verb"]] != "machine":
                self._break(options)
            else:
                self._steer(options)
        except (Stop, PortInUse, DidNotStart, control.NotRunning) as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(EXIT_USAGE)

    def _steer(self, options: dict[str, Any]) -> None:
        if options["verb"] != "status" and not options["target"]:
            raise Stop(f"Which machine? For example: flyedge {options['verb']} {settings.REGIONS[0]}")
        answer = _order(options, options["verb"], options["target"], given.values(options))
        if "cut" in answer:
            self.stdout.write(f"connections reset: {answer['cut']}")
        self._machines(answer)
        for region, port in answer["edges"].items():
            weather = Weather(**answer["weather"][region])
            beside = "" if weather.is_clear else f" (weather: {weather})"
            self.stdout.write(f"you are in {REGIONS[region].city}: http://{answer['host']}:{port}/{beside}")

    def _machines(self, answer: dict[str, Any]) -> None:
        for name, machine in answer["machines"].items():
            beside = given.beside(machine)
            self.stdout.write(f"{name} {machine['id']} {machine['state']:8} pid {machine['pid']} port {machine['port']}{beside}")
        for where, troubles in answer["troubles"].items():
            self.stdout.write(f"{where}: {', '.join(troubles)}")

    def _break(self, options: dict[str, Any]) -> None:
        answer = _order(options, options["verb"], options["target"], given.values(options))
        if "slept" in answer:
            self.stdout.write(f"put to sleep: {', '.join(answer['slept']) or 'nobody'}")
        self._machines(answer)

    def _steer_weather(self, options: dict[str, Any]) -> None:
        if options["region"] and options["target"]:
            raise Stop("Name the vantage point once.")
        answer = _order(options, "weather", options["region"] or options["target"], given.weather(options))
        for region, values in answer["weather"].items():
            self.stdout.write(f"{region} {Weather(**values)}")


def _control(options: dict[str, Any]) -> Path:
    return Path(options["dir"]) / "control"


def _order(options: dict[str, Any], verb: str, target: str | None, values: Mapping[str, object]) -> dict[str, Any]:
    """What the running emulator answers. Raises Stop with what it objects to."""
    answer = control.order(_control(options), verb, target, values)
    if "error" in answer:
        raise Stop(answer["error"])
    return answer


def _blueprint(options: dict[str, Any], apps: split.Split, regions: tuple[str, ...], folder: Path) -> Blueprint:
    """How each Machine of the run is made. Raises Stop."""
    machines, databases = given.machines(options["machines"]), given.databases(options["region_database"])
    asleep, concurrency = given.asleep(options, regions), given.concurrency(options)

    def blueprint(app: str, region: str, number: int) -> Plan:
        plan = Plan(
            region,
            tuple(command_of(options["application"], settings.DRAIN_BUDGET_S)),
            _environ(regions, databases.replace("{region}", region) or f"sqlite:///{folder / region}.sqlite3"),
            str(folder / (f"{region}.log" if machines == 1 and number == 1 else f"{region}-{number}.log")),
            app=app,
            stop_s=settings.DRAIN_BUDGET_S + 5,
            number=number,
            alone=machines == 1 and number == 1,
            asleep=region in asleep,
            concurrency=concurrency,
        )
        return apps.fit(plan)

    return blueprint


def _run(options: dict[str, Any]) -> None:
    latency, regions = given.latency(options["latency"]), given.regions(options["regions"])
    machines, port, folder = given.machines(options["machines"]), options["port"], given.folder(options["dir"])
    apps = split.Split.of(options, settings.SECRET_KEY)
    blueprint = _blueprint(options, apps, regions, folder)
    folder.mkdir(parents=True, exist_ok=True)
    _alone(folder)
    wanted = Settings(
        regions=regions,
        ports=tuple(port + number if port else 0 for number in range(len(regions))),
        host=settings.PARENT_HOST,
        plans=apps.plans(blueprint, regions, machines),
        real_latency=latency == "real",
        blueprint=blueprint,
        autostop_s=options["autostop_every"],
        borders=apps.borders,
    )
    screen = Screen()
    desk = Desk(wanted.host)
    emulator = Emulator(wanted, desk.lines(screen.line), desk.words(screen.say), desk)
    desk.show(emulator)
    given.limit(emulator, options["capacity"])
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


def _environ(regions: tuple[str, ...], region_database: str) -> dict[str, str]:
    database, inherited = settings.DATABASES["default"], base_environ()
    # A Machine uses the API of the run, and no other.
    inherited = {name: value for name, value in inherited.items() if not name.startswith("MACHINES_API_")}
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
    try:
        server = await control.serve(emulator, folder / "control")
        try:
            given.write_access(emulator, folder / "api.env", settings.GAMESERVER_APP)
            screen.table(emulator, latency)
            await enough.wait()
            screen.say("ending: the machines drain (Ctrl-C again ends them at once)")
        finally:
            server.close()
            for name in ("control", "api.env"):
                (folder / name).unlink(missing_ok=True)
    finally:
        # Whatever went wrong above: no Machine is left to itself.
        await emulator.stop()


async def _boot(emulator: Emulator, screen: Screen) -> None:
    with screen.progress() as progress:
        steps = {name: progress.add_task(f"starting the {name} machine", total=1) for name in emulator.machines}
        await emulator.start(
            lambda name: progress.update(steps[name], completed=1, description=f"[green]✓[/green] the {name} machine is up")
        )
