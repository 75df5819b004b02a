"""`python -m fly.server module:application`: run any ASGI application. docs/server.md lists the options."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from fly.server.bind import CannotBind, address, adopt, bind_tcp, bind_unix
from fly.server.versions import untested

EXIT_USAGE = 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fly.server", description="Run an ASGI application.")
    parser.add_argument("application", help="module:name of the application, such as config.asgi:application")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="TCP port to listen on; 0 lets the system choose (8000)")
    parser.add_argument("--unix", metavar="PATH", help="Unix socket to listen on")
    parser.add_argument("--fd", type=int, help="inherited socket to listen on")
    parser.add_argument("--drain-budget", type=float, default=20.0, metavar="S", help="seconds for the drain (20)")
    parser.add_argument("--max-frame", type=int, default=1_048_576, metavar="BYTES", help="largest message a client may send (1048576)")
    parser.add_argument("--ping-interval", type=float, default=20.0, metavar="S", help="silence after which a peer is asked (20)")
    parser.add_argument("--ping-timeout", type=float, default=20.0, metavar="S", help="time it has to answer (20)")
    parser.add_argument("--access-log", action="store_true", help="one line per request, without query strings")
    return parser


def load(path: str) -> Any:
    """The object that `module:name` names. Raises ImportError or AttributeError; ValueError without a colon."""
    module, colon, name = path.partition(":")
    if not colon:
        raise ValueError(f"{path!r} is not of the form module:name")
    target: Any = importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; returns its exit code: 0 after a drain, 2 for what cannot be listened on or loaded, 3 when it did not start."""
    options = _parser().parse_args(arguments)
    wrong = untested()
    if wrong:
        return _refuse(wrong)
    try:
        listening = [bind_unix(options.unix)] if options.unix else []
        listening += [adopt(options.fd)] if options.fd is not None else []
        if options.port is not None or not listening:
            listening.append(bind_tcp(options.host, 8000 if options.port is None else options.port))
    except CannotBind as error:
        return _refuse(str(error))
    sys.path.insert(0, os.getcwd())
    # Before the application: whoever imports a reactor first decides which one it is.
    from fly.server.server import Server

    try:
        application = load(options.application)
    except (ValueError, AttributeError, ModuleNotFoundError) as error:
        return _refuse(f"Cannot load {options.application}: {error}.")
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("fly.access").setLevel(logging.INFO if options.access_log else logging.WARNING)
    addresses = [address(each) for each in listening]
    server = Server(
        application,
        listening,
        drain_budget_s=options.drain_budget,
        max_frame=options.max_frame,
        ping_interval_s=options.ping_interval,
        ping_timeout_s=options.ping_timeout,
        ready=lambda: print(*(f"Listening on {each}" for each in addresses), sep="\n", flush=True),  # noqa: T201
    )
    return server.run()


def _refuse(line: str) -> int:
    print(line, file=sys.stderr)  # noqa: T201
    return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
