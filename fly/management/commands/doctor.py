"""`manage.py doctor`: what is wrong with this deployment, and how to mend it (docs/operations.md)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import autodiscover_modules
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fly.doctor import AREAS, Finding, Level, examine

STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red", Level.SKIPPED: "dim"}


class Command(BaseCommand):
    """One line per check; exit code 1 when there is an error."""

    help = "Look for every known trap and mistake of a deployment, and say how to mend each. Exit code 1 when there is an error."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute; the checks are among what is shown)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
        parser.add_argument(
            "--only", nargs="+", default=[], metavar="AREA", help="packages, fly.toml, names, keys, databases, redis, api, …"
        )
        parser.add_argument("--all", action="store_true", help="show also what is in order")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks, show them, and fail for an error."""
        from fly.doctor import rounds  # noqa: F401 (registers the platform's checks, and before those of others)

        autodiscover_modules("doctor")

        if unknown := [area for area in options["only"] if area not in AREAS]:
            raise CommandError(f"There is no area {unknown[0]!r}; there are {', '.join(AREAS)}.", returncode=2)
        found = list(examine(options["only"]))
        self.stdout.write(as_json(found) if options["json"] else as_table(found, everything=options["all"] or bool(options["only"])))
        if any(finding.level is Level.ERROR for _, finding in found):
            raise SystemExit(1)


def as_json(found: list[tuple[str, Finding]]) -> str:
    """One document: counts by level, and every finding."""
    counts = {level.value: sum(finding.level is level for _, finding in found) for level in Level}
    rows = [{"area": area, "name": one.name, "level": one.level.value, "says": one.says, "fix": one.fix} for area, one in found]
    return json.dumps({"counts": counts, "findings": rows}, indent=2)


def as_table(found: list[tuple[str, Finding]], *, everything: bool) -> str:
    """A table, and one line that counts."""
    table = Table("", "check", "what is so, and what to do")
    for area, one in found:
        if everything or one.level in (Level.WARNING, Level.ERROR):
            says = Text(one.says).append(f"\n→ {one.fix}", "cyan") if one.fix else Text(one.says)
            table.add_row(Text(one.level.value, STYLES[one.level]), one.name if area in one.name else f"{area}: {one.name}", says)
    console = Console(width=120)
    with console.capture() as shown:
        if table.row_count:
            console.print(table)
        console.print(", ".join(f"{sum(one.level is level for _, one in found)} {level.value}" for level in Level) + ".")
    return shown.get().rstrip()
