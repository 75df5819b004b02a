"""One bot's stay in the room over all of its sockets: position, refs, what waits for a reply. Pure; time is given.

Times are whole microseconds of a monotonic clock that all processes of a machine share.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from gameserver.engine.bucket import Bucket
from gameserver.loadtest import wire
from gameserver.loadtest.ledger import Ledger
from gameserver.loadtest.scenarios import BaseScenario, Mark
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.wire import MAX_GAP, MAX_WAITING, Batch, Marks, Message

SPARE = 2.0
"""Tokens of the burst that are left alone: what was sent in turn may arrive closer together."""
NEVER_US = 1 << 62
FIRST_HOLD_US, LONGEST_HOLD_US = 1_000_000, 8_000_000
"""After a refusal as `unavailable` without a word of `status`: a second, then two, four, eight."""


@dataclass(slots=True)
class Command:
    """One command, and when it was due. It gets its ref, so that refs rise, and with it its message, when it is first sent."""

    due_us: int
    ref: int = 0
    message: bytes = b""


_due = attrgetter("due_us")


class Session:
    """What a bot knows and owes. Whoever holds its socket calls `outgoing` after whatever may have changed it."""

    def __init__(self, number: int, sid: str, scenario: BaseScenario, ledger: Ledger, tally: Tally) -> None:
        self.number = number
        self.seq = 0
        self.promised = 0
        """The highest number that a reply gave."""
        self.is_in = False
        """Welcomed, on the socket of now."""
        self._sid = sid
        self._scenario = scenario
        self._ledger = ledger
        self._tally = tally
        self._epoch = 0
        self._ref = 0
        self._queue: deque[Command] = deque()
        self._pending: dict[int, Command] = {}
        self._pings: set[int] = set()
        self._bucket: Bucket | None = None
        self._hold_us = 0
        self._refusals = 0

    @property
    def unanswered(self) -> int:
        """Commands without a reply, sent or not."""
        return len(self._queue) + len(self._pending)

    def join(self) -> bytes:
        """The first message of a new socket."""
        return wire.join(self._sid, f"Bot {self.number}", (self._epoch, self.seq) if self._epoch else None)

    def gone(self) -> None:
        """The socket is no more: what had no reply is sent again on the next one, in order."""
        self.is_in = False
        self._pings.clear()
        self._queue = deque(sorted([*self._queue, *self._pending.values()], key=_due))
        self._pending.clear()

    # Speaking

    def say(self, due_us: int) -> None:
        """Have a command sent that is due at that moment, whenever the room lets it in."""
        self._queue.append(Command(due_us))

    def ping(self) -> bytes:
        """Ask whether the room answers."""
        self._ref += 1
        self._pings.add(self._ref)
        return wire.ping(self._ref)

    def outgoing(self, now_us: int) -> list[bytes]:
        """What is to be sent now."""
        messages: list[bytes] = []
        while self._queue and self.is_in and len(self._pending) < MAX_WAITING and now_us >= self._hold_us:
            wait_ms = self._bucket.take(now_us / 1e6) if self._bucket else 0
            if wait_ms:
                self._hold_us = now_us + wait_ms * 1000
                break
            command = self._queue.popleft()
            if command.ref:
                self._tally.counts["resent"] += 1
            else:
                self._ref = command.ref = self._ref + 1
                command.message = wire.command(self._ref, self._scenario.command(Mark(self.number, self._ref, command.due_us)))
                self._tally.counts["sent"] += 1
            self._pending[command.ref] = command
            messages.append(command.message)
        return messages

    def wait_us(self, now_us: int) -> int | None:
        """After how long `outgoing` should be asked again by itself; None if something else has to happen first."""
        if not self._queue or not self.is_in or len(self._pending) >= MAX_WAITING or self._hold_us >= NEVER_US:
            return None
        return max(0, self._hold_us - now_us)

    # Listening

    def welcomed(self, message: Message[Any], batch: Batch, now_us: int) -> bool:
        """Take the welcome; False if it leaves out what it should have: then join anew."""
        assert message.position is not None
        epoch, seq = message.position
        if epoch < self._epoch:
            self._tally.counts["disordered"] += 1
        rate, burst = message.rates.get(self._scenario.lane, (0.0, 0.0))
        if self._bucket is None and rate:
            # Kept over reconnects: the rate is the session's, not the socket's.
            self._bucket = Bucket(rate, max(1.0, burst - SPARE), now_us / 1e6)
        self._hold_us = self._refusals = 0
        if not self._epoch:
            # Nothing in it was said to this bot: it is what was there before.
            self.seq = seq
        elif message.recovered:
            if batch.seqs and not self._take(batch, now_us):
                return False
            if self.seq != seq:
                self._tally.counts["gap"] += abs(seq - self.seq)
                return False
        else:
            self._start_afresh(seq, batch, now_us)
        self._epoch, self.is_in = max(epoch, self._epoch), True
        return True

    def _start_afresh(self, seq: int, batch: Batch, now_us: int) -> None:
        """A position that was not taken back: allowed when more was missed than MAX_GAP, and a loss otherwise."""
        missed = seq - self.seq
        left_out = missed - sum(self.seq < number <= seq for number in batch.seqs)
        self._tally.counts["fresh"] += 1
        if missed > MAX_GAP:
            self._tally.counts["skipped"] += left_out
            self._ledger.has_skipped = True
        else:
            # Less than nothing missed: the room went back behind what this bot has seen.
            self._tally.counts["gap"] += -missed if missed < 0 else left_out
        self._deliver([(number, mark) for number, mark in batch.marks if number > self.seq], seq, now_us)
        self.seq = seq

    def shown(self, batch: Batch, now_us: int) -> bool:
        """Take events; False if some before them are missing: then close, and join with the position of before."""
        if not self.is_in:
            self._tally.counts["disordered"] += 1
            return True
        if batch.epoch != self._epoch:
            self._tally.counts["disordered"] += batch.epoch < self._epoch
            self._epoch = max(batch.epoch, self._epoch)
        return self._take(batch, now_us)

    def _take(self, batch: Batch, now_us: int) -> bool:
        if not batch.is_whole or batch.first != self.seq + 1:
            return self._one_by_one(batch, now_us)
        self.seq = batch.last
        self._tally.last_us = now_us
        record = self._tally.delivery.record
        for due_us in batch.dues_us:
            record(now_us - due_us)
        self._note(batch.marks, batch.last)
        return True

    def _one_by_one(self, batch: Batch, now_us: int) -> bool:
        before, gap = self.seq, 0
        for seq in batch.seqs:
            if seq == self.seq + 1:
                self.seq = seq
            elif seq <= self.seq:
                self._tally.counts["repeated"] += 1
            else:
                gap = seq - self.seq - 1
                break
        self._tally.counts["gap"] += gap
        self._deliver([(seq, mark) for seq, mark in batch.marks if before < seq <= self.seq], self.seq, now_us)
        return not gap

    def passed(self, batch: Batch, now_us: int) -> None:
        """Take ephemeral events: each has its time, and none a number."""
        self._deliver(batch.marks, 0, now_us)

    def replied(self, message: Message[Any], now_us: int) -> None:
        """Take a reply."""
        command = self._pending.pop(message.ref, None)
        if command is None:
            if message.ref in self._pings:
                self._pings.remove(message.ref)
            else:
                self._tally.counts["unasked"] += 1
        elif message.ok:
            self._refusals = 0
            self._tally.counts["ok"] += 1
            self._tally.reply.record(now_us - command.due_us)
            if message.seq or self._scenario.is_journalled:
                self._kept(command.ref, message.seq)
        else:
            self._tally.counts[f"refused.{message.code}"] += 1
            if message.code in ("rate", "unavailable"):
                self._again(command, message.wait_ms * 1000, now_us)

    def status(self, available: bool) -> None:
        """The room can keep things again, or cannot for now: then what is to be sent waits."""
        self._hold_us = 0 if available else NEVER_US

    def _again(self, command: Command, wait_us: int, now_us: int) -> None:
        insort(self._queue, command, key=_due)
        if not wait_us:
            wait_us = min(LONGEST_HOLD_US, FIRST_HOLD_US << self._refusals)
            self._refusals = min(self._refusals + 1, 3)
        self._hold_us = max(self._hold_us, now_us + wait_us)

    def _kept(self, ref: int, seq: int) -> None:
        self.promised = max(self.promised, seq)
        if seq > self.seq:
            self._tally.counts["disordered"] += 1
            return
        if self._scenario.is_marked:
            self._tally.counts["misplaced"] += not self._ledger.is_right(self.number, ref, seq)

    def _deliver(self, marks: Marks, upto: int, now_us: int) -> None:
        self._tally.last_us = now_us
        for _, mark in marks:
            self._tally.delivery.record(now_us - mark.due_us)
        self._note(marks, upto)

    def _note(self, marks: Marks, upto: int) -> None:
        doubled = self._ledger.note(marks, upto)
        if doubled:
            self._tally.counts["doubled"] += doubled
