"""The application's side of one WebSocket: what it may send when, from the handshake to the end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from fly.asgi import DENIAL, PLAIN, Message
from fly.server.closing import INTERNAL_ERROR
from fly.server.frames import prepare
from fly.server.headers import Pairs, checked, for_accept, status_of
from fly.server.inbox import Inbox
from fly.server.socket import Socket

if TYPE_CHECKING:
    from fly.server.handshake import Handshake
    from fly.server.server import Server

log = logging.getLogger(__name__)
access = logging.getLogger("fly.access")


class Connection:
    """One handshake and, once accepted, its socket. `handshake` is None as soon as it is decided.

    path: as it was sent, with its escapes; it is for the log. task: the application that serves it, as long as it does.
    """

    __slots__ = ("_denial", "_server", "handshake", "inbox", "path", "socket", "task")

    def __init__(self, server: Server, handshake: Handshake, path: str) -> None:
        self.handshake: Handshake | None = handshake
        self.path = path
        self.inbox = Inbox()
        self.socket = Socket(self.inbox, self._socket_ended)
        self.task: asyncio.Task[None] | None = None
        self._server = server
        self._denial: tuple[int, Pairs] | None = None

    async def send(self, message: Message) -> None:
        """ASGI's `send`. Waits while more than HIGH_WATER waits for the peer; does nothing once the client is gone.

        Raises ValueError for what makes no sense: an illegal header, status or close code, a message before its time.
        """
        kind = message["type"]
        if kind == "websocket.send":
            socket = self.socket
            if socket.open:
                socket.write(_frame(message))
                if socket.behind:
                    await socket.drained()
            elif self.handshake is not None:
                raise ValueError("websocket.send before websocket.accept")
        elif kind == "websocket.close":
            self._close(message)
        elif self.handshake is None:
            self._late(kind)
        elif kind == "websocket.accept":
            await self._accept(message)
        elif kind == f"{DENIAL}.start" and self._denial is None:
            self._denial = status_of(message), checked(message)
        elif kind == f"{DENIAL}.body" and self._denial is not None:
            self._deny(bytes(message.get("body", b"")), bool(message.get("more_body", False)))
        else:
            raise ValueError(f"{kind} cannot be sent now")

    def deny(self, status: int, text: str, headers: Pairs | None = None) -> None:
        """Answer the handshake in the server's own words; nothing if it is decided or its answer is under way."""
        if self.handshake is not None and not self.handshake.answering:
            self._denial = status, [*PLAIN, *(headers or [])]
            self._deny(f"{text}\n".encode(), more=False)

    def gone(self) -> None:
        """The connection ends without having become a socket: tell the application, which may still be waiting."""
        if self.handshake is not None:
            self.handshake = None
            self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})

    def leave(self, error: BaseException | None) -> None:
        """The application has returned, or failed with `error`: leave no client waiting, and tell it nothing of the error."""
        if self.handshake is not None:
            if self.handshake.answering:
                self.handshake.abort()
            else:
                if error is None:
                    log.error("The application neither accepted nor denied %s.", self.path)
                self.deny(500, "Internal Server Error")
        else:
            self.socket.close(1000 if error is None else INTERNAL_ERROR)

    # Inside

    async def _accept(self, message: Message) -> None:
        assert self.handshake is not None
        if self._denial is not None:
            raise ValueError("websocket.accept after a denial was begun")
        headers, subprotocol = for_accept(message), message.get("subprotocol")
        if subprotocol is not None and subprotocol not in self.handshake.subprotocols:
            raise ValueError(f"the client did not offer the subprotocol {subprotocol!r}")
        taken, self.handshake = self.handshake.accept(subprotocol, headers), None
        access.info("WS %s 101", self.path)
        await self.socket.start(*taken, self._server.limits)

    def _close(self, message: Message) -> None:
        if self.handshake is None:
            code = message.get("code")
            self.socket.close(1000 if code is None else code, message.get("reason") or "")
        elif self._denial is not None:
            raise ValueError("websocket.close after a denial was begun")
        else:
            self.deny(403, "Access denied")

    def _deny(self, body: bytes, more: bool) -> None:
        assert self.handshake is not None
        assert self._denial is not None
        status, headers = self._denial
        if not self.handshake.answering:
            access.info("WS %s %s", self.path, status)
        self.handshake.answer(status, headers, body, more)
        if not more:
            self.gone()

    def _socket_ended(self, _: Socket) -> None:
        self._server.socket_ended(self)

    def _late(self, kind: str) -> None:
        if self.socket.open:
            raise ValueError(f"{kind} on a socket that is open")
        if self._denial is not None:
            raise ValueError(f"{kind} after the handshake was answered")


def _frame(message: Message) -> bytes:
    text: Any = message.get("text")
    data: Any = message.get("bytes")
    if (text is None) == (data is None):
        raise ValueError("websocket.send needs either text or bytes")
    return prepare(text if text is not None else bytes(data))
