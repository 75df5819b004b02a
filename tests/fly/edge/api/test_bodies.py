"""What is asked, as values: bodies, configs, durations, signals, routes, rates."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fly.edge.api import bodies
from fly.edge.api.limits import MOST_BUCKETS, Rates
from fly.edge.api.routes import route
from fly.edge.plan import Concurrency, Plan
from fly.edge.troubles import Refusal


def refused(status: int, text: str, call: Any) -> None:
    with pytest.raises(Refusal, match=text) as refusal:
        call()
    assert refusal.value.status == status


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "image"),
        ({"image": ""}, "image is required"),
        ({"image": 7}, "image"),
        ({"image": "a", "guest": {"cpus": 1}, "size": "shared-cpu-1x"}, "guest and size"),
        ({"image": "a", "env": {"FLY_REGION": "ams"}}, "FLY_"),
        ({"image": "a", "env": {"A": 1}}, "env"),
        ({"image": "a", "env": {"A": "\0"}}, "env"),
        ({"image": "a", "env": {"A=B": ""}}, "env"),
        ({"image": "a", "env": {"": "x"}}, "env"),
        ({"image": "a", "env": {"A": "\ud800"}}, "env"),
        ({"image": "a", "metadata": {"a": 1}}, "metadata"),
        ({"image": "a", "services": [{"autostart": "true"}]}, "autostart"),
        ({"image": "a", "services": [{"autostop": "sometimes"}]}, "autostop"),
        ({"image": "a", "services": [{"concurrency": {"soft_limit": "many"}}]}, "soft_limit"),
        ({"image": "a", "restart": {"policy": "maybe"}}, "policy"),
        ({"image": "a", "stop_config": {"signal": "SIGNOTHING"}}, "signal"),
        ({"image": "a", "stop_config": {"timeout": "301s"}}, "300 s"),
        ({"image": "a", "stop_config": {"signal": ["SIGTERM"]}}, "signal"),
        ({"image": "a", "stop_config": {"timeout": {}}}, "timeout"),
    ],
)
def test_a_config_that_cannot_be(config: dict[str, Any], text: str) -> None:
    """[EM11] A config that Fly would not take is a 422 that names the field; autostart is a boolean and nothing else."""
    refused(422, text, lambda: bodies.check_config(config))


def test_a_config_keeps_what_nobody_here_knows() -> None:
    """[EM11] Fields of a config that the emulator does not read are no reason to refuse it."""
    bodies.check_config({"image": "a", "standbys": ["x"], "services": [{"ports": [{"port": 443}], "checks": [], "new": 1}], "dns": {}})


@pytest.mark.parametrize(
    ("text", "status"), [(b"{", 400), (b"\xff", 400), (b"[]", 422), (b'{"config": []}', 422), (b"{}", 422), (b"", 422)]
)
def test_a_body_that_cannot_be(text: bytes, status: int) -> None:
    """[EM11] What is no JSON is a 400, JSON that is not what is wanted a 422."""
    refused(status, "invalid request", lambda: bodies.read(text, bodies.Create))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(text: bytes) -> None:
    """[EM11] Whatever bytes come, they are read or refused with 400 or 422."""
    statuses = set()
    for kind in (bodies.Create, bodies.Stop, bodies.TakeLease, bodies.Value, bodies.CreateApp):
        try:
            bodies.read(text, kind)
        except Refusal as refusal:
            statuses.add(refusal.status)
    assert statuses <= {400, 422}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["SIGTERM", "5s", "suspend", "no"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
PARTS = {
    "services": st.lists(
        st.dictionaries(st.sampled_from(["autostart", "autostop", "concurrency", "ports", "min_machines_running"]), JSON), max_size=2
    ),
    "restart": st.dictionaries(st.sampled_from(["policy", "max_retries"]), JSON),
    "stop_config": st.dictionaries(st.sampled_from(["signal", "timeout"]), JSON),
    "env": st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
    "metadata": st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({"image": st.just("a")}, optional={name: part | JSON for name, part in PARTS.items()}))
def test_any_config_is_refused_or_can_be_obeyed(config: dict[str, Any]) -> None:
    """[EM11] Whatever a config holds, it is a 422, or everything that reads it later can."""
    status = 0
    try:
        bodies.check_config(config)
    except Refusal as refusal:
        status = refusal.status
    assert status in (0, 422)
    if status:
        return
    bodies.limits_of(config)
    bodies.restart_of(config)
    bodies.stop_of(config)
    json.dumps(config).encode()


@pytest.mark.parametrize(("wanted", "text", "seconds"), [(60, "", 60), (0, "120", 120), (0, "", 300), (0, "soon", 300), (7, "9", 7)])
def test_how_long_a_lease_runs(wanted: int, text: str, seconds: int) -> None:
    """[EM15] As the body says, else the query, else five minutes; a day at most."""
    assert bodies.lease_s(wanted, text) == seconds
    refused(422, "ttl", lambda: bodies.lease_s(-1))
    refused(422, "ttl", lambda: bodies.lease_s(86_401))
    refused(422, "ttl", lambda: bodies.lease_s(0, "9" * 5000))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, 5), ("", 5), ("15s", 15), ("1m", 60), ("500ms", 0.5), ("7", 7), (15_000_000_000, 15), (30, 30), (0, 0), ("2.5s", 2.5)],
)
def test_durations(value: Any, seconds: float) -> None:
    """[EM4] A duration is a text with a unit, or a number of nanoseconds; a small number is seconds."""
    assert bodies.duration_s(value, 5.0) == seconds


@pytest.mark.parametrize("value", ["soon", "-1s", "1d", 1e12, -1, "400s"])
def test_durations_that_cannot_be(value: Any) -> None:
    """[EM4] A Machine has 300 s at most to stop."""
    refused(422, "invalid request", lambda: bodies.duration_s(value, 5.0))


@pytest.mark.parametrize("text", ["SIGTERM", "sigterm", "TERM", 15, "15"])
def test_signals(text: str | int) -> None:
    """[EM4] A signal is a number or a name, with or without SIG."""
    assert bodies.signal_of(text) == signal.SIGTERM
    refused(422, "no signal", lambda: bodies.signal_of("SIGNOTHING"))
    refused(422, "no signal", lambda: bodies.signal_of(999))


def test_what_a_config_says_to_the_proxy() -> None:
    """[EM20] Limits and autostop of the first service; unset: soft limit 20, no hard one, nobody is woken; without a service nothing."""
    assert bodies.limits_of({}) == bodies.Limits(0, 0, autostart=False, autostop="off", min_running=0)
    assert bodies.limits_of({"services": [{}]}) == bodies.Limits(20, 0, autostart=False, autostop="off", min_running=0)
    for given_, read in ((True, "stop"), ("stop", "stop"), ("suspend", "suspend"), ("off", "off"), (False, "off")):
        assert bodies.limits_of({"services": [{"autostop": given_}]}).autostop == read


@pytest.mark.parametrize("autostop", ["off", "stop", "suspend"])
def test_a_plans_config_is_one_that_fly_takes(autostop: Any) -> None:
    """[EM9] The config of a Machine of `flyedge` could be given to the API, and says what its plan says."""
    plan = Plan("cdg", (), {}, "", stop_s=25, restart="always", concurrency=Concurrency(7, 9, autostop=autostop, min_running=1))
    config = plan.config()
    bodies.check_config(config)
    assert bodies.limits_of(config) == bodies.Limits(7, 9, autostart=True, autostop=autostop, min_running=1)
    assert bodies.stop_of(config) == (signal.SIGTERM, 25.0)
    assert bodies.restart_of(config).policy == "always"


@pytest.mark.parametrize(
    ("method", "target", "action"),
    [
        ("GET", "/v1/apps/rooms/machines?region=ewr&metadata.a=b", "list"),
        ("POST", "/v1/apps/rooms/machines", "create"),
        ("GET", "/v1/apps/rooms/machines/1", "get"),
        ("DELETE", "/v1/apps/rooms/machines/1?force=true", "destroy"),
        ("GET", "/v1/apps/rooms/machines/1/wait?state=started&state=stopped&state=", "wait"),
        ("DELETE", "/v1/apps/rooms/machines/1/metadata/a%2Fb", "delete_metadata"),
        ("GET", "/v1/platform/regions", "regions"),
        ("GET", "/v1/apps/rooms", "app"),
    ],
)
def test_routes(method: str, target: str, action: str) -> None:
    """[EM10] Paths and methods lead to actions; parts are decoded, the query is read."""
    asked = route(method, target, b"", "")
    assert asked is not None
    assert asked.action == action
    if action == "list":
        assert asked.query == {"region": "ewr", "metadata.a": "b"}
    assert asked.states == (("started", "stopped") if action == "wait" else ())
    if action == "delete_metadata":
        assert (asked.app, asked.machine, asked.key, asked.ident) == ("rooms", "1", "a/b", "1")


@pytest.mark.parametrize("target", ["/", "/v1", "/v2/apps", "/v1/apps/rooms/machines/1/exec", "/v1/apps/rooms/machines/1/start/now"])
def test_what_is_no_path_of_the_api(target: str) -> None:
    """[EM10] What the emulator does not have leads nowhere."""
    assert route("POST", target, b"", "") is None


def test_the_rate_is_one_a_second_with_three_at_once() -> None:
    """[EM12] One a second and a burst of three for each action on each Machine or app; a refusal counts nothing."""
    rates = Rates()
    assert [rates.take("start", "a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]
    assert rates.take("start", "a", 0.5) == 0.5
    assert rates.take("start", "a", 1.0) == 0.0
    assert (rates.take("start", "b", 1.0), rates.take("stop", "a", 1.0)) == (0.0, 0.0)
    assert [rates.take("get", "a", 0.0) for _ in range(11)].count(0.0) == 10
    assert [rates.take("start", "a", 100.0) for _ in range(4)].count(0.0) == 3


def test_forgotten_buckets_are_full_ones() -> None:
    """[EM12] However many Machines are asked for, a bucket that is not full is not forgotten."""
    rates = Rates()
    for _ in range(3):
        rates.take("start", "a", 1000.0)
    for number in range(MOST_BUCKETS + 10):
        rates.take("start", str(number), 0.0 if number < MOST_BUCKETS else 1000.0)
    assert rates.take("start", "a", 1000.0) > 0
    assert len(rates._buckets) < MOST_BUCKETS
