"""Lines of chat: each has its mark as text, such as `load 4f1c2a 17 42 12345678901`."""

from __future__ import annotations

import re
from typing import Any

from gameserver.loadtest.scenarios import BaseScenario, Mark, Numbered


class Line(Numbered, gc=False):
    """`chat.said`."""

    text: str = ""


class Scenario(BaseScenario):
    """Somebody says a line, everybody is shown it."""

    name = "chat"
    event = Line

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self._line = re.compile(rf"load {re.escape(run)} (\d{{1,9}}) (\d{{1,16}}) (\d{{1,18}})\Z", re.ASCII)

    def command(self, mark: Mark) -> dict[str, Any]:
        """See BaseScenario."""
        return {"cmd": "chat.say", "text": f"load {self.run} {mark.bot} {mark.ref} {mark.due_us}"}

    def mark(self, event: Any) -> Mark | None:
        """See BaseScenario."""
        match = self._line.match(event.text) if event.ev == "chat.said" else None
        return Mark(*map(int, match.groups())) if match else None
