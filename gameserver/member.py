"""One session in a room: who it is, its way out, and how far behind it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gameserver.backlog import Backlog
from gameserver.engine.entry import Position
from gameserver.engine.errors import Close
from gameserver.engine.session import Session
from gameserver.outlet import Outlet, Prepared, goodbye

if TYPE_CHECKING:
    from gameserver.hub import Hub


@dataclass(eq=False, slots=True)
class Member:
    """One session in a room, with its way out; the watcher of its outlet.

    held: what waits for its welcome; None once it has that. backlog: None while it is written to with all others. catch_up: is called
    with the last position it was sent, when it can be sent more. hub: None before it came in, when it left, and once it was taken over.
    """

    session: Session
    outlet: Outlet
    held: list[Prepared] | None = None
    backlog: Backlog | None = None
    hub: Hub | None = None
    catch_up: Callable[[Position], None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Write a message to this one client."""
        self.reply([Prepared(message)])

    def reply(self, own: list[Prepared]) -> None:
        """Write messages that are for this one client, behind what it was shown."""
        if self.held is not None:
            self.held.extend(own)
        elif self.backlog is not None and self.hub is not None:
            self.backlog.reply(own, self.hub.shown)
        else:
            self.outlet.send(*own)

    def bye(self, code: Close, text: str, **more: Any) -> None:
        """Say why, then close with that code."""
        goodbye(self.outlet, code, text, **more)

    def fell_behind(self) -> None:
        """See fly.server.audience.Watcher."""
        if self.hub is not None:
            self.hub.set_apart(self)

    def caught_up(self) -> None:
        """See fly.server.audience.Watcher."""
        if self.hub is not None:
            self.hub.take_back(self)
