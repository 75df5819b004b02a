"""Links between the platform's hosts, for whoever came by a given Host header. They keep its port: every vantage point has its own."""

from __future__ import annotations

from django.conf import settings


def port_of(host: str) -> str:
    """The port of a Host header with its colon; empty if there is none, or none that can be."""
    _, colon, port = host.rpartition(":")
    return f":{port}" if colon and port.isdecimal() and port.isascii() and len(port) <= 5 else ""


def lobby_url(port: str) -> str:
    """The lobby; `port` as `port_of` gives it."""
    return f"{settings.PUBLIC_SCHEME}://{settings.PARENT_HOST}{port}/"


def machine_url(code: str, machine: str, port: str) -> str:
    """The host that means one Machine of a region; `port` as `port_of` gives it."""
    return f"{settings.PUBLIC_SCHEME}://{code}-{machine}.{settings.PARENT_HOST}{port}/"


def region_url(code: str, port: str) -> str:
    """A region's own host; `port` as `port_of` gives it."""
    return f"{settings.PUBLIC_SCHEME}://{code}.{settings.PARENT_HOST}{port}/"
