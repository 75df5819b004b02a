"""One process of bots. It reads orders on its standard input and writes what it counted on its standard output."""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from gameserver.loadtest import scenarios
from gameserver.loadtest.bot import Bot, now_us
from gameserver.loadtest.ledger import Ledger
from gameserver.loadtest.orders import End, Enter, Hush, Order, Plan, Status, Talk
from gameserver.loadtest.pace import entry_s, members
from gameserver.loadtest.session import Session
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.wire import Reader

REPORT_S = 0.25
LOOK_S = 1.0
ORPHANED = 3
"""Exit code of a process whose command is gone."""


class Worker:
    """The bots of this process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._loop = asyncio.get_running_loop()
        self._tally = Tally()
        self._mine = members(plan.bots, plan.processes, plan.process)
        self._scenario = scenarios.find(plan.scenario)(plan.run)
        reader, ledger, rng = Reader(self._scenario), Ledger(self._mine), random.Random()  # noqa: S311 (pauses, no secrets)
        self._bots = {
            number: Bot(
                Session(number, secrets.token_urlsafe(24), self._scenario, ledger, self._tally),
                plan.target,
                reader,
                self._tally,
                rng,
                self._scenario.pilot(number, self._tally, talks=number < plan.talkers),
            )
            for number in self._mine
        }
        self._turns: Iterator[tuple[float, int]] = iter(())
        self._next: tuple[float, int] | None = None
        self._talk_s = 0.0
        self._cpu_s = 0.0
        self._is_done = self._is_over = False

    async def run(self, orders: asyncio.StreamReader) -> int:
        """Obey until the end; the exit code."""
        self._report()
        self._look()
        decode = msgspec.json.Decoder(Order).decode
        obey: dict[type, Any] = {Enter: self._enter, Talk: self._talk, Hush: self._hush}
        while line := await orders.readline():
            order = decode(line)
            if isinstance(order, End):
                self._end(order)
                return 0
            obey[type(order)](order)
        return ORPHANED

    # Orders

    def _enter(self, order: Enter) -> None:
        for number, bot in self._bots.items():
            self._loop.call_at(order.at_s + entry_s(number, self._plan.bots, self._plan.ramp_s), bot.enter)

    def _talk(self, order: Talk) -> None:
        # What is there by now stays: looking through it again would hold up all bots at once.
        gc.collect()
        gc.freeze()
        self._talk_s, self._cpu_s = order.at_s, time.process_time()
        for bot in self._bots.values():
            bot.measure(on=True)
        self._turns = self._scenario.turns(self._plan.rate, self._plan.count, self._plan.talkers, self._mine)
        self._speak(advance=True)

    def _hush(self, order: Hush) -> None:
        self._next, self._is_done = None, True
        for bot in self._bots.values():
            bot.measure(on=False)

    def _end(self, order: End) -> None:
        if order.upto is not None:
            inside = [bot.session for bot in self._bots.values() if bot.session.is_in]
            self._tally.counts["missing"] += sum(max(0, order.upto - session.seq) for session in inside)
            self._tally.counts["unanswered"] += sum(bot.session.unanswered for bot in self._bots.values())
        self._tell(is_last=True)
        self._is_over = True
        for bot in self._bots.values():
            bot.leave()

    # The clock

    def _speak(self, *, advance: bool = False) -> None:
        """Have said what is due by now, and come again when the next one is."""
        if advance:
            self._next = next(self._turns, None)
        elif self._next is None:
            return
        now = self._loop.time()
        while self._next is not None and (due_s := self._talk_s + self._next[0]) <= now:
            self._tally.waking.record(int((now - due_s) * 1e6))
            self._bots[self._next[1]].say(int(due_s * 1e6))
            self._next = next(self._turns, None)
        if self._next is None:
            self._is_done = True
        else:
            self._loop.call_at(self._talk_s + self._next[0], self._speak)

    def _look(self) -> None:
        for bot in self._bots.values():
            bot.look()
        self._loop.call_later(LOOK_S, self._look)

    def _report(self) -> None:
        # The loop still turns while the process ends: the last word is the last.
        if self._is_over:
            return
        self._tell(is_last=False)
        self._loop.call_later(REPORT_S, self._report)

    def _tell(self, *, is_last: bool) -> None:
        sessions = [bot.session for bot in self._bots.values()]
        talked_s = now_us() / 1e6 - self._talk_s if self._talk_s else 0.0
        status = Status(
            step=self._tally.take(),
            inside=sum(session.is_in for session in sessions),
            stopped=sum(bot.is_stopped for bot in self._bots.values()),
            unanswered=sum(bot.session.unanswered for bot in self._bots.values() if not bot.is_stopped),
            lowest=min((session.seq for session in sessions if session.is_in), default=0),
            promised=max((session.promised for session in sessions), default=0),
            last_us=self._tally.last_us,
            busy=(time.process_time() - self._cpu_s) / talked_s if talked_s > 0 else 0.0,
            is_done=self._is_done,
            is_last=is_last,
        )
        sys.stdout.buffer.write(msgspec.json.encode(status) + b"\n")
        sys.stdout.buffer.flush()


async def main() -> int:
    """Read the plan, then be a worker; the exit code. Whatever goes wrong ends the process: the command sees that."""
    loop = asyncio.get_running_loop()
    broken: list[dict[str, Any]] = []
    this = asyncio.current_task()
    assert this is not None

    def fail(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        broken.append(context)
        this.cancel()

    loop.set_exception_handler(fail)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    plan = msgspec.json.decode(await orders.readline(), type=Plan)
    try:
        return await Worker(plan).run(orders)
    except asyncio.CancelledError:
        raise broken[0].get("exception") or RuntimeError(broken[0]["message"]) from None
