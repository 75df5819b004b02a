"""The list of who is here that newcomers get: it may be a moment old, and nobody is wrong for longer."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver import hub, welcomes
from gameserver.engine.session import Session
from gameserver.engine.worlds import Who
from gameserver.hub import Hub, Member
from gameserver.welcomes import FEW, Welcomes
from tests.gameserver.rooms import Sink


class Crowd:
    """A hub whose members are told who is here, and what has changed since."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.welcomes = Welcomes(self.hub, lambda after, upto: asyncio.get_running_loop().create_future())
        self.members: dict[int, tuple[Member, Sink, set[str]]] = {}

    def come(self, number: int) -> None:
        who = Who(f"p{number}", f"P{number}", "#000000")
        sink = Sink()
        member = Member(Session(f"key-{number}", who), sink)
        self.hub.add(member)
        told = json.loads(b"{" + self.welcomes._present()[1:])
        self.members[number] = member, sink, {player["id"] for player in told["present"]}

    def go(self, number: int) -> None:
        self.hub.remove(self.members.pop(number)[0])

    def tell(self) -> None:
        """What the hub does a moment after a change."""
        if self.hub._timer is not None:
            self.hub._timer.cancel()
            self.hub._presence()

    def check(self) -> None:
        """Whoever was welcomed, and has heard all that was told since, knows who is here."""
        self.tell()
        for _, sink, present in self.members.values():
            known = set(present)
            for news in sink.of("presence"):
                known = (known - set(news["left"])) | {player["id"] for player in news["joined"]}
            assert known == {f"p{number}" for number in self.members}
        self.tell()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that lists grow old by; nothing is told by itself."""
    now = [1000.0]
    monkeypatch.setattr(welcomes, "monotonic", lambda: now[0])
    monkeypatch.setattr(hub, "PRESENCE_S", 3600.0)
    return now


async def test_few_are_listed_as_they_are(clock: list[float]) -> None:
    """[GS106] Where few are in, each newcomer's list has everybody who is in at that moment, itself among them."""
    crowd = Crowd()
    for number in range(FEW):
        crowd.come(number)
        assert crowd.members[number][2] == {f"p{known}" for known in range(number + 1)}


async def test_a_list_of_many_may_be_a_moment_old(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS106] Where more than fifty are in, those who come within a moment share a list, and hear soon what it lacks; then it is new."""
    assert FEW == 50
    monkeypatch.setattr(welcomes, "PRESENCE_S", 0.05)
    crowd = Crowd()
    for number in range(FEW + 1):
        crowd.come(number)
    present = crowd.hub.present
    asked: list[int] = []
    monkeypatch.setattr(crowd.hub, "present", lambda: asked.append(1) or present())
    for number in range(100, 110):
        crowd.come(number)
    assert len(asked) <= 1
    clock[0] += 0.06
    crowd.come(200)
    assert crowd.members[200][2] == {f"p{number}" for number in crowd.members}
    crowd.check()


async def test_who_has_left_is_nobodys_ghost(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """[GS106] A list is not given any more when what has changed since was told already: whoever comes then would never hear it."""
    monkeypatch.setattr(welcomes, "FEW", 0)
    crowd = Crowd()
    for number in range(3):
        crowd.come(number)
    crowd.tell()
    clock[0] += 1
    crowd.come(3)
    crowd.go(0)
    crowd.tell()
    crowd.come(4)
    crowd.check()


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["come", "go"]), st.integers(0, 7)),
        st.tuples(st.just("tell"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
    ),
    max_size=50,
)


async def storm(changes: list[tuple[str, int]], now: list[float]) -> None:
    crowd = Crowd()
    for what, number in changes:
        if what == "come" and number not in crowd.members:
            crowd.come(number)
        elif what == "go" and number in crowd.members:
            crowd.go(number)
        elif what == "tell":
            crowd.tell()
        elif what == "wait":
            now[0] += number / 1000
    crowd.check()


@settings(max_examples=200, deadline=None)
@given(changes=CHANGES)
def test_everybody_knows_who_is_here(changes: list[tuple[str, int]]) -> None:
    """[GS106] However people come and go, and whenever it is told: each one's list and what was told since is who is here."""
    now = [1000.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(welcomes, "FEW", 0)
        patch.setattr(welcomes, "PRESENCE_S", 0.05)
        patch.setattr(hub, "PRESENCE_S", 3600.0)
        patch.setattr(welcomes, "monotonic", lambda: now[0])
        asyncio.run(storm(changes, now))
