"""A bar on the terminal for what takes long: none when it is done at once, none where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import IO, TypeVar

from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")
SHOW_AFTER_S = 1.0
STEP = 500
"""Items between two looks at the clock."""


def progress(items: Iterable[T], total: int, label: str, stream: IO[str]) -> Iterator[T]:
    """The same items; a bar on `stream` from the second second on, if it is a terminal, and nothing of it stays."""
    if not stream.isatty():
        yield from items
        return
    began = time.monotonic()
    bar = Progress(console=Console(file=stream), transient=True)
    task = bar.add_task(label, total=total)
    try:
        for done, item in enumerate(items, 1):
            if done % STEP == 0:
                if not bar.live.is_started and time.monotonic() - began >= SHOW_AFTER_S:
                    bar.start()
                bar.update(task, completed=done)
            yield item
    finally:
        if bar.live.is_started:
            bar.stop()
