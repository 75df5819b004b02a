"""Bots that fill empty places in rooms where somebody is, and step aside as people play.

How many are needed is seen in what a world gives newcomers; the bots themselves play by the public protocol only.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random

from django.conf import settings
from django.utils.crypto import salted_hmac

from fly.asgi import App
from gameserver.bots.brain import Brain
from gameserver.bots.player import Player
from gameserver.bots.socket import WORLD, Socket
from gameserver.consumers import RoomConsumer
from gameserver.engine.worlds import BOT, BaseWorld
from gameserver.owner import Owner
from gameserver.players import ANIMALS, COLOURS, write_cookie
from gameserver.players import Player as Somebody
from gameserver.process import Process

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""Between two looks at the rooms: in each one bot at most comes, or steps aside."""
REST_S = 5.0
"""After a bot's socket ended, and nobody asked it to, before the room has another one."""
SKILLS = (0.2, 0.7)
"""Between them, evenly: anybody is better than some of them soon."""
STOP_S = 2.0


@dataclass(slots=True)
class Crew:
    """The bots of one room, by number. A number is always the same player in a room: after a failover it has its ship again."""

    owner: Owner
    sockets: dict[int, Socket] = field(default_factory=dict)
    going: set[Socket] = field(default_factory=set)
    """Who was asked to go and has not gone yet."""
    rests_until: float = 0.0


class Fillers:
    """All bots of one process. `app`: what serves their sockets."""

    def __init__(self, process: Process, app: App | None = None) -> None:
        self.crews: dict[tuple[str, str], Crew] = {}
        self._process = process
        self._app: App = RoomConsumer.as_asgi() if app is None else app
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at the rooms from now on. On the event loop."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._turn)

    async def stop(self) -> None:
        """Have all bots gone."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = [socket.task for crew in self.crews.values() for socket in (*crew.sockets.values(), *crew.going)]
        for crew in self.crews.values():
            for socket in crew.sockets.values():
                socket.leave()
        self.crews.clear()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_S)
            for task in late:
                task.cancel()

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._turn)
        try:
            self.look()
        except Exception:
            # Ours. Rooms go on without bots, and what is wrong may pass.
            log.exception("The bots that fill rooms could not be looked after.")

    def look(self) -> None:
        """Let in or send away one bot for each room that has too few or too many; all where nobody is."""
        owners = {} if self._process.is_draining else {(owner.region, owner.slug): owner for owner in self._process.rooms()}
        for key, owner in owners.items():
            if key not in self.crews and owner.hub.people and _filled(owner) is not None:
                self.crews[key] = Crew(owner)
        for key, crew in list(self.crews.items()):
            self._sweep(crew)
            if owners.get(key) is not crew.owner:
                # Given up, lost, or drained: its sockets are closed by whoever did that, or have nothing to wait for.
                self._dismiss(crew, 0, at_once=True)
            else:
                self._fit(crew)
            is_over = owners.get(key) is not crew.owner or not crew.owner.hub.people
            if is_over and not crew.sockets and not crew.going:
                del self.crews[key]

    def _fit(self, crew: Crew) -> None:
        world = _filled(crew.owner)
        if world is None or not crew.owner.hub.people:
            self._dismiss(crew, 0, at_once=False)
            return
        people = sum(not ship["id"].startswith(BOT) for ship in world.view()["ships"])
        wanted = max(0, world.fillers - people)
        if len(crew.sockets) > wanted:
            self._dismiss(crew, len(crew.sockets) - 1, at_once=False)
        elif len(crew.sockets) < wanted and asyncio.get_running_loop().time() >= crew.rests_until:
            self._add(crew, next(number for number in range(wanted) if number not in crew.sockets))

    def _add(self, crew: Crew, number: int) -> None:
        owner = crew.owner
        room = f"{owner.region}/{owner.slug}"
        sid = sid_of(room, number)
        chance = Random(sid)  # noqa: S311 (how it plays is no secret)
        player = Player(Brain(chance.uniform(*SKILLS), chance))
        host, cookie = f"{owner.region}.{settings.PARENT_HOST}", f"{settings.PLAYER_COOKIE}={write_cookie(bot_of(room, number))}"
        crew.sockets[number] = Socket(self._app, host, owner.slug, player, sid, cookie)

    def _dismiss(self, crew: Crew, keep: int, *, at_once: bool) -> None:
        """Send bots away until so many are left, the last ones first."""
        for number in sorted(crew.sockets)[keep:]:
            socket = crew.sockets.pop(number)
            crew.going.add(socket)
            if at_once:
                socket.leave()
            else:
                socket.step_aside()

    def _sweep(self, crew: Crew) -> None:
        """Forget sockets that ended. One that nobody asked to go found the room unwilling, or is broken: wait a while."""
        for number, socket in list(crew.sockets.items()):
            if socket.task.done():
                del crew.sockets[number]
                crew.rests_until = asyncio.get_running_loop().time() + REST_S
                _report(socket)
        for socket in [socket for socket in crew.going if socket.task.done()]:
            crew.going.discard(socket)
            _report(socket)


def sid_of(room: str, number: int) -> str:
    """The session of a bot of a room, such as `cdg/main`: nobody can guess it, and every process of the region makes the same."""
    return salted_hmac("gameserver.fillers", f"{room}/{number}").hexdigest()


def bot_of(room: str, number: int) -> Somebody:
    """A bot as others see it: the same in every process of the region; names in a room differ, as far as there are animals."""
    names = Random(room).sample(ANIMALS, len(ANIMALS))  # noqa: S311 (no secret)
    digest = blake2b(f"{room}/{number}".encode(), digest_size=8).hexdigest()
    return Somebody(BOT + digest, f"Bot {names[number % len(names)]}", COLOURS[number % len(COLOURS)])


def _filled(owner: Owner) -> BaseWorld | None:
    """The world of a room that bots are wanted for, and know how to play."""
    room = owner.room
    worlds = () if room is None else room.worlds
    return next((world for world in worlds if world.fillers and world.name == WORLD), None)


def _report(socket: Socket) -> None:
    if not socket.task.cancelled() and (error := socket.task.exception()) is not None:
        log.error("A bot's socket broke: %r", error)
