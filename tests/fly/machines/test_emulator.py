"""The client against the emulator's API, on real processes: the far end that it was not written with."""

from __future__ import annotations

from pathlib import Path

import pytest

from fly.machines import Lease, Machines, MachinesError
from tests.fly.edge.api.run import CONFIG, Run

LIMIT_S = 60.0


async def test_the_whole_life_of_a_machine(tmp_path: Path) -> None:
    """[MC22] Against the emulator, with its rates, every order works, and those that are given twice are no errors."""
    run = Run(tmp_path, limits=True)
    await run.start()
    try:
        async with Machines(run.emulator.api.url, run.emulator.api.token, "rooms") as fly:
            await _life(fly)
            await _refusals(fly)
        async with Machines(run.emulator.api.url, "another-token", "rooms") as stranger:
            with pytest.raises(MachinesError) as caught:
                await stranger.list()
        assert caught.value.status == 401
    finally:
        await run.stop()


async def _life(fly: Machines) -> None:
    made = await fly.create("ams-1", "ams", CONFIG, metadata={"role": "test"})
    assert (await fly.create("ams-1", "ams", CONFIG, metadata={"role": "test"})).id == made.id
    await fly.wait(made.id, "started", timeout_s=LIMIT_S)
    await fly.start(made.id)
    assert [one.id for one in await fly.list(region="ams", metadata={"role": "test"})] == [made.id]
    await fly.cordon(made.id)
    assert (await fly.get(made.id)).cordoned
    await fly.uncordon(made.id)
    await fly.set_metadata(made.id, "mark", "empty")
    assert (await fly.metadata(made.id))["mark"] == "empty"
    await fly.delete_metadata(made.id, "mark")
    assert "mark" not in await fly.metadata(made.id)
    lease = await fly.lease(made.id, 30, "a test")
    assert isinstance(lease, Lease)
    with pytest.raises(MachinesError) as held:
        await fly.lease(made.id, 30)
    assert held.value.status == 409
    await fly.release(made.id, lease.nonce)
    await fly.suspend(made.id)
    await fly.wait(made.id, "suspended", timeout_s=LIMIT_S)
    await fly.suspend(made.id)
    await fly.start(made.id)
    await fly.wait(made.id, "started", timeout_s=LIMIT_S)
    await fly.stop(made.id, timeout_s=5)
    await fly.wait(made.id, "stopped", timeout_s=LIMIT_S)
    await fly.stop(made.id)
    await fly.destroy(made.id)
    await fly.wait(made.id, "destroyed", timeout_s=LIMIT_S)
    await fly.destroy(made.id)
    assert await fly.list(region="ams") == []


async def _refusals(fly: Machines) -> None:
    with pytest.raises(MachinesError) as caught:
        await fly.get("00000000000000")
    assert (caught.value.status, bool(caught.value.text)) == (404, True)
    with pytest.raises(MachinesError) as late:
        await fly.wait((await fly.list(region="nrt"))[0].id, "destroyed", timeout_s=0)
    assert late.value.status == 408
