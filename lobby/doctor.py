"""What `manage.py doctor` looks at that only the lobby knows: the table of regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError

from fly.doctor import Finding, check
from fly.doctor.finding import error, ok, skipped, warning
from fly.doctor.rounds import is_there
from lobby.models import Region

SYNC = "Run `manage.py regions --sync`: the table then follows REGIONS."


@dataclass(frozen=True, slots=True)
class Row:
    """One enabled region as staff have it. `kept`: Machines that are wanted when nobody plays."""

    code: str
    deprecated: bool = False
    kept: int = 0
    maximum: int = 2


def judge_rows(rows: Iterable[Row], named: Iterable[str], *, has_token: bool) -> Iterator[Finding]:
    """The table of regions and REGIONS say the same, and what staff want can be done."""
    rows, named = tuple(rows), tuple(named)
    enabled = {row.code for row in rows}
    if homeless := sorted(enabled - set(named)):
        yield error("regions", f"{', '.join(homeless)}: shown in the lobby, but REGIONS gives them no host.", SYNC)
    elif hidden := [code for code in named if code not in enabled]:
        yield warning("regions", f"{', '.join(hidden)}: in REGIONS, but not shown in the lobby.", f"Staff have hidden them, or: {SYNC}")
    else:
        yield ok("regions", f"{', '.join(named)}: in REGIONS and in the lobby.")
    old = sorted(row.code for row in rows if row.deprecated)
    if old:
        yield error("deprecated", f"Fly makes no new Machines in {', '.join(old)}.", "Run `manage.py regions --disable` for them.")
    else:
        yield ok("deprecated", "None of them.")
    unkept = sorted(row.code for row in rows if row.kept and not has_token)
    closed = sorted(row.code for row in rows if not row.maximum)
    if unkept:
        fix = "Set MACHINES_API_TOKEN, or take back what staff want of these regions: nobody starts Machines for them."
        yield error("Machines wanted", f"Machines are to be kept in {', '.join(unkept)}.", fix)
    elif closed:
        fix = "Give it a maximum in the admin, or disable it: its page says that it is closed."
        yield warning("Machines wanted", f"No Machine is ever started in {', '.join(closed)}.", fix)
    else:
        yield ok("Machines wanted", "What staff want can be done.")


@check("regions")
def regions() -> Iterator[Finding]:
    """The table in the global database."""
    try:
        enabled = list(Region.objects.filter(enabled=True)) if is_there("default") else None
    except DatabaseError:
        enabled = None
    if enabled is None:
        yield skipped("regions", "The table cannot be read; see the database's own checks.")
        return
    rows = [Row(row.code, row.deprecated, row.min_machines + row.warm, row.max_machines) for row in enabled]
    yield from judge_rows(rows, settings.REGIONS, has_token=bool(settings.MACHINES_API_TOKEN))
