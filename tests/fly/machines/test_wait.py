"""Waiting for a state: the API waits a minute at most, the client as long as it is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fly.machines import MachinesError
from tests.fly.machines.far import ID, INSTANCE, MACHINE, Far, refused, reply

LATE = "machine failed to reach desired state, started, currently stopped"


def slow(far: Far) -> Any:
    """An API that says 408 when the time it was given is over."""

    def answer(request: httpx.Request) -> httpx.Response:
        far.now += int(request.url.params["timeout"])
        return refused(408, LATE)

    return answer


def timeouts(far: Far) -> list[int]:
    return [int(one.url.params["timeout"]) for one in far.requests if one.url.path.endswith("/wait")]


async def test_a_long_wait_is_repeated() -> None:
    """[MC18] A wait beyond 60 s is several of at most 60 s and at least 1 s, up to the deadline, and then status 408."""
    far = Far(None)
    far.by_path["wait"] = [slow(far)]
    async with far.client() as fly:
        with pytest.raises(MachinesError, match="currently stopped") as caught:
            await fly.wait(ID, "started", timeout_s=150.5)
    assert timeouts(far) == [60, 60, 30, 1]
    assert caught.value.status == 408
    assert 150.5 <= far.now - 1000 <= 152


@pytest.mark.parametrize("timeout_s", [0.0, 0.2, 1.0, -5.0])
async def test_a_short_wait_asks_once(timeout_s: float) -> None:
    """[MC18] A wait of a second or less, or of nothing, asks once, for one second."""
    far = Far(None)
    far.by_path["wait"] = [slow(far)]
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await fly.wait(ID, "started", timeout_s=timeout_s)
    assert timeouts(far) == [1]


async def test_a_wait_ends_when_it_is_so() -> None:
    """[MC18] A wait returns with the API's first yes; trouble on the way is asked again until the deadline."""
    far = Far(None)
    far.by_path["wait"] = [slow(far), refused(503), httpx.ReadTimeout(""), refused(429), reply(200, {"ok": True, "state": "started"})]
    async with far.client() as fly:
        await fly.wait(ID, "started", timeout_s=100)
    assert len(far.requests) == 5


async def test_an_api_that_says_408_at_once() -> None:
    """[MC18] An API that ends every wait at once is asked once a second, and the deadline holds."""
    far = Far(None, wait=[refused(408, LATE)])
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await fly.wait(ID, "started", timeout_s=20)
    assert 20 <= far.now - 1000 <= 22
    assert len(far.requests) <= 25


async def test_trouble_does_not_move_the_deadline() -> None:
    """[MC18] An API that never answers ends a wait at its deadline, not later."""
    far = Far(None, wait=[httpx.ReadTimeout("")])
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await fly.wait(ID, "started", timeout_s=10)
    assert far.now - 1000 <= 11


@pytest.mark.parametrize(("given", "calls"), [("", ["GET /" + ID, f"GET /{ID}/wait"]), (INSTANCE, [f"GET /{ID}/wait"])])
async def test_stopped_is_said_of_a_version(given: str, calls: list[str]) -> None:
    """[MC19] A wait for stopped carries the Machine's instance_id, looked up where it was not given."""
    far = Far(reply(200, {"ok": True}), get=[reply(200, MACHINE)])
    async with far.client() as fly:
        await fly.wait(ID, "stopped", instance_id=given, timeout_s=5)
    assert far.calls() == calls
    assert dict(far.requests[-1].url.params) == {"state": "stopped", "timeout": "5", "instance_id": INSTANCE}


async def test_gone_is_destroyed() -> None:
    """[MC19] A Machine that is not there any more is destroyed; for another state that is an error."""
    far = Far(refused(404))
    async with far.client() as fly:
        await fly.wait(ID, "destroyed", timeout_s=5)
        with pytest.raises(MachinesError):
            await fly.wait(ID, "started", timeout_s=5)
