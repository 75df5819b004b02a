"""Where this process runs, and what lies where on the globe."""

from __future__ import annotations

import pytest

from fly.here import Here, HereError, read_here
from fly.regions import REGIONS, by_distance, distance_km, nearest

FLY = {"FLY_APP_NAME": "rooms", "FLY_MACHINE_ID": "148e21a7b12389", "FLY_REGION": "CDG"}


def test_off_fly_there_is_no_region() -> None:
    """[FR2] Without Fly's variables the process is local."""
    assert read_here({"PATH": "/bin"}) == Here("local", "local", "")
    assert not read_here({}).is_fly
    # Beside the emulator a command knows the primary region, and is no Machine for that.
    assert read_here({"PRIMARY_REGION": "EWR"}) == Here("local", "local", "", "ewr")


def test_on_fly_its_variables_say_where() -> None:
    """[FR24] App, Machine and region come from Fly's variables."""
    assert read_here(FLY) == Here("rooms", "148e21a7b12389", "cdg")


@pytest.mark.parametrize("name", sorted(FLY))
@pytest.mark.parametrize("value", ["", "a b", "x;y", "é"])
def test_half_a_machine_does_not_start(name: str, value: str) -> None:
    """[FR24] A missing or malformed variable stops the start and names itself."""
    with pytest.raises(HereError, match=f"^{name}: "):
        read_here({**FLY, name: value})


def test_the_globe_is_round() -> None:
    """[FR25] Distances are those of great circles, in kilometres."""
    assert 5700 < distance_km(REGIONS["ewr"], REGIONS["cdg"]) < 5950
    assert 8000 < distance_km(REGIONS["nrt"], REGIONS["sjc"]) < 8700
    assert distance_km(REGIONS["cdg"], REGIONS["cdg"]) == 0


def test_the_nearest_is_found() -> None:
    """[FR25] The nearest other region is the one with the shortest great circle, also across the Pacific."""
    assert nearest("cdg", ["ewr", "nrt", "cdg"]) == "ewr"
    assert nearest("nrt", ["lhr", "sjc"]) == "sjc"
    assert nearest("cdg", ["cdg"]) is None
    assert by_distance("xxx", ["nrt", "cdg"]) == ["nrt", "cdg"]


def test_every_region_has_a_flag_and_a_city() -> None:
    """[FR25] Every region of the table can be shown."""
    assert len(REGIONS) == 36
    for region in REGIONS.values():
        assert len(region.flag) == 2
        assert region.city
        assert "," not in region.city
