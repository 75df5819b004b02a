"""Where a room is served: looked up before a socket is accepted, replayed to its Machine, or told when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from fly.arrival import ReplaySource, write_source
from fly.headers import parse_instruction
from fly.here import Here
from fly.state import check, sign
from gameserver import placement as module
from gameserver.consumers import BOUNCED_MS, SPREAD_MS
from gameserver.engine.lease import EXPIRY_S, REFUSE_S
from gameserver.placement import Placement
from gameserver.process import Process
from gameserver.store import Held
from tests.gameserver.rooms import Shaky, sid, take_away, until
from tests.gameserver.sockets import Talk, running

HERE = Here("rooms", "148e", "cdg")
FAILED = (b"fly-replay-failed", b"instance=9999;app=rooms;region=cdg;replay_source=148e;reason=connect;elapsed_ms=5000")
NOW = 1_700_000_000.0


def replayed(step: str, region: str = "cdg") -> tuple[bytes, bytes]:
    """The header of a request that another Machine of ours replayed."""
    return b"fly-replay-src", write_source(ReplaySource("7777", "ewr", 1, sign(step, region, "7777"))).encode()


@pytest.fixture(autouse=True)
def _on_fly(settings: Any) -> None:
    settings.HERE = HERE


@pytest.fixture
def store() -> Shaky:
    """A store whose clock stands still, in which the Machine 9999 has the room `theirs` for all of a lease's time."""
    store = Shaky(clock=lambda: NOW)
    store.claim("cdg", "theirs", store.start("9999", "nonce").holder)
    return store


async def looked_up(process: Process, slug: str = "theirs") -> None:
    """Wait until the process knows by its table where a room is."""
    await until(lambda: process.placement.of("cdg", slug), "the table to be read")


async def sent_on(talk: Talk) -> str:
    """The Machine that a handshake is replayed to, in plain HTTP."""
    start = await talk.event()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 307)
    instruction = parse_instruction(dict(start["headers"])[b"fly-replay"].decode())
    proof = check(instruction.state)
    assert (instruction.region, proof and proof.step) == (("cdg",), "instance")
    assert (await talk.event())["type"] == "websocket.http.response.body"
    await talk.task
    return str(instruction.instance)


async def test_a_handshake_goes_to_the_machine_that_has_the_room(store: Shaky) -> None:
    """[GS95] A handshake for a room that another Machine has is sent there, without a claim, and never accepted."""
    async with running(store, HERE) as process:
        await looked_up(process)
        claims = store.count("claim")
        assert await sent_on(Talk("theirs")) == "9999"
        assert await sent_on(Talk("theirs", headers=[replayed("region")])) == "9999"
        assert (store.count("claim"), process.rooms(), process.outlets) == (claims, [], set())


async def test_nobody_is_sent_to_a_machine_that_has_just_let_the_room_go(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DP9] Before it sends anybody away the table is read again, once for all who wait: a room that was just let go is claimed here."""
    monkeypatch.setattr(module, "REFRESH_S", 3600.0)
    async with running(store, HERE) as process:
        await looked_up(process)
        process.placement._read_at -= module.FRESH_S
        looks, room = store.count("held"), store.room("theirs")
        store.release(room.holder, {room.key: room.epoch})
        talks = [Talk("theirs") for _ in range(5)]
        for number, talk in enumerate(talks):
            await talk.joined(number)
        assert (store.count("held"), [owner.slug for owner in process.rooms()]) == (looks + 1, ["theirs"])
        for talk in talks:
            await talk.leave()


async def test_a_database_that_does_not_answer_sends_them_where_it_was_known(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DP9] A look that fails, or takes too long, leaves the table as it was."""
    monkeypatch.setattr(module, "REFRESH_S", 3600.0)
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    async with running(store, HERE) as process:
        await looked_up(process)
        store.failing = {"held"}
        process.placement._read_at -= module.FRESH_S
        assert await sent_on(Talk("theirs")) == "9999"
        store.failing = set()
        gate = store.shut("held")
        assert await sent_on(Talk("theirs")) == "9999"
        gate.set()


async def test_a_table_that_does_not_know_yet_learns(store: Shaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS95] What the table does not know the claim finds out: the handshake is sent on all the same, the next one without a claim."""
    monkeypatch.setattr(module, "REFRESH_S", 3600.0)
    async with running(store, HERE) as process:
        await looked_up(process)
        store.claim("cdg", "new", store.start("8888", "nonce").holder)
        assert process.placement.of("cdg", "new") == ""
        assert await sent_on(Talk("new")) == "8888"
        claims = store.count("claim")
        assert await sent_on(Talk("new")) == "8888"
        assert store.count("claim") == claims


async def told(*headers: tuple[bytes, bytes], slug: str = "theirs") -> int:
    """The pause that a handshake which ends here is told, accepted and closed with 4003."""
    talk = await Talk(slug, headers=list(headers)).accepted()
    bye, code = await talk.closed()
    assert bye is not None
    assert (bye["code"], code) == (4003, 4003)
    await talk.leave()
    return int(bye["retry_ms"])


async def test_after_a_failed_replay_the_socket_is_told_when(store: Shaky) -> None:
    """[GS96] When the Machine could not be reached the socket is accepted, and told to come back as soon as the lease is over."""
    remaining_ms = int(EXPIRY_S * 1000)
    async with running(store, HERE) as process:
        await looked_up(process)
        assert remaining_ms + SPREAD_MS[0] <= await told(FAILED) <= remaining_ms + SPREAD_MS[1]
        assert process.outlets == set()


async def test_at_the_second_arrival_the_socket_is_told_to_come_back_soon(store: Shaky) -> None:
    """[GS96] A handshake that was sent here as to the holder, who lives elsewhere, is not sent on again, but told to come back at once."""
    async with running(store, HERE) as process:
        await looked_up(process)
        assert BOUNCED_MS[0] <= await told(replayed("instance")) <= BOUNCED_MS[1]
        assert BOUNCED_MS[0] <= await told((b"fly-replay-src", b"forged")) <= BOUNCED_MS[1]


async def test_nobody_is_sent_to_a_holder_that_does_not_let_people_in(store: Shaky) -> None:
    """[GS97] A holder that has not renewed for three seconds gets nobody: the socket is told to come back when the lease is over."""
    store.room("theirs").expires_at = NOW + EXPIRY_S - REFUSE_S
    async with running(store, HERE) as process:
        await until(lambda: process.placement._table)
        assert process.placement.of("cdg", "theirs") == ""
        remaining_ms = int((EXPIRY_S - REFUSE_S) * 1000)
        for headers in ((), (replayed("region"),)):
            assert remaining_ms + SPREAD_MS[0] <= await told(*headers) <= remaining_ms + SPREAD_MS[1]


@pytest.mark.parametrize("headers", [[], [FAILED], [replayed("instance")]], ids=["plain", "failed", "second"])
async def test_a_lease_that_is_over_is_taken(store: Shaky, headers: list[tuple[bytes, bytes]]) -> None:
    """[GS98] A room that nobody has any more is claimed by the Machine that got the handshake."""
    store.room("theirs").expires_at = NOW
    epoch = store.room("theirs").epoch
    async with running(store, HERE):
        talk = Talk("theirs", headers=headers)
        welcome = await talk.joined()
        assert (welcome["machine"], welcome["position"]) == ("148e", [epoch + 1, 0])
        await talk.leave()


async def test_an_own_room_is_served_without_a_look(store: Shaky) -> None:
    """[GS98] A room that this Machine has is served from memory, whatever brought the handshake here."""
    async with running(store, HERE) as process:
        for number, headers in enumerate(([], [FAILED], [replayed("instance")], [replayed("region")])):
            talk = Talk("ours", headers=headers)
            assert (await talk.joined(number))["machine"] == "148e"
            await talk.leave()
        assert store.count("claim") == 2
        assert process.placement.of("cdg", "ours") == ""
        process.placement.learn(Held("cdg", "ours", "9999", int(EXPIRY_S * 1000)))
        talk = Talk("ours")
        assert (await talk.joined(9))["machine"] == "148e", "a table that is late sent people away from their room"
        await talk.leave()


@pytest.mark.parametrize("late", [False, True])
async def test_what_cannot_be_replayed_is_refused(store: Shaky, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    """[FR7] A handshake with a body that is too large gets a 413 in plain HTTP, not a socket, when another Machine has its room."""
    monkeypatch.setattr(module, "REFRESH_S", 3600.0)
    async with running(store, HERE) as process:
        await looked_up(process)
        if late:
            store.claim("cdg", "theirs-too", store.start("8888", "nonce").holder)
        talk = Talk("theirs-too" if late else "theirs", headers=[(b"content-length", b"9999999")])
        start = await talk.event()
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 413)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_the_table_knows_the_others(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """[GS95] The table names other Machines as long as they let people in, ages while it cannot be read, and says so once."""
    clock, rows, failing = Clock(), [Held("cdg", "a", "m2", 6000), Held("cdg", "mine", "m1", 6000)], [False]
    monkeypatch.setattr(module, "steady", clock)
    monkeypatch.setattr(module, "REFRESH_S", 0.001)
    asked: list[bool] = []

    def read() -> asyncio.Future[Sequence[Held]]:
        asked.append(True)
        future: asyncio.Future[Sequence[Held]] = asyncio.get_running_loop().create_future()
        if failing[0]:
            future.set_exception(OSError("away"))
        else:
            future.set_result(list(rows))
        return future

    placement = Placement("m1", read)
    placement.start()
    await until(lambda: placement.of("cdg", "a") == "m2")
    assert (placement.of("cdg", "mine"), placement.of("ewr", "a"), placement.of("cdg", "b")) == ("", "", "")
    failing[0], have = True, len(asked)
    await until(lambda: len(asked) > have + 5)
    assert caplog.text.count("table of leases cannot be read") == 1
    clock.now += 2.9
    assert placement.of("cdg", "a") == "m2"
    placement.learn(Held("cdg", "b", "m3", 6000))
    clock.now += 0.1
    assert (placement.of("cdg", "a"), placement.of("cdg", "b")) == ("", "m3")
    failing[0], rows[0] = False, Held("cdg", "a", "m4", 6000)
    await until(lambda: placement.of("cdg", "a") == "m4")
    placement.stop()


async def test_a_room_that_was_given_up_since_the_handshake(store: Shaky) -> None:
    """[GS84] A socket whose room was given up before its join joins the room as it is opened again; if another Machine has it, 4003."""
    async with running(store, HERE) as process:
        talks = [await Talk().accepted() for _ in range(2)]
        epoch = process.rooms()[0].epoch
        process.lost(process.rooms()[0])
        talks[0].send({"cmd": "room.join", "v": 1, "sid": sid()})
        assert (await talks[0].read())["position"] == [epoch + 1, 0]
        process.lost(process.rooms()[0])
        take_away(process, "main")
        talks[1].send({"cmd": "room.join", "v": 1, "sid": sid(1)})
        bye, code = await talks[1].closed()
        assert bye is not None
        assert (code, bye["retry_ms"] > 0) == (4003, True)
        for talk in talks:
            await talk.leave()
