"""The ASGI application: the one place that says what stands before what.

From the outside in: debug headers on every answer; `/healthz` before any host check; `/metrics` too; files before Django;
pages through Django's middleware;
handshakes through the host (404), the replay (R9: before anything could accept), the origin, and then the consumer.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from config.files import Files
from config.healthz import Healthz
from config.metrics import Metrics
from config.sockets import sockets
from fly.hosts import LOBBY, REGION
from fly.origin import SameOrigin
from fly.router import HostRouter, ReplayRouter
from fly.trace import Trace
from gameserver.engine.errors import Close
from gameserver.lifespan import lifespan
from gameserver.metrics import render
from gameserver.process import current, draining
from gameserver.routing import websocket_urlpatterns as region_sockets
from lobby.routing import websocket_urlpatterns as lobby_sockets

application = Trace(
    ProtocolTypeRouter(
        {
            "lifespan": lifespan,
            "http": Healthz(Metrics(Files(pages, settings.STATIC_URL), lambda: render(current())), draining),
            "websocket": ReplayRouter(
                SameOrigin(
                    HostRouter({LOBBY: sockets(lobby_sockets), REGION: sockets(region_sockets)}),
                    settings.PUBLIC_SCHEME,
                ),
                unreachable_code=Close.NOT_ANSWERING,
            ),
        }
    )
)
