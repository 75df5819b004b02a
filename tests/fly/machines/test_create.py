"""A create makes one Machine, whatever gets lost and whoever else asks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fly.machines import MachinesError
from fly.machines.client import MARK
from tests.fly.machines.far import ID, Far, refused, reply

CONFIG: dict[str, Any] = {"image": "app:1", "metadata": {"role": "lobby"}}
TAKEN = f'already_exists: unique machine name violation, machine ID {ID} already exists with name "ewr-2"'
LOST = httpx.ReadTimeout("")


class Store:
    """Machines that a create made; how many answers get lost, and whether the list shows a new one late."""

    def __init__(self, *, lose: int = 0, hide: int = 0, failure: Any = LOST) -> None:
        self.machines: list[dict[str, Any]] = []
        self.lose, self.hide, self.failure = lose, hide, failure
        self.far = Far(None, list=[self._list], make=[self._make])

    def _list(self, request: httpx.Request) -> httpx.Response:
        self.hide -= bool(self.machines)
        return reply(200, self.machines if self.hide < 0 else [])

    def _make(self, request: httpx.Request) -> Any:
        body = self.far.bodies()[-1]
        if any(machine["name"] == body["name"] for machine in self.machines):
            return refused(409, TAKEN)
        self.machines.append({"id": ID, "state": "created", **body})
        self.lose -= 1
        return self.failure if self.lose >= 0 else reply(200, self.machines[-1])

    async def create(self, name: str = "ewr-2", config: dict[str, Any] = CONFIG, **more: Any) -> Any:
        async with self.far.client() as fly:
            return await fly.create(name, "ewr", config, **more)


async def test_a_create_is_marked() -> None:
    """[MC15] A create sends name, region and config with a mark of the request in its metadata, and leaves the caller's config alone."""
    store = Store()
    machine = await store.create(metadata={"room": "blue"}, skip_launch=True)
    [body] = store.far.bodies()
    assert body.keys() == {"name", "region", "config", "skip_launch"}
    assert body["config"]["metadata"].keys() == {"role", "room", MARK}
    assert machine.metadata == body["config"]["metadata"]
    assert CONFIG == {"image": "app:1", "metadata": {"role": "lobby"}}
    plain = Store()
    await plain.create()
    assert "skip_launch" not in plain.far.bodies()[-1]


async def test_the_same_create_twice_is_one_machine() -> None:
    """[MC15] The same create again, also of another process, finds the Machine instead of making another."""
    store = Store()
    first, again = await store.create(), await store.create(config={"metadata": {"role": "lobby"}, "image": "app:1"})
    assert first.id == again.id
    assert store.far.calls() == ["GET ", "POST ", "GET "]


@pytest.mark.parametrize(
    "failure", [LOST, httpx.RemoteProtocolError(""), refused(500), refused(502), refused(504), refused(408), reply(200, b"{")]
)
@pytest.mark.parametrize("hide", [0, 1, 2])
async def test_a_lost_answer_is_looked_up(failure: Any, hide: int) -> None:
    """[MC16] A create whose answer is lost is looked up by name and mark before it is tried again, also where the list shows it late."""
    store = Store(lose=1, hide=hide, failure=failure)
    if hide and isinstance(failure, httpx.Response) and failure.status_code == 200:
        # What cannot be read is not asked for again: the one look is all.
        with pytest.raises(MachinesError, match="cannot be read"):
            await store.create()
    else:
        assert (await store.create()).id == ID
    assert len(store.machines) == 1
    calls = store.far.calls()
    assert all(calls[at + 1] == "GET " for at, call in enumerate(calls[:-1]) if call == "POST ")


async def test_a_lost_create_that_was_not_done_is_tried_again() -> None:
    """[MC16] Where the look-up finds nothing the create is sent again."""
    far = Far(None, list=[reply(200, [])], make=[LOST, httpx.ConnectError(""), reply(200, {"id": ID})])
    async with far.client() as fly:
        assert (await fly.create("ewr-2", "ewr", CONFIG)).id == ID
    assert far.calls().count("POST ") == 3


async def test_a_lost_create_that_nobody_can_look_up() -> None:
    """[MC16] Where the look-up fails too, the create's own error is raised and nothing is sent again."""
    far = Far(None, list=[reply(200, []), refused(401)], make=[LOST])
    async with far.client() as fly:
        with pytest.raises(MachinesError, match="No answer to create"):
            await fly.create("ewr-2", "ewr", CONFIG)
    assert far.calls() == ["GET ", "POST ", "GET "]


async def test_a_name_that_is_another_machines() -> None:
    """[MC17] A name that a Machine made otherwise has is an error with status 409 and code name_taken."""
    store = Store()
    await store.create()
    with pytest.raises(MachinesError) as caught:
        await store.create(config={"image": "app:2"})
    assert (caught.value.status, caught.value.code) == (409, "name_taken")
    assert len(store.machines) == 1


@pytest.mark.parametrize("state", ["destroyed", "destroying", "failed"])
async def test_a_machine_that_is_gone_is_not_found(state: str) -> None:
    """[MC17] A Machine of that name that is being destroyed or has failed is not what a create finds."""
    store = Store()
    await store.create()
    store.machines[0]["state"] = state
    with pytest.raises(MachinesError):
        await store.create()


async def test_two_at_once_are_one_machine() -> None:
    """[MC15] Of two processes that create the same at once, the slower one gets the quicker one's Machine."""
    store = Store(hide=1)
    await store.create()
    assert (await store.create()).id == ID
    assert store.far.calls() == ["GET ", "POST ", "GET ", "POST ", "GET "]
    assert len(store.machines) == 1


async def test_a_create_ends() -> None:
    """[MC11] A create ends within 90 s and ten tries."""
    far = Far(None, list=[reply(200, [])], make=[refused(502)])
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await fly.create("ewr-2", "ewr", CONFIG)
    assert far.now - 1000 <= 120
    assert far.calls().count("POST ") <= 10
