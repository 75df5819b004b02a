"""Our application, and beside it what Python knows of its own memory: `python -m fly.server bench.peers.inside:application`.

`GET /memory` answers how much the objects take that each module has made since the first such request, and that are still there.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec

from config.asgi import application as rooms

FOLDERS = tuple(Path(file).parents[above] for file, above in ((msgspec.__file__, 1), (__file__, 2), (json.__file__, 1)))
"""Where packages lie: the installed ones, ours, Python's own. A virtual environment may lie inside of ours."""


async def application(scope: Any, receive: Any, send: Any) -> None:
    """As `config.asgi`, but for one path."""
    if scope["type"] == "http" and scope["path"] == "/memory":
        body = json.dumps(by_module()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
        return
    await rooms(scope, receive, send)


def by_module() -> dict[str, int]:
    """Bytes that are held, by the file whose line asked for them. The first call begins to watch, and knows nothing."""
    gc.collect()
    if not tracemalloc.is_tracing():
        # Not from the start: a start that is watched takes ten times as long.
        tracemalloc.start()
        return {}
    found: dict[str, int] = {}
    for one in tracemalloc.take_snapshot().statistics("filename"):
        name = short(one.traceback[0].filename)
        found[name] = found.get(name, 0) + one.size
    return found


def short(filename: str) -> str:
    """A file without the folder that its package is in."""
    path = Path(filename)
    folder = next((folder for folder in FOLDERS if folder in path.parents), None)
    return str(path.relative_to(folder)) if folder else filename
