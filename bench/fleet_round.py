"""What one round of the planner and one beat cost, as the fleet grows. `python -m bench.fleet_round`.

For 200 and for 2,000 Machines in 18 regions, in a fresh SQLite database (the lobby's built-in one, in WAL mode): how large the API's list
is and what reading it costs, the look that joins it with beats and with what is remembered, the plan, and a beat written by itself, as
each process with a gameserver does once a second. CPU of one process; medians. The list's Machines have a config of the size that
`fly deploy` writes.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from fly.machines.model import read_machines
from fly.regions import REGIONS

SIZES = (200, 2000)
ROUNDS = 5
ROOMS = 10
CURRENT = tuple(code for code, region in REGIONS.items() if not region.deprecated)
CHECK = {"type": "http", "port": 8000, "path": "/healthz", "interval": "10s", "timeout": "2s", "grace_period": "10s"}
SERVICE = {"protocol": "tcp", "internal_port": 8000, "autostart": True, "autostop": "off", "concurrency": {"type": "connections"}}
CONFIG = {
    "image": "registry.fly.io/rooms:deployment-01JDK3V9Q0Z1X2Y3W4V5U6T7S8",
    "env": {f"SETTING_{number}": "a value as settings have it" for number in range(12)},
    "guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 2048},
    "services": [SERVICE | {"ports": [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["http", "tls"]}]}],
    "checks": {"health": CHECK},
    "restart": {"policy": "on-failure", "max_retries": 10},
    "metadata": {"fly_flyctl_version": "0.3.200", "fly_process_group": "app", "fly_release_id": "r1", "fly_release_version": "17"},
}


def listed(number: int) -> bytes:
    """What the API would answer for so many Machines."""
    events = [{"type": "start", "status": "started", "source": "flyd", "timestamp": 1_800_000_000_000, "id": "01JDK"}] * 5
    moment = "2026-01-01T00:00:00Z"
    common = {"state": "started", "created_at": moment, "updated_at": moment, "config": CONFIG, "events": events, "host_status": "ok"}
    machines = [{"id": f"{one:014x}", "name": f"m{one}", "region": CURRENT[one % len(CURRENT)], **common} for one in range(number)]
    return json.dumps(machines).encode()


def cpu_ms(call: Callable[[], object], times: int = ROUNDS) -> float:
    """CPU of this process for a call, its median."""
    took = []
    for _ in range(times):
        began = time.process_time()
        call()
        took.append((time.process_time() - began) * 1000)
    return round(statistics.median(took), 2)


def measured(number: int) -> dict[str, Any]:
    """Needs a migrated database that is empty but for the regions."""
    from gameserver.heartbeat import Beat
    from lobby.fleet.look import look
    from lobby.fleet.plan import plan
    from lobby.heartbeats import record
    from lobby.models import Region

    Region.objects.filter(pk__in=CURRENT).update(enabled=True, max_machines=number)
    rooms = [{"slug": f"main-{room}", "players": 10} for room in range(ROOMS)]
    answer = listed(number)
    machines = read_machines(json.loads(answer))
    beats = [Beat(one.region, one.id, "rooms", 1_800_000_000.0, 100, rooms, 100, False) for one in machines]
    record(beats)
    look(machines, "rooms", remember=True)
    view = look(machines, "rooms", remember=True)
    one_beat = cycle(beats)
    return {
        "machines": number,
        "list_kib": len(answer) // 1024,
        "read_ms": cpu_ms(lambda: read_machines(json.loads(answer))),
        "look_ms": cpu_ms(lambda: look(machines, "rooms", remember=True)),
        "plan_ms": cpu_ms(lambda: plan(view.wanted, view.seen, view.now)),
        "beat_ms": cpu_ms(lambda: record([next(one_beat)]), 100),
    }


def main() -> dict[str, Any]:
    """A database of its own for each size."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": f"sqlite:///{Path(folder) / 'lobby.sqlite3'}"}
        os.environ |= {"REGIONS": ",".join(CURRENT), "DEBUG": "0", "SECRET_KEY": "of a benchmark, long enough and signing nothing at all"}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", database="default", interactive=False, verbosity=0)
        call_command("regions", sync=True, verbosity=0)
        from lobby.models import Gameserver, Watched

        sizes = []
        for number in SIZES:
            Gameserver.objects.all().delete()
            Watched.objects.all().delete()
            sizes.append(measured(number))
    return {"bench": "fleet_round", "sizes": sizes}


if __name__ == "__main__":
    print(json.dumps(main()))
