"""The least that Python needs to take a command from a socket: asyncio's own loop, a mask, msgspec. `python -m bench.peers.bare PORT`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys

import msgspec
from websockets.speedups import apply_mask

from bench.worlds.load import Aim, Count
from fly.server.frames import prepare_text
from gameserver.engine.protocol import Join

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = b"Sec-WebSocket-Key: "
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
WELCOME = prepare_text(b'{"type":"welcome"}')
decode = msgspec.json.Decoder(Join | Aim | Count).decode


class Bare(asyncio.Protocol):
    """One client: its last aim is kept. `aimed`: how many came from all of them."""

    aimed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the handshake."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.aim: Aim | None = None
        self.rest = b""
        self.open = False

    def data_received(self, data: bytes) -> None:
        """Read what is whole."""
        data = self.rest + data if self.rest else data
        at, end = 0, len(data)
        if not self.open:
            at = self.shake(data)
        # Clients here send masked texts below 126 bytes, all of them whole but perhaps the last.
        while self.open and end - at >= 6:
            stop = at + 6 + (data[at + 1] & 0x7F)
            if stop > end:
                break
            self.take(apply_mask(data[at + 6 : stop], data[at + 2 : at + 6]))
            at = stop
        self.rest = data[at:]

    def shake(self, data: bytes) -> int:
        """Answer the handshake; returns where it ends, 0 if it is not whole."""
        at = data.find(b"\r\n\r\n") + 4
        if at >= 4:
            key = data[data.index(KEY) + len(KEY) :].partition(b"\r\n")[0]
            self.transport.write(ACCEPTED + base64.b64encode(hashlib.sha1(key + MAGIC).digest()) + b"\r\n\r\n")
            self.open = True
            return at
        return 0

    def take(self, text: bytes) -> None:
        """One command."""
        command = decode(text)
        if type(command) is Aim:
            self.aim = command
            Bare.aimed += 1
        elif type(command) is Count:
            self.transport.write(prepare_text(b'{"type":"reply","ref":%d,"ok":true,"aimed":%d}' % (command.ref, Bare.aimed)))
        else:
            self.transport.write(WELCOME)


async def serve(port: int) -> None:
    """Until killed."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
