"""Pages of history that memory does not have, read beside the writes."""

from __future__ import annotations

import asyncio
from typing import Any

from gameserver.engine.errors import Code, Rejected
from gameserver.engine.protocol import History
from gameserver.engine.room import history_reply
from gameserver.journal import Journal
from gameserver.member import Member
from gameserver.pipeline import refusal


def read_page(journal: Journal, key: int, member: Member, command: History, passing: frozenset[str]) -> None:
    """Read what a member asked for, without what is passing, and answer it then."""
    future = journal.read(journal.store.before, key, command.before, command.limit, passing)

    def answer(done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception() is not None:
            member.send(refusal(Rejected(Code.UNAVAILABLE, "Older messages cannot be read just now.", ref=command.ref)))
            return
        member.send({"type": "reply", **history_reply(command, [entry.event for entry in done.result()])})

    future.add_done_callback(answer)
