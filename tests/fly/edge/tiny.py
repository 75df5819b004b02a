"""A Machine of a few lines, started as a program: it boots at once, says who it is, echoes sockets, and can be made sick by a file."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    me = os.environ["FLY_MACHINE_ID"].encode()
    if b"upgrade: websocket" in head.lower():
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + me)
        while data := await reader.read(65_536):
            writer.write(data)
    else:
        sick = head.startswith(b"GET /healthz ") and Path(os.environ["TINY_SICK"]).exists()
        status = b"503 Sick" if sick else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(me), me))
    await writer.drain()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
