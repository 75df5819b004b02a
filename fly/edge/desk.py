"""Where the emulator's page meets the emulator: carries out its orders, streams its feed (PG6 to PG9). What is answered, `page` says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, get_args

import h11

from fly.edge import breakage, control, page
from fly.edge.emulator import Emulator
from fly.edge.feed import MAX_TEXT, Crowded, Feed, View, Watcher
from fly.edge.knobs import Answer
from fly.edge.machine import Machine
from fly.edge.proxy import Line
from fly.edge.request import Request
from fly.edge.troubles import ApiMode
from fly.edge.weather import BOUNDS, Sky
from fly.edge.wire import Body, Client
from fly.regions import REGIONS

BEAT_S = 10.0
"""A silent feed says this often that it is alive."""
PATIENCE_S = 2.0
"""What takes longer, as a drain, is answered with 202; its end is said in the feed."""
ECHO_S = 0.5
"""How long an answer waits for the first sentence about what an order did: a process dies after the signal, not with it."""
MAX_ORDERS = 32
"""Under way at once."""


class Desk:
    """The page of one emulator. `parent`: the host name under which, besides localhost, it is answered."""

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.feed = Feed(self._look)
        self._emulator: Emulator | None = None
        self._orders: set[asyncio.Task[dict[str, Any]]] = set()
        self._console: Callable[[str], None] = lambda text: None
        self._listeners: set[Callable[[str], None]] = set()

    def lines(self, on_line: Callable[[Line], None]) -> Callable[[Line], None]:
        """The same for the console's requests, with this feed beside it."""

        def both(line: Line) -> None:
            self.feed.line(line)
            on_line(line)

        return both

    def words(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """The same for what happens, with this feed beside it."""
        self._console = say
        return self.say

    def say(self, text: str) -> None:
        """Tell the console, all watchers, and whoever waits for what an order does."""
        self._console(text)
        self.feed.say(text)
        for listener in tuple(self._listeners):
            listener(text)

    def show(self, emulator: Emulator) -> None:
        """This is the emulator from now on."""
        self._emulator = emulator

    def takes(self, request: Request, host: str, peer: str) -> bool:
        """Whether a request is for this page. host: without its port."""
        return self._emulator is not None and page.is_ours(request, host, self.parent, peer)

    async def serve(self, client: Client, request: Request, edge: str) -> bool:
        """Answer one request that it takes, past the weather. edge: the vantage point. False if the connection cannot go on.

        Raises ConnectionError when the client is gone.
        """
        client.move_under(Sky())
        body = Body(client, page.MAX_BODY_BYTES)
        told = await self._decide(request, body)
        if isinstance(told, page.Order):
            told = await self._obey(told)
        if isinstance(told, page.Watch):
            try:
                watcher = self.feed.watch()
            except Crowded:
                told = page.error(503, "Too many pages watch already.")
            else:
                await self._stream(client, watcher, edge)
                return False
        await _send(client, told, is_head=request.method == b"HEAD", closes=not body.complete)
        return body.complete

    async def _decide(self, request: Request, body: Body) -> Answer | page.Watch | page.Order:
        try:
            text = await body.whole()
        except h11.RemoteProtocolError:
            return page.error(400, "The body is malformed.")
        if text is None:
            return page.error(413, f"An order fits into {page.MAX_BODY_BYTES} bytes.")
        return page.answer(request, text, _VERBS)

    # The feed

    def _look(self) -> View:
        """What watchers see: everything that `status` tells, and how many connections and WebSockets lead where."""
        emulator = self._emulator
        if emulator is None:
            return {}
        status = control.status(emulator)
        used = {*emulator.edges, *(one["region"] for one in status["machines"].values())}
        return {
            **status,
            "verbs": _BUTTONS,
            "modes": {"api": emulator.fleet.troubles.api.mode, "crossing": "on" if emulator.fleet.borders.cross_network else "off"},
            "bounds": dict(BOUNDS),
            "regions": {code: _place(code) for code in sorted(used & REGIONS.keys())},
            "edges": {
                code: {"port": edge.port, "weather": status["weather"][code], "sockets": dict(edge.sockets)}
                for code, edge in emulator.edges.items()
            },
            "machines": {name: {**one, "connections": emulator.cables.load(one["id"])} for name, one in status["machines"].items()},
        }

    async def _stream(self, client: Client, watcher: Watcher, edge: str) -> None:
        """Send what the watcher gets until the client goes."""
        left, turn = asyncio.ensure_future(client.left()), asyncio.ensure_future(watcher.next())
        try:
            await client.send(h11.Response(status_code=200, headers=list(page.STREAM_HEADERS)))
            await client.send(h11.Data(data=f'retry: 1000\ndata: {{"kind": "here", "edge": "{edge}"}}\n\n'.encode()))
            while not left.done():
                await asyncio.wait({left, turn}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if turn.done():
                    text, turn = turn.result(), asyncio.ensure_future(watcher.next())
                    await client.send(h11.Data(data=f"data: {text}\n\n".encode()))
                elif not left.done():
                    await client.send(h11.Data(data=b": alive\n\n"))
        finally:
            self.feed.leave(watcher)
            for task in (left, turn):
                task.cancel()
            await asyncio.gather(left, turn, return_exceptions=True)

    # Orders

    async def _obey(self, order: page.Order) -> Answer:
        """Carry it out; the answer has what was said of its Machines meanwhile."""
        if len(self._orders) >= MAX_ORDERS:
            return page.error(429, f"{MAX_ORDERS} orders are under way; wait for one of them.")
        found = self._found(order)
        named = f"{order.verb} {', '.join(one.plan.name for one in found) or order.target or 'everywhere'}"[:MAX_TEXT]
        self.say(f"{named}, ordered from the page")
        said: list[str] = []
        heard = asyncio.Event()

        def listen(text: str) -> None:
            if text.startswith(tuple(one.label for one in found)):
                said.append(text)
                heard.set()

        self._listeners.add(listen)
        try:
            answer = await self._wait(asyncio.ensure_future(self._carry_out(order, named)))
            if found and "error" not in answer:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ECHO_S):
                        await heard.wait()
        finally:
            self._listeners.discard(listen)
        if "error" in answer:
            return page.error(409, answer["error"])
        more = {name: answer[name] for name in _TOLD if name in answer}
        return page.tell(200 if answer else 202, {"order": named, "done": bool(answer), "said": said, **more})

    async def _wait(self, task: asyncio.Task[dict[str, Any]]) -> dict[str, Any]:
        """What an order came to; nothing if it takes longer, and then it goes on."""
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)
        await asyncio.wait({task}, timeout=PATIENCE_S)
        return task.result() if task.done() else {}

    async def _carry_out(self, order: page.Order, named: str) -> dict[str, Any]:
        """What `control` answers. Why something could not be is said as well: whoever asked may be gone."""
        assert self._emulator is not None
        answer = await control.obey(self._emulator, order.verb, order.target, order.values)
        if "error" in answer:
            self.say(f"{named}: {answer['error']}")
        return answer

    def _found(self, order: page.Order) -> list[Machine]:
        """The Machines that an order is for; none for an order of another kind."""
        assert self._emulator is not None
        try:
            return control.find(order.target or "", self._emulator.machines.values()) if control.KINDS[order.verb] == "machine" else []
        except control.Unknown:
            return []


_TOLD = frozenset({"now", "cut", "slept"})
"""What `control` answers to some orders besides the state of everything."""
_VERBS = frozenset(control.KINDS) - page.NO_ORDERS
_MODES = {"api": get_args(ApiMode), "crossing": ("on", "off")}
_BUTTONS = page.verbs(control.KINDS, {verb: one.values for verb, one in breakage.VERBS.items()}, _MODES)


def _place(code: str) -> Mapping[str, Any]:
    region = REGIONS[code]
    return {"city": region.city, "flag": region.flag, "country": region.country, "lat": region.lat, "lon": region.lon}


async def _send(client: Client, told: Answer, *, is_head: bool, closes: bool) -> None:
    """An answer of the page's; one to a HEAD says the length of its body and has none."""
    closing = [(b"connection", b"close")] if closes else []
    headers = [*told.headers, *closing, (b"content-length", b"%d" % len(told.body))]
    await client.send(h11.Response(status_code=told.status, headers=headers))
    if told.body and not is_head:
        await client.send(h11.Data(data=told.body))
    await client.send(h11.EndOfMessage())
