"""The heartbeat of a gameserver whose lobby is another app: over HTTPS, on the heartbeat's own thread.

GAMESERVER_HEARTBEAT and GAMESERVER_RETIRE name `record` and `retire` where GAMESERVER_APP makes two apps of one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import Literal

import httpx
from django.conf import settings

from gameserver.heartbeat import Beat
from gameserver.signed_beats import PATH, SIGNATURE, Letter, write

TIMEOUT_S = 2.0
"""For each step of a request: a beat that takes longer is worth little, the next one is due."""
TRIES = 3
"""Of one beat: the first, one with the lobby's word, and one on a new connection where the old one had been closed."""
CONFLICT = 409


class NotHeard(RuntimeError):
    """The lobby did not take a beat; the message has its status and nothing else."""


class FarLobby:
    """A lobby at `url` that knows itself as `host`. Not for several threads at once."""

    def __init__(self, url: str, host: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, headers={"host": host}, timeout=TIMEOUT_S, transport=transport, trust_env=False)
        self._words: dict[str, str] = {}

    def tell(self, kind: Literal["record", "retire"], beat: Beat) -> None:
        """Have one beat heard. Raises NotHeard, or what httpx raises when nobody answers."""
        for left in reversed(range(TRIES)):
            body, signature = write(Letter(kind, beat, self._words.get(beat.region, ""), time.time()))
            try:
                answer = self._client.post(PATH, content=body, headers={SIGNATURE: signature, "content-type": "application/json"})
            except httpx.TransportError:
                # A connection that was kept may have been closed meanwhile. Twice is no harm: a letter is good once.
                if not left:
                    raise
                continue
            if answer.status_code not in (httpx.codes.OK, CONFLICT):
                raise NotHeard(f"the lobby answered {answer.status_code}")
            self._words[beat.region] = _word(answer)
            if answer.status_code == httpx.codes.OK:
                return
        raise NotHeard(f"the lobby answered {CONFLICT} again and again: is there another Machine of this name?")


def _word(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["word"])
    except (ValueError, KeyError, TypeError):
        raise NotHeard("the lobby answered something else: LOBBY_URL leads to nobody who knows beats") from None


@cache
def _far() -> FarLobby:
    return FarLobby(settings.LOBBY_URL, settings.PARENT_HOST)


def record(beats: Sequence[Beat]) -> None:
    """Tell the lobby that this process lives."""
    for beat in beats:
        _far().tell("record", beat)


def retire(beats: Sequence[Beat]) -> None:
    """Say goodbye."""
    for beat in beats:
        _far().tell("retire", beat)
