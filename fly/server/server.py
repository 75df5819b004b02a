"""The server: Daphne's, with a start-up, a drain, and open sockets that live on asyncio (docs/server.md)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket as sockets
import time
from collections.abc import Callable, Sequence
from typing import Any

from daphne.server import Server as DaphneServer
from twisted.internet import reactor as twisted_reactor
from twisted.logger import LogLevel, STDLibLogObserver, globalLogBeginner

from fly.asgi import DENIAL, App, Scope
from fly.server.handshake import WebSocketFactory, WebSocketProtocol
from fly.server.http import HTTPFactory
from fly.server.inbox import Inbox
from fly.server.lifespan import Lifespan, StartupFailed
from fly.server.socket import Socket

log = logging.getLogger(__name__)
access = logging.getLogger("fly.access")

DRAIN = "fly.drain"
CODE_RESTART = 1012
EXIT_STARTUP_FAILED = 3
POLL_S = 0.02
LAST_WORDS_S = 1.0
"""Share of the drain kept for closing handshakes after the application had its turn."""

reactor: Any = twisted_reactor


class Server(DaphneServer):  # type: ignore[misc]
    """Serve one ASGI application on listening sockets until SIGTERM or SIGINT, then drain."""

    channel_of_request: Any = None

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
        super().__init__(
            application,
            endpoints=["given"],
            websocket_timeout=-1,
            websocket_max_message_size=max_frame,
            ping_interval=ping_interval_s,
            ping_timeout=ping_timeout_s,
            server_name="",
        )
        self.listening = listening
        self.drain_budget_s = drain_budget_s
        self.install_signals = signals
        self.ready = ready
        self.lifespan = Lifespan(application)
        self.connections: dict[Any, dict[str, Any]] = {}
        self.open_sockets: set[Socket] = set()
        self.running: set[asyncio.Task[None]] = set()
        self.exit_code = 0
        self._ports: list[Any] = []
        self._drain_task: asyncio.Task[None] | None = None

    # Life

    def run(self) -> int:
        """Start up, serve, drain, shut down. Returns the exit code: 0, or 3 when the application did not start."""
        loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        observer = STDLibLogObserver("twisted")
        globalLogBeginner.beginLoggingTo([lambda event: observer(event) if event["log_level"] >= LogLevel.warn else None], redirectStandardIO=False)
        for noisy in ("twisted", "websockets.server"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        try:
            loop.run_until_complete(self.lifespan.startup())
        except StartupFailed as error:
            log.critical("%s", error)
            return EXIT_STARTUP_FAILED
        self._listen()
        if self.install_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.drain)
        loop.call_soon(self._keep_alive, loop)
        reactor.callLater(2, self.timeout_checker)
        if self.ready:
            loop.call_soon(self.ready)
        reactor.run(installSignalHandlers=False)
        return self.exit_code

    def _listen(self) -> None:
        self.http_factory = HTTPFactory(self)
        self.ws_factory = WebSocketFactory(self, server="")
        # autobahn's own timer would drop a handshake that the application is still thinking about; ours answers it.
        self.ws_factory.setProtocolOptions(allowNullOrigin=True, openHandshakeTimeout=0, autoPingInterval=0, tcpNoDelay=True)
        for listening in self.listening:
            listening.listen(4096)
            listening.setblocking(False)
            self._ports.append(reactor.adoptStreamPort(listening.fileno(), listening.family, self.http_factory))
            listening.close()

    def drain(self) -> None:
        """Begin the drain; called a second time, end at once."""
        if self._drain_task is not None:
            log.warning("Second signal: ending at once.")
            os._exit(1)
        self._drain_task = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        """Stop listening, let the application close its sockets, wait, shut down, stop the reactor."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.drain_budget_s
        try:
            for port in self._ports:
                port.stopListening()
            await self._application_drain(deadline - loop.time())
            for socket in list(self.open_sockets):
                socket.close(CODE_RESTART, "the server restarts")
            while (self.open_sockets or self.running) and loop.time() < deadline:
                await asyncio.sleep(POLL_S)
            for socket in list(self.open_sockets):
                socket.abort()
            for task in list(self.running):
                task.cancel()
            if self.running:
                await asyncio.wait(list(self.running), timeout=LAST_WORDS_S)
            await self.lifespan.shutdown(max(LAST_WORDS_S, deadline - loop.time()))
        except Exception:
            self.exit_code = 1
            log.exception("The drain failed.")
        finally:
            reactor.stop()

    async def _application_drain(self, budget_s: float) -> None:
        hook = self.lifespan.state.get(DRAIN)
        if hook is None:
            return
        budget_s = max(0.0, budget_s - min(LAST_WORDS_S, budget_s / 4))
        try:
            await asyncio.wait_for(hook(budget_s), budget_s)
        except TimeoutError:
            log.error("The application did not drain within %.1f s.", budget_s)
        except Exception:
            log.exception("The application's drain failed.")

    def _keep_alive(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for socket in list(self.open_sockets):
            socket.keep_alive(now, self.ping_interval, self.ping_timeout)
        loop.call_later(min(self.ping_interval, self.ping_timeout) / 4, self._keep_alive, loop)

    # Connections

    def create_application(self, protocol: Any, scope: Scope) -> Inbox | None:
        """Start the application for one request or handshake; returns the queue of its events."""
        if protocol not in self.connections:
            return None
        inbox = Inbox()
        scope["asgi"] = {"version": "3.0", "spec_version": "2.4"}
        scope["state"] = dict(self.lifespan.state)
        # Daphne takes the root path from a header that any client can send.
        scope["root_path"] = self.root_path
        send: Any
        if scope["type"] == "websocket":
            scope.setdefault("scheme", "ws")
            protocol.socket = Socket(inbox, self._closed)
            protocol.channel, self.channel_of_request = self.channel_of_request, None
            scope["extensions"] = {DENIAL: {}, "fly.socket": {"socket": protocol.socket}}
            send = protocol.send
        else:

            async def send(message: Any) -> None:
                await self.handle_reply(protocol, message)

        task = asyncio.ensure_future(self.application(scope, inbox.get, send))
        self.running.add(task)
        self.connections[protocol]["application_instance"] = task
        task.add_done_callback(lambda done: self._finished(protocol, done))
        return inbox

    def opened(self, protocol: WebSocketProtocol) -> None:
        """A handshake was accepted: the connection is a Socket from now on."""
        self.open_sockets.add(protocol.socket)

    def _closed(self, socket: Socket) -> None:
        self.open_sockets.discard(socket)

    def protocol_disconnected(self, protocol: Any) -> None:
        """The client is gone or has its answer: forget the connection, and do not wait for its application for ever."""
        details = self.connections.get(protocol)
        if details is None or "disconnected" in details:
            return
        details["disconnected"] = time.time()
        task = details.get("application_instance")
        if task is None or task.done():
            del self.connections[protocol]
        else:
            reactor.callLater(self.application_close_timeout, self._give_up, task)

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            log.warning("An application went on for %s s after its client was gone; cancelled.", self.application_close_timeout)
            task.cancel()

    def _finished(self, protocol: Any, task: asyncio.Task[None]) -> None:
        """The application of one connection has ended: say what went wrong, and leave no client waiting."""
        self.running.discard(task)
        details = self.connections.get(protocol, {})
        details.pop("application_instance", None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("Exception inside application: %r", error, exc_info=error)
        if isinstance(protocol, WebSocketProtocol):
            if protocol.connecting:
                protocol.handle_exception(error or RuntimeError("the application neither accepted nor denied"))
            else:
                protocol.socket.close(1011 if error is not None else 1000)
            self.connections.pop(protocol, None)
        elif "disconnected" in details:
            self.connections.pop(protocol, None)
        elif protocol in self.connections:
            protocol.handle_exception(error or RuntimeError("the application did not finish its answer"))

    def log_action(self, protocol: Any, action: str, details: dict[str, Any]) -> None:
        """One access line per answered request: method, path without its query, status, milliseconds."""
        if action == "complete":
            path = details["path"].partition("?")[0]
            access.info("%s %s %s %.1f ms", details["method"], path, details["status"], details["time_taken"] * 1000)
