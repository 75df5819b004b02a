"""What an operator sees while a run goes on: one line with a bar, on a terminal only, and nothing of it stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from gameserver.loadtest.run import Run
from gameserver.loadtest.tally import losses

DRAW_S = 0.25


def line_of(run: Run) -> str:
    """How it goes just now."""
    crew, recent = run.crew, run.crew.recent()
    p99_us = recent.percentile(0.99)
    shown = "-" if p99_us is None else f"{p99_us / 1000:.1f} ms"
    counts = crew.tally.counts
    came_back = f" · reconnects {counts['reconnects']}" if counts["reconnects"] else ""
    return (
        f"bots {crew.total('inside')}/{run.plan.bots} · sent {counts['sent']} · {recent.count} deliveries/s · "
        f"p99 {shown} · losses {sum(losses(counts).values())}{came_back}"
    )


def part_of(run: Run, now_s: float) -> float:
    """How much of the present phase is over, 0 to 1."""
    if run.phase == "coming in":
        return run.crew.total("inside") / run.plan.bots
    if run.phase == "talking":
        return min(1.0, max(0.0, (now_s - run.talk_s) * run.plan.rate / run.plan.count))
    return 0.0 if run.phase == "starting" else 1.0


@contextmanager
def shown(run: Run, stream: IO[str]) -> Iterator[None]:
    """Show a run as long as the context lasts; nothing where nobody looks."""
    if not stream.isatty():
        yield
        return
    whole = Column(no_wrap=True, min_width=len("coming in"))
    columns = (TextColumn("{task.description}", table_column=whole), BarColumn(bar_width=8), TextColumn("{task.fields[line]}"))
    with Progress(*columns, console=Console(file=stream), transient=True, auto_refresh=False) as progress:
        task = progress.add_task(run.phase, total=1.0, line="")

        async def draw() -> None:
            while True:
                progress.update(task, description=run.phase, completed=part_of(run, time.monotonic()), line=line_of(run))
                progress.refresh()
                await asyncio.sleep(DRAW_S)

        drawing = asyncio.get_running_loop().create_task(draw())
        try:
            yield
        finally:
            drawing.cancel()
