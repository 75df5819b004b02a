"""Ships in an arena: each talker plays, and sends inputs by the brain of the bots that fill rooms; the others watch.

Measured are frames, what they tell of, and how long an input takes to be in one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

import msgspec
from msgspec import Struct

from gameserver.bots import sight
from gameserver.bots.arena import FRAME_TICKS, TICKS_PER_S
from gameserver.bots.brain import Brain
from gameserver.bots.player import Player
from gameserver.loadtest.scenarios import BaseScenario, Found, Mark, Numbered
from gameserver.loadtest.tally import Tally

SKILL = 0.5
LATE_US = 1_500_000 * FRAME_TICKS // TICKS_PER_S
"""A frame that comes so long after the one before is late: half a frame more than it should be."""
KEPT = 256
"""Messages of inputs that wait for their number in a frame; of more than are under way none is looked for."""


class Happened(Numbered, gc=False):
    """An event; `seed` is in `arena.began`."""

    seed: int = 0


class _State(Struct):
    """Of a welcome."""

    seed: int = 0


class Scenario(BaseScenario):
    """Everybody flies; nobody's events are looked for, as frames say it all."""

    name = "arena"
    world = "arena"
    event = Happened
    is_journalled = is_marked = False
    turn = "messages of inputs"
    latencies = {"ack": "due to its number in a frame"}  # noqa: RUF012 (not changed)

    @classmethod
    def rate_of(cls, talkers: int) -> float:
        """See BaseScenario: a message for each frame."""
        return talkers * TICKS_PER_S / FRAME_TICKS

    def command(self, mark: Mark) -> dict[str, Any]:
        """See BaseScenario: sent after each welcome."""
        return {"cmd": "arena.play"}

    def mark(self, event: Any) -> Mark | None:
        """See BaseScenario: none."""
        return None

    def pilot(self, bot: int, tally: Tally, *, talks: bool) -> Flight:
        """See BaseScenario."""
        return Flight(Player(Brain(SKILL, Random(f"{self.run} {bot}"))), tally, plays=talks)  # noqa: S311 (a game)

    @classmethod
    def measured(cls, found: Found) -> dict[str, Any]:
        """See BaseScenario. Rates are of each bot; `us_per_frame`: of the server's processor, None if it is not known."""
        counts, frames = found.counts, found.counts.get("frames", 0)
        each_s = found.bots * found.talked_s

        def per_s(name: str) -> float | None:
            return round(counts.get(name, 0) / each_s, 2) if each_s else None

        spent = None if found.cpu_s is None or not frames else round(found.cpu_s * 1e6 / frames, 2)
        share = None if found.cpu_s is None or not found.talked_s else round(found.cpu_s / found.talked_s, 3)
        return {
            "inputs": counts.get("inputs", 0),
            "inputs_held": counts.get("inputs_held", 0),
            "frames": frames,
            "frames_lost": counts.get("frames_lost", 0),
            "frames_late": counts.get("frames_late", 0),
            "frames_per_s": per_s("frames"),
            "updates_per_s": per_s("updates"),
            "bytes_per_s": per_s("bytes"),
            "us_per_frame": spent,
            "of_a_core": share,
        }

    @classmethod
    def rows(cls, measured: Mapping[str, Any]) -> list[tuple[str, str]]:
        """See BaseScenario."""

        def said(name: str) -> str:
            return "-" if measured[name] is None else f"{measured[name]:.1f}"

        spent = "n/a (see --server-pid)"
        if measured["us_per_frame"] is not None:
            spent = f"{measured['us_per_frame']:.1f} µs, {measured['of_a_core']:.0%} of a core in all"
        lost = f"{measured['frames_lost']} lost, {measured['frames_late']} late (more than {LATE_US // 1000} ms after the one before)"
        return [
            ("frames", f"{measured['frames']}, {said('frames_per_s')} a second for each bot; {lost}"),
            ("updates", f"{said('updates_per_s')} of ships, bullets and crystals a second for each bot"),
            ("bytes", f"{said('bytes_per_s')} a second for each bot, of all kinds"),
            ("inputs", f"{measured['inputs']} messages sent, {measured['inputs_held']} held back for want of a ship or of answers"),
            ("CPU per frame", spent),
        ]


class Flight:
    """One bot's pilot."""

    def __init__(self, player: Player, tally: Tally, *, plays: bool) -> None:
        self.is_measuring = False
        self._player = player
        self._tally = tally
        self._plays = plays
        self._sent: deque[tuple[int, int]] = deque(maxlen=KEPT)
        """Number of the last input of a message, and when it was due."""
        self._tick: int | None = None
        self._frame_us = 0

    def welcomed(self, message: Any) -> bool:
        """See Pilot."""
        self._player.rejoin()
        self._sent.clear()
        self._tick = None
        if Scenario.world in message.state:
            self._player.begin(msgspec.json.decode(message.state[Scenario.world], type=_State).seed)
        return self._plays

    def told(self, events: Any) -> None:
        """See Pilot."""
        for event in events:
            if event.ev == "arena.began":
                self._player.begin(event.seed)

    def speak(self, due_us: int) -> bytes:
        """See Pilot."""
        data = self._player.inputs(FRAME_TICKS) if self._plays else b""
        self._tally.counts["inputs" if data else "inputs_held"] += 1
        if data:
            self._sent.append((self._player.number, due_us))
        return data

    def read(self, size_bytes: int) -> None:
        """See Pilot."""
        if self.is_measuring:
            self._tally.counts["bytes"] += size_bytes

    def heard(self, data: bytes | bytearray, now_us: int) -> None:
        """See Pilot."""
        updates = sight.count(data)
        seen = self._player.take(data)
        before, self._tick = self._tick, seen.tick
        last_us, self._frame_us = self._frame_us, now_us
        sent = self._sent
        while sent and sent[0][0] <= seen.ack:
            due_us = sent.popleft()[1]
            if self.is_measuring:
                self._tally.latency("ack").record(now_us - due_us)
        if self.is_measuring:
            counts = self._tally.counts
            self._tally.last_us = now_us
            counts["frames"] += 1
            counts["updates"] += updates
            if before is not None:
                counts["frames_lost"] += max(0, round((seen.tick - before) / FRAME_TICKS) - 1)
                counts["frames_late"] += now_us - last_us > LATE_US
