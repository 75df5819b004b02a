"""What has happened in this process, counted: plain numbers, so that counting costs next to nothing. `gameserver.metrics` shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Since the start of the process. A name is the metric's, without its prefix and `_total`."""

    frames_shown: int = 0
    """Writes to a whole room."""
    deliveries: int = 0
    """Writes to single sockets in them."""
    events_shown: int = 0
    """Journalled events shown, whatever the number of sockets."""
    commands: int = 0
    """Commands taken from sockets."""
    frames_skipped: int = 0
    """Frames that a reader who lagged was not sent; it got their events by position."""
    ephemeral_dropped: int = 0
    """Ephemeral messages that a slow reader did not get."""
    own_frames: int = 0
    """Frames that worlds made for one player each."""
    own_frames_dropped: int = 0
    """Those that were not made, because something waited for the player."""
    slowed_ticks: int = 0
    """Ticks that worlds left out because they came too late."""
    readers_lagged: int = 0
    """Times that more waited for a reader than may."""
    readers_caught_up: int = 0
    """Times that one came back from it by position."""
    readers_closed: int = 0
    """Readers closed with 4002."""
    relay_gaps: int = 0
    """Frames that did not reach this relay, and were read from the journal."""
    relay_resent: int = 0
    """Commands that this relay sent to the owner again."""
    refused_rate: int = 0
    """Commands refused for a rate."""
    floods: int = 0
    """Sockets closed with 4504."""
    tickets_used: int = 0
    """Tickets that were good, each time that its session showed one."""
    tickets_refused: int = 0
    """Sockets closed with 4008."""
    refused_places: int = 0
    """Times that somebody found a room full, who may ask again and again (4007)."""


COUNTS = Counts()
