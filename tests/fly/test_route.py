"""How a request came here: what the route says, in page data and in the debug headers of every answer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings as SettingsWrapper

from fly.arrival import ReplaySource, write_source
from fly.context import read_context
from fly.here import Here
from fly.state import sign
from fly.trace import Trace, debug_headers

HOST = (b"host", b"cdg.play.localhost")


@pytest.fixture
def paris(settings: SettingsWrapper) -> None:
    settings.HERE = Here("rooms", "bbbb", "cdg")


def replayed(state: str, ago_ms: float = 80.0, by: str = "aaaa") -> list[tuple[bytes, bytes]]:
    """A request that the Machine `by` in ewr replayed `ago_ms` milliseconds ago, at the edge of ewr."""
    source = ReplaySource(by, "ewr", int((time.time() * 1000 - ago_ms) * 1000), state)
    return [HOST, (b"fly-region", b"ewr"), (b"fly-replay-src", write_source(source).encode())]


@pytest.mark.usefixtures("paris")
def test_a_replayed_request_names_its_stations() -> None:
    """[FR26] The route names edge, replaying Machine, this Machine, the time between, and that our signature proves it."""
    route = read_context("/", replayed(sign("region", "cdg", "aaaa"))).route
    assert (route.edge, route.replayed_from_region, route.replayed_from_machine) == ("ewr", "ewr", "aaaa")
    assert (route.region, route.machine, route.verified) == ("cdg", "bbbb", True)
    assert route.replay_ms is not None
    assert route.replay_ms >= 80
    assert route.reason.startswith("FR4")
    assert route.as_dict()["verified"] is True


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize("state", ["", "forged", "another machine"])
def test_what_is_not_proven_is_not_verified(state: str) -> None:
    """[FR20] [FR26] Without our signature, or with another Machine's, the route is told but not verified, and served all the same."""
    text = sign("region", "cdg", "eeee") if state == "another machine" else state
    context = read_context("/", replayed(text))
    assert context.route.verified is False
    assert context.route.replayed_from_machine == "aaaa"
    assert context.decision.reason.startswith("FR4")


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize(("ago_ms", "wanted"), [(-300, 0.0), (-5_000, None), (3_600_000, None)])
def test_clocks_that_differ_show_no_nonsense(ago_ms: float, wanted: float | None) -> None:
    """[FR26] A clock a little behind makes 0 ms, clocks at odds make no number at all."""
    route = read_context("/", replayed("", ago_ms)).route
    assert route.replay_ms == wanted
    assert ("replay-ms" in route.as_header()) == (wanted is not None)


@pytest.mark.usefixtures("paris")
def test_a_direct_request_has_no_replay() -> None:
    """[FR26] A request that nobody replayed says so."""
    route = read_context("/", [HOST]).route
    assert (route.replayed_from_region, route.replayed_from_machine, route.replay_ms, route.verified) == (None, None, None, False)
    assert route.as_header() == "edge=none; here=cdg/bbbb; reason=FR4 this is the right region"


def test_off_fly_the_region_is_that_of_the_host() -> None:
    """[FR2] [FR26] Off Fly one process is every region, and the route names the one that was asked for."""
    context = read_context("/", [HOST])
    assert (context.region, context.route.region, context.route.machine) == ("cdg", "cdg", "local")


@given(
    st.lists(
        st.tuples(st.sampled_from([b"fly-region", b"fly-replay-src", b"host", b"fly-replay-failed"]), st.binary(max_size=80)), max_size=5
    )
)
def test_debug_headers_cannot_be_broken(headers: list[tuple[bytes, bytes]]) -> None:
    """[FR13] [FR26] Whatever a client sends, the debug headers are one line of printable ASCII each."""
    for name, value in debug_headers(read_context("/", headers)):
        assert name in (b"x-region", b"x-machine", b"x-route")
        assert all(0x20 <= byte < 0x7F for byte in value)


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize("start", ["http.response.start", "websocket.http.response.start", "websocket.accept"])
async def test_every_answer_carries_the_debug_headers(start: str) -> None:
    """[FR26] Answers, denials and accepted handshakes carry x-region, x-machine and x-route beside their own headers."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["fly"].region == "cdg"
        await send({"type": start, "headers": [(b"x-own", b"1")]})
        await send({"type": "more"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    kind = "http" if start.startswith("http") else "websocket"
    await Trace(app)({"type": kind, "path": "/", "headers": [HOST]}, receive, send)
    assert [name for name, _ in sent[0]["headers"]] == [b"x-own", b"x-region", b"x-machine", b"x-route"]
    assert sent[1] == {"type": "more"}


async def test_lifespan_passes_untouched() -> None:
    """[FR26] What is neither request nor handshake goes through as it is."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    scope: Any = {"type": "lifespan"}
    await Trace(app)(scope, "receive", "send")  # type: ignore[arg-type]
    assert seen == [(scope, "receive", "send")]
