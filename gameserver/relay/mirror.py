"""Who is in a room, at a relay: what the owner says of it. Pure."""

from __future__ import annotations

from typing import Any

from gameserver.engine.worlds import Who


class Mirror:
    """In place of a hub's Roster: sessions that come and go here are counted where the room is owned."""

    def __init__(self) -> None:
        self._present: dict[str, dict[str, str]] = {}
        self.told = -1
        """How often the owner has told who came and went, as far as it is known here; -1 before anything is."""
        self.players = 0
        self.version = 0
        self.has_news = False

    def start(self, present: list[dict[str, str]], players: int, told: int) -> dict[str, Any] | None:
        """Know what the owner knows. The message for those here who knew something else until now; None if they did not."""
        before, was_known, counted = self._present, self.told >= 0, self.players
        self._present = {who["id"]: who for who in present}
        self.players, self.told = players, told
        self.version += 1
        joined = [who for id, who in self._present.items() if before.get(id) != who]
        left = [id for id in before if id not in self._present]
        if not was_known or not (joined or left or players != counted):
            return None
        return {"type": "presence", "joined": joined, "left": left, "players": players}

    def follow(self, message: dict[str, Any]) -> None:
        """Take what the owner told everybody."""
        for player in message["left"]:
            self._present.pop(player, None)
        for who in message["joined"]:
            self._present[who["id"]] = who
        self.players = message["players"]
        self.told += 1
        self.version += 1

    def present(self) -> list[dict[str, str]]:
        """See Roster."""
        return list(self._present.values())

    def come(self, key: str, who: Who) -> None:
        """See Roster."""

    def go(self, key: str, player: str) -> None:
        """See Roster."""

    def call(self, who: Who) -> Who | None:
        """See Roster."""
        return None

    def sessions(self, player: str) -> set[str]:
        """See Roster."""
        return set()

    def knows(self, player: str) -> bool:
        """See Roster: whether it is one of those that are named."""
        return player in self._present

    def news(self) -> dict[str, Any]:
        """See Roster: nothing is told by a relay of its own."""
        return {"type": "presence", "joined": [], "left": [], "players": self.players}
