"""docs/worlds.md is true: its example runs, and both ends, in Python and under Node, come to the same state."""

from __future__ import annotations

import importlib
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gameserver.engine.errors import Rejected
from gameserver.engine.protocol import Join
from gameserver.engine.registry import HOME, Registry, discover
from gameserver.engine.room import Room, Welcome
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from tests.gameserver.rooms import AWAY, HandJournal, Keeper, Sink, make_owner, until
from tests.support.emulator import ROOT
from tests.support.worlds import DOC, PACKAGE, unpacked

STATIC = ROOT / "gameserver" / "static" / "gameserver"
ADA, BOB = Who("ada", "Ada", "#112233"), Who("bob", "Bob", "#445566")
NAMES = ["tea", "coffee", "__proto__", "constructor", "10", "9", "ﬁn <b>", "é"]
FOLLOW = """
import { readFileSync } from "node:fs";
const [modules, world] = process.argv.slice(1);
const module = await import(world);
const { empty, receive } = await import(`${modules}/room.mjs`);
const { follow } = await import(`${modules}/world.mjs`);
const states = JSON.parse(readFileSync(0, "utf8")).map((messages) => {
  let [room, state] = [empty({ id: "me" }), undefined];
  for (const message of messages) {
    room = receive(room, message);
    if (room.restart || room.happened.length) state = follow(module, state, room);
  }
  return state;
});
console.log(JSON.stringify(states));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's code, unpacked."""
    with unpacked(tmp_path_factory.mktemp("worlds")) as folder:
        yield folder


@pytest.fixture(scope="module")
def registry(folder: Path) -> Registry:
    """All worlds, with that of the page."""
    return discover((HOME, PACKAGE))


def browsers(folder: Path, journeys: list[list[dict[str, Any]]]) -> list[Any]:
    """The states that browsers come to which hear these messages: the page's own modules, under Node."""
    # Beside the modules it imports from, as the server has them side by side.
    beside = folder / "beside" / "gameserver"
    shutil.copytree(STATIC, beside, dirs_exist_ok=True)
    shutil.copytree(folder / "static" / "gameserver", beside, dirs_exist_ok=True)
    command = ["node", "--input-type=module", "-e", FOLLOW, str(beside), str(beside / "worlds" / "tally.mjs")]
    done = subprocess.run(command, input=json.dumps(journeys), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def welcome_message(welcome: Welcome, who: Who = ADA) -> dict[str, Any]:
    """What the server makes of it, as far as a world is concerned."""
    people = {"you": who.as_dict(), "present": [], "players": 1}
    state = {"position": welcome.position, "recovered": welcome.recovered, "events": welcome.events, "more": False, "state": welcome.state}
    return {"type": "welcome", "world": "tally", **state, **people}


def test_the_test_on_the_page_passes(registry: Registry) -> None:
    """[WB33] The page's own test of its example passes, and the registry knows the world and its commands."""
    importlib.import_module(f"{PACKAGE}.test_tally").test_a_count_that_comes_again_after_a_crash_happens_once()
    assert [lane.name for lane in registry.lanes("tally")] == ["chat", "tally"]
    assert {"tally.count", "tally.wave"} <= registry.commands
    assert len(re.findall(r"^```js.*?^```$", DOC.read_text(), re.MULTILINE | re.DOTALL)[0].splitlines()) <= 62


def test_a_board_has_limits(registry: Registry) -> None:
    """[WB33] The example refuses by name what is too much, is empty, or comes when the board is closed; a tick closes it once."""
    room = Room(1, 1, registry.lanes("tally"))
    session, _ = room.join(Join(v=1, sid="s" * 32), ADA)

    def refused(now: float, **fields: Any) -> str:
        with pytest.raises(Rejected) as caught:
            room.receive(session, command(registry, "tally.count", 99, **fields), now)
        return caught.value.code.value

    for number in range(12):
        room.receive(session, command(registry, "tally.count", number + 1, what=f"tea {number}"), 1000.0 + number)
    assert (refused(1020.0, what="more"), refused(1020.0, what=" \u200b"), refused(1020.0, what="x" * 33)) == ("full", "empty", "too_long")
    assert refused(1600.0, what="tea 1") == "closed"
    with pytest.raises(Rejected):
        command(registry, "tally.count", 1, what="tea", by=10)
    (tally,) = (world for world in room.worlds if world.name == "tally")
    assert [len(room.tick(tally, now).entries) for now in (1599.9, 1600.0, 1601.0)] == [0, 1, 0]


def command(registry: Registry, name: str, ref: int, **fields: Any) -> Any:
    """A command as it is read from the wire."""
    return registry.decode(json.dumps({"cmd": name, "ref": ref, **fields}))


class Play:
    """A room under two people, with owners that die. `heard`: what a browser heard that came with the first welcome."""

    def __init__(self, registry: Registry, seed: int) -> None:
        self.registry, self.dice, self.now, self.ref, self.epoch = registry, random.Random(seed), 1000.0, 0, 1
        self.kept: list[Any] = []
        self.snapshot: Any = None
        self.room = Room(1, 1, registry.lanes("tally"))
        self.seen = (1, 0)
        self.refusals: set[str] = set()
        self.sessions = [self.enter(number)[0] for number in range(2)]
        self.heard = [self.enter()[1]]
        self.journeys = [self.heard]

    def enter(self, number: int = 0, position: Any = None) -> tuple[Session, dict[str, Any]]:
        session, welcome = self.room.join(Join(v=1, sid=f"{number:0>32}", position=position), (ADA, BOB)[number])
        assert isinstance(welcome, Welcome)
        return session, welcome_message(welcome)

    def step(self) -> None:
        self.now += self.dice.random() * 6
        what = self.dice.random()
        if what < 0.03:
            self.die()
        elif what < 0.06:
            self.snapshot, self.kept = self.room.snapshot(), []
        elif what < 0.1:
            # Somebody comes anew, and hears all that follows; the first one was away, and resumes.
            self.journeys.append([self.enter()[1]])
            self.heard.append(self.enter(position=self.seen)[1])
        elif what < 0.2:
            (tally,) = (world for world in self.room.worlds if world.name == "tally")
            self.show(self.room.tick(tally, self.now))
        else:
            self.ref += 1
            self.ask(self.dice.choice([self.count, self.count, self.wave, self.say])())

    def count(self) -> Any:
        return command(self.registry, "tally.count", self.ref, what=self.dice.choice(NAMES), by=self.dice.randint(-9, 9))

    def wave(self) -> Any:
        return command(self.registry, "tally.wave", self.ref)

    def say(self) -> Any:
        return command(self.registry, "chat.say", self.ref, text="hello")

    def ask(self, asked: Any) -> None:
        try:
            self.show(self.room.receive(self.dice.choice(self.sessions), asked, self.now))
        except Rejected as rejected:
            self.refusals.add(rejected.code.value)

    def show(self, outcome: Any) -> None:
        self.kept += outcome.entries
        self.room.settle(self.room.seq)
        self.seen = (self.epoch, self.room.seq)
        for heard in self.journeys:
            if outcome.ephemeral:
                heard.append({"type": "ephemeral", "epoch": self.epoch, "events": outcome.ephemeral})
            if outcome.entries:
                heard.append({"type": "events", "epoch": self.epoch, "events": [entry.event for entry in outcome.entries]})

    def die(self) -> None:
        """The next owner has what the database has: a snapshot, as JSON, and the journal behind it."""
        self.epoch += 1
        before, self.room = self.state, Room(self.epoch, 1, self.registry.lanes("tally"))
        if self.snapshot is not None:
            self.snapshot = type(self.snapshot)(self.snapshot.seq, json.loads(json.dumps(self.snapshot.state)))
        self.room.load(self.snapshot, self.kept)
        assert self.state == before
        self.sessions = [self.enter(number)[0] for number in range(2)]

    @property
    def state(self) -> Any:
        return self.room.snapshot().state["worlds"]["tally"]


def test_both_ends_come_to_the_same_state(folder: Path, registry: Registry) -> None:
    """[WB33] Whatever is counted, waved and said, and however often owners die: every browser's state equals the room's."""
    plays = [Play(registry, seed) for seed in range(10)]
    for play in plays:
        for _ in range(300):
            play.step()
    states = browsers(folder, [heard for play in plays for heard in play.journeys])
    assert states == [play.state for play in plays for _ in play.journeys]
    assert {play.state["closed"] for play in plays} == {True}
    assert set.union(*(play.refusals for play in plays)) == {"closed"}
    assert len(states) > 40


async def test_an_owner_plays_it_through_a_crash(folder: Path, registry: Registry) -> None:
    """[WB33] With an owner: a batch that fails is taken back from the board; a browser that heard all has the new owner's state."""
    journal = HandJournal()
    owner = await make_owner(journal, Keeper(journal, registry=registry), world="tally")
    sink = Sink()
    member, welcome = await owner.join(Join(v=1, sid="s" * 32), ADA, sink)  # type: ignore[arg-type]
    owner.hub.release(member, welcome.position[1])
    owner.receive(member, command(registry, "tally.count", 1, what="tea"))
    owner.receive(member, command(registry, "tally.wave", 2))
    journal.commit()
    owner.receive(member, command(registry, "tally.count", 3, what="lost"))
    journal.commit(AWAY, written=False)
    await until(lambda: owner._is_available(), "the room to be read again")
    owner.receive(member, command(registry, "tally.count", 4, what="tea", by=2))
    journal.commit()
    assert [reply["ok"] for reply in sink.of("reply")] == [True, True, False, True]
    heir = await make_owner(journal, Keeper(journal, registry=registry))
    _, fresh = await heir.join(Join(v=1, sid="t" * 32), BOB, Sink())  # type: ignore[arg-type]
    assert (heir.world, fresh.state["tally"]["counts"]) == ("tally", {"tea": 3})
    heard = [welcome_message(welcome), *sink.log]
    assert browsers(folder, [heard, [welcome_message(fresh)]]) == [fresh.state["tally"]] * 2
    owner.stop()
    heir.stop()
