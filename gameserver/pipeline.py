"""Decided, journalled, shown, replied (R2): what happens to what a room has decided, in this order and no other.

One batch of a room is being journalled at a time. What becomes ready while it is committed or written waits,
and goes as the next one, in one write; its cadence says when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gameserver.cadence import Cadence
from gameserver.engine.entry import Event
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.outcome import NOTHING, Outcome
from gameserver.engine.room import Room
from gameserver.engine.worlds import BaseWorld, Who
from gameserver.hub import Hub
from gameserver.journal import Journal
from gameserver.member import Member
from gameserver.outlet import Prepared
from gameserver.store import Batch

MERGE_S = 0.005
"""How long ephemeral events wait for a commit that goes on at the same time, to be written with it; no longer (R3)."""
BESIDE_FRAMES = 10.0
"""Times a second that a busy room tells what happened where each player is shown frames besides: these are what must be quick."""
WAIT_S = 3.0
"""How long a command waits for the journal before its sender is told that it may come again."""


@dataclass(slots=True)
class _Staged:
    """One outcome on its way. `member` is None for what a world did by itself; `answered` once its sender was refused."""

    member: Member | None
    outcome: Outcome
    before: Who | None = None
    answered: bool = False


class Pipeline:
    """Of one owner. `failed` is called with what the journal raised, when all that was under way has been taken back.

    changed: called when `stalled` has changed, and behind every batch that was shown. gather: asked for what was noted, with each frame.
    """

    def __init__(
        self,
        hub: Hub,
        journal: Journal,
        failed: Callable[[BaseException], None],
        changed: Callable[[], None],
        gather: Callable[[], Outcome] = lambda: NOTHING,
    ) -> None:
        self.hub = hub
        self.stalled = False
        """The journal does not answer in time: what is under way was refused, and may be journalled all the same."""
        self._journal = journal
        self._failed = failed
        self._changed = changed
        self._gather = gather
        self._room: Room | None = None
        self._key = 0
        self._staged: list[_Staged] = []
        self._flight: list[_Staged] | None = None
        self._slow: asyncio.TimerHandle | None = None
        self._next: asyncio.TimerHandle | None = None
        self._passing: list[Event] = []
        self._cadence = Cadence(BaseWorld.frames)
        self.journal_has_all: Callable[[], object] | None = None
        """Called once, at the next moment when all that the room has decided was handed to the journal."""

    def start(self, room: Room, key: int) -> None:
        """Work for this room from now on."""
        self._room, self._key = room, key
        draws = any(world.draws for world in room.worlds)
        self._cadence = Cadence(BESIDE_FRAMES if draws else max(world.frames for world in room.worlds))
        self.stalled = False

    @property
    def is_settled(self) -> bool:
        """True when nothing waits to be journalled."""
        return not self._staged and self._flight is None

    def take(self, member: Member | None, outcome: Outcome, before: Who | None) -> None:
        """Bring an outcome on its way. `before`: who the sender was, for when it must be taken back."""
        room = self._room
        assert room is not None
        self._stage(room, _Staged(member, outcome, before))
        if self._next is None:
            self._pump()

    def end(self) -> None:
        """Nothing more is brought on its way; what is under way is not shown."""
        for timer in (self._slow, self._next):
            if timer is not None:
                timer.cancel()
        self._room, self._slow, self._next = None, None, None
        self._passing = []

    def give_up(self, error: BaseException) -> None:
        """Take back all that is under way, as if the journal had failed with `error`; what lands in it all the same is found there."""
        self._take_back([*(self._flight or []), *self._staged])
        self._flight = None
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        self._failed(error)

    # Inside

    def _stage(self, room: Room, staged: _Staged) -> None:
        outcome = staged.outcome
        if outcome.ephemeral:
            self._passing.extend(outcome.ephemeral)
        if outcome.after > room.durable:
            self._staged.append(staged)
        elif outcome.reply is not None or outcome.who is not None:
            self._settle(room, [staged])

    def _pump(self) -> None:
        """Bring on its way what is ready, or see that it goes when its frame may."""
        room = self._room
        if room is None or self._next is not None:
            return
        loop = asyncio.get_running_loop()
        if not self._is_ready(room):
            if room.has_notes:
                # A commit is under way. If it is quick they go with what comes behind it, all in one event.
                self._next = loop.call_later(self._cadence.frame_s, self._go, True)
            return
        wait_s = self._cadence.wait_s(loop.time())
        if wait_s:
            self._next = loop.call_later(wait_s, self._go)
        else:
            self._go()

    def _is_ready(self, room: Room) -> bool:
        return bool(self._passing or (self._flight is None and (self._staged or room.has_notes)))

    def _go(self, late: bool = False) -> None:
        """late: what was noted has waited for a frame already."""
        self._next = None
        room = self._room
        if room is not None and room.has_notes and (late or self._flight is None):
            self._stage(room, _Staged(None, self._gather()))
        if room is None or room is not self._room:
            return
        loop = asyncio.get_running_loop()
        if self._staged and self._flight is None:
            self._commit(room)
            if self._passing and self._flight is not None:
                self._next = loop.call_later(MERGE_S, self._go)
        elif self._passing:
            self._show(room, [], {})
        if room.has_notes and self._next is None:
            # A world keeps some of its notes for a later frame, or they wait for a commit.
            self._next = loop.call_later(self._cadence.frame_s, self._go, True)

    def _commit(self, room: Room) -> None:
        loop = asyncio.get_running_loop()
        self._flight, self._staged = self._staged, []
        entries = tuple([entry for staged in self._flight for entry in staged.outcome.entries])
        if not entries:
            self._journalled(room, None)
            return
        self._slow = loop.call_later(WAIT_S, self._stall)
        self._journal.append(Batch(self._key, room.epoch, entries, room.records(entries)), lambda result: self._journalled(room, result))
        if self.journal_has_all is not None:
            ready, self.journal_has_all = self.journal_has_all, None
            ready()

    def _journalled(self, room: Room, result: BaseException | None) -> None:
        if room is not self._room:
            # Given up in the meantime. Whoever owns the room next finds in the journal what is in it.
            return
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        flight, self._flight = self._flight or [], None
        if result is not None:
            self._take_back([*flight, *self._staged])
            self._failed(result)
            return
        self.stalled = False
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._settle(room, flight)
        self._changed()
        self._pump()

    def _settle(self, room: Room, flight: list[_Staged]) -> None:
        """Show what is durable to everybody, then reply."""
        events = [entry.event for staged in flight for entry in staged.outcome.entries]
        replies: dict[Member, list[Prepared]] = {}
        for staged in flight:
            if staged.member is not None and staged.outcome.reply is not None and not staged.answered:
                replies.setdefault(staged.member, []).append(Prepared({"type": "reply", **staged.outcome.reply}))
        if events:
            room.settle(events[-1]["seq"])
            self._show(room, events, replies)
        else:
            for member, own in replies.items():
                member.reply(own)
        for staged in flight:
            if staged.outcome.who is not None:
                self.hub.tell(staged.outcome.who)

    def _show(self, room: Room, events: list[Event], replies: dict[Member, list[Prepared]]) -> None:
        """Write to everybody what is ready: journalled events, and the ephemeral ones that came meanwhile."""
        messages: list[dict[str, Any]] = []
        if events:
            messages.append({"type": "events", "epoch": room.epoch, "events": events})
        if self._passing:
            messages.append({"type": "ephemeral", "epoch": room.epoch, "events": self._passing})
            self._passing = []
        began = asyncio.get_running_loop().time()
        self.hub.show(*messages, replies=replies)
        self._cadence.shown(began, began + self.hub.cost_s)

    def _take_back(self, failed: list[_Staged]) -> None:
        """Undo what was decided and not journalled; nobody has seen it."""
        self._staged, self._room, self._passing = [], None, []
        for staged in reversed(failed):
            if staged.member is not None and staged.before is not None:
                staged.member.session.who = staged.before
        self._refuse(failed, "This could not be kept. Send it again.")

    def _stall(self) -> None:
        """The journal takes too long: let the senders go, keep what is under way."""
        self._slow = None
        self.stalled = True
        self._refuse([*(self._flight or []), *self._staged], "This could not be kept in time. Send it again.")
        self._changed()

    def _refuse(self, staged: Iterable[_Staged], text: str) -> None:
        for one in staged:
            if one.member is not None and one.outcome.reply is not None and not one.answered:
                one.answered = True
                one.member.send(refusal(Rejected(Code.UNAVAILABLE, text, ref=one.outcome.reply["ref"])))


def refusal(rejected: Rejected) -> dict[str, Any]:
    """The message for a refused command: a reply if it had a ref, an error if not."""
    wait = {"wait_ms": rejected.wait_ms} if rejected.code is Code.RATE else {}
    if rejected.ref is None:
        return {"type": "error", "code": rejected.code.value, "text": rejected.text}
    return {"type": "reply", "ref": rejected.ref, "ok": False, "code": rejected.code.value, "text": rejected.text, **wait}
