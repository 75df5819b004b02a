"""Who comes in when many come at once."""

from __future__ import annotations

import asyncio
import itertools

from gameserver.admission import A_TURN, Admission


async def test_few_do_not_wait() -> None:
    """[GS125] Who comes when nobody waits comes in at once."""
    admission = Admission()
    for _ in range(A_TURN):
        coroutine = admission.turn()
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        raise AssertionError("somebody waited")


async def test_many_come_in_a_few_a_turn_in_their_order() -> None:
    """[GS125] Of many who come at once a few come in with each turn of the event loop, in the order in which they came."""
    admission = Admission()
    entered: list[int] = []

    async def come(number: int) -> None:
        await admission.turn()
        entered.append(number)

    tasks = [asyncio.ensure_future(come(number)) for number in range(A_TURN * 20)]
    sizes = [0]
    while len(entered) < len(tasks):
        await asyncio.sleep(0)
        sizes.append(len(entered))
    assert entered == list(range(len(tasks)))
    assert max(later - earlier for earlier, later in itertools.pairwise(sizes)) <= A_TURN
    await asyncio.gather(*tasks)


async def test_whoever_is_gone_takes_nobodys_place() -> None:
    """[GS125] Clients that leave while they wait cost the others nothing."""
    admission = Admission()
    waiting = [asyncio.ensure_future(admission.turn()) for _ in range(A_TURN * 10)]
    await asyncio.sleep(0)
    for task in waiting[A_TURN : A_TURN * 9]:
        task.cancel()
    last = waiting[A_TURN * 9 :]
    for _ in range(4):
        await asyncio.sleep(0)
    assert all(task.done() for task in last)
    assert len(admission) == 0
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_whoever_is_let_in_already_comes_first() -> None:
    """[GS125] A client whose handshake was answered waits for its welcome behind no other's handshake: its time is running."""
    admission = Admission()
    shaking = [asyncio.ensure_future(admission.turn()) for _ in range(A_TURN * 10)]
    await asyncio.sleep(0)
    joining = [asyncio.ensure_future(admission.turn(soon=True)) for _ in range(A_TURN)]
    for _ in range(4):
        await asyncio.sleep(0)
    assert all(task.done() for task in joining)
    assert not all(task.done() for task in shaking)
    await asyncio.gather(*shaking)
