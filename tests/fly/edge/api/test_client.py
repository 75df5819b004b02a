"""The client of `fly.machines` against the emulated API, on real processes: every method, without a branch on either side."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from fly.machines import Machines, MachinesError
from tests.fly.edge.api.run import CONFIG, Run

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def fly(run: Run) -> AsyncIterator[Machines]:
    """The client as a Machine of the run would make it."""
    environ = run.emulator.fleet.api_environ
    async with Machines(environ["MACHINES_API_URL"], environ["MACHINES_API_TOKEN"], "rooms") as client:
        yield client


async def test_a_machine_from_its_creation_to_its_end(run: Run, fly: Machines) -> None:
    """[EM10] create, get, wait, stop, start, suspend, destroy: each leads where it says, and once more is no error."""
    made = await fly.create("ams-1", "ams", CONFIG, metadata={"role": "gameserver"})
    assert (made.state, made.region, made.metadata["role"]) == ("created", "ams", "gameserver")
    await fly.wait(made.id, "started", timeout_s=60)
    again = await fly.create("ams-1", "ams", CONFIG, metadata={"role": "gameserver"})
    assert (again.id, again.state) == (made.id, "started")
    await fly.start(made.id)
    await fly.suspend(made.id)
    await fly.wait(made.id, "suspended", timeout_s=60)
    await fly.start(made.id)
    await fly.wait(made.id, "started", timeout_s=60)
    await fly.stop(made.id, timeout_s=5)
    await fly.wait(made.id, "stopped", timeout_s=60)
    await fly.stop(made.id)
    assert (await fly.get(made.id)).state == "stopped"
    await fly.destroy(made.id)
    await fly.wait(made.id, "destroyed", timeout_s=60)
    await fly.destroy(made.id)
    assert made.id not in [one.id for one in await fly.list()]


async def test_lists_metadata_cordons_and_leases(run: Run, fly: Machines) -> None:
    """[EM10] list by region and metadata; metadata set and deleted; cordon and uncordon; a lease that is held, and given back."""
    id = run.machine("ewr").id
    await fly.set_metadata(id, "colour", "red")
    assert (await fly.metadata(id))["colour"] == "red"
    assert [one.id for one in await fly.list(region="ewr", metadata={"colour": "red"})] == [id]
    await fly.delete_metadata(id, "colour")
    assert await fly.list(metadata={"colour": "red"}) == []
    lease = await fly.lease(id, 60, "a test")
    with pytest.raises(MachinesError) as held:
        await fly.lease(id, 60)
    assert held.value.status == 409
    await fly.release(id, lease.nonce)
    await fly.cordon(id)
    assert (await fly.get(id)).cordoned
    await fly.uncordon(id)
    assert not (await fly.get(id)).cordoned


async def test_what_is_refused(run: Run, fly: Machines) -> None:
    """[EM10] A full region, a host that is gone, a Machine that is not there, a wait that is too short: one error, told apart."""
    await run.order("capacity", "gru", most=0)
    with pytest.raises(MachinesError) as full:
        await fly.create("gru-1", "gru", CONFIG)
    assert (full.value.no_room, full.value.status, full.value.code) == (True, 503, "insufficient_capacity")
    with pytest.raises(MachinesError) as missing:
        await fly.get("148e21d7f74298")
    assert missing.value.status == 404
    with pytest.raises(MachinesError) as late:
        await fly.wait(run.machine("ewr").id, "suspended", timeout_s=1)
    assert late.value.status == 408
    assert run.emulator.api.token not in f"{full.value!r} {missing.value!r} {late.value!r}"


async def test_a_wrong_token(run: Run) -> None:
    """[EM11] A client with another token is told 401, whatever it asks."""
    async with Machines(run.emulator.api.url, "wrong", "rooms") as stranger:
        with pytest.raises(MachinesError) as refused:
            await stranger.list()
    assert (refused.value.status, "token validation" in refused.value.text) == (401, True)
