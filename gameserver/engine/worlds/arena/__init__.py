"""The arena: people fly, shoot and collect. docs/arena.md is its contract; what is there by name is here by name.

`World` in world.py is the lane; the other modules are its parts. Nothing here reads a clock or rolls dice that are not in the state.
"""

from gameserver.engine.worlds.arena.world import World

__all__ = ["World"]
