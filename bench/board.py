"""What it costs when a hundred people drag at once on one board. `python -m bench.board`.

One Machine with SQLite, a board of 1,000 shapes; everybody drags a shape of its own, 30 moves a second each; the server on one core, its
load on another. What is moved goes the whole way: noted, gathered with each frame into one event, journalled (fsync), shown. In the second
row everybody's pointer is told besides, 15 times a second each, as a browser does that drags.

`core_percent`: of one core, all that the server's process takes. `kb_a_client`: thousand bytes a second that each client is sent.
`frames_a_client`: a second. `late_ms`: from the hand (a move is sent) to the eye (its event, or a later one of the same drag, is there), of
every move, at four of the hundred; behind the last move everybody sees the same, or the benchmark fails. `ratio_to_c_limit`: to a plain
loop of send() in C that writes as many frames of the same size to as many sockets in the same run, and reads nothing.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.drawing import Drawing
from bench.load import Load, build
from bench.machine import SERVERS_CORE, cpu_ns, machine
from bench.peers import limit

PEOPLE = 100
SHAPES = 1000
SECONDS = 8.0
WARM_S = 2.0
MOVES = 30.0
POINTS = 15.0
PATH = "/ws/r/board/?world=board"

Row = dict[str, float | dict[str, float]]


def window(drawing: Drawing, pid: int, seconds: float, moves: float, points: float) -> Row:
    """Everybody drags for a while, and what that came to."""
    drawing.late.clear()
    people = drawing.people
    before = [(person.frames_shown, person.bytes_shown) for person in people]
    spent, began = cpu_ns(pid), time.perf_counter()
    drawing.drag(seconds, moves, points)
    took = time.perf_counter() - began
    spent = cpu_ns(pid) - spent
    frames = [person.frames_shown - then for person, (then, _) in zip(people, before, strict=True)]
    sizes = [person.bytes_shown - then for person, (_, then) in zip(people, before, strict=True)]
    drawing.settle()
    cuts = statistics.quantiles(drawing.late, n=100)
    return {
        "core_percent": round(spent / took / 1e7, 1),
        "kb_a_client": round(statistics.mean(sizes) / took / 1e3, 1),
        "frames_a_client": round(statistics.mean(frames) / took, 1),
        "late_ms": {"p50": round(cuts[49] * 1e3, 1), "p99": round(cuts[98] * 1e3, 1)},
    }


def c_core_percent(folder: Path, row: Row, people: int, seconds: float) -> float:
    """What the loop in C takes of a core for as many frames of that size."""
    frames, kilobytes = row["frames_a_client"], row["kb_a_client"]
    assert isinstance(frames, float)
    assert isinstance(kilobytes, float)
    # A window so short that nobody was shown anything measures nothing; it is for trying the program out.
    with limit(folder, int(kilobytes * 1e3 / max(frames, 1.0)) + 1) as server, Load(folder, server, "/", people) as load:
        load.open(people)
        said = load.measured("say", max(round(frames), 1), seconds, 120)
    return float(said["spent_us"] / said["seconds"] / 1e4)


def run(people: int = PEOPLE, shapes: int = SHAPES, seconds: float = SECONDS) -> dict[str, object]:
    """Measure drags alone, then drags and pointers, then the loop in C."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with machine(folder, core=SERVERS_CORE) as (port, pid), closing(Drawing(port, PATH, people, shapes)) as drawing:
            drawing.drag(min(WARM_S, seconds), MOVES, 0)
            rows = {
                "drags": window(drawing, pid, seconds, MOVES, 0),
                "drags_and_pointers": window(drawing, pid, seconds, MOVES, POINTS),
            }
            disordered = sum(drawing.drop())
        for row in rows.values():
            row["ratio_to_c_limit"] = round(float(str(row["core_percent"])) / max(c_core_percent(folder, row, people, seconds), 0.01), 1)
    setting = {"people": people, "shapes": shapes, "moves_a_second": MOVES, "pointers_a_second": POINTS}
    return {"bench": "board", **setting, **rows, "disordered": disordered}


if __name__ == "__main__":
    print(json.dumps(run()))
