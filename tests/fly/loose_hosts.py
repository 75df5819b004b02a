"""A host table as django-hosts makes it by itself: a longer name matches. For the system check that must find it."""

from __future__ import annotations

from django_hosts import host, patterns

host_patterns = patterns("config", host("", "urls_lobby", name="lobby"), host(r"(?P<region>\w+)", "urls_region", name="region"))
