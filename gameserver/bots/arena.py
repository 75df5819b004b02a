"""What bots know of the arena's rules. The one place that imports them."""

from __future__ import annotations

from gameserver.engine.worlds.arena import field, rules

SIZE, RADIUS, TURN, MAX_SPEED, HEADINGS = rules.SIZE, rules.RADIUS, rules.TURN, rules.MAX_SPEED, rules.HEADINGS
TICKS_PER_S = rules.TICKS_PER_S
BULLET_SPEED = 14.0
"""px/tick, besides the ship's own velocity."""
FRAME_TICKS = 2
"""Of two frames in a row, how many ticks lie between them."""
MAX_INPUTS = 12
"""In a message."""

Rock = rules.Rock
rocks_of = field.rocks_of
