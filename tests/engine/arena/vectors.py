"""What tests/vectors/arena holds, made anew: `python -m tests.engine.arena.vectors` writes it. README.md there says what is what."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from gameserver.engine.worlds.arena import wire
from gameserver.engine.worlds.arena.chance import Chance, advance
from gameserver.engine.worlds.arena.field import rocks_of
from gameserver.engine.worlds.arena.rules import TABLE, Body, Rock, step

PLACE = Path(__file__).parents[2] / "vectors" / "arena"
LONG_TICKS, LONG_EVERY, LONG_SEED = 10_000, 500, 2_024
Flown = tuple[list[dict[str, Any]], Body]


def table() -> Any:
    """The table of directions, and the numbers that a few seeds lead to."""
    chances = []
    for seed in (0, 1, 2, 12_345, 0x8000_0000, 0xFFFF_FFFF):
        chance = Chance.of_seed(seed)
        chances.append({"seed": seed, "below": [[limit, chance.below(limit)] for limit in (10, 81, 4096, 1000, 3, 2**31, 1024, 7)]})
    return {
        "unit": 32768,
        "cos": list(TABLE),
        "chance": chances,
        "fields": [{"seed": seed, "rocks": [list(map(int, rock)) for rock in rocks_of(seed)]} for seed in (0, 1, 7, 99, 0xFFFF_FFFF)],
        "fnv": [[data.hex(), wire.fnv(data)] for data in (b"", b"a", b"arena", bytes(range(256)))],
    }


def state_of(body: Body) -> list[Any]:
    return [body.x, body.y, body.vx, body.vy, body.heading, body.cooldown]


def fly(name: str, body: Body, rocks: list[Rock], inputs: list[tuple[int, int]]) -> dict[str, Any]:
    """A case: a state and inputs, and the state after each of them."""
    before = state_of(body)
    after = []
    for turn, flags in inputs:
        shot = step(body, turn, flags & 1, flags & 2, rocks)
        after.append([*state_of(body), int(shot)])
    return {
        "name": name,
        "state": before,
        "rocks": [list(rock) for rock in rocks],
        "inputs": [list(each) for each in inputs],
        "after": after,
    }


def _edges() -> list[dict[str, Any]]:
    """Cases that are easily got wrong."""
    rock: Rock = (1000.0, 1000.0, 50.0)
    near: Rock = (1100.0, 1000.0, 50.0)
    full = [(0, 1)] * 4
    cases = [
        ("at rest", Body(2048.0, 2048.0), [], [(0, 0)] * 3),
        (
            "a turn is cut, both ways, and goes around",
            Body(2048.0, 2048.0, heading=1020),
            [],
            [(127, 1), (-128, 1), (14, 1), (-14, 1), (15, 0)],
        ),
        ("cooldown", Body(2048.0, 2048.0), [], [(0, 2)] * 26),
        ("cooldown without firing", Body(2048.0, 2048.0, cooldown=3), [], [(0, 0), (0, 0), (0, 2), (0, 2)]),
        ("speed is cut", Body(2048.0, 2048.0, 9.0, 0.1, 100), [], full),
        ("much too fast", Body(2048.0, 2048.0, 300.0, -400.0, 100), [], full),
        ("left wall", Body(17.0, 2048.0, -5.0, 1.0), [], full),
        ("right wall", Body(4079.5, 2048.0, 5.0, 1.0), [], full),
        ("corner", Body(16.5, 4079.5, -8.0, 8.0, 384), [], full),
        ("on the wall, away from it", Body(10.0, 2048.0, 0.5, 0.0), [], full),
        ("head on into a rock", Body(1070.0, 1000.0, -8.0, 0.0, 512), [rock], full),
        ("along a rock", Body(1000.0, 935.0, 8.0, 0.5, 10), [rock], full),
        ("in the middle of a rock", Body(1000.0, 1000.0), [rock], full),
        ("exactly in the middle of a rock", Body(1000.0, 1000.0, heading=256), [rock], [(0, 0)] * 2),
        ("in a rock, on the way out", Body(1030.0, 1000.0, 4.0, 0.0), [rock], full),
        ("out of one rock into another", Body(1052.0, 1003.0, -1.0, 0.0), [rock, near], full),
        ("the other order", Body(1052.0, 1003.0, -1.0, 0.0), [near, rock], full),
        ("a rock in the wall", Body(20.0, 1000.0, -3.0, 0.0, 512), [(30.0, 1010.0, 40.0)], full),
        ("very slow", Body(2048.0, 2048.0, 5e-324, -1e-310), [], [(0, 0)] * 3),
        ("nothing with a sign", Body(2048.0, 2048.0, -0.0, 0.0), [], [(0, 0)] * 2),
    ]
    return [fly(name, body, rocks, inputs) for name, body, rocks, inputs in cases]


def ship() -> Any:
    """At least 300 cases."""
    dice = random.Random(6)
    cases = _edges()
    for number in range(300):
        kind = number % 4
        rocks = list(rocks_of(number)) if kind else []
        body = Body(dice.uniform(16, 4080), dice.uniform(16, 4080), dice.uniform(-6, 6), dice.uniform(-6, 6), dice.randrange(1024))
        if kind == 2:
            # Beside a rock, and flying into it.
            rx, ry, rr = rocks[number % len(rocks)]
            body = Body(
                rx - rr - 16 - dice.uniform(0, 9), ry + dice.uniform(-30, 30), dice.uniform(2, 9), dice.uniform(-3, 3), dice.randrange(1024)
            )
        if kind == 3:
            body.x = dice.choice((16.0, 4080.0)) + dice.uniform(-4, 4)
        body.cooldown = dice.randrange(13)
        inputs = [(dice.randint(-20, 20), dice.randrange(4)) for _ in range(8)]
        cases.append(fly(f"random {number}", body, rocks, inputs))
    return {"cases": cases}


def long_inputs(seed: int) -> Any:
    """Endless inputs (turn, flags) of a seed: held for as many ticks as the number says, so that a ship gets somewhere."""
    state = seed
    while True:
        state = advance(state)
        for _ in range(1 + (state >> 24) % 40):
            yield (state & 31) - 16, (1 if state >> 8 & 7 else 0) | (state >> 12 & 2)


def long() -> Any:
    """One ship for 10,000 ticks in a whole field."""
    body = Body(2048.0, 2048.0, 0.0, 0.0, 0, 0)
    rocks = rocks_of(7)
    inputs = long_inputs(LONG_SEED)
    hashes = []
    for tick in range(1, LONG_TICKS + 1):
        turn, flags = next(inputs)
        step(body, turn, flags & 1, flags & 2, rocks)
        if tick % LONG_EVERY == 0:
            hashes.append([tick, wire.fnv(wire.moving(body)), *state_of(body)])
    return {"seed": LONG_SEED, "field": 7, "ticks": LONG_TICKS, "every": LONG_EVERY, "hashes": hashes}


BODY, OTHER = Body(2048.25, 100.0625, -1.5, 8.25, 700, 5), Body(2100.5, 90.0, 2.125, -8.875, 1023, 0)


def frames() -> Any:
    """Frames and what they mean, and messages of inputs."""
    empty = wire.head(7, 0, wire.NOBODY, 0, Body(2048.0, 2048.0), 0, 0, 0, is_checked=False)
    coming = wire.head(9, 2, 3, 12, BODY, 0, 0, 0, is_checked=False)
    ships = [wire.ship(3, BODY, 1 | 2 << 2), wire.ship(499, OTHER, 2 | 3 << 2)]
    bullet = wire.bullet(3, 2060 * 16, 2088, wire.bullet_speed(-10.25), wire.bullet_speed(15.75))
    first = wire.cell(4, ships, [bullet], wire.crystal(2200.0, 300.0) + wire.crystal(2300.0, 17.0))
    second = wire.cell(12, [], [], wire.crystal(2048.0, 512.0))
    whole = wire.head(100_000, 1, 3, 4_000_000_000, BODY, 2, 2, 2, is_checked=True) + first + second
    shown = {"x": 2048.25, "y": 100.0625, "vx": -1.5, "vy": 8.25, "heading": 700, "cooldown": 5}
    nobody = {"tick": 7, "you": 0, "slot": 65535, "ack": 0, "check": 0, "waiting": 0, "cells": []}
    returns = {"tick": 9, "you": 2, "slot": 3, "ack": 12, **shown, "hull": 0, "check": 0, "waiting": 0, "cells": []}
    plays = {"tick": 100_000, "you": 1, "slot": 3, "ack": 4_000_000_000, **shown, "hull": 2, "waiting": 2, "cells": _cells()}
    means = [(empty, nobody), (coming, returns), (whole, {**plays, "check": wire.fnv(whole[8:48])})]
    return {"frames": [{"hex": data.hex(), "means": meaning} for data, meaning in means], "inputs": _inputs()}


def _cells() -> list[dict[str, Any]]:
    """What the cells of a frame mean."""
    told = [
        {"slot": 3, "x": 2048.25, "y": 100.0625, "vx": -1.5, "vy": 8.25, "heading": 700, "thrusts": True, "invulnerable": False, "hull": 2},
        {
            "slot": 499,
            "x": 2100.5,
            "y": 90.0,
            "vx": 2.125,
            "vy": -8.875,
            "heading": 1020,
            "thrusts": False,
            "invulnerable": True,
            "hull": 3,
        },
    ]
    bullets = [{"slot": 3, "x": 2060.0, "y": 130.5, "vx": -10.25, "vy": 15.75}]
    return [
        {"cell": 4, "ships": told, "bullets": bullets, "crystals": [{"x": 2200.0, "y": 300.0}, {"x": 2300.0, "y": 17.0}]},
        {"cell": 12, "ships": [], "bullets": [], "crystals": [{"x": 2048.0, "y": 512.0}]},
    ]


def _inputs() -> list[dict[str, Any]]:
    cases = [
        (1, 0, [(0, 0)]),
        (4_294_967_290, 77, [(-14, 1), (14, 3)]),
        (500, 123_456, [(turn, turn & 3) for turn in range(-6, 6)]),
    ]
    made = []
    for first, seen, each in cases:
        data = bytes([1]) + first.to_bytes(4, "little") + seen.to_bytes(4, "little") + bytes([len(each)])
        data += b"".join(bytes([turn & 255, flags]) for turn, flags in each)
        made.append({"hex": data.hex(), "first": first, "seen": seen, "inputs": [list(one) for one in each]})
    return made


MAKERS = {"table": table, "ship": ship, "long": long, "frames": frames}


def text(name: str) -> str:
    """A file as it should be. Doubles as the shortest text that reads back as the same bits."""
    found = MAKERS[name]()
    if name == "ship":
        return '{"cases": [\n' + ",\n".join(json.dumps(case) for case in found["cases"]) + "\n]}\n"
    if name == "table":
        return "{" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in found.items()) + "}\n"
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.mkdir(parents=True, exist_ok=True)
    for each in MAKERS:
        (PLACE / f"{each}.json").write_text(text(each))
