"""`manage.py rooms`: look at the region's rooms while gameservers run, take their history away, and prove that it is whole."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from rich.console import Console
from rich.table import Table

from gameserver import inspection
from gameserver.database import ALIAS
from gameserver.engine.registry import Registry, discover
from gameserver.inspection import Kept, Overview, UnknownRoom, reading
from gameserver.management.progress import progress
from gameserver.store import Damaged
from gameserver.verification import verify

MAX_STATE = 4000
"""Characters of a room's state that are shown without --full."""
ROOM = "<region>/<slug>"


class Command(BaseCommand):
    """Exit code 1: `verify` found something. 2: what was asked for is not there."""

    help = "List the region's rooms, show one, export its history as JSON lines, or verify journals and snapshots."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--database", default=ALIAS, choices=list(connections), help=f"default: {ALIAS}")
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | show | export | verify")
        one = actions.add_parser("list", help="all rooms: position, owner, lease, sessions, lag")
        one.add_argument("--region", default="", metavar="CODE")
        one.add_argument("--json", action="store_true")
        one = actions.add_parser("show", help="one room with its snapshots and the state of its worlds")
        one.add_argument("room", metavar=ROOM)
        one.add_argument("--full", action="store_true", help="the whole state, however long")
        one = actions.add_parser("export", help="the history of one room, one JSON object a line")
        one.add_argument("room", metavar=ROOM)
        one.add_argument("--after", type=int, default=0, metavar="SEQ", help="only events after this one")
        one.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
        one = actions.add_parser("verify", help="replay journals and compare them with their snapshots")
        one.add_argument("rooms", nargs="*", default=[], metavar=ROOM)
        one.add_argument("--all", action="store_true", help="every room")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the four."""
        self.alias: str = options["database"]
        try:
            getattr(self, f"_{options['action']}")(options)
        except UnknownRoom as unknown:
            near = f" Did you mean {' or '.join(unknown.near)}?" if unknown.near else " `manage.py rooms list` names all."
            raise CommandError(f"There is no room {unknown.name!r}.{near}", returncode=2) from None
        except DatabaseError as error:
            raise CommandError(f"The database {self.alias!r} cannot be read: {error}", returncode=2) from None
        except BrokenPipeError:
            # Whoever read this has seen enough. Python would complain once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _list(self, options: dict[str, Any]) -> None:
        rooms = inspection.overviews(self.alias, options["region"])
        if options["json"]:
            self.stdout.write(json.dumps([_facts(room) for room in rooms], indent=2))
        else:
            self.stdout.write(self._table(rooms))

    def _table(self, rooms: Iterable[Overview]) -> str:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("room", "world", "epoch", "seq", "owner", "lease", "sessions", "lag", "last event"):
            table.add_column(name, justify="right" if name in ("epoch", "seq", "lease", "sessions", "lag") else "left", overflow="fold")
        for room in rooms:
            lease = f"{room.lease_ms} ms" if room.owner else "-"
            numbers = (str(room.epoch), str(room.seq), room.owner or "nobody", lease, str(room.sessions), str(room.lag))
            table.add_row(room.name, room.world, *numbers, _when(room.last_at), style=None)
        return self._drawn(table)

    def _drawn(self, table: Table) -> str:
        is_terminal = self.stdout.isatty()
        drawing = StringIO()
        Console(file=drawing, width=None if is_terminal else 240, force_terminal=is_terminal, highlight=False, markup=False).print(table)
        return "\n".join(line.rstrip() for line in drawing.getvalue().splitlines())

    def _show(self, options: dict[str, Any]) -> None:
        with reading(self.alias):
            room = inspection.find(options["room"], self.alias)
            kept = inspection.snapshots(room.key, self.alias)
            for name, value in _facts(room).items():
                self.stdout.write(f"{name:12} {'nobody' if name == 'owner' and not value else value}")
            for said in [_snapshot(one) for one in kept] or ["none"]:
                self.stdout.write(f"{'snapshot':12} {said}")
            self.stdout.write(self._state(room, full=options["full"]))

    def _state(self, room: Overview, *, full: bool) -> str:
        try:
            present = inspection.present(room, _registry(), self.alias)
        except (Damaged, KeyError) as error:
            return f"{'state':12} cannot be read: {error}"
        text = json.dumps(present.snapshot().state["worlds"], indent=2, ensure_ascii=False)
        if len(text) > MAX_STATE and not full:
            text = f"{text[:MAX_STATE]}\n… {len(text) - MAX_STATE} more characters: --full"
        return f"{'replies':12} {len(present.replies)}\n{'state':12} {text}"

    def _export(self, options: dict[str, Any]) -> None:
        with reading(self.alias):
            room = inspection.find(options["room"], self.alias)
            lines = inspection.history(room.key, options["after"], self.alias)
            with self._output(options["output"]) as write:
                for epoch, entry in self._progress(lines, inspection.count(room.key, options["after"], self.alias), room.name):
                    write(inspection.json_line(epoch, entry) + "\n")

    @contextmanager
    def _output(self, path: Path | None) -> Iterator[Any]:
        if path is None:
            yield self.stdout.write
            return
        try:
            with path.open("w", encoding="utf-8") as file:
                yield file.write
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from None

    def _verify(self, options: dict[str, Any]) -> None:
        if bool(options["rooms"]) == options["all"]:
            raise CommandError("Name rooms, or say --all.", returncode=2)
        found = [inspection.find(name, self.alias) for name in options["rooms"]] or inspection.overviews(self.alias)
        names = [room.name for room in found]
        registry = _registry()
        wrong = sum(not self._is_well(name, registry) for name in names)
        if wrong:
            raise CommandError(f"{wrong} of {len(names)} rooms are not as they should be; see docs/operations.md.", returncode=1)

    def _is_well(self, name: str, registry: Registry) -> bool:
        with reading(self.alias):
            room = inspection.find(name, self.alias)
            kept, doubles = inspection.snapshots(room.key, self.alias), inspection.doubles(room.key, self.alias)
            lines = self._progress(inspection.history(room.key, 0, self.alias), inspection.count(room.key, 0, self.alias), name)
            verdict = verify(room, kept, lines, doubles, registry)
        self.stdout.write(f"{name}: {verdict}")
        return not verdict.problems

    def _progress(self, items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
        # Past Django's wrapper, which ends every write with a line break.
        stream: Any = self.stderr
        return progress(items, total, label, stream._out)


def _registry() -> Registry:
    return discover(settings.GAMESERVER_WORLDS)


def _when(moment: Any) -> str:
    return "never" if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(room: Overview) -> dict[str, Any]:
    return {
        "room": room.name,
        "region": room.region,
        "slug": room.slug,
        "world": room.world,
        "epoch": room.epoch,
        "seq": room.seq,
        "first_epoch": room.first_epoch,
        "floor": room.floor,
        "owner": room.owner,
        "lease_ms": room.lease_ms,
        "sessions": room.sessions,
        "lag": room.lag,
        "last_event": _when(room.last_at),
    }


def _snapshot(kept: Kept) -> str:
    return f"at {kept.seq}, {_when(kept.made_at)}, {kept.size} bytes, {'damaged' if kept.state is None else 'good'}"
