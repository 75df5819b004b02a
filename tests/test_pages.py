"""Django's pages as they are served: which threads a request goes through."""

from __future__ import annotations

import threading
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin
from pytest_django.fixtures import Settings as SettingsWrapper

from config.pages import Pages

seen: list[int] = []


class Noting(MiddlewareMixin):
    """Notes which thread it is asked on."""

    def process_request(self, request: HttpRequest) -> None:
        seen.append(threading.get_ident())

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        seen.append(threading.get_ident())
        return response


def view(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    return HttpResponse("here")


urlpatterns = [path("", view)]


async def test_a_request_goes_through_one_thread(settings: SettingsWrapper) -> None:
    """Middleware and view run on the request's own thread, and never on the event loop's: a page changes threads once."""
    settings.MIDDLEWARE = [f"{__name__}.Noting"] * 3
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    seen.clear()
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    talk = ApplicationCommunicator(Pages(), scope)
    await talk.send_input({"type": "http.request", "body": b"", "more_body": False})
    sent: Any = [await talk.receive_output(), await talk.receive_output()]
    await talk.wait()
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"here")
    assert len(seen) == 7
    assert set(seen) == {seen[0]} != {threading.get_ident()}
