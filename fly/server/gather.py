"""The event loop's selector: a busy process waits a moment before it looks, and finds several events at once.

To wake up costs more than to handle a message. Below BUSY events a second every one is handled as it comes; above, what comes within a
millisecond is handled together. What other threads bring, a commit for example, is not waited with.
"""

from __future__ import annotations

import asyncio
import select
import selectors
from time import monotonic
from typing import Any

GATHER_S = 0.001
"""How long a busy process waits for more."""
BUSY = 1500
"""Events a second from which a process is busy: two in the time that is waited, nearly."""
WINDOW_S = 0.05
"""How long events are counted before it is said how many a second they are."""


def make_loop() -> asyncio.AbstractEventLoop:
    """A loop for this server; elsewhere than on Linux asyncio's own."""
    return asyncio.SelectorEventLoop(GatheringSelector()) if hasattr(select, "epoll") else asyncio.new_event_loop()


if hasattr(select, "epoll"):

    class GatheringSelector(selectors.EpollSelector):
        """For one asyncio loop, whose self-pipe is what it registers first: by it other threads wake the loop."""

        def __init__(self) -> None:
            super().__init__()
            self.is_busy = False
            self._wake = select.poll()
            self._seen = 0
            self._since = 0.0

        def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
            """See selectors."""
            if not self.get_map():
                self._wake.register(fileobj, select.POLLIN)
            return super().register(fileobj, events, data)

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """See selectors. With something due within the moment, or callbacks waiting, it is as any other."""
            now = monotonic()
            self._judge(now)
            if self.is_busy and (timeout is None or timeout > GATHER_S):
                self._wake.poll(GATHER_S * 1000)
                if timeout is not None:
                    timeout = max(0.0, timeout - (monotonic() - now))
            ready = super().select(timeout)
            self._seen += len(ready)
            return ready

        def _judge(self, now: float) -> None:
            passed_s = now - self._since
            if passed_s >= WINDOW_S:
                self.is_busy = self._seen >= BUSY * passed_s
                self._seen, self._since = 0, now
