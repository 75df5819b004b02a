"""`manage.py runserver`: our own server with Django's reloader and static files; one process serves every host (R10)."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.management import CommandParser, call_command
from django.core.management.commands.runserver import Command as DjangoRunserver
from django.utils.module_loading import import_string

from fly.server.bind import CannotBind, bind_tcp
from fly.server.versions import untested

DRAIN_S = 2.0
"""A developer waits no longer than that for Ctrl-C."""


class Command(DjangoRunserver):
    """Takes the place of Django's development server, which speaks no WebSocket."""

    addr: str
    port: str
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

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Check, bind, serve until Ctrl-C. One line and exit code 1 for a port in use."""
        wrong = untested()
        if wrong:
            self.stderr.write(wrong)
            sys.exit(1)
        if not options["skip_checks"]:
            self.stdout.write("Performing system checks...\n\n")
            self.check(display_num_errors=True)
        self.check_migrations()
        try:
            listening = bind_tcp(self.addr, int(self.port))
        except CannotBind as error:
            self.stderr.write(str(error))
            sys.exit(1)
        # Before the application: whoever imports a reactor first decides which one it is.
        from fly.server.server import Server

        application = import_string(settings.ASGI_APPLICATION)
        if options.get("use_static_handler", True):
            application = _Static(application)
        logging.getLogger("fly.access").setLevel(logging.INFO)
        self._greet(options["use_reloader"])
        # Signals belong to the main thread, which is the reloader's when there is one.
        Server(application, [listening], drain_budget_s=DRAIN_S, signals=not options["use_reloader"]).run()

    def _greet(self, reloads: bool) -> None:
        where = f"http://{settings.PARENT_HOST}:{self.port}/"
        regions = ", ".join(f"http://{code}.{settings.PARENT_HOST}:{self.port}/" for code in settings.REGIONS)
        self.stdout.write(
            f"{datetime.now().astimezone():%B %d, %Y - %X}\nDjango {self.get_version()}, settings {settings.SETTINGS_MODULE!r}\n"
            f"The lobby is at {where}\nand the regions at {regions}\n"
            f"{'Reloads when code changes. ' if reloads else ''}Quit with CONTROL-C."
        )


class _Static(ASGIStaticFilesHandler):
    """Static files for requests; everything else, lifespan and sockets too, is the application's."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and self._should_handle(scope["path"]):
            # The base asks the application for nothing: it is Django's own handler for files.
            await super().__call__(scope, receive, send)
        else:
            await self.application(scope, receive, send)
