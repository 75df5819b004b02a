"""The planner's place in a lobby's life: begins when the process has started, ends before it does. Only where there is a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from fly.asgi import App
from lobby.fleet.loop import Loop

if TYPE_CHECKING:
    from fly.machines import Machines


def app_name() -> str:
    """The app whose Machines are the fleet: the gameservers', or this one where every Machine is both."""
    return settings.GAMESERVER_APP or settings.HERE.app


def machines() -> Machines:
    """A client for the fleet's app."""
    # Not before it is needed: a lobby without a token needs no HTTP client, which is long to import.
    from fly.machines import Machines

    return Machines(settings.MACHINES_API_URL, settings.MACHINES_API_TOKEN, app_name())


class FleetLifespan:
    """An ASGI lifespan around another one's; without MACHINES_API_TOKEN it is the other one."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the lifespan protocol."""
        if not settings.MACHINES_API_TOKEN:
            return await self._inner(scope, receive, send)
        loop = Loop(machines, app_name(), settings.HERE.machine)

        async def told(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                loop.start()
            await send(message)

        async def heard() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await loop.stop()
            return message

        return await self._inner(scope, heard, told)
