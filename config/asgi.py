"""The ASGI application: the one place that says what stands before what.

From the outside in: debug headers on every answer; `/healthz` before any host check; `/metrics` too; files before Django, and in a lobby
what those who wait ask (`lobby.state`); pages through Django's middleware;
handshakes through the host (404), the replay (R9: before anything could accept), the origin, and then the consumer.
"""

from __future__ import annotations

import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.pages import pages as django_pages

pages = django_pages()

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from config.files import Files
from config.healthz import Healthz
from config.lifespan import lifespan as lobby_lifespan
from config.metrics import Metrics
from config.sockets import sockets
from fly.asgi import App
from fly.hosts import LOBBY, MACHINE, REGION
from fly.origin import SameOrigin
from fly.router import HostRouter, ReplayRouter
from fly.trace import Trace
from gameserver.engine.errors import Close
from gameserver.lifespan import lifespan as gameserver_lifespan
from gameserver.metrics import render
from gameserver.process import current, draining
from gameserver.routing import websocket_urlpatterns as region_sockets

log = logging.getLogger(__name__)
for name in settings.MISPLACED_SECRETS:
    log.warning("%s: this gameserver has it and has no use for it. Take it away: fly secrets unset %s", name, name)

hosts: dict[str, App] = {}
answers: App = pages
lifespan: App = gameserver_lifespan if settings.ROLE.gameserver else lobby_lifespan
if settings.ROLE.lobby:
    from lobby.fleet.lifespan import FleetLifespan
    from lobby.routing import websocket_urlpatterns as lobby_sockets
    from lobby.state import State

    answers = State(pages)
    lifespan = FleetLifespan(lifespan)
    hosts[LOBBY] = sockets(lobby_sockets)
if settings.ROLE.gameserver:
    hosts[REGION] = hosts[MACHINE] = sockets(region_sockets)

application = Trace(
    ProtocolTypeRouter(
        {
            "lifespan": lifespan,
            "http": Healthz(Metrics(Files(answers, settings.STATIC_URL), lambda: render(current())), draining),
            "websocket": ReplayRouter(
                SameOrigin(
                    HostRouter(hosts),
                    settings.PUBLIC_SCHEME,
                ),
                unreachable_code=Close.NOT_ANSWERING,
            ),
        }
    )
)
