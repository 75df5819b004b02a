"""A bot's socket without a network: it calls the ASGI application that a server would call, and acts on what it is sent."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from msgspec import Struct

from fly.asgi import DENIAL, App, Message
from fly.context import read_context
from gameserver.bots.arena import FRAME_TICKS
from gameserver.bots.player import Player
from gameserver.outlet import FILLER

log = logging.getLogger(__name__)

WORLD = "arena"
ASK_AGAIN_TICKS = 120
"""Without a ship, it asks for one this often."""
GOODBYE_S = 1.0
"""How long it waits for the reply before it goes."""
_PLAY, _WATCH = "arena.play", "arena.watch"


class _Event(Struct, gc=False):
    """An event, as far as a bot needs it."""

    ev: str
    seed: int = 0


class _State(Struct):
    """Of a welcome."""

    seed: int = 0


class _Told(Struct):
    """Any message of the server."""

    type: str
    events: list[_Event] = []
    state: dict[str, msgspec.Raw] = {}
    ref: int = 0


class Socket:
    """One bot in one room, from the handshake until `task` is done. It comes back from nothing: another one may be made.

    sid: secret, as any session's; cookie: says who it is.
    """

    def __init__(self, app: App, host: str, slug: str, player: Player, sid: str, cookie: str) -> None:
        self._player = player
        self._join = {"cmd": "room.join", "v": 1, "sid": sid}
        self._ref = 0
        self._asked: int | None = None
        self._tick: int | None = None
        self._goodbye_ref = 0
        self._decode = msgspec.json.Decoder(_Told).decode
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(app(_scope(host, slug, cookie), self._inbox.get, self._take))

    def step_aside(self) -> None:
        """Give the ship up, and go."""
        if not self._goodbye_ref:
            self._command(_WATCH)
            self._goodbye_ref = self._ref
            asyncio.get_running_loop().call_later(GOODBYE_S, self.leave)

    def leave(self) -> None:
        """Go."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def _take(self, event: Message) -> None:
        """ASGI's `send`: called with all that the application says, in order, by one task."""
        try:
            self._act(event)
        except Exception:
            # Ours, or a frame that is none: this bot goes, and says why.
            log.exception("A bot does not know what to do.")
            self.leave()

    def _act(self, event: Message) -> None:
        kind = event["type"]
        if kind == "websocket.send":
            data = event.get("bytes")
            if data is not None:
                self._frame(data)
            else:
                self._told(self._decode(event["text"]))
        elif kind == "websocket.accept":
            self._say(self._join)
        elif kind in ("websocket.close", f"{DENIAL}.body"):
            self.leave()

    def _told(self, told: _Told) -> None:
        if told.type == "welcome":
            self._player.rejoin()
            if WORLD in told.state:
                self._player.begin(msgspec.json.decode(told.state[WORLD], type=_State).seed)
            self._command(_PLAY)
        elif told.type == "reply" and told.ref == self._goodbye_ref:
            self.leave()
        for event in told.events:
            if event.ev == "arena.began":
                self._player.begin(event.seed)

    def _frame(self, data: bytes) -> None:
        seen = self._player.take(data)
        ticks = FRAME_TICKS if self._tick is None else seen.tick - self._tick
        self._tick = seen.tick
        if self._goodbye_ref:
            return
        if self._player.is_ship:
            self._asked = None
            inputs = self._player.inputs(ticks)
            if inputs:
                self._inbox.put_nowait({"type": "websocket.receive", "bytes": inputs})
        elif self._asked is None:
            self._asked = seen.tick
        elif seen.tick - self._asked > ASK_AGAIN_TICKS:
            self._asked = seen.tick
            self._command(_PLAY)

    def _command(self, name: str) -> None:
        self._ref += 1
        self._say({"cmd": name, "ref": self._ref})

    def _say(self, message: dict[str, Any]) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": msgspec.json.encode(message).decode()})


def _scope(host: str, slug: str, cookie: str) -> dict[str, Any]:
    """What a server makes of a handshake; with the mark that no handshake can bring."""
    path, headers = f"/ws/r/{slug}/", [(b"host", host.encode()), (b"cookie", cookie.encode())]
    return {
        "type": "websocket",
        "path": path,
        "headers": headers,
        "query_string": b"",
        "client": None,
        "extensions": {DENIAL: {}, FILLER: {}},
        "fly": read_context(path, headers),
        "url_route": {"args": (), "kwargs": {"slug": slug}},
    }
