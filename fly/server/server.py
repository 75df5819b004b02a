"""The server: Daphne's, with a start-up, a drain, and open sockets that live on asyncio (docs/server.md)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket as sockets
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from fly.server.reactor import reactor  # isort: skip

from daphne.server import Server as DaphneServer
from twisted.logger import LogLevel, STDLibLogObserver, globalLogBeginner

from fly.asgi import DENIAL, App, Scope
from fly.server.bind import CannotBind, listen
from fly.server.connection import Connection
from fly.server.drain import drain
from fly.server.framing import Limits
from fly.server.handshake import Handshake
from fly.server.http import Channel, HTTPFactory, WebRequest
from fly.server.inbox import Inbox
from fly.server.lifespan import Lifespan, StartupFailed
from fly.server.socket import Socket

log = logging.getLogger(__name__)
access = logging.getLogger("fly.access")

EXIT_USAGE = 2
EXIT_STARTUP_FAILED = 3
DECIDE_S = 20.0
"""How long an application may think about a handshake."""
GRACE_S = 10.0
"""How long an application may go on after its client is gone."""
BACKLOG = 4096
"""Connections that may wait to be accepted: a region's players come back at once after a restart."""


class Server(DaphneServer):  # type: ignore[misc]
    """Serve one ASGI application on bound sockets until SIGTERM or SIGINT (or `stop`), then drain.

    drain_budget_s: time for the whole drain. max_frame: bytes of a message and of a frame from a client.
    ping_interval_s: silence after which a peer is asked (0: never); ping_timeout_s: time it has to answer.
    ready: called once, when connections are accepted. signals: False where another thread owns them.
    """

    def __init__(
        self,
        application: App,
        listening: Sequence[sockets.socket],
        *,
        drain_budget_s: float = 20.0,
        max_frame: int = 1_048_576,
        ping_interval_s: float = 20.0,
        ping_timeout_s: float = 20.0,
        signals: bool = True,
        ready: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(application, endpoints=["given"], server_name="")
        self.listening = listening
        self.drain_budget_s = drain_budget_s
        self.limits = Limits(max_frame, max_frame)
        self.ping_interval_s, self.ping_timeout_s = ping_interval_s, ping_timeout_s
        self.lifespan = Lifespan(application)
        self.draining = False
        self.exit_code = 0
        # All that a drain waits for.
        self.tasks: dict[asyncio.Task[None], Connection | WebRequest] = {}
        self.open_sockets: set[Socket] = set()
        self.handshakes: set[Handshake] = set()
        self.channels: set[Channel] = set()
        self.ports: list[Any] = []
        self.ended = threading.Event()
        self._signals = signals
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._main: asyncio.Task[None] | None = None

    # Life

    def run(self) -> int:
        """Start up, serve, drain, shut down. Returns the exit code: 0, or 3 when the application did not start."""
        asyncio.set_event_loop(self._loop)
        _listen_to_twisted()
        reactor.callWhenRunning(self._begin)
        try:
            reactor.run(installSignalHandlers=False)
        finally:
            self.ended.set()
        return self.exit_code

    def stop(self) -> None:
        """Begin the drain; from any thread. `ended` is set when `run` returns."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def _begin(self) -> None:
        self._main = self._loop.create_task(self._live())

    async def _live(self) -> None:
        try:
            if self._signals:
                for number in (signal.SIGTERM, signal.SIGINT):
                    self._loop.add_signal_handler(number, self._on_signal, number)
            if await self._start_up():
                self._listen()
                self._tick()
                if self._ready is not None:
                    self._ready()
                await self._stop.wait()
                self.draining = True
                await drain(self)
        except CannotBind as error:
            self._refuse(error, EXIT_USAGE)
        except Exception:
            self.exit_code = 1
            log.exception("The server failed.")
        finally:
            reactor.stop()

    async def _start_up(self) -> bool:
        """True once the application has started; False if it will not, or a signal came first."""
        starting, stopped = asyncio.ensure_future(self.lifespan.startup()), asyncio.ensure_future(self._stop.wait())
        await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])
            return False
        error = starting.exception()
        if isinstance(error, StartupFailed):
            self._refuse(error, EXIT_STARTUP_FAILED)
        elif error is not None:
            raise error
        return error is None

    def _refuse(self, error: Exception, exit_code: int) -> None:
        print(error, file=sys.stderr, flush=True)  # noqa: T201
        self.exit_code = exit_code

    def _on_signal(self, number: int) -> None:
        if self._stop.is_set():
            log.warning("Second signal: ending at once.")
            logging.shutdown()
            os._exit(128 + number)
        self._stop.set()

    def _listen(self) -> None:
        self.http_factory = HTTPFactory(self)
        for listening in self.listening:
            listen(listening, BACKLOG)
            self.ports.append(reactor.adoptStreamPort(listening.fileno(), listening.family, self.http_factory))
            listening.close()

    def _tick(self) -> None:
        """Look after all sockets and handshakes with one timer: one each would cost more than all they do."""
        now = self._loop.time()
        if self.ping_interval_s:
            for socket in list(self.open_sockets):
                socket.keep_alive(now, self.ping_interval_s, self.ping_timeout_s)
        for handshake in list(self.handshakes):
            if now - handshake.began_at > DECIDE_S:
                handshake.connection.deny(504, "The application did not decide in time")
        pace_s = min(self.ping_interval_s or 4.0, self.ping_timeout_s, 4.0) / 4
        self._loop.call_later(max(pace_s, 0.05), self._tick)

    # One connection (Daphne's and our protocols call these)

    def create_application(self, protocol: WebRequest, scope: Scope) -> Inbox:
        """Start the application for one request; returns the queue of its events."""
        inbox = Inbox()
        self._start_application(protocol, scope, inbox)
        return inbox

    def create_handshake(self, handshake: Handshake, scope: Scope) -> None:
        """Start the application for one handshake."""
        connection = Connection(self, handshake, scope["raw_path"].decode())
        handshake.connection, handshake.began_at = connection, self._loop.time()
        self.handshakes.add(handshake)
        scope["extensions"] = {DENIAL: {}, "fly.socket": {"socket": connection.socket}}
        connection.inbox.put_nowait({"type": "websocket.connect"})
        self._start_application(connection, scope, connection.inbox)

    def _start_application(self, subject: Connection | WebRequest, scope: Scope, inbox: Inbox) -> None:
        scope["asgi"] = {"version": "3.0", "spec_version": "2.3"}
        scope["state"] = self.lifespan.state.copy()
        task = subject.task = self._loop.create_task(self.application(scope, inbox.get, subject.send))
        self.tasks[task] = subject
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """The application of one connection has ended: say at once what went wrong, and leave no client waiting."""
        subject = self.tasks.pop(task)
        subject.task = None
        error: BaseException | None = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and not task.cancelled():
            path = subject.path if isinstance(subject, Connection) else subject.path.decode("ascii", "replace")
            log.error("Exception in the application for %s: %r", path, error, exc_info=error)
        subject.leave(error)
        self._changed.set()

    def socket_ended(self, connection: Connection) -> None:
        """An open socket has ended; only then its application gets a last term."""
        self.open_sockets.discard(connection.socket)
        access.info("WS closed %s %s", connection.path, connection.socket.code)
        self._give_a_term(connection)
        self._changed.set()

    def handshake_ended(self, handshake: Handshake, *, accepted: bool) -> None:
        """The handshake was accepted, and is a socket from now on; or it was answered, or its client is gone."""
        self.handshakes.discard(handshake)
        if accepted:
            self.open_sockets.add(handshake.connection.socket)
        else:
            self._give_a_term(handshake.connection)
        self._changed.set()

    def channel_ended(self, channel: Channel) -> None:
        """An HTTP connection is gone."""
        self.channels.discard(channel)
        self._changed.set()

    def protocol_connected(self, protocol: Any) -> None:
        """Daphne's books are not kept: tasks, sockets and channels know all there is to know."""

    def protocol_disconnected(self, protocol: Any) -> None:
        """A request is answered, handed over, or its client is gone; only then its application gets a last term."""
        if isinstance(protocol, WebRequest) and not protocol.finished:
            self._give_a_term(protocol)

    def _give_a_term(self, subject: Connection | WebRequest) -> None:
        task = subject.task
        if task is not None and not task.done():
            self._loop.call_later(GRACE_S, self._give_up, task)

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            log.warning("An application went on for %s s after its client was gone; cancelled.", GRACE_S)
            task.cancel()

    # For the drain

    async def settled(self, deadline: float) -> bool:
        """Wait until nothing is left to wait for: True, or False at `deadline` (the loop's time)."""
        while self.tasks or self.open_sockets or self.handshakes or self.channels:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return False
        return True

    def log_action(self, protocol: Any, action: str, details: dict[str, Any]) -> None:
        """One access line per answered request: method, path without its query, status, milliseconds."""
        if action == "complete":
            path = details["path"].partition("?")[0]
            access.info("%s %s %s %.1f ms", details["method"], path, details["status"], details["time_taken"] * 1000)


def _listen_to_twisted() -> None:
    """Twisted's and autobahn's faults go to our log; what they only remark does not."""
    logging.getLogger("twisted").setLevel(logging.ERROR)
    observer = STDLibLogObserver("twisted")
    faults = [lambda event: observer(event) if event["log_level"] >= LogLevel.error else None]
    globalLogBeginner.beginLoggingTo(faults, redirectStandardIO=False, discardBuffer=True)
