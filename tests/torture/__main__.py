"""`make torture SECONDS=600 SEED=…`: the torture test for as long as one likes. Exit code 1 when a promise was broken, or nothing happened.

`python -m tests.torture check FOLDER` judges what an earlier run left there once more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.torture.checker import check
from tests.torture.history import load
from tests.torture.run import Plan, torture

SECONDS = 600.0
EVERY_S = 10
"""Between two lines where nobody watches a terminal."""
FIGURES = ("faults", "commands", "events", "joins", "takeovers", "resends")


def main() -> int:
    """Run, or judge again; the last line is the summary as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description="Try hard to lose, reorder or repeat what anybody has seen."
    )
    parser.add_argument("verb", nargs="?", choices=("run", "check"), default="run")
    parser.add_argument("folder", nargs="?", type=Path, help="where everything is kept (a new temporary folder)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long faults go on (600)")
    parser.add_argument("--seed", type=int, default=None, help="the same faults and the same mischief as then (random)")
    server = os.environ.get("TORTURE_DATABASE", "")
    parser.add_argument(
        "--database", dest="server", default=server, metavar="URL", help="postgresql, or the URL of one that may create databases (SQLite)"
    )
    options = parser.parse_args()
    if options.verb == "check":
        return _check(options.folder)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    folder = options.folder or Path(tempfile.mkdtemp(prefix="torture-"))
    print(f"seed {seed}, {options.seconds:.0f} s, everything is kept in {folder}", flush=True)
    with _progress() as progress:
        task = progress.add_task("starting", total=options.seconds, figures="")
        result = torture(Plan(seed, options.seconds, options.server), folder, lambda now: _tell(progress, task, now))
    print(json.dumps(result.summary) if result.is_good else result.report())
    return 0 if result.is_good else 1


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:8}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[figures]}"))
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _tell(progress: Progress, task: TaskID, now: dict[str, Any]) -> None:
    """A moving line in a terminal, a line now and then elsewhere."""
    figures = ", ".join(f"{now.get(what, 0)} {what}" for what in FIGURES)
    progress.update(task, completed=now["elapsed"], description=now["phase"], figures=figures)
    if progress.disable and int(now["elapsed"]) % EVERY_S == 0:
        print(f"{now['elapsed']:5.0f} s {now['phase']}: {figures}", file=sys.stderr, flush=True)


def _check(folder: Path) -> int:
    histories = [load(path) for path in sorted((folder / "histories").glob("*.jsonl"))]
    journals = {
        path.stem.removeprefix("journal-"): [json.loads(line) for line in path.read_text().splitlines()]
        for path in folder.glob("journal-*.jsonl")
    }
    violations = check(histories, journals)
    print("\n".join([*violations, f"{len(violations)} violations in {len(histories)} histories"]))
    return 1 if violations or not histories else 0


if __name__ == "__main__":
    sys.exit(main())
