"""The one table that says which host is which (R7). The first match wins; the last entry takes what is left and answers 404.

A process has the pages of its role only: hosts of the other app are in the table, so that they are known, and have none here.
"""

from __future__ import annotations

from django.conf import settings
from django_hosts import patterns

from fly.hosts import LOBBY, MACHINE, REGION, UNKNOWN, any_host, exact_host

_CODES = "|".join(settings.REGIONS)
_ID = "[0-9a-z]{4,32}"
_LOBBY = "urls_lobby" if settings.ROLE.lobby else "urls_unknown"
_REGION = "urls_region" if settings.ROLE.gameserver else "urls_unknown"

host_patterns = patterns(
    "config",
    exact_host("", _LOBBY, name=LOBBY),
    exact_host(rf"(?P<region>{_CODES})", _REGION, name=REGION),
    # One label, because a wildcard certificate covers one: docs/decisions.md has why the region comes first.
    exact_host(rf"(?P<region>{_CODES})-(?P<machine>{_ID})", _REGION, name=MACHINE),
    any_host("urls_unknown", name=UNKNOWN),
)
