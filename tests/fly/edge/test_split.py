"""How `flyedge --apps two` splits a run: which Machines each app has, and what they are given."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from fly.edge.networks import Borders
from fly.edge.plan import APP, Concurrency, Plan
from fly.edge.split import GAME, NETWORK, Split, add_arguments

GIVEN = {
    "PATH": "/bin",
    "SECRET_KEY": "s" * 50,
    "DATABASE_URL": "sqlite:////g",
    "REGION_DATABASE_URL": "sqlite:////r",
    "MACHINES_API_TOKEN": "t",
}


def split(*arguments: str) -> Split:
    parser = ArgumentParser()
    add_arguments(parser)
    return Split.of(vars(parser.parse_args(arguments)), "s" * 50)


def plans(one: Split, regions: tuple[str, ...] = ("ewr", "cdg"), machines: int = 1) -> dict[str, Plan]:
    def make(app: str, region: str, number: int) -> Plan:
        alone, sleeps = machines == 1, Concurrency(autostop="stop")
        return one.fit(
            Plan(region, ("x",), GIVEN, f"/logs/{region}-{number}.log", app, number=number, alone=alone, asleep=True, concurrency=sleeps)
        )

    made = one.plans(make, regions, machines)
    assert len({plan.name for plan in made}) == len({plan.log for plan in made}) == len(made)
    return {plan.name: plan for plan in made}


def test_one_app_is_as_ever() -> None:
    """[AP33] Without `--apps two` every Machine is of the one app, with all that it is given, and the switch stays as Fly has it: off."""
    found = plans(split(), machines=2)
    assert list(found) == ["ewr/1", "ewr/2", "cdg/1", "cdg/2"]
    assert all((plan.app, plan.environ, plan.network, plan.has_api) == (APP, GIVEN, "default", True) for plan in found.values())
    assert split().borders == Borders()


@pytest.mark.parametrize(("arguments", "lobbies"), [((), ["lobby"]), (("--lobbies", "each"), ["lobby/ewr", "lobby/cdg"])])
def test_two_apps_have_machines_of_their_own(arguments: tuple[str, ...], lobbies: list[str]) -> None:
    """[AP33] With it the lobby has a Machine in the first region, or in each, that does not sleep; the gameservers are in each region,
    called as ever, on a network of their own and without the API."""
    found = plans(split("--apps", "two", *arguments))
    assert list(found) == [*lobbies, "ewr", "cdg"]
    assert {(found[name].app, found[name].network, found[name].has_api) for name in ("ewr", "cdg")} == {(GAME, NETWORK, False)}
    for name in lobbies:
        plan = found[name]
        assert (plan.app, plan.network, plan.has_api, plan.asleep, plan.restart, plan.concurrency.autostop) == (
            *(APP, "default", True, False, "on-failure", "off"),
        )
    assert found["ewr"].asleep


def test_each_app_is_given_its_own() -> None:
    """[AP10] [AP33] A gameserver gets no secret of the lobby's and a key of its own; what both need is one key that tells neither's."""
    found = plans(split("--apps", "two"))
    game, lobby = found["ewr"].environ, found["lobby"].environ
    assert set(game) == {"PATH", "REGION_DATABASE_URL", "SECRET_KEY", "IDENTITY_KEY", "GAMESERVER_APP"}
    assert set(lobby) == {"PATH", "DATABASE_URL", "SECRET_KEY", "IDENTITY_KEY", "GAMESERVER_APP", "MACHINES_API_TOKEN"}
    assert game["IDENTITY_KEY"] == lobby["IDENTITY_KEY"]
    assert len({game["SECRET_KEY"], game["IDENTITY_KEY"], lobby["SECRET_KEY"]}) == 3
    assert lobby["SECRET_KEY"] == GIVEN["SECRET_KEY"]
    assert plans(split("--apps", "two"))["ewr"].environ == game


def test_the_switch_is_an_option() -> None:
    """[AP30] [AP33] With two apps the switch is on, unless it is ordered off."""
    assert split("--apps", "two").borders == Borders(cross_network=("personal",))
    assert split("--apps", "two", "--cross-network", "off").borders == Borders()
