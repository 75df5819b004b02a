"""Commands that get no reply when they succeed: what comes many times a second, and is not asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import pytest
from msgspec import Meta, Struct

from gameserver.engine.errors import Close, Closed, Code, Rejected
from gameserver.engine.outcome import Outcome
from gameserver.engine.protocol import Ref
from gameserver.engine.registry import Registry
from gameserver.engine.replies import PER_SESSION
from gameserver.engine.room import Room
from gameserver.engine.session import FLOOD_REFUSALS, Session
from gameserver.engine.worlds import BaseWorld, Decided, Who
from gameserver.engine.worlds.chat import World as Chat
from tests.engine.rooms import ADA, BOB, EPOCH, NOW, enter, journalled, kept, say, seqs


class Steer(Struct, tag_field="cmd", tag="boat.steer", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Be seen to go there; `to` 99 is refused."""

    ref: Ref | None = None
    to: Annotated[int, Meta(ge=0, le=99)]


class Sail(Struct, tag_field="cmd", tag="boat.sail", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Go so far, for good, and be seen to."""

    ref: Ref | None = None
    by: int


class Drift(Struct, tag_field="cmd", tag="boat.drift", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Nothing anybody sees."""

    ref: Ref | None = None


class Moor(Struct, tag_field="cmd", tag="boat.moor", forbid_unknown_fields=True, frozen=True):
    """An answered command."""

    ref: Ref


class Boat(BaseWorld):
    name = "boat"
    commands = (Steer, Sail, Drift, Moor)
    journalled = frozenset({"boat.sailed", "boat.moored"})
    ephemeral = frozenset({"boat.steered"})
    unanswered: ClassVar[frozenset[str]] = frozenset({"boat.steer", "boat.sail", "boat.drift"})
    has_state = True
    rate = 50.0
    burst = 200.0

    def __init__(self) -> None:
        self.way = 0

    def decide(self, who: Who, command: Any, at: int) -> Decided:
        if isinstance(command, Drift):
            return Decided(reply={"adrift": True})
        if isinstance(command, Moor):
            return Decided((("boat.moored", {}),))
        if isinstance(command, Sail):
            return Decided((("boat.sailed", {"by": command.by}), ("boat.steered", {"to": 0})), reply={"way": self.way})
        if command.to == 99:
            raise Rejected(Code.BAD_MESSAGE, "There are rocks.")
        return Decided((("boat.steered", {"to": command.to}),))

    def apply(self, event: Mapping[str, Any]) -> None:
        self.way += event.get("by", 0)

    def snapshot(self) -> Any:
        return self.way

    def restore(self, data: Any) -> None:
        self.way = data


def harbour(epoch: int = EPOCH) -> tuple[Room, Session]:
    room = Room(epoch, EPOCH, (Chat(), Boat()))
    return room, enter(room)[0]


@pytest.mark.parametrize("ref", [None, 1], ids=["without a ref", "with a ref"])
def test_no_reply_when_it_succeeds(ref: int | None) -> None:
    """[EN31] It is decided, and its ephemeral event is shown, without a reply; the same `ref` again is done again."""
    room, ada = harbour()
    for _ in range(2):
        outcome = room.receive(ada, Steer(ref=ref, to=7), NOW)
        assert [(event["ev"], event["to"], event["player"]) for event in outcome.ephemeral] == [("boat.steered", 7, ADA.as_dict())]
        assert (outcome.reply, outcome.entries, outcome.after) == (None, (), 0)
    assert (room.seq, len(room.replies)) == (0, 0)


def test_what_leads_to_nothing_is_nothing() -> None:
    """[EN31] One that leads to no event leaves no trace, whatever its world would have replied."""
    room, ada = harbour()
    assert room.receive(ada, Drift(ref=3), NOW) == Outcome()
    assert (room.seq, len(room.replies), len(room.past.events)) == (0, 0, 0)


@pytest.mark.parametrize("ref", [None, 5])
def test_a_refusal_is_said(ref: int | None) -> None:
    """[EN31] What its world refuses, and what is too fast, is refused with the `ref` if it had one."""
    room, ada = harbour()
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Steer(ref=ref, to=99), NOW)
    assert (refused.value.text, refused.value.ref) == ("There are rocks.", ref)
    for _ in range(int(Boat.burst) - 1):
        room.receive(ada, Steer(ref=ref, to=1), NOW)
    with pytest.raises(Rejected) as refused:
        room.receive(ada, Steer(ref=ref, to=1), NOW)
    assert (refused.value.code, refused.value.ref, refused.value.wait_ms) == (Code.RATE, ref, 20)
    for _ in range(FLOOD_REFUSALS - 2):
        with pytest.raises(Rejected):
            room.receive(ada, Drift(), NOW)
    with pytest.raises(Closed) as closed:
        room.receive(ada, Drift(), NOW)
    assert closed.value.code is Close.FLOOD


def test_its_journalled_events_are_nobodys_command() -> None:
    """[EN31] Its journalled events are numbered and durable like others, and are in the journal without session, ref and reply."""
    room, ada = harbour()
    say(room, ada, 1)
    outcome = room.receive(ada, Sail(ref=2, by=4), NOW)
    (entry,) = outcome.entries
    assert (entry.session, entry.ref, entry.reply, entry.event["seq"], entry.event["player"]) == ("", 0, None, 2, ADA.as_dict())
    assert (outcome.reply, outcome.after, [event["ev"] for event in outcome.ephemeral]) == (None, 2, ["boat.steered"])
    assert len(room.replies) == 1


def test_they_survive_a_new_owner() -> None:
    """[EN31] From journal and snapshot the room is as it was, and answers what was answered; what was not is decided anew."""
    room, ada = harbour()
    entries = [*say(room, ada, 1).entries, *room.receive(ada, Sail(ref=2, by=4), NOW).entries]
    snapshot = room.snapshot()
    entries += room.receive(ada, Sail(by=3), NOW).entries
    entries += room.receive(ada, Moor(ref=3), NOW).entries
    for start, rest in ((None, entries), (kept(snapshot), entries[2:])):
        again, ada = harbour(EPOCH + 1)
        again.load(start, journalled(rest))
        assert (again.seq, again.worlds[1].snapshot(), len(again.replies)) == (4, 7, 2)
        assert again.receive(ada, Moor(ref=3), NOW).reply == {"ref": 3, "ok": True, "seq": 4}
        assert seqs(entry.event for entry in again.receive(ada, Sail(ref=2, by=1), NOW).entries) == [5]


def test_they_take_nobodys_place() -> None:
    """[EN31] However many there are, the replies of answered commands are remembered, under the same numbers even."""
    room, ada = harbour()
    first = room.receive(ada, Moor(ref=1), NOW).reply
    for number in range(1, PER_SESSION + 50):
        outcome = room.receive(ada, Sail(ref=number, by=1), NOW)
        assert (outcome.reply, len(outcome.entries)) == (None, 1)
    again = room.receive(ada, Moor(ref=1), NOW)
    assert (again.reply, again.entries) == (first, ())


def test_lanes_beside_are_answered() -> None:
    """[EN31] Other commands of the world, and of other worlds, are answered as ever."""
    room, ada = harbour()
    bob = enter(room, BOB, 1)[0]
    room.receive(ada, Sail(by=1), NOW)
    assert room.receive(ada, Moor(ref=9), NOW).reply == {"ref": 9, "ok": True, "seq": 2}
    assert say(room, bob, 1).reply == {"ref": 1, "ok": True, "seq": 3}
    assert [room.goes_unanswered(command) for command in (Steer(to=1), Sail(by=1), Drift(), Moor(ref=1))] == [True, True, True, False]


@pytest.mark.parametrize("message", ['{"cmd": "boat.steer", "to": 3}', '{"cmd": "boat.steer", "to": 3, "ref": null}'])
def test_a_ref_may_be_left_out(message: str) -> None:
    """[EN31] Its `ref` may be left out where its schema says so; one that is there must still be one."""
    registry = Registry([Chat, Boat])
    assert registry.decode(message) == Steer(to=3)
    for wrong in ("0", '"a"', "1.5", str(2**53)):
        with pytest.raises(Rejected):
            registry.decode(f'{{"cmd": "boat.steer", "to": 3, "ref": {wrong}}}')


@pytest.mark.parametrize("name", ["boat.fly", "boat.steered", "chat.say", "steer", ""])
def test_a_name_that_is_no_command_stops_the_start(name: str) -> None:
    """[EN27] A world that names as unanswered what is no command of its own stops the start and is named."""

    class Wrong(Boat):
        unanswered: ClassVar[frozenset[str]] = Boat.unanswered | {name}

    with pytest.raises(ValueError, match=rf"^World 'boat': '{name}' is no command of it"):
        Registry([Chat, Wrong])
