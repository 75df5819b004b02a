"""`manage.py runserver`: our own server with Django's reloader and static files; one process serves every host (R10)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.management import CommandParser, call_command
from django.core.management.commands.runserver import Command as DjangoRunserver
from django.utils import autoreload
from django.utils.module_loading import import_string

from fly.server.bind import CannotBind, bind_tcp
from fly.server.versions import untested

if TYPE_CHECKING:
    from fly.server.server import Server

RELOAD = 3
"""Exit code by which Django's reloader asks to be started again."""
DRAIN_S = 2.0
"""A developer waits no longer than that for Ctrl-C."""


class Command(DjangoRunserver):
    """Takes the place of Django's development server, which speaks no WebSocket."""

    addr: str
    port: str
    _server: Server | None = None
    help = "Run the lobby and every region in this one process, with our own server, reloading when code changes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's options, and one for static files."""
        super().add_arguments(parser)
        parser.add_argument(
            "--nostatic", action="store_false", dest="use_static_handler", help="do not serve static files from where they lie"
        )

    def check_migrations(self) -> None:
        """A laptop's own files are migrated instead of complained about."""
        for alias, database in settings.DATABASES.items():
            if database["ENGINE"].endswith("sqlite3"):
                call_command("migrate", database=alias, interactive=False, verbosity=0)
        super().check_migrations()

    def run(self, **options: Any) -> None:
        """Run, and drain at the end: when a signal comes, and before every reload."""
        if not options["use_reloader"]:
            self.inner_run(None, **options)
            return
        # Django's own parent process kills the child a quarter of a second after Ctrl-C: no time to drain.
        autoreload.restart_with_reloader = _watch
        try:
            super().run(**options)
        finally:
            self._end()

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Check, bind, serve until the end. One line and exit code 1 for a port in use."""
        # Django keeps what went wrong while it loaded the code, so that the reloader waits for the mending.
        autoreload.raise_last_exception()
        if wrong := untested():
            self._refuse(wrong)
        if not options["skip_checks"]:
            self.stdout.write("Performing system checks...\n\n")
            self.check(display_num_errors=True)
        self.check_migrations()
        try:
            listening = bind_tcp(self.addr, int(self.port))
        except CannotBind as error:
            self._refuse(str(error))
        # Before the application: whoever imports a reactor first decides which one it is.
        from fly.server.server import Server

        application = import_string(settings.ASGI_APPLICATION)
        if options.get("use_static_handler", True):
            application = _Static(application)
        logging.getLogger("fly.access").setLevel(logging.INFO)
        self.port = str(listening.getsockname()[1])
        # Signals belong to the main thread, which is the reloader's when there is one.
        self._server = Server(
            application,
            [listening],
            drain_budget_s=DRAIN_S,
            signals=not options["use_reloader"],
            ready=lambda: self._greet(options["use_reloader"]),
        )
        if code := self._server.run():
            _exit(code)

    def _end(self) -> None:
        """Let the server's thread drain. What the parent sends once more is not heard; a second Ctrl-C ends at once."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._server is not None:
            self._server.stop()
            self._server.ended.wait(DRAIN_S + 1)

    def _refuse(self, line: str) -> NoReturn:
        self.stderr.write(line)
        _exit(1)

    def _greet(self, reloads: bool) -> None:
        where = f"http://{settings.PARENT_HOST}:{self.port}/"
        regions = ", ".join(f"http://{code}.{settings.PARENT_HOST}:{self.port}/" for code in settings.REGIONS)
        self.stdout.write(
            f"{datetime.now().astimezone():%B %d, %Y - %X}\nDjango {self.get_version()}, settings {settings.SETTINGS_MODULE!r}\n"
            f"The lobby is at {where}\nand the regions at {regions}\n"
            f"{'Reloads when code changes. ' if reloads else ''}Quit with CONTROL-C."
        )
        self.stdout.flush()


def _watch() -> int:
    """Run the server in a child, anew whenever code has changed; returns its exit code."""
    # Handed over by name: without it in its environment a child would start a child of its own, and so on for ever.
    environ = {**os.environ, autoreload.DJANGO_AUTORELOAD_ENV: "true"}
    while True:
        child = subprocess.Popen(autoreload.get_child_arguments(), env=environ, close_fds=False)  # noqa: S603 (our own command line)
        signal.signal(signal.SIGTERM, lambda *_, child=child: child.terminate())
        try:
            code = child.wait()
        except KeyboardInterrupt:
            # A terminal has told the child as well; `kill -INT` has not.
            child.terminate()
            code = _wait_or_kill(child)
        if code != RELOAD:
            return code


def _wait_or_kill(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.kill()
        return child.wait()


def _exit(code: int) -> NoReturn:
    # Not sys.exit: under the reloader this is not the main thread, and would end alone.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Static(ASGIStaticFilesHandler):
    """Static files for requests; everything else, lifespan and sockets too, is the application's."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and self._should_handle(scope["path"]):
            # The base asks the application for nothing: it is Django's own handler for files.
            await super().__call__(scope, receive, send)
        else:
            await self.application(scope, receive, send)
