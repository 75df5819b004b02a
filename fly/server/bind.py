"""Listening sockets from addresses: bound before anything starts, so that a port in use is known at once."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path


class CannotBind(OSError):
    """An address that cannot be listened on; the message says which and why in one line."""


def bind_tcp(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 lets the system choose. Raises CannotBind."""
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((bare, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise CannotBind(f"Cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}.") from error
    return bound


def bind_unix(path: str) -> socket.socket:
    """A bound Unix socket; one left behind by a dead process is replaced. Raises CannotBind."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if Path(path).exists() and stat.S_ISSOCK(os.stat(path).st_mode) and bound.connect_ex(path) != 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            bound.close()
            bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bound.bind(path)
    except OSError as error:
        bound.close()
        raise CannotBind(f"Cannot listen on {path}: {error.strerror or error}.") from error
    return bound


def adopt(fd: int) -> socket.socket:
    """The socket of an inherited file descriptor. Raises CannotBind."""
    try:
        adopted = socket.socket(fileno=fd)
    except OSError as error:
        raise CannotBind(f"File descriptor {fd} is not a socket: {error.strerror or error}.") from error
    if adopted.type != socket.SOCK_STREAM:
        raise CannotBind(f"File descriptor {fd} is not a stream socket.")
    return adopted


def listen(bound: socket.socket, backlog: int) -> None:
    """Accept connections from now on. Raises CannotBind: two may bind one port, only the first may listen on it."""
    try:
        bound.listen(backlog)
        bound.setblocking(False)
    except OSError as error:
        raise CannotBind(f"Cannot listen on {address(bound)}: {error.strerror or error}.") from error


def address(listening: socket.socket) -> str:
    """How a client reaches a bound socket, as a URL."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]}"
