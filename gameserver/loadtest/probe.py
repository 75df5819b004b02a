"""One look at the room before any bot goes there: whether it can be entered, and how fast it lets one send."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import Any

from gameserver.loadtest import wire
from gameserver.loadtest.bot import HANDSHAKE_S, WELCOME_S
from gameserver.loadtest.link import Link, connect
from gameserver.loadtest.scenarios import BaseScenario
from gameserver.loadtest.target import Target
from gameserver.loadtest.wire import Message, Reader


class NoRoom(Exception):
    """The room cannot be entered; the message is one line."""


class _Visitor:
    """Joins, and keeps what it was answered."""

    def __init__(self, scenario: BaseScenario) -> None:
        self._reader = Reader(scenario)
        self.answer: asyncio.Future[Message[Any]] = asyncio.get_running_loop().create_future()
        self.is_open = asyncio.Event()

    def opened(self) -> None:
        """See Listener."""
        self.is_open.set()

    def heard(self, payload: bytes | bytearray) -> None:
        """See Listener."""
        message, _ = self._reader.read(payload)
        if message.type in ("welcome", "bye") and not self.answer.done():
            self.answer.set_result(message)

    def heard_bytes(self, payload: bytes | bytearray) -> None:
        """See Listener: the welcome is text."""

    def ended(self, code: int, refusal: int | None) -> None:
        """See Listener."""
        if not self.answer.done():
            said = f"the handshake is answered with {refusal}" if refusal else f"the socket is closed with {code}"
            self.answer.set_exception(NoRoom(said))
        self.is_open.set()


def _why(error: OSError) -> str:
    """The system's words alone; asyncio's repeat the address."""
    return os.strerror(error.errno) if error.errno else str(error)


async def look(target: Target, scenario: BaseScenario) -> Message[Any]:
    """The room's welcome. Raises NoRoom."""
    visitor = _Visitor(scenario)
    link: Link | None = None
    try:
        async with asyncio.timeout(HANDSHAKE_S + WELCOME_S):
            link = await connect(target, visitor)
            await visitor.is_open.wait()
            link.send(wire.join(secrets.token_urlsafe(24), "Bot", None))
            message = await visitor.answer
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise NoRoom(f"{target.url} cannot be entered: no welcome within {HANDSHAKE_S + WELCOME_S:g} s.") from None
        raise NoRoom(f"Nobody listens at {target.place}: {_why(error)}. `make play` starts regions at port 8000.") from None
    except NoRoom as refused:
        raise NoRoom(f"{target.url} cannot be entered: {refused}.") from None
    finally:
        if link is not None:
            link.leave()
    if message.type == "bye":
        raise NoRoom(f"{target.url} cannot be entered: {message.code}, {message.text}")
    return message
