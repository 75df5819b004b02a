"""`python -m fly.server module:application`: run any ASGI application. docs/server.md lists the options."""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from asgiref.compatibility import guarantee_single_callable

from fly.server.bind import CannotBind, address, adopt, bind_tcp, bind_unix
from fly.server.unused import UNUSED, without
from fly.server.versions import untested

EXIT_USAGE = 2
EXIT_GRACE_S = 2.0


class CannotLoad(Exception):
    """An application that is not where it was said to be, in one line."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fly.server", description="Run an ASGI application.")
    parser.add_argument("application", help="module:name of the application, such as config.asgi:application")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="TCP port to listen on; 0 lets the system choose (8000)")
    parser.add_argument("--unix", metavar="PATH", help="Unix socket to listen on")
    parser.add_argument("--fd", type=int, help="inherited socket to listen on")
    parser.add_argument("--drain-budget", type=float, default=20.0, metavar="S", help="seconds for the drain (20)")
    parser.add_argument("--max-frame", type=int, default=1_048_576, metavar="BYTES", help="largest message a client may send (1048576)")
    parser.add_argument("--ping-interval", type=float, default=20.0, metavar="S", help="silence before a peer is asked, 0: never (20)")
    parser.add_argument("--ping-timeout", type=float, default=20.0, metavar="S", help="time it has to answer (20)")
    parser.add_argument("--access-log", action="store_true", help="one line per request, without query strings")
    return parser


def load(path: str) -> Any:
    """The object that `module:name` names. Raises CannotLoad; what a faulty module raises while it is imported comes through."""
    module, colon, name = path.partition(":")
    if not colon or not name:
        raise CannotLoad(f"{path!r} is not of the form module:name.")
    try:
        target: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise CannotLoad(f"Cannot load {path}: {error}.") from error
    for part in name.split("."):
        if not hasattr(target, part):
            raise CannotLoad(f"Cannot load {path}: {module} has no {name}.")
        target = getattr(target, part)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; returns its exit code: 0 after a drain, 2 for what cannot be listened on or loaded, 3 when it did not start."""
    options = _parser().parse_args(arguments)
    wrong = untested()
    if wrong:
        return _refuse(wrong)
    try:
        listening = _bind(options)
    except CannotBind as error:
        return _refuse(str(error))
    sys.path.insert(0, os.getcwd())
    # Before the application: whoever imports a reactor first decides which one it is.
    with without(*UNUSED):
        from fly.server.server import Server

    try:
        application = guarantee_single_callable(load(options.application))  # type: ignore[no-untyped-call]
    except CannotLoad as error:
        return _refuse(str(error))
    except Exception as error:
        if not _is_about_settings(error):
            raise
        return _refuse(f"{error}")
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("fly.access").setLevel(logging.INFO if options.access_log else logging.WARNING)
    server = Server(
        application,
        listening,
        drain_budget_s=options.drain_budget,
        max_frame=options.max_frame,
        ping_interval_s=options.ping_interval,
        ping_timeout_s=options.ping_timeout,
        ready=partial(_ready, [address(each) for each in listening]),
    )
    code = server.run()
    _leave_for_certain(code)
    return code


def _bind(options: argparse.Namespace) -> list[socket.socket]:
    listening = [bind_unix(options.unix)] if options.unix else []
    listening += [adopt(options.fd)] if options.fd is not None else []
    if options.port is not None or not listening:
        listening.append(bind_tcp(options.host, 8000 if options.port is None else options.port))
    return listening


def _ready(addresses: Sequence[str]) -> None:
    # In one write, which print does not promise: where stdout and the log are one file, nothing comes between a line and its end.
    sys.stdout.write("".join(f"Listening on {each}\n" for each in addresses))
    sys.stdout.flush()
    # What a start has made is there for good: a collection that went through all of it would hold everybody up, and free next to nothing.
    gc.freeze()
    gc.enable()


def _is_about_settings(error: Exception) -> bool:
    """True for Django's error for settings, whose text is meant for whoever starts the server. Django need not be there."""
    exceptions = sys.modules.get("django.core.exceptions")
    return exceptions is not None and isinstance(error, exceptions.ImproperlyConfigured)


def _leave_for_certain(code: int) -> None:
    """Python waits at its end for every thread; one that hangs in a call must not turn a clean drain into a kill."""
    last = threading.Timer(EXIT_GRACE_S, os._exit, (code,))
    last.daemon = True
    last.start()


def _refuse(line: str) -> int:
    print(line, file=sys.stderr)  # noqa: T201
    return EXIT_USAGE


if __name__ == "__main__":
    # Until the server is ready: imports make much and drop next to nothing.
    gc.disable()
    sys.exit(main())
