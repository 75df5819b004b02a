"""Django's pages as an ASGI application in which a request changes threads once: nothing in it waits for anything but the database."""

from __future__ import annotations

from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler

from fly.asgi import App


class Pages(ASGIHandler):
    """Middleware and views run one after the other on the request's thread.

    Django's own handler asks each middleware on the event loop, which sends most of what they do to the thread and waits for it: some
    twenty changes of threads for a page, more than the page.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """See BaseHandler."""
        super().load_middleware(is_async=False)
        chain: Any = self._middleware_chain
        self._middleware_chain: Any = sync_to_async(chain, thread_sensitive=True)


def pages() -> App:
    """As Django's own `get_asgi_application`."""
    django.setup(set_prefix=False)
    handler: Any = Pages()
    return handler  # type: ignore[no-any-return]
