"""One bot of the load test in a room that is played by hand, by values alone."""

from __future__ import annotations

import json
from typing import Any

from gameserver.loadtest.ledger import Ledger
from gameserver.loadtest.scenarios.chat import Scenario
from gameserver.loadtest.session import Session
from gameserver.loadtest.tally import Tally, losses
from gameserver.loadtest.wire import Reader

EPOCH = 1000
S = 1_000_000
"""Microseconds."""


class HandRoom:
    """One bot in a room that is played by hand. `now_us` is the time."""

    def __init__(self, number: int = 3, at: int = 10) -> None:
        self.tally = Tally()
        self.scenario = Scenario("run")
        self.ledger = Ledger(range(number, number + 1))
        self.session = Session(number, "s" * 22, self.scenario, self.ledger, self.tally)
        self.reader = Reader(self.scenario)
        self.now_us = 5 * S
        self.number = number
        self.welcome(at)

    def read(self, **message: Any) -> Any:
        return self.reader.read(json.dumps(message).encode())

    def welcome(self, at: int, *events: Any, recovered: bool = False, epoch: int = EPOCH) -> bool:
        message, batch = self.read(
            type="welcome", position=[epoch, at], recovered=recovered, events=list(events), rates={"chat": [5.0, 10.0]}
        )
        return self.session.welcomed(message, batch, self.now_us)

    def shown(self, *events: Any, epoch: int = EPOCH) -> bool:
        return self.session.shown(self.read(type="events", epoch=epoch, events=list(events))[1], self.now_us)

    def reply(self, ref: int, **fields: Any) -> None:
        self.session.replied(self.read(type="reply", ref=ref, **fields)[0], self.now_us)

    def say(self, *dues_us: int) -> list[dict[str, Any]]:
        for due_us in dues_us:
            self.session.say(due_us)
        return self.sent()

    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(message) for message in self.session.outgoing(self.now_us)]

    @property
    def lost(self) -> dict[str, int]:
        return {name: count for name, count in losses(self.tally.counts).items() if count}


def line(seq: int, bot: int = 0, ref: int = 0, due_us: int = 4 * S, run: str = "run") -> dict[str, Any]:
    """An event of this run; without a ref the next one that this bot has not used."""
    return {"seq": seq, "ev": "chat.said", "at": 1, "player": {"id": "x"}, "text": f"load {run} {bot} {ref or seq} {due_us}"}
