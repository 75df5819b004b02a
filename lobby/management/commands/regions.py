"""`manage.py regions`: list the regions, or say which are enabled."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lobby.listing import listing, read
from lobby.models import Region
from lobby.seeds import seed


class Command(BaseCommand):
    """One line per region or change; fails for a code that Fly does not have."""

    help = "List the regions and who is alive in them. --sync enables exactly those of REGIONS; --enable and --disable change single ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--sync", action="store_true", help="enable exactly the regions of REGIONS, in that order")
        parser.add_argument("--enable", nargs="+", default=[], metavar="CODE")
        parser.add_argument("--disable", nargs="+", default=[], metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change what is asked for, then print."""
        if options["sync"]:
            for line in seed(settings.REGIONS):
                self.stdout.write(line)
        wanted = dict.fromkeys(options["enable"], True) | dict.fromkeys(options["disable"], False)
        known = set(Region.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        if unknown := [code for code in wanted if code not in known]:
            raise CommandError(f"There is no region {unknown[0]!r}.")
        for code, enabled in wanted.items():
            Region.objects.filter(pk=code).update(enabled=enabled)
            without = ", but REGIONS does not name it: it has no host until it does" if enabled and code not in settings.REGIONS else ""
            self.stdout.write(f"{'enabled ' if enabled else 'disabled'} {code}{without}")
        if not (options["sync"] or options["enable"] or options["disable"]):
            self._list()

    def _list(self) -> None:
        for region in listing(*read(), lambda code: code):
            state = f"{region['state']:6} {region['players']:5} players {region['rooms']:3} rooms" if region["enabled"] else "not enabled"
            self.stdout.write(f"{region['code']:4} {region['name']:18} {state}")
