"""Take a connection away from Twisted: its socket, and the bytes that were yet to be sent.

The one place that knows Twisted's transport from within; `fly.server.versions` refuses a Twisted it was not tested with.
"""

from __future__ import annotations

import socket
from typing import Any


def detach(transport: Any) -> tuple[socket.socket, bytes]:
    """The socket of a Twisted TCP or Unix transport without a producer, and what Twisted had yet to send, in order.

    Twisted knows nothing of the connection afterwards and closes nothing.
    """
    transport.stopReading()
    transport.stopWriting()
    unsent = bytes(transport.dataBuffer[transport.offset :]) + b"".join(transport._tempDataBuffer)
    transport.dataBuffer, transport.offset, transport._tempDataBuffer, transport._tempDataLen = b"", 0, [], 0
    transport.connected, transport.disconnected = False, True
    taken: socket.socket = transport.socket
    return taken, unsent
