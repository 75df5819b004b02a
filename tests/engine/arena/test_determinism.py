"""The same inputs give the same state, bit for bit, on every run."""

from __future__ import annotations

import random

from tests.engine.arena.arenas import Arena, hash_of, hunt, message

TICKS = 10_000
SHIPS = 20
Sent = list[tuple[int, bytes]]
Log = list[Sent]


class Recording:
    """10,000 ticks of 20 players who hunt each other; some of what they send comes late, in floods, or not at all. `log`: by tick."""

    def __init__(self) -> None:
        dice = random.Random(60)
        self.log: Log = []
        self.arena = Arena(SHIPS)
        self.hashes: list[str] = []
        numbers = [1] * SHIPS
        for tick in range(TICKS):
            sent = []
            for player in range(SHIPS) if tick % 4 == 0 else ():
                inputs = [hunt(self.arena, player)] * (4 if dice.random() < 0.97 else 12)
                if dice.random() > 0.02:
                    sent.append((player, message(numbers[player], inputs, max(self.arena.game.tick - dice.randrange(20), 0))))
                # Who is far ahead, or behind, begins again where the owner is.
                ack = self.arena.ship(player).queue.ack
                ahead = numbers[player] + len(inputs) - ack
                numbers[player] = ack + (ahead if 0 < ahead < 60 else 1)
            self.log.append(sent)
            step(self.arena, sent, self.hashes)


def step(arena: Arena, sent: Sent, hashes: list[str]) -> None:
    """One tick; a hash every 1000."""
    for player, data in sent:
        arena.heard(player, data)
    arena.tick()
    if arena.game.tick % 1000 == 0:
        hashes.append(hash_of(arena.world))


def replay(log: Log) -> list[str]:
    arena, hashes = Arena(SHIPS), list[str]()
    for sent in log:
        step(arena, sent, hashes)
    return hashes


def test_a_log_of_inputs_replays_to_the_same_state() -> None:
    """[AR49] 10,000 recorded ticks of 20 ships lead to the same hashes again, twice; and enough happens in them to matter."""
    recording = Recording()
    assert len(set(recording.hashes)) == TICKS // 1000
    assert replay(recording.log) == recording.hashes
    assert replay(recording.log) == recording.hashes
    assert len(recording.arena.told("arena.destroyed")) > 50
    assert any("of" not in fields for fields in recording.arena.told("arena.scored"))


def test_one_input_more_is_another_state() -> None:
    """[AR49] The hash tells states apart: one input that is another one is seen in it."""
    one, other = Arena(2), Arena(2)
    one.heard(0, message(1, [(1, 0)]))
    other.heard(0, message(1, [(2, 0)]))
    one.tick()
    other.tick()
    assert hash_of(one.world) != hash_of(other.world)
