"""What a process is for: the lobby, a region's gameserver, or both. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fly.here import Here


@dataclass(frozen=True, slots=True)
class Role:
    """`lobby`: it answers for the parent host. `gameserver`: it owns rooms of its region."""

    lobby: bool = True
    gameserver: bool = True

    @property
    def is_split(self) -> bool:
        """True where lobby and gameservers are two apps."""
        return not (self.lobby and self.gameserver)


BOTH = Role()


def role_of(here: Here, gameserver_app: str) -> Role:
    """The role of a process by where it runs and by GAMESERVER_APP.

    Without GAMESERVER_APP every Machine is both, and so is a process off Fly, where nothing could be replayed (R10). With it a Machine of
    that app is a gameserver and nothing else, and one of any other app is the lobby and nothing else.
    """
    if not gameserver_app or not here.is_fly:
        return BOTH
    is_gameserver = here.app == gameserver_app
    return Role(lobby=not is_gameserver, gameserver=is_gameserver)
