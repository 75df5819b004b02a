"""How immediate the arena is from far away: the browser's netcode without a browser. `python -m bench.netcode` (needs Node).

The emulator with one region; a room with scripted ships; beside them, in one process of Node, two players on the browser's own modules
(`bench/netcode/`), who fly by dice: `far` through an edge whose weather is 200 ms of round trip, 30 ms of jitter each way and 2% of the
segments lost, and `near` through the same edge in clear weather, the reference of the same run. Each has a witness, who looks at the same
part of the field over a good line in the same process. Everybody flies among rocks and is shot at.

`own_error_px`: at each frame, between the own ship as it was foreseen when an input was made, and as the owner says it is after that input.
`corrections_…`: frames that said something else than was foreseen, by how many px of the newest state; `over_a_ship`: 32. `lapses_…`: the
owner went on without inputs of this player, who had to begin anew. `leaps_seen`: pictures in which the own ship is farther from where it
was in the one before than it can fly, by a ship's length. `mismatches`: of the owner's hash, and `_before`, while it warmed up.
`others_error_px`: between another ship as it is shown and where it was in the owner's world at the tick that is shown, as frames tell the
witness (every other tick, in 1/16 px; it is 0 where both have the same two frames); `guessed`, `held`: shown beyond what was heard of, for
up to 100 ms, and beyond that; `stutter`: pictures in which the shown tick went on less than half, or more than twice, as fast as time;
`unknown`: not compared, because the witness did not see that ship, or it came back elsewhere just then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.flying import Flock, pilots
from tests.support.emulator import ROOT, running

PROGRAM = ROOT / "bench" / "netcode" / "measure.mjs"
HOST = "cdg.play.localhost"
PATH = "/ws/r/far/?world=arena"
OTHERS = 30
SECONDS = 60.0
WARM_S = 4.0
FIRING = 0.1
SEED = 7
WEATHER = f"latency=100&jitter=30&loss=2&seed={SEED}"
LIMIT_S = 60.0
"""Besides the time that is measured, until Node has said what it found."""
GOALS = {"corrections_over_a_ship_a_minute": 0, "leaps_seen": 0, "mismatches": 0}


def node() -> str:
    """Where Node is. Ends the benchmark with one line where it is not."""
    found = shutil.which("node")
    if found is None:
        raise SystemExit("This benchmark needs Node: there is no `node`.")
    return found


def measured(flock: Flock, port: int, weathers: dict[str, str], seconds: float, warm_s: float) -> dict[str, dict[str, Any]]:
    """What Node found, while the others fly."""
    asked = {"port": port, "host": HOST, "path": PATH, "weathers": weathers, "warmS": warm_s, "seconds": seconds, "seed": SEED}
    deadline = time.monotonic() + warm_s + seconds + LIMIT_S
    with subprocess.Popen([node(), PROGRAM, json.dumps(asked)], stdout=subprocess.PIPE, text=True) as process:
        try:
            while process.poll() is None:
                assert time.monotonic() < deadline, "Node does not come to an end"
                flock.fly(0.25)
            assert process.stdout is not None
            assert process.returncode == 0, "Node failed, and has said why"
            found: dict[str, dict[str, Any]] = json.loads(process.stdout.read())
        finally:
            process.kill()
    return found


def run(seconds: float = SECONDS, others: int = OTHERS, warm_s: float = WARM_S) -> dict[str, object]:
    """Measure both at once."""
    node()
    weathers = {"far": WEATHER, "near": ""}
    with tempfile.TemporaryDirectory() as name, running(Path(name), "--regions", "cdg") as emulator:
        edge, straight = emulator.port("cdg"), int(emulator.machine("cdg")["port"])
        with closing(pilots(straight, PATH, others, FIRING)) as flock:
            found = measured(flock, edge, weathers, seconds, warm_s)
    goals = {name: all(one[name] <= most for one in found.values()) for name, most in GOALS.items()}
    setting = {"weather": WEATHER, "seconds": seconds, "others": others, "load_average": round(os.getloadavg()[0], 1)}
    return {"bench": "netcode", **setting, **found, "goals": goals}


if __name__ == "__main__":
    print(json.dumps(run()))
