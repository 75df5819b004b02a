"""`manage.py drain`: ask a Machine's gameserver to let everybody go, and wait until it is gone."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from gameserver.database import ALIAS
from gameserver.engine.lease import EXPIRY_S
from gameserver.inspection import Life, lives
from gameserver.leases import DatabaseLeases

LOOK_S = 0.1
"""Between two looks at what it still holds."""
SAY_S = 1.0
"""Between two lines of progress."""
SLACK_S = 10.0
"""What a process takes besides its drain: until its next renewal, and to its end."""


class Command(BaseCommand):
    """Exit code 0: gone. 1: not in time, or it died on the way. 2: there is no such Machine."""

    help = "Ask the gameserver of a Machine of this region to drain and end, and wait for it. Several go one after the other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("machines", nargs="*", metavar="machine", help="default: the only one that lives")
        parser.add_argument("--timeout", type=float, default=settings.DRAIN_BUDGET_S + SLACK_S, metavar="S", help="default: %(default)s")
        parser.add_argument("--database", default=ALIAS, choices=list(connections), help=f"default: {ALIAS}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain each of them."""
        self.alias: str = options["database"]
        try:
            machines = options["machines"] or [self._only()]
            for machine in machines:
                self._drain(machine, options["timeout"])
        except DatabaseError as error:
            raise CommandError(f"The database {self.alias!r} cannot be read: {error}", returncode=2) from None

    def _living(self) -> list[Life]:
        return [life for life in lives(self.alias) if life.lives]

    def _only(self) -> str:
        living = self._living()
        if len(living) != 1:
            raise CommandError(f"Which one? {_names(living)}" if living else _names(living), returncode=2)
        return living[0].machine

    def _drain(self, machine: str, timeout_s: float) -> None:
        if not DatabaseLeases(self.alias).ask_drain(machine):
            raise CommandError(f"There is no Machine {machine!r} that lives. {_names(self._living())}", returncode=2)
        began = said = time.monotonic()
        # Looked for after it was asked: a life that began in between was not.
        asked = self._life(machine)
        while asked is not None:
            now = time.monotonic()
            life = self._life(machine)
            if life is None or life.boot != asked.boot:
                break
            if not life.lives:
                raise CommandError(f"{machine} died: it said nothing for {EXPIRY_S:g} s. Its rooms are free.", returncode=1)
            if now - began >= timeout_s:
                raise CommandError(f"{machine} still holds {_rooms(life)} after {timeout_s:g} s.", returncode=1)
            if now - said >= SAY_S:
                said = now
                self.stdout.write(f"{machine}: {_rooms(life)} left, {now - began:.0f} s")
                self.stdout.flush()
            time.sleep(LOOK_S)
        self.stdout.write(f"{machine}: gone after {time.monotonic() - began:.1f} s")

    def _life(self, machine: str) -> Life | None:
        return next((life for life in lives(self.alias) if life.machine == machine), None)


def _names(living: list[Life]) -> str:
    if not living:
        return "No Machine lives here."
    return "These live: " + ", ".join(f"{life.machine} ({_rooms(life)})" for life in living)


def _rooms(life: Life) -> str:
    return f"{life.rooms} room" if life.rooms == 1 else f"{life.rooms} rooms"
