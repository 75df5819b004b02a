"""Board: shapes that many people draw at once. docs/board.md is its protocol; `world` puts together what the other modules decide."""

from gameserver.engine.worlds.board.world import World

__all__ = ["World"]
