"""`flyedge --apps two`: the lobby as one app, the gameservers as another on a private network of its own, as docs/deploy.md has them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.crypto import salted_hmac

from fly.edge.networks import Borders
from fly.edge.plan import APP, ORG, Plan

GAME = f"{APP}-game"
NETWORK = "gameservers"
_LOBBYS = ("DATABASE_URL", "MACHINES_API_TOKEN", "MACHINES_API_URL", "SECRET_KEY", "IDENTITY_KEY")
_GAMESERVERS = ("REGION_DATABASE_URL",)


def add_arguments(parser: ArgumentParser) -> None:
    """Options of `flyedge run`."""
    apps = parser.add_argument_group("one app or two")
    apps.add_argument(
        "--apps", choices=("one", "two"), default="one", help="two: gameservers are an app on a network of their own; default one"
    )
    apps.add_argument(
        "--cross-network", choices=("on", "off"), default="on", help="with two apps: whether the organisation lets replays cross networks"
    )
    apps.add_argument(
        "--lobbies", choices=("first", "each"), default="first", help="with two apps: a lobby Machine in the first region, or in each"
    )


@dataclass(frozen=True, slots=True)
class Split:
    """How a run is split into apps. `secret`: whatever keys of the run are made of."""

    is_two: bool
    is_crossing: bool
    has_many_lobbies: bool
    secret: str

    @classmethod
    def of(cls, options: dict[str, Any], secret: str) -> Split:
        """By the options of the command."""
        return cls(options["apps"] == "two", options["cross_network"] == "on", options["lobbies"] == "each", secret)

    @property
    def borders(self) -> Borders:
        """Fly's own default is off; a run with two apps would show nothing then."""
        return Borders(cross_network=(ORG,) if self.is_two and self.is_crossing else ())

    def plans(self, make: Callable[[str, str, int], Plan], regions: Sequence[str], machines: int) -> tuple[Plan, ...]:
        """The Machines at the start; `machines` in each region own rooms."""
        app = GAME if self.is_two else APP
        rooms = tuple(make(app, region, number) for region in regions for number in range(1, machines + 1))
        homes = regions if self.has_many_lobbies else regions[:1]
        return (*(make(APP, region, 1) for region in homes), *rooms) if self.is_two else rooms

    def fit(self, plan: Plan) -> Plan:
        """The plan of a Machine of either app, with what that app has and without what it has not."""
        if not self.is_two:
            return plan
        common = {"GAMESERVER_APP": GAME, "IDENTITY_KEY": self._key("identity")}
        if plan.app == GAME:
            environ = {name: value for name, value in plan.environ.items() if name not in _LOBBYS}
            environ |= {**common, "SECRET_KEY": self._key("gameserver")}
            return replace(plan, environ=environ, network=NETWORK, has_api=False)
        environ = {**{name: value for name, value in plan.environ.items() if name not in _GAMESERVERS}, **common}
        label = f"lobby/{plan.region}" if self.has_many_lobbies or plan.number > 1 else "lobby"
        folder, _, _ = plan.log.rpartition("/")
        log = f"{folder}/lobby-{plan.region}{f'-{plan.number}' if plan.number > 1 else ''}.log"
        awake = replace(plan.concurrency, autostop="off")
        return replace(plan, environ=environ, label=label, log=log, asleep=False, concurrency=awake)

    def _key(self, purpose: str) -> str:
        """The same at every start, or players' cookies would be nobody's; and none of them tells another."""
        return salted_hmac("flyedge", purpose, secret=self.secret, algorithm="sha256").hexdigest()
