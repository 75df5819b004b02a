"""`/metrics`: what this process does, in Prometheus' text format. Numbers only: no player, room or address is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from gameserver.counts import COUNTS, Counts
from gameserver.process import Process

PREFIX = "gameserver_"
DESCRIPTIONS = {
    "frames_shown": "Writes to all sockets of a room.",
    "deliveries": "Writes to single sockets, of frames to a whole room.",
    "events_shown": "Journalled events shown, whatever the number of sockets.",
    "commands": "Commands taken from sockets.",
    "frames_skipped": "Frames that readers who lagged were not sent; they got their events by position.",
    "ephemeral_dropped": "Ephemeral messages that slow readers did not get.",
    "own_frames": "Frames that worlds made for one player each.",
    "own_frames_dropped": "Those that were not made, because something waited for the player.",
    "slowed_ticks": "Ticks that worlds left out because they came too late.",
    "readers_lagged": "Times that more waited for a reader than may.",
    "readers_caught_up": "Times that one came back from it by position.",
    "readers_closed": "Readers closed with 4002.",
    "relay_gaps": "Frames that did not reach this relay and were read from the journal.",
    "relay_resent": "Commands that this relay sent to an owner again.",
    "refused_rate": "Commands refused because a socket, a player or an address sent too many.",
    "floods": "Sockets closed with 4504.",
    "tickets_used": "Tickets that were good, each time that one was shown.",
    "tickets_refused": "Sockets closed with 4008.",
    "refused_places": "Times that somebody found a room full (4007).",
}


def render(process: Process | None) -> bytes:
    """All metrics; without a process, the counted ones."""
    # Not before somebody asks: a start needs none of it.
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(process))
    return generate_latest(registry)


class _Collector:
    """What prometheus_client asks for the values."""

    def __init__(self, process: Process | None) -> None:
        self._process = process

    def collect(self) -> Iterator[Any]:
        """Every metric with its value now."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for field in fields(Counts):
            yield CounterMetricFamily(PREFIX + field.name, DESCRIPTIONS[field.name], value=getattr(COUNTS, field.name))
        for name, (description, value) in gauges(self._process).items():
            yield GaugeMetricFamily(PREFIX + name, description, value=value)


def gauges(process: Process | None) -> dict[str, tuple[str, float]]:
    """What there is just now, by name: a description and the value."""
    if process is None:
        return {}
    owners = process.rooms()
    found = {
        "sockets": ("Sockets open.", len(process.outlets)),
        "places": ("Sockets that are still taken.", process.places),
        "rooms": ("Rooms owned.", len(owners)),
        "sessions": ("Sessions in the rooms owned, wherever their sockets are.", sum(len(owner.hub) for owner in owners)),
        "players": ("Players in the rooms owned.", sum(owner.hub.players for owner in owners)),
        "readers_behind": ("Readers for whom something waits.", sum(owner.hub.behind for owner in owners)),
        "unsaved_events": ("Events that are in no snapshot yet, of all rooms.", sum(owner.lag for owner in owners)),
        "draining": ("1 while this process lets everybody go.", int(process.is_draining)),
    }
    if process.exchange is not None:
        link = process.exchange.link
        found["link_up"] = ("1 while other Machines of the region are reached.", int(link.is_up))
        found["link_dropped"] = ("Messages to other Machines that were given up.", link.dropped)
    return {name: (description, float(value)) for name, (description, value) in found.items()}
