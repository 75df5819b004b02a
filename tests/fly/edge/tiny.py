"""A Machine of a few lines, started as a program: it boots at once, says who it is and what it was given, echoes sockets, replays as it is
told, ends with the code it is told, and can be made sick by a file. With TINY_FRAMES the first thing it says on a socket is a frame.

It imports what Python has loaded anyway: many tests start several of it.
"""

import contextlib
import os
import socket
import sys
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
ME = os.environ["FLY_MACHINE_ID"].encode()


def serve(client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65_536)
            if not data:
                return
            head += data
        if b"upgrade: websocket" not in head.lower():
            client.sendall(answer(head))
            return
        client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        client.sendall(b"\x82\x0e" * ("TINY_FRAMES" in os.environ) + ME)
        while data := client.recv(65_536):
            client.sendall(data)


def answer(head: bytes) -> bytes:
    path = head.split()[1]
    failed = [line for line in head.split(b"\r\n") if line.lower().startswith(b"fly-replay-failed:")]
    if failed:
        return OK % (len(failed[0]), failed[0])
    if path.startswith(b"/replay/") and b"\r\nfly-replay-src:" not in head.lower():
        return b"HTTP/1.1 307 Elsewhere\r\nfly-replay: %s\r\nContent-Length: 0\r\n\r\n" % path.removeprefix(b"/replay/")
    if path.startswith(b"/exit/"):
        os._exit(int(path.rpartition(b"/")[2]))
    if path.startswith(b"/environ/"):
        value = os.environ.get(path.rpartition(b"/")[2].decode(), "").encode()
        return OK % (len(value), value)
    if path == b"/healthz" and os.path.exists(os.environ.get("TINY_SICK", "/nowhere")):
        return b"HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n"
    return OK % (len(ME), ME)


def main() -> None:
    with socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), backlog=100) as listening:
        while True:
            client, _ = listening.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
