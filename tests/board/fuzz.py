"""Random people on one board, through anything that may happen to them: in the end every tab shows what the owner has.

`python -m tests.board.fuzz --seeds 200 --steps 3000` tries many seeds, `--seed 7` one again.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from gameserver.engine.worlds import Who
from tests.board import owner as owners
from tests.board.owner import Link, Owner
from tests.board.tabs import Tabs
from tests.engine.board.boards import canonical

TABS = 4
ROUNDS = 400
"""Rounds of flushing after which a fuzz that is not at its end has a fault."""


class Fuzz:
    """One seed. `step` does one thing, `finish` lets everything arrive and compares."""

    def __init__(self, seed: int, tabs: Tabs) -> None:
        self.dice = random.Random(seed)
        self.tabs = tabs
        self.owner = Owner()
        self.replies = Counter[str]()
        """How often a command came to what, by its name and the code or the outcome."""
        for number in range(TABS):
            # Two of the tabs are one player's.
            who = Who(f"player{max(1, number)}", f"Player {number}", "#112233")
            self.owner.links.append(Link(number, who))
            tabs.do("open", tab=number, you=who.as_dict(), seed=self.dice.getrandbits(32))
            self.connect(self.owner.links[-1])

    def step(self) -> None:
        """One thing happens."""
        names = list(_STEPS)
        _STEPS[self.dice.choices(names, [CHANCES[name] for name in names])[0]](self)

    def link(self) -> Link:
        return self.dice.choice(self.owner.links)

    def do(self, what: str, link: Link | None = None, **fields: Any) -> dict[str, Any]:
        """Have the tabs do something; what they send goes on its way, or nowhere."""
        answer = self.tabs.do(what, **({"tab": link.number} if link else {}), **fields)
        for number, commands in self.tabs.sent.items():
            if self.owner.links[number].session is not None:
                self.owner.links[number].up.extend(msgspec.json.encode(command).decode() for command in commands)
        self.tabs.sent.clear()
        return answer

    def act(self) -> None:
        self.do("act", self.link())

    def up(self, most: int = 4) -> None:
        link = self.link()
        for _ in range(self.dice.randint(1, most)):
            if link.up and link.session is not None and link.welcome is None:
                self.owner.receive(link)

    def down(self, most: int = 4) -> None:
        self.give(self.link(), self.dice.randint(1, most))

    def give(self, link: Link, most: int) -> None:
        messages = [link.down.popleft() for _ in range(min(most, len(link.down)))]
        if messages:
            self.do("deliver", link, messages=messages)

    def commit(self) -> None:
        self.owner.commit(self.dice.randint(1, 6))

    def wait(self) -> None:
        self.do("wait", ms=self.dice.choice([5, 40, 40, 300]))

    def unpack(self) -> None:
        link = self.link()
        if self.do("is_unpacking", link)["unpacking"]:
            self.do("unpack", link)

    def lose(self) -> None:
        """A connection breaks: some of what was on its way arrives."""
        link = self.link()
        self.give(link, self.dice.randint(0, 3))
        for _ in range(self.dice.randint(0, 3)):
            if link.up and link.welcome is None:
                self.owner.receive(link)
        link.lose()
        self.do("lose", link)

    def connect(self, link: Link | None = None) -> None:
        link = link or self.link()
        if link.session is None:
            position = self.do("position", link)["position"]
            self.owner.join(link, None if self.dice.random() < 0.3 else position)

    def die(self) -> None:
        """The owner dies; the connections with it."""
        for link in self.owner.links:
            self.give(link, self.dice.randint(0, 5))
        self.owner.die(self.dice.randint(0, len(self.owner.flight)))
        for link in self.owner.links:
            self.do("lose", link)

    def fail(self) -> None:
        """A commit fails. Who waits for a welcome has to come again."""
        waiting = [link for link in self.owner.links if link.welcome is not None]
        self.owner.fail(self.dice.randint(0, len(self.owner.flight)))
        for link in waiting:
            self.do("lose", link)

    def check(self) -> None:
        self.do("check", self.link())

    def finish(self) -> None:
        """Everything arrives, all drags end: every tab shows the owner's state, and waits for nothing."""
        for link in self.owner.links:
            self.do("finish", link)
        for _ in range(ROUNDS):
            self.flush()
            told = [self.do("tell", link) for link in self.owner.links]
            if not any(one["waiting"] or one["pending"] for one in told) and self.is_still():
                break
        self.compare()

    def is_still(self) -> bool:
        busy = any(link.up or link.down or link.session is None for link in self.owner.links)
        return not (busy or self.owner.flight or self.owner.room.has_notes)

    def flush(self) -> None:
        for link in self.owner.links:
            self.connect(link)
            self.give(link, len(link.down))
            if self.do("is_unpacking", link)["unpacking"]:
                self.do("unpack", link)
            while link.up and link.welcome is None:
                self.owner.receive(link)
        self.owner.gather()
        self.owner.commit(len(self.owner.flight))
        self.do("wait", ms=200)

    def compare(self) -> None:
        state = canonical(self.owner.world.scene)
        for link in self.owner.links:
            self.do("check", link)
            told = self.do("tell", link)
            self.replies.update(told["replies"])
            waits = told["pending"], told["waiting"]
            assert waits == (0, 0), f"tab {link.number} waits for something: {waits}"
            assert told["scene"] == state, f"tab {link.number} has another state than the owner"
            assert told["shown"] == state["shapes"], f"tab {link.number} shows something else"
            order = [shape["id"] for shape in sorted(state["shapes"], key=lambda shape: (shape["z"], shape["id"]))]
            assert told["order"] == order, f"tab {link.number} has another order"


_STEPS = {
    "act": Fuzz.act,
    "up": Fuzz.up,
    "down": Fuzz.down,
    "commit": Fuzz.commit,
    "gather": lambda fuzz: fuzz.owner.gather(),
    "wait": Fuzz.wait,
    "unpack": Fuzz.unpack,
    "lose": Fuzz.lose,
    "connect": Fuzz.connect,
    "snapshot": lambda fuzz: fuzz.owner.snapshot(),
    "die": Fuzz.die,
    "fail": Fuzz.fail,
    "check": Fuzz.check,
}
CHANCES = {
    "act": 28,
    "up": 20,
    "down": 20,
    "commit": 10,
    "gather": 6,
    "wait": 8,
    "unpack": 5,
    "lose": 1.5,
    "connect": 5,
    "snapshot": 0.5,
    "die": 0.4,
    "fail": 0.5,
    "check": 3,
}
"""How likely each thing is."""


@contextmanager
def forgetful() -> Iterator[None]:
    """Rooms remember little meanwhile."""
    before = owners.remember_little()
    try:
        yield
    finally:
        owners.remember(before)


def run(seed: int, steps: int) -> Fuzz:
    """Play one seed to its end. Raises AssertionError with how to see it again."""
    with forgetful(), Tabs() as tabs:
        fuzz = Fuzz(seed, tabs)
        step = 0
        try:
            for step in range(steps):  # noqa: B007
                fuzz.step()
            step = steps
            fuzz.finish()
        except AssertionError as error:
            again = f"python -m tests.board.fuzz --seed {seed} --steps {steps}"
            raise AssertionError(f"seed {seed}, step {step}: {error}\nAgain: {again}") from error
        return fuzz


def main() -> int:
    """Seeds from 0 on, or one; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=3000)
    given = parser.parse_args()
    failed = 0
    total = Counter[str]()
    for seed in range(given.seeds) if given.seed is None else [given.seed]:
        try:
            fuzz = run(seed, given.steps)
            total += fuzz.replies
            events, owners_there = len(fuzz.owner.entries), fuzz.owner.room.epoch - owners.EPOCH + 1
            print(f"seed {seed}: {events} events, {owners_there} owners, {fuzz.replies.total()} replies", flush=True)
        except AssertionError as error:
            failed += 1
            print(error, flush=True)
    print(dict(sorted(total.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
