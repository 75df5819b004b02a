"""The one table that says which host is which (R7). The first match wins; the last entry takes what is left and answers 404."""

from __future__ import annotations

from django.conf import settings
from django_hosts import patterns

from fly.hosts import LOBBY, REGION, UNKNOWN, any_host, exact_host

host_patterns = patterns(
    "config",
    exact_host("", "urls_lobby", name=LOBBY),
    exact_host(rf"(?P<region>{'|'.join(settings.REGIONS)})", "urls_region", name=REGION),
    any_host("urls_unknown", name=UNKNOWN),
)
