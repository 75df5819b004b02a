"""The ASGI application: the one place that says what stands before what.

From the outside in: debug headers on every answer; `/healthz` before any host check; for pages Django with its middleware;
for handshakes the host (404), then the replay (R9: before anything could accept), then the origin, then the consumer.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
