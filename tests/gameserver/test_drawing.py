"""Worlds that draw for each player, and hear binary messages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gameserver import owner as owner_module
from gameserver.counts import COUNTS
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.registry import Registry
from gameserver.engine.worlds import BaseWorld, Happening, Who
from gameserver.engine.worlds.chat import Say
from gameserver.engine.worlds.chat import World as Chat
from gameserver.process import Process
from gameserver.watch import token_of
from tests.gameserver.rooms import ADA, BOB, HandJournal, Keeper, enter, make_owner, until
from tests.gameserver.sockets import Talk, running


class Wheel(BaseWorld):
    """Each player turns it, and is shown how far oneself has."""

    name = "wheel"
    journalled = passing = frozenset({"wheel.stopped"})
    has_state = True
    is_exact = False
    hears = draws = True
    rate, burst = 60.0, 120.0
    tick_s = 1 / 500
    frames = 250.0

    def __init__(self) -> None:
        self.turned: dict[str, int] = {}
        self.ticks = 0
        self.left: list[str] = []

    def heard(self, who: Who, data: bytes, at: int) -> None:
        if len(data) != 1:
            raise Rejected(Code.BAD_MESSAGE, "One byte.")
        if data == b"\xff":
            raise RuntimeError("the wheel broke")
        self.turned[who.id] = self.turned.get(who.id, 0) + data[0]

    def tick(self, at: int) -> tuple[Happening, ...]:
        self.ticks += 1
        return ()

    def frame(self, player: str) -> bytes | None:
        return bytes([self.turned[player]]) if player in self.turned else None

    def gone(self, player: str) -> None:
        self.left.append(player)

    def snapshot(self) -> object:
        return self.turned

    def restore(self, data: dict[str, int]) -> None:
        self.turned = data


WHEELS = Registry([Chat, Wheel])


def wheel(owner: owner_module.Owner) -> Wheel:
    assert owner.room is not None
    world = owner.room.worlds[1]
    assert isinstance(world, Wheel)
    return world


async def test_each_is_shown_its_own(journal: HandJournal) -> None:
    """[GS140] Every player gets frames of its own, in all tabs; one for whom the world has none gets none; half as many as ticks here."""
    owner = await make_owner(journal, Keeper(journal, registry=WHEELS), world="wheel")
    (ada, ada_sink), (bob, bob_sink), (_, other) = await enter(owner), await enter(owner, BOB, 1), await enter(owner, ADA, 2)
    owner.receive_bytes(ada, b"\x05")
    await until(lambda: len(ada_sink.frames) > 3)
    assert set(ada_sink.frames) == set(other.frames) == {b"\x05"}
    assert bob_sink.frames == []
    owner.receive_bytes(bob, b"\x07")
    await until(lambda: bob_sink.frames)
    assert set(bob_sink.frames) == {b"\x07"}
    assert len(ada_sink.frames) <= wheel(owner).ticks // 2 + 1
    owner.stop()


async def test_none_for_whom_something_waits(journal: HandJournal) -> None:
    """[GS140] A reader for whom something waits gets no frame until nothing does, and costs others none."""
    owner = await make_owner(journal, Keeper(journal, registry=WHEELS), world="wheel")
    (ada, slow), (bob, quick) = await enter(owner), await enter(owner, BOB, 1)
    for member in (ada, bob):
        owner.receive_bytes(member, b"\x01")
    await until(lambda: slow.frames and quick.frames)
    slow.waiting, seen, dropped = 100, len(slow.frames), COUNTS.own_frames_dropped
    await until(lambda: COUNTS.own_frames_dropped > dropped + 2)
    assert len(slow.frames) == seen
    slow.waiting = 0
    await until(lambda: len(slow.frames) > seen)
    owner.stop()


async def test_a_world_that_breaks_over_bytes(journal: HandJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS141] What a world refuses is the sender's matter; a fault of the world has the room read again, and others go on."""
    monkeypatch.setattr(owner_module, "RELOAD_S", (0.001,))
    owner = await make_owner(journal, Keeper(journal, registry=WHEELS), world="wheel")
    journal.auto = True
    (ada, _), (bob, sink) = await enter(owner), await enter(owner, BOB, 1)
    with pytest.raises(Rejected):
        owner.receive_bytes(ada, b"two")
    with pytest.raises(RuntimeError):
        owner.receive_bytes(ada, b"\xff")
    await until(owner._is_available)
    owner.receive(bob, Say(ref=1, text="still here"))
    await until(lambda: sink.texts == ["still here"])
    owner.stop()


async def test_the_last_session_that_leaves(journal: HandJournal) -> None:
    """[GS142] The world hears of a player who has left with the last tab, and not of one who has another."""
    owner = await make_owner(journal, Keeper(journal, registry=WHEELS), world="wheel")
    (ada, _), (again, _) = await enter(owner), await enter(owner, ADA, 2)
    owner.leave(ada)
    assert wheel(owner).left == []
    owner.leave(again)
    owner.leave(again)
    assert wheel(owner).left == [ADA.id]
    owner.stop()


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running(registry=WHEELS) as process:
        yield process


async def test_bytes_through_a_socket(process: Process) -> None:
    """[GS141] Bytes of a socket reach the world, and its frames the socket as binary messages; who watches turns nothing."""
    talk, watcher = Talk(query=b"world=wheel"), Talk(token_of("cdg", "main"), path="/ws/w/{}/")
    await talk.joined(1)
    await watcher.joined(2)
    for socket in (talk, watcher):
        socket.inbound.put_nowait({"type": "websocket.receive", "bytes": b"\x09"})
    while (event := await talk.event()).get("bytes") is None:
        pass
    assert event["bytes"] == b"\x09"
    while (event := await watcher.event()).get("text") is None or '"error"' not in event["text"]:
        assert event.get("bytes") is None
    assert "read_only" in event["text"]
    assert len(wheel(process.rooms()[0]).turned) == 1
    await talk.leave()
    await watcher.leave()
