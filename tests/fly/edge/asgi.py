"""The smallest application for `flyedge --application`: says which Machine it is and which region's database it was given."""

from __future__ import annotations

import json
import os
from typing import Any


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve the lifespan and HTTP; every path is the same page. With TINY_REFUSES it says its database's URL and does not start."""
    if scope["type"] == "lifespan":
        await receive()
        if "TINY_REFUSES" in os.environ:
            await send({"type": "lifespan.startup.failed", "message": f"cannot reach {os.environ['REGION_DATABASE_URL']} at all"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = json.dumps({"machine": os.environ["FLY_MACHINE_ID"], "database": os.environ["REGION_DATABASE_URL"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
