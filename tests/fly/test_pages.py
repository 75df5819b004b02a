"""Pages at the wrong place: replayed or refused before anything else happens."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.arrival import Proof, ReplaySource, write_source
from fly.context import read_context
from fly.headers import JSON_TYPE, parse_instruction, parse_instruction_json
from fly.here import Here
from fly.middleware import ReplayMiddleware
from fly.replay import MAX_REPLAY_BODY, Serve
from fly.state import check, sign

PARIS = {"host": "cdg.play.localhost:8001"}


@pytest.fixture(autouse=True)
def in_newark(settings: SettingsWrapper) -> None:
    settings.HERE = Here("rooms", "aaaa1111", "ewr")


def get(**headers: str) -> Any:
    return Client(raise_request_exception=True).get("/r/main/", headers={**PARIS, **headers})


def test_a_page_at_the_wrong_region_is_replayed() -> None:
    """[FR8] [FR17] The answer is 307 with fly-replay to the region; no database is touched, no cookie set."""
    answer = get()
    instruction = parse_instruction(answer["fly-replay"])
    assert answer.status_code == 307
    assert answer["fly-replay"].startswith("region=cdg;")
    assert check(instruction.state) == Proof("region", "cdg", "aaaa1111")
    assert instruction.fallback == "prefer_self"
    assert answer["cache-control"] == "no-store"
    assert not answer.cookies


def test_the_replay_comes_before_csrf_and_sessions() -> None:
    """[FR17] A POST without a token and with a session cookie is replayed, not refused."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "x" * 32
    assert client.post("/me/", {"name": "x"}, headers=PARIS).status_code == 307


@pytest.mark.parametrize("header", ["fly-force-instance-id", "fly-prefer-instance-id"])
def test_a_client_that_aims_gets_the_json_form(header: str) -> None:
    """[FR10] A client's own aim survives a replay, so the JSON form has it deleted on the way."""
    answer = get(**{header: "aaaa1111"})
    assert answer.status_code == 200
    assert answer["content-type"] == JSON_TYPE
    instruction = parse_instruction_json(answer.content)
    assert instruction.region == ("cdg",)
    assert instruction.transform.delete_headers == (header,)
    assert "fly-replay" not in answer


def test_a_body_over_1_mb_is_refused_and_told_why() -> None:
    """[FR7] A body that would need a replay and is over 1 MB gets a 413 page that says why."""
    answer = Client().post("/r/main/", b"x" * (MAX_REPLAY_BODY + 1), content_type="text/plain", headers=PARIS)
    assert answer.status_code == 413
    assert b"1 MB" in answer.content
    assert b"Paris" in answer.content


def test_a_replay_that_came_back_gets_a_page_with_a_way_out() -> None:
    """[FR5] [FR18] A failed replay gets a 503 page that names the city, tries again, and offers the nearest other one, port kept."""
    answer = get(**{"fly-replay-failed": "region=cdg;reason=timeout", "fly-region": "nrt"})
    text = answer.content.decode()
    assert answer.status_code == 503
    assert answer["retry-after"].isdigit()
    assert "Paris is not answering" in text
    assert "fly/retry.mjs" in text
    assert 'href="http://nrt.play.localhost:8001/"' in text


def test_a_forged_source_buys_a_503() -> None:
    """[FR6] A client that forges fly-replay-src is refused, never looped and never let in."""
    for forged in (
        "instance=x;region=ewr;t=1;state=x",
        "rubbish",
        "",
        write_source(ReplaySource("a", "ewr", 1, sign("region", "cdg", "aaaa1111"))),
    ):
        assert get(**{"fly-replay-src": forged}).status_code == 503


def test_static_files_are_never_replayed() -> None:
    """[FR1] Every Machine has the files; a missing one is a 404 here."""
    assert Client().get("/static/nothing.css", headers=PARIS).status_code == 404


@pytest.mark.parametrize("host", ["cdg.play.localhost", "10.0.0.1:8080"])
def test_the_health_check_is_answered_here(host: str) -> None:
    """[FR1] A health check is about this Machine: never replayed, whatever name or address it uses."""
    assert isinstance(read_context("/healthz", [(b"host", host.encode())]).decision, Serve)


@pytest.mark.django_db(databases="__all__")  # Closing a file's answer looks at the connections that other tests left open.
def test_static_files_have_every_name() -> None:
    """[FR1] The files are served under a name that is not ours too: its 404 page needs them."""
    answer = Client().get("/static/gameserver/site.css", headers={"host": "127.0.0.1:8000"})
    answer.close()
    assert answer.status_code == 200
    assert Client().get("/static/nothing.css", headers={"host": "evil.example"}).status_code == 404


@pytest.mark.parametrize("path", ["/staticity/", "/healthzz", "/r/static/", "//static/x"])
def test_what_only_looks_like_a_static_file_is_replayed(path: str) -> None:
    """[FR1] [FR8] Only the static folder and the health check are everywhere the same."""
    assert Client().get(path, headers=PARIS).status_code == 307


def test_a_body_of_unknown_length_is_refused() -> None:
    """[FR7] A chunked body that would need a replay is refused before it is read, and told why."""
    answer = Client().post("/r/main/", headers={**PARIS, "transfer-encoding": "chunked"})
    assert answer.status_code == 413
    assert b"does not say how much" in answer.content


def test_a_head_that_aims_gets_the_header_form() -> None:
    """[FR10] An answer to HEAD has no body for the JSON form: the header form, which the aim may defeat, but never an empty instruction."""
    answer = Client().head("/r/main/", headers={**PARIS, "fly-force-instance-id": "aaaa1111"})
    assert answer.status_code == 307
    assert parse_instruction(answer["fly-replay"]).region == ("cdg",)


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options", "patch"])
def test_every_method_is_replayed(method: str) -> None:
    """[FR8] The method does not matter."""
    assert getattr(Client(), method)("/r/main/", headers=PARIS).status_code == 307


async def test_pages_are_replayed_under_asgi_without_a_thread() -> None:
    """[FR17] As coroutine the middleware answers a replay itself, and passes on what is served here."""
    passed: list[Any] = []

    async def view(request: Any) -> HttpResponse:
        passed.append(request.fly.region)
        return HttpResponse("served")

    middleware: Any = ReplayMiddleware(view)
    assert iscoroutinefunction(middleware)
    assert (await middleware(RequestFactory().get("/", headers=PARIS))).status_code == 307
    assert (await middleware(RequestFactory().get("/", headers={"host": "ewr.play.localhost"}))).content == b"served"
    assert passed == ["ewr"]


def test_the_way_out_of_a_failed_page_is_never_the_same_region(settings: SettingsWrapper) -> None:
    """[FR18] Where there is no other region, none is offered."""
    settings.REGIONS = ("cdg",)
    answer = get(**{"fly-replay-failed": "x"})
    assert answer.status_code == 503
    assert "instead" not in answer.content.decode()


def test_pages_of_refusals_have_no_inline_code() -> None:
    """[FR18] Refusals obey the pages' content policy: no inline script, no style, no handler; never kept by a cache."""
    for headers in ({"fly-replay-failed": "x"}, {"transfer-encoding": "chunked"}, {"host": "evil.example"}):
        answer = get(**headers)
        assert re.search(r"<style|style=|<script(?![^>]* src=)|\son\w+=", answer.content.decode()) is None
        assert "no-store" in answer["cache-control"]


def test_the_cached_form_carries_no_state(settings: SettingsWrapper) -> None:
    """[FR19] With a cache time set, the edge may keep the replay for the region's host; then Fly allows no state, timeout or fallback."""
    settings.REPLAY_CACHE_TTL_S = 60
    answer = get()
    assert answer["fly-replay"] == "region=cdg"
    assert answer["fly-replay-cache"] == "/*"
    assert answer["fly-replay-cache-ttl-secs"] == "60"


def test_a_client_that_aims_is_not_cached(settings: SettingsWrapper) -> None:
    """[FR19] A replay that needs a transform is not cached: Fly does not allow both."""
    settings.REPLAY_CACHE_TTL_S = 60
    answer = get(**{"fly-force-instance-id": "aaaa"})
    assert "fly-replay-cache" not in answer
    assert "cache" not in json.loads(answer.content)
    assert check(json.loads(answer.content)["state"]) is not None


def test_the_lobby_is_served_by_any_machine() -> None:
    """[FR1] The lobby's host is served wherever it arrives."""
    assert Client().get("/no-such-page/", headers={"host": "play.localhost"}).status_code == 404
