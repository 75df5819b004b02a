"""Handshakes as bytes: at a Machine, and through the edge (G1), and the three wounds of the attempt before this one (G5)."""

from __future__ import annotations

import json
import re

import pytest

from fly.arrival import ReplaySource, write_source
from tests.support.emulator import PARENT, Running
from tests.support.raw import Answer, Raw, handshake

PARIS = f"cdg.{PARENT}"
SID = "s" * 22


def shake(port: int, host: str = PARIS, path: str = "/ws/r/main/", headers: list[tuple[str, str]] | None = None) -> Answer:
    """Send one handshake and return the answer's head."""
    with Raw(port) as raw:
        raw.send(handshake(host, path, headers))
        return raw.answer()


def test_a_machine_answers_a_foreign_handshake_in_plain_http(fly: Running) -> None:
    """[FR21] At the ewr Machine a handshake for cdg gets one answer, no 101, with fly-replay to cdg, and the connection ends."""
    with Raw(fly.machine("ewr")["port"]) as raw:
        raw.send(handshake(PARIS))
        answer = raw.answer()
        assert answer.status == 307
        assert answer.headers["fly-replay"].startswith("region=cdg;")
        assert answer.headers["x-region"] == "ewr"
        assert raw.ended()


def test_the_same_bytes_reach_cdg_through_the_edge(fly: Running) -> None:
    """[FR21] [ED3] Through the emulator the same bytes get a 101 from cdg, and the socket that follows is served there."""
    with Raw(fly.port("ewr")) as raw:
        raw.send(handshake(PARIS))
        answer = raw.answer()
        assert answer.status == 101
        assert answer.headers["x-region"] == "cdg"
        assert answer.headers["x-machine"] == fly.machine("cdg")["id"]
        assert re.search(r"ewr edge -> ewr machine \w+ \(replay region=cdg\) -> cdg machine \w+, \d+ ms", answer.headers["fly-edge-trace"])
        raw.say({"cmd": "room.join", "v": 1, "sid": SID})
        welcome = raw.message()
        assert welcome["type"] == "welcome"
        assert (welcome["region"], welcome["route"]["edge"], welcome["route"]["replayed_from_region"]) == ("cdg", "ewr", "ewr")
        assert welcome["route"]["verified"] is True


FORGED = {
    "a source": [("fly-replay-src", write_source(ReplaySource("x", "nrt", 1, "forged")))],
    "a source that claims this region": [("fly-replay-src", "instance=x;region=cdg;t=1;state=x")],
    "a source of nothing": [("fly-replay-src", ";;;=")],
    "two sources": [("fly-replay-src", "instance=a;region=ewr;t=1"), ("fly-replay-src", "instance=b;region=nrt;t=2")],
    "a failure": [("fly-replay-failed", "region=cdg;reason=timeout;elapsed_ms=1")],
    "a cache hit": [("fly-replay-cache-status", "hit")],
    "all of them": [("fly-replay-src", "x"), ("fly-replay-failed", "x"), ("fly-replay-cache-status", "hit")],
}


@pytest.mark.parametrize("what", sorted(FORGED))
def test_forged_headers_hurt_the_forger_only(fly: Running, what: str) -> None:
    """[FR6] With Fly's own headers forged a handshake gets a 503: no loop, no 101 in the wrong region, no 500."""
    answer = shake(fly.port("ewr"), headers=FORGED[what])
    assert answer.status == 503
    assert answer.headers["x-region"] == "ewr"
    assert "fly-replay" not in answer.headers


@pytest.mark.parametrize("name", ["fly-force-instance-id", "fly-prefer-instance-id"])
def test_an_aim_at_the_wrong_machine_is_taken_back(fly: Running, name: str) -> None:
    """[FR10] [ED13] A client that aims at the ewr Machine still ends up in cdg: the JSON form deletes the aim that would win again."""
    answer = shake(fly.port("nrt"), headers=[(name, fly.machine("ewr")["id"])])
    assert answer.status == 101
    assert answer.headers["x-region"] == "cdg"


def test_an_aim_at_no_machine_is_the_edges_error(fly: Running) -> None:
    """[ED12] A forced instance that does not exist is refused by the edge."""
    answer = shake(fly.port("ewr"), headers=[("fly-force-instance-id", "nothing")])
    assert answer.status == 503
    assert answer.headers["fly-edge-error"] == "PR02"


@pytest.mark.parametrize(
    "headers",
    [
        [("fly-replay-src", "instance=" + "a" * 9000)],
        [("x-large", "a" * 60_000)],
        [("cookie", "player=" + "b" * 12_000)],
        [(f"x-{number}", "y") for number in range(600)],
    ],
    ids=["a long source", "one huge header", "a long cookie", "six hundred headers"],
)
def test_oversized_headers_are_refused_or_carried(fly: Running, headers: list[tuple[str, str]]) -> None:
    """[FR6] Oversized headers end in a 4xx, a refusal, or in cdg: never a 500, never a 101 elsewhere."""
    try:
        answer = shake(fly.port("ewr"), headers=headers)
    except (EOFError, ConnectionError):
        return
    assert answer.status in (101, 400, 431, 503, 502)
    assert answer.status != 101 or answer.headers["x-region"] == "cdg"


@pytest.mark.parametrize("name", ["Host", "Sec-WebSocket-Key", "Upgrade"])
def test_duplicate_headers_are_no_way_in(fly: Running, name: str) -> None:
    """[FR6] A duplicate of a header that decides is a malformed request, or harmless."""
    value = {"Host": f"ewr.{PARENT}", "Sec-WebSocket-Key": "AAAA", "Upgrade": "h2c"}[name]
    answer = shake(fly.port("ewr"), headers=[(name, value)])
    assert answer.status in (101, 400)
    assert answer.status != 101 or answer.headers["x-region"] == "cdg"


@pytest.mark.parametrize("host", ["evil.example", f"{PARIS}.evil.com", "cdgxplay.localhost"])
def test_an_unknown_host_gets_a_404_at_a_machine(fly: Running, host: str) -> None:
    """[FR3] A handshake for an unknown host that gets to a Machine all the same is a 404 in plain HTTP."""
    assert shake(fly.machine("ewr")["port"], host).status == 404


def test_an_unknown_region_is_never_replayed_to(fly: Running) -> None:
    """[FR3] A region that is not enabled is a 404, through the edge too."""
    answer = shake(fly.port("ewr"), f"ams.{PARENT}")
    assert answer.status == 404
    assert "replay" not in answer.headers["fly-edge-trace"]


def test_a_foreign_origin_is_refused_where_the_room_is(fly: Running) -> None:
    """[FR23] A foreign Origin is refused, after the replay, with 403."""
    answer = shake(fly.port("ewr"), headers=[("Origin", "http://evil.example")])
    assert answer.status == 403
    assert answer.headers["x-region"] == "cdg"


def test_wound_1_page_replayed_but_socket_not(fly: Running) -> None:
    """[FR7] The earlier attempt replayed pages but could not put a header on the handshake: here page and socket reach the same Machine."""
    port = fly.port("nrt")
    with Raw(port) as raw:
        raw.send(f"GET /r/main/ HTTP/1.1\r\nHost: {PARIS}:{port}\r\n\r\n".encode())
        page = raw.answer()
    socket = shake(port)
    assert (page.status, socket.status) == (200, 101)
    assert page.headers["x-machine"] == socket.headers["x-machine"] == fly.machine("cdg")["id"]


def test_wound_2_the_loop(fly: Running) -> None:
    """[FR6] The earlier attempt could go round for ever: here a request that comes back is refused at its second arrival."""
    trace = shake(fly.port("ewr"), headers=[("fly-replay-src", "instance=x;region=ewr;t=1")]).headers["fly-edge-trace"]
    assert trace.count("machine") == 1
    aimed = shake(fly.port("ewr"), headers=[("fly-force-instance-id", fly.machine("ewr")["id"])]).headers["fly-edge-trace"]
    assert aimed.count("machine") == 2


def test_wound_3_request_served_by_the_first_instance_though_it_was_meant_for_another(fly: Running) -> None:
    """[FR21] In the earlier attempt some requests were served where they arrived: here fifty from each vantage point all reach cdg."""
    served = {json.dumps([vantage, shake(fly.port(vantage)).headers["x-region"]]) for vantage in ("ewr", "nrt", "cdg") for _ in range(50)}
    assert served == {json.dumps([vantage, "cdg"]) for vantage in ("ewr", "nrt", "cdg")}
