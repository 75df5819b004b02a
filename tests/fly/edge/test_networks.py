"""Apps, private networks, organisations: who may replay to whom."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as change
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.edge.networks import Borders, check_replay, may_replay, reaches
from fly.edge.rules import Problem
from tests.fly.edge.world import World, header_of, replay


@dataclass(frozen=True)
class App:
    name: str
    network: str = "default"
    org: str = "personal"


LOBBY, BESIDE, GAME, FOREIGN = App("rooms"), App("beside"), App("game", "gameservers"), App("foreign", org="others")
OPEN = Borders(cross_network=("personal",))


@pytest.mark.parametrize(
    ("source", "target", "borders", "allowed"),
    [
        (LOBBY, LOBBY, Borders(), True),
        (LOBBY, BESIDE, Borders(), True),
        (LOBBY, GAME, Borders(), False),
        (GAME, LOBBY, Borders(), False),
        (GAME, GAME, Borders(), True),
        (LOBBY, GAME, OPEN, True),
        (GAME, LOBBY, OPEN, True),
        (LOBBY, GAME, Borders(cross_network=("others",)), False),
        (LOBBY, FOREIGN, OPEN, False),
        (LOBBY, FOREIGN, Borders(sources={"others": ("personal",)}), True),
        (FOREIGN, LOBBY, Borders(sources={"others": ("personal",)}), False),
        (App("far", "x", "others"), GAME, Borders(sources={"personal": ("others",)}), True),
    ],
)
def test_every_row_of_the_table(source: App, target: App, borders: Borders, allowed: bool) -> None:
    """[AP30] Within one organisation and network always, across networks by the organisation's switch, across organisations by the
    target's list; a refusal names both apps."""
    why = may_replay(source, target, borders)
    assert (why == "") is allowed
    assert allowed or (source.name in why and target.name in why)


APPS = st.builds(App, st.sampled_from("ab"), st.sampled_from(["default", "n"]), st.sampled_from(["o", "p"]))


@given(APPS, APPS, st.builds(Borders, st.sets(st.sampled_from(["o", "p"]))))
def test_whoever_reaches_may_replay(source: App, target: App, borders: Borders) -> None:
    """[AP30] [AP31] Who can be reached directly can be replayed to; the switch opens replays, and no network."""
    assert not reaches(source, target) or may_replay(source, target, borders) == ""
    assert reaches(source, target) == reaches(target, source) == ((source.org, source.network) == (target.org, target.network))


def test_what_is_refused_has_flys_code() -> None:
    """[AP30] An app there is not is PA04, one that may not be replayed to PA05, with the order that mends it; a fallback mends neither."""
    apps = {app.name: app for app in (LOBBY, GAME)}
    check_replay(apps, "rooms", "game", OPEN)
    for target, borders, code, words in (("nobody", OPEN, "PA04", "nobody"), ("game", Borders(), "PA05", "cross-network-replays enable")):
        with pytest.raises(Problem, match=words) as problem:
            check_replay(apps, "rooms", target, borders)
        assert (problem.value.status, problem.value.code, problem.value.fallback_reason) == (502, code, "")


async def test_a_refused_replay_is_the_edges_answer(world: World) -> None:
    """[AP30] What may not be replayed is answered by the edge itself with PA05; no other Machine hears of it, also with a fallback."""
    apps = {"rooms": LOBBY, "game": GAME}
    world.edge.carrier.permit = lambda source, target: check_replay(apps, source, target, Borders())
    world.handlers["ewr"] = replay("app=game;region=cdg;timeout=1s;fallback=prefer_self")
    status, headers, body = await world.ask()
    assert (status, headers["fly-edge-error"]) == (502, "PA05")
    assert b"cross-network-replays enable" in body
    assert [region for region, _ in world.heads] == ["ewr"]


async def test_a_replay_without_an_app_stays_in_that_of_its_machine(world: World) -> None:
    """[AP32] A replay that names no app goes to the app of whoever gave it, and so does its fallback."""
    candidates = world.candidates

    def two_apps() -> Any:
        return [change(one, app="game") if one.region != "ewr" else one for one in candidates()]

    world.candidates = two_apps  # type: ignore[method-assign]
    world.handlers["ewr"] = replay("app=game;region=cdg")
    world.handlers["cdg"] = replay("region=nrt")
    assert (await world.ask())[0] == 200
    assert [region for region, _ in world.heads] == ["ewr", "cdg", "nrt"]
    world.heads.clear()
    world.states["nrt"] = "stopped"
    world.handlers["cdg"] = replay("region=nrt;timeout=1s;fallback=prefer_self")
    assert (await world.ask())[1]["fly-edge-error"] == "PA03"
    assert [region for region, _ in world.heads] == ["ewr", "cdg", "cdg"]
    assert "region=nrt" in header_of(world.heads[-1][1], "fly-replay-failed")
