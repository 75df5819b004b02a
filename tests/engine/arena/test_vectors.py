"""tests/vectors/arena is what the rules lead to; the browser's core is held to the same files."""

from __future__ import annotations

import json

import pytest

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.rules import Body, step
from tests.engine.arena import vectors


def loaded(name: str) -> str:
    return (vectors.PLACE / f"{name}.json").read_text()


@pytest.mark.parametrize("name", sorted(vectors.MAKERS))
def test_vectors_are_what_the_rules_lead_to(name: str) -> None:
    """[AR1] Table, chance, fields, ships, the long flight and frames are those of tests/vectors/arena, to the last bit."""
    assert vectors.text(name) == loaded(name)


def test_a_ship_reads_back_from_its_vector() -> None:
    """[AR2] From the numbers in the file, a ship comes to the states in the file: at least 300 cases, bit for bit."""
    cases = json.loads(loaded("ship"))["cases"]
    for case in cases:
        x, y, vx, vy, heading, cooldown = case["state"]
        body = Body(x, y, vx, vy, heading, cooldown)
        for (turn, flags), (*after, shot) in zip(case["inputs"], case["after"], strict=True):
            assert step(body, turn, flags & 1, flags & 2, [tuple(rock) for rock in case["rocks"]]) == bool(shot)
            expected = Body(*after)
            assert wire.moving(body) == wire.moving(expected), case["name"]
    assert len(cases) >= 300


def test_the_table_of_directions_is_exact() -> None:
    """[AR3] Sine and cosine are multiples of 2^-15 and mirror each other, so no library of mathematics can matter."""
    cos = json.loads(loaded("table"))["cos"]
    assert all(cos[heading] == cos[-heading] == -cos[(heading + 512) % 1024] for heading in range(1024))
    assert [cos[0], cos[256], cos[512]] == [32768, 0, -32768]
    assert all(abs(cos[heading] ** 2 + cos[(heading - 256) % 1024] ** 2 - 2**30) < 2**16 for heading in range(1024))
