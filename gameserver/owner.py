"""The owner of one room: decides in turn, has it journalled, shows it, then replies (R1, R2).

One batch of a room is being journalled at a time. What is decided meanwhile waits and goes as the next one, in one frame.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from gameserver.engine.errors import Close, Code, Rejected
from gameserver.engine.protocol import Command, History, Join
from gameserver.engine.room import KEEP, Entry, Outcome, Room, Welcome, history_reply
from gameserver.engine.worlds import Who, World
from gameserver.engine.worlds.chat import Chat
from gameserver.hub import Hub, Member
from gameserver.journal import Journal
from gameserver.outlet import Outlet
from gameserver.store import Batch, StaleEpoch

log = logging.getLogger(__name__)
RELOAD_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to read a room again after its journal failed; the last one repeats."""


@dataclass(frozen=True, slots=True)
class _Staged:
    member: Member
    outcome: Outcome
    before: Who


class Owner:
    """One room in this process. Everything but `open` is called on the event loop and does not wait."""

    def __init__(
        self, region: str, slug: str, journal: Journal, lost: Callable[[Owner], None], clock: Callable[[], float] = time.time
    ) -> None:
        self.region = region
        self.slug = slug
        self.hub = Hub()
        self._journal = journal
        self._lost = lost
        self._clock = clock
        self._room: Room | None = None
        self._key = 0
        self._staged: list[_Staged] = []
        self._flight: list[_Staged] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._shown: int | None = None

    def worlds(self) -> tuple[World, ...]:
        """The lanes of this room."""
        chat: World = Chat()
        return (chat,)

    async def open(self) -> None:
        """Own the room: its epoch is ours from now on. Raises TooManyRooms, or what the database raised."""
        opened = await self._journal.call(self._journal.store.open, self.region, self.slug, KEEP, self._clock())
        room = Room(opened.epoch, opened.first_epoch, self.worlds())
        room.load(opened.entries)
        self._key, self._room = opened.key, room
        self._shown = room.durable if self._shown is None else self._shown

    @property
    def is_idle(self) -> bool:
        """True when nobody is in the room and nothing waits to be journalled."""
        return not len(self.hub) and self.is_settled

    @property
    def is_settled(self) -> bool:
        """True when nothing waits to be journalled."""
        return not self._staged and self._flight is None

    def join(self, join: Join, who: Who, outlet: Outlet) -> tuple[Member, Welcome]:
        """Let a session in. Raises Rejected (unavailable) while the room is read again, Closed for another version."""
        session, welcome = self._ready(join.ref).join(join, who, self._clock())
        member = Member(session, outlet)
        self.hub.add(member)
        return member, welcome

    def leave(self, member: Member) -> None:
        """A socket is gone; if its session was taken over, nothing happens."""
        self.hub.remove(member)

    def receive(self, member: Member, command: Command) -> None:
        """Take one command. Raises Rejected or Closed, for this member alone. What a taken over socket still says is not heard."""
        if not self.hub.holds(member):
            return
        before = member.session.who
        outcome = self._ready(command.ref).receive(member.session, command, self._clock())
        if outcome.read is not None:
            self._read(member, outcome.read)
        elif outcome.entries or self._flight is not None:
            # Behind a batch under way even a reply without an event waits: it may be the reply to a resend of that batch.
            self._staged.append(_Staged(member, outcome, before))
            self._pump()
        else:
            self._settle([_Staged(member, outcome, before)])

    def _ready(self, ref: int | None) -> Room:
        if self._room is None:
            raise Rejected(Code.UNAVAILABLE, "The room cannot be written just now. Nothing happened; it is tried again.", ref=ref)
        return self._room

    def _read(self, member: Member, command: History) -> None:
        future = self._journal.call(self._journal.store.before, self._key, command.before, command.limit)

        def answer(done: asyncio.Future[list[Entry]]) -> None:
            if done.cancelled() or done.exception() is not None:
                member.send(refusal(Rejected(Code.UNAVAILABLE, "Older messages cannot be read just now.", ref=command.ref)))
                return
            member.send({"type": "reply", **history_reply(command, [entry.event for entry in done.result()])})

        future.add_done_callback(answer)

    def _pump(self) -> None:
        if self._flight is not None or not self._staged or self._room is None:
            return
        self._flight, self._staged = self._staged, []
        entries = tuple(entry for staged in self._flight for entry in staged.outcome.entries)
        if entries:
            self._journal.append(Batch(self._key, self._room.epoch, entries), self._journalled)
        else:
            self._journalled(None)

    def _journalled(self, result: BaseException | None) -> None:
        flight, self._flight = self._flight or [], None
        if result is None:
            self._settle(flight)
            self._pump()
        elif isinstance(result, StaleEpoch):
            self._fail(flight)
            self._lost(self)
        else:
            self._fail(flight)
            self._reopen()

    def _settle(self, flight: list[_Staged]) -> None:
        """Show what is durable to everybody, then reply."""
        room = self._room
        assert room is not None
        events = [event for staged in flight for event in staged.outcome.shown]
        if any(staged.outcome.entries for staged in flight):
            self._shown = next(event["seq"] for event in reversed(events) if "seq" in event)
            room.settle(self._shown)
        if events:
            self.hub.show({"type": "events", "epoch": room.epoch, "events": events})
        for staged in flight:
            if staged.outcome.who is not None:
                self.hub.tell(staged.outcome.who)
            if staged.outcome.reply is not None:
                staged.member.send({"type": "reply", **staged.outcome.reply})

    def _fail(self, flight: list[_Staged]) -> None:
        """Take back what was decided and not journalled; nobody has seen it."""
        failed = [*flight, *self._staged]
        self._staged, self._room = [], None
        for staged in reversed(failed):
            staged.member.session.who = staged.before
        for staged in failed:
            ref = (staged.outcome.reply or {}).get("ref")
            staged.member.send(refusal(Rejected(Code.UNAVAILABLE, "This could not be kept. Nothing happened; send it again.", ref=ref)))

    def _reopen(self) -> None:
        if self._opening is None or self._opening.done():
            self._opening = asyncio.ensure_future(self._open_again())

    def stop(self) -> None:
        """End what goes on by itself; the owner is not used any more."""
        if self._opening is not None:
            self._opening.cancel()

    async def _open_again(self) -> None:
        """Read the room again until it works. A batch whose commit was in doubt may be there after all: it is shown then."""
        for attempt in count():
            await asyncio.sleep(RELOAD_S[min(attempt, len(RELOAD_S) - 1)])
            try:
                await self.open()
            except Exception as error:  # noqa: BLE001
                log.warning("Room %s/%s cannot be read: %r", self.region, self.slug, error)
                continue
            room = self._room
            assert room is not None
            missed = [event for event in room.events if event["seq"] > (self._shown or 0)]
            self._shown = room.durable
            if missed:
                self.hub.show({"type": "events", "epoch": room.epoch, "events": missed})
            return

    def close(self, code: Close, text: str, **more: Any) -> None:
        """Send everybody away with a code."""
        for member in self.hub:
            member.bye(code, text, **more)


def refusal(rejected: Rejected) -> dict[str, Any]:
    """The message for a refused command: a reply if it had a ref, an error if not."""
    wait = {"wait_ms": rejected.wait_ms} if rejected.code is Code.RATE else {}
    if rejected.ref is None:
        return {"type": "error", "code": rejected.code.value, "text": rejected.text}
    return {"type": "reply", "ref": rejected.ref, "ok": False, "code": rejected.code.value, "text": rejected.text, **wait}
