"""What a relay says to the owner of a room: who is here, and what they ask, again until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gameserver.counts import COUNTS
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import Command, encode
from gameserver.engine.worlds import Who
from gameserver.link import Link
from gameserver.member import Member
from gameserver.pipeline import WAIT_S, refusal
from gameserver.relay import words

RESEND_S = 1.0
"""A command without an answer goes again after this time: the layer may lose it, and it happens once all the same."""
NEWS_S = 0.05
"""Comings and goings within this time are told together."""
MANY = 500
"""Sessions in one message."""


@dataclass(slots=True)
class _Asked:
    """A command on its way."""

    member: Member
    text: bytes
    since: float
    sent: float


class Upstream:
    """Of one relay. `owner`: the channel of the owner's process; empty while none is known, and nothing is said."""

    def __init__(self, link: Link, room: list[str]) -> None:
        self.owner = ""
        self._link = link
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._asked: dict[tuple[str, int], _Asked] = {}
        self._commands: list[tuple[str, bytes]] = []
        self._joined: dict[str, Who] = {}
        self._left: dict[str, None] = {}
        self._news: asyncio.TimerHandle | None = None

    def say(self, do: str, **more: Any) -> None:
        """Send one message of `gameserver.relay.words`."""
        if self.owner:
            self._link.send(self.owner, {"do": do, "room": self._room, "relay": self._link.channel, **more})

    # Who is here

    def come(self, key: str, who: Who) -> None:
        """A session is in."""
        self._left.pop(key, None)
        self._joined[key] = who
        self._tell_soon()

    def go(self, key: str) -> None:
        """A session is gone."""
        self._joined.pop(key, None)
        self._left[key] = None
        self._tell_soon()

    def tell_all(self, members: Iterable[Member]) -> None:
        """Say whole who is here."""
        self._joined, self._left = {}, {}
        rows = [_row(member.session.key, member.session.who) for member in members]
        for start in range(0, max(len(rows), 1), MANY):
            # The first part says that all others are gone; what follows adds to it.
            self.say(words.SESSIONS, joined=rows[start : start + MANY], left=[], whole=start == 0)

    def _tell_soon(self) -> None:
        if self._news is None:
            self._news = self._loop.call_later(NEWS_S, self._tell)

    def _tell(self) -> None:
        if self._news is not None:
            self._news.cancel()
            self._news = None
        rows, left = [_row(key, who) for key, who in self._joined.items()], list(self._left)
        self._joined, self._left = {}, {}
        for start in range(0, max(len(rows), 1), MANY):
            self.say(words.SESSIONS, joined=rows[start : start + MANY], left=[] if start else left, whole=False)

    # What they ask

    def ask(self, member: Member, command: Command, *, answered: bool) -> None:
        """Bring a command to the owner. One that is `answered` goes again until it is, and is refused after WAIT_S."""
        text, now = encode(command), self._loop.time()
        if answered:
            self._asked[member.session.key, command.ref] = _Asked(member, text, now, now)
        self._pass_on(member.session.key, text)

    def answered(self, key: str, ref: int) -> bool:
        """A reply has come; False if it is for a command that was given up, and will be asked again."""
        return self._asked.pop((key, ref), None) is not None

    def look_after(self, *, resend: bool) -> None:
        """Send again what had no answer, if the owner can be reached, and refuse what had none for too long."""
        now = self._loop.time()
        for (key, ref), asked in list(self._asked.items()):
            if now - asked.since > WAIT_S:
                del self._asked[key, ref]
                asked.member.send(refusal(Rejected(Code.UNAVAILABLE, "This could not be kept in time. Send it again.", ref=ref)))
            elif now - asked.sent > RESEND_S and resend:
                asked.sent = now
                COUNTS.relay_resent += 1
                self._pass_on(key, asked.text)

    def stop(self) -> None:
        """Say the last news."""
        if self._news is not None:
            self._tell()

    def _pass_on(self, key: str, text: bytes) -> None:
        if not self._commands:
            self._loop.call_soon(self._send_commands)
        self._commands.append((key, text))

    def _send_commands(self) -> None:
        if self._joined:
            # Whoever asks must be known first.
            self._tell()
        commands, self._commands = self._commands, []
        self.say(words.COMMANDS, commands=commands)


def _row(key: str, who: Who) -> list[str]:
    return [key, who.id, who.name, who.colour]
