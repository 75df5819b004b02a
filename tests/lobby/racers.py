"""Processes that race for places: `python -m tests.lobby.racers take FIRST COUNT` or `beat`. They begin with a line on their input."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import django


def take(first: int, count: int) -> None:
    """Ask for a place for each of these players; print which rooms they got, in order."""
    from lobby import places

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(2) as threads:
        given = list(threads.map(lambda number: places.take("cdg", f"player{number:05}"), range(first, first + count)))
    print(json.dumps([one and one.room for one in given]), flush=True)


def beat() -> None:
    """A gameserver: whoever has a place comes in by it, and is told of in the next beat; until the input ends."""
    from gameserver.heartbeat import Beat
    from lobby.heartbeats import record
    from lobby.models import Place

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    inside: dict[str, set[str]] = defaultdict(set)
    print("ready", flush=True)
    while not over.is_set():
        held = list(Place.objects.values_list("room", "player"))
        for room, player in held:
            inside[room].add(player)
        rooms = [
            {"slug": slug, "players": len(who), "taken": len(who), "arrived": [player for room, player in held if room == slug]}
            for slug, who in inside.items()
        ]
        record([Beat("cdg", "148e", "rooms", time.time(), sum(map(len, inside.values())), rooms, 0, draining=False)])
    print(json.dumps({slug: len(who) for slug, who in inside.items()}), flush=True)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "beat":
        beat()
    else:
        take(int(sys.argv[2]), int(sys.argv[3]))
