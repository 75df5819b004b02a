"""A client written from docs/protocol.md alone, with the `websockets` package: nothing of the product's code is imported here.

It keeps its session over reconnects, resumes by position, resends by ref, and misbehaves as people's networks do: it drops
connections, opens its session a second time, and asks again for what it was told. It judges nothing; it records.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tests.torture.history import Data, History
from tests.torture.link import Link, shake

PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
MEAN_SAY_S = 0.35
MISCHIEF_S = (1.5, 5.0)
OVERTAKEN_S = 5.0
"""Time for the server to close a socket whose session was taken over; then the client drops it."""
LINGER_S, LINGERER_S = 8.0, 12.0
"""How long a spare socket may wait with its join, and then for the welcome: a frozen Machine is to find it when it wakes up."""
MAX_WAITING = 8
"""Commands without a reply at a time: fewer than the burst that a new socket may send."""
REMEMBERED = 80
"""Newest own commands to ask for again: the room keeps a session's last 100 replies, and some more are on their way."""
LAST_RESENDS = 5
TOO_LONG = 501
RELOADS = 0.06
"""Part of the joins that come without a position, as a page does that was loaded again."""
STRESS = "é 𝄞 \"'\\ </b>\n#&"
"""A tail for some lines: what JSON and browsers stumble over, and no normalising changes."""


class Client:
    """One session in one room. `silence_s`: how long the room may leave a ping unanswered until the connection is dropped."""

    def __init__(self, name: str, room: str, host: str, ports: list[int], silence_s: float, rng: random.Random) -> None:
        self.history = History(name, room, secrets.token_urlsafe(24))
        self.host = host
        self.ports = ports
        self.silence_s = silence_s
        self.rng = rng
        self.position: list[int] | None = None
        self.machine = ""
        """The id of the Machine that welcomed last."""
        self.waiting: dict[int, Data] = {}
        """Commands without a final reply, by ref."""
        self.current: Link | None = None
        self.counts: Counter[str] = Counter()
        self.faults: list[BaseException] = []
        """What tasks of this client ended with: the client is broken then, or what it was sent is no message of the protocol."""
        self._answered: list[Data] = []
        self._ref = 0
        self._links = 0
        self._failures = 0
        self._retry_s = 0.0
        self._is_quiet = False
        self._open: dict[asyncio.Task[None], Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Connect, speak, and make mischief, until `quiet` and `close`."""
        self._noise = [self._go(self._talk()), self._go(self._mischief())]
        self._go(self._connected())

    @property
    def is_settled(self) -> bool:
        """Quiet, welcomed, and every command has its reply."""
        return self.current is not None and not self.waiting and all(task.done() for task in self._noise)

    def quiet(self) -> None:
        """Say nothing new, but ask again for some replies; stay until everything is answered."""
        self._is_quiet = True
        known = self._known()
        for command in self.rng.sample(known, min(LAST_RESENDS, len(known))):
            self._resend(command)

    async def close(self) -> None:
        """Leave."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _go(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                self.faults.append(error)

        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(ended)
        return task

    # Connecting

    async def _connected(self) -> None:
        while True:
            if not self._open:
                await self._attempt()
            if self._open:
                await asyncio.wait(self._open, return_when=asyncio.FIRST_COMPLETED)
            if not self._open:
                pause = self.rng.uniform(0.5, 1) * min(LONGEST_PAUSE_S, PAUSE_S * 2**self._failures)
                self._failures, wait_s, self._retry_s = self._failures + 1, max(pause, self._retry_s), 0.0
                await asyncio.sleep(wait_s)

    async def _attempt(self, linger_s: float = 0.0) -> None:
        """One more socket; after a while, joined with the position of then. Why there is none is recorded."""
        try:
            ws = await shake(self.host, self.rng.choice(self.ports), f"/ws/r/{self.history.room}/")
        except (OSError, WebSocketException, EOFError, TimeoutError) as error:
            why = str(error.response.status_code) if isinstance(error, InvalidStatus) else type(error).__name__
            self.history.add(0, "refused", why=why)
            return
        try:
            await asyncio.sleep(linger_s)
        except asyncio.CancelledError:
            ws.transport.abort()
            raise
        self._links += 1
        link = Link(self._links, ws, asyncio.get_running_loop().time(), LINGERER_S if linger_s else self.silence_s)
        position = None if self.rng.random() < RELOADS else self.position
        self.counts["takeovers" if self._open else "joins"] += 1
        self.history.add(link.number, "join", position=position, takeover=bool(self._open))
        task = self._go(self._stay(link, position))
        self._open[task] = link
        task.add_done_callback(self._open.pop)

    async def _stay(self, link: Link, position: list[int] | None) -> None:
        """Join and read until the socket is gone. Whatever was not answered on it is sent again on the next one."""
        watch = self._go(link.watch(self._ping))
        try:
            join = {"cmd": "room.join", "v": 1, "sid": self.history.sid, "name": self.history.client}
            await link.send(join if position is None else {**join, "position": position})
            async for text in link.ws:
                self._take(link, json.loads(text))
        except (ConnectionClosed, OSError):
            pass
        except asyncio.CancelledError:
            link.dropped = True
            raise
        finally:
            watch.cancel()
            self.history.add(link.number, "close", code=link.ws.close_code or 1006, by="us" if link.dropped else "them")
            if self.current is link:
                self._speak_on(next((one for one in self._open.values() if one is not link and one.welcomed and not one.dropped), None))
            link.ws.transport.abort()

    # Speaking

    async def _talk(self) -> None:
        number = 0
        while not self._is_quiet:
            await asyncio.sleep(min(2.0, max(0.02, self.rng.expovariate(1 / MEAN_SAY_S))))
            if len(self.waiting) >= MAX_WAITING:
                continue
            number += 1
            text = f"{self.history.client}:{number}" + (f" {STRESS}" if self.rng.random() < 0.1 else "")
            if self.rng.random() < 0.02:
                self._issue(self._command("chat.say", text=text.ljust(TOO_LONG, "x"), expect="too_long"))
            else:
                self._issue(self._command("chat.say", text=text))

    async def _mischief(self) -> None:
        while not self._is_quiet:
            await asyncio.sleep(self.rng.uniform(*MISCHIEF_S))
            link, what = self.current, self.rng.choice(("drop", "takeover", "linger", "resend", "history"))
            if link is None or self._is_quiet:
                continue
            if what == "drop":
                link.drop()
            elif what == "takeover":
                await self._attempt()
            elif what == "linger":
                # It may outlast the owner it was opened at: a Machine that thaws finds its join.
                self._go(self._attempt(self.rng.uniform(0.5, LINGER_S)))
            elif what == "resend" and (known := self._known()):
                self._resend(self.rng.choice(known))
            elif what == "history" and self.position is not None:
                before = self.rng.randint(1, self.position[1] + 1)
                self._issue(self._command("chat.history", before=before, limit=self.rng.randint(1, 100)))

    def _known(self) -> list[Data]:
        """Answered commands whose replies the room must still know."""
        return [command for command in self._answered if command["ref"] > self._ref - REMEMBERED]

    def _command(self, cmd: str, **fields: Any) -> Data:
        self._ref += 1
        self.counts["commands"] += 1
        return {"cmd": cmd, "ref": self._ref, **fields}

    def _resend(self, command: Data) -> None:
        """Ask again for a reply that was given already."""
        self.counts["resends"] += 1
        self._issue(command)

    def _issue(self, command: Data) -> None:
        """Have it answered: now if there is a connection, else on the next one."""
        self.waiting[command["ref"]] = command
        self._again(command["ref"])

    def _again(self, ref: int) -> None:
        if ref in self.waiting and self.current is not None:
            self._go(self._send(self.current, self.waiting[ref]))

    async def _send(self, link: Link, command: Data) -> None:
        message = {key: value for key, value in command.items() if key != "expect"}
        self.history.add(link.number, "command", message=message, expect=command.get("expect"))
        await link.send(message)

    def _ping(self, link: Link) -> None:
        self._ref += 1
        link.pings.add(self._ref)
        self._go(self._send(link, {"cmd": "room.ping", "ref": self._ref}))

    # Listening

    def _take(self, link: Link, message: Data) -> None:
        link.heard = asyncio.get_running_loop().time()
        kind = message["type"] if message["type"] in ("welcome", "events", "reply", "bye") else "other"
        self.history.add(link.number, kind, message=message)
        if kind == "welcome":
            self._seen(message["position"], len(message["events"]))
            self._welcomed(link, message["machine"])
        elif kind == "events":
            self._seen([message["epoch"], message["events"][-1]["seq"]], len(message["events"]))
        elif kind == "reply" and message["ref"] in self.waiting and message["ref"] not in link.pings:
            self._replied(message)
        elif kind == "bye":
            self._retry_s = message.get("retry_ms", 0) / 1000

    def _seen(self, position: list[int], count: int) -> None:
        self.counts["events"] += count
        self.position = max(position, self.position or position)

    def _welcomed(self, link: Link, machine: str) -> None:
        """An older socket of this session goes, or is dropped after a while."""
        link.welcomed = True
        self._failures = 0
        if self.current is not None and self.current.number > link.number:
            return
        self.machine = machine
        self._speak_on(link)
        for older in self._open.values():
            if older.number < link.number:
                asyncio.get_running_loop().call_later(OVERTAKEN_S, self._drop_unless_current, older)

    def _speak_on(self, link: Link | None) -> None:
        """Speak on this socket from now on, first what has no reply, in the order of the refs."""
        self.current = link
        for ref in sorted(self.waiting):
            self._again(ref)

    def _drop_unless_current(self, link: Link) -> None:
        if link is not self.current and link in self._open.values():
            link.drop()

    def _replied(self, reply: Data) -> None:
        """A reply is final but for refusals that pass; those are tried again under the same ref."""
        ref = reply["ref"]
        if not reply["ok"] and reply["code"] in ("rate", "unavailable"):
            wait_s = reply["wait_ms"] / 1000 if reply["code"] == "rate" else self.rng.uniform(0.2, 0.6)
            asyncio.get_running_loop().call_later(wait_s, self._again, ref)
            return
        command = self.waiting.pop(ref)
        if reply["ok"] and command["cmd"] == "chat.say":
            self._answered = [*self._known(), command]
