"""The weather as rules: values in, moments out."""

from __future__ import annotations

import pytest

from fly.edge.weather import BOUNDS, CLEAR, MAX_TIMEOUTS, SEGMENT_BYTES, BadWeather, Lane, Sky, Weather, amend, own, parse

FAR = 100_000
"""Milliseconds between two sends that have nothing to do with each other."""


def lane(weather: Weather, number: int = 1, direction: str = "down", is_own: bool = False) -> Lane:
    return Lane(Sky(weather, is_own), number, direction)


def lateness(weather: Weather, count: int, number: int = 1) -> list[float]:
    """How late each of many segments is, sent so far apart that none waits for another."""
    way = lane(weather, number)
    return [way.travel(FAR * turn, 100)[0][1] - FAR * turn for turn in range(count)]


def test_latency_is_the_same_for_all() -> None:
    """[ED50] Latency alone: every write arrives whole, that much later."""
    assert lateness(Weather(latency_ms=80), 100) == [80] * 100
    assert lane(Weather(latency_ms=80)).travel(1000, 65_536) == [(65_536, 1080)]


def test_jitter_strays_evenly_to_both_sides() -> None:
    """[ED50] Jitter: between latency less and latency plus it, half of them on each side, and never before the moment of sending."""
    late = lateness(Weather(latency_ms=100, jitter_ms=30), 2000)
    assert 70 <= min(late) < 72
    assert 128 < max(late) <= 130
    assert 0.45 < sum(each < 100 for each in late) / len(late) < 0.55
    assert min(lateness(Weather(latency_ms=5, jitter_ms=1000), 200)) == 0


@pytest.mark.parametrize("percent", [1, 2, 10, 50])
def test_so_many_are_late_as_are_lost(percent: float) -> None:
    """[ED51] With a loss of p percent about p percent of the segments are late, by a timeout or several."""
    weather = Weather(latency_ms=100, loss_percent=percent, seed=7)
    late = [each - 100 for each in lateness(weather, 20_000)]
    share = sum(each > 0 for each in late) / len(late) * 100
    assert percent * 0.85 < share < percent * 1.15
    assert set(late) <= {0, 400, 400 + 800, 400 + 800 + 1600}
    assert late.count(0) >= late.count(400) > late.count(1200) > 0


@pytest.mark.parametrize(("latency_ms", "timeout_ms"), [(0, 200), (20, 200), (50, 200), (100, 400), (2000, 8000)])
def test_a_timeout_is_two_round_trips_or_200_ms(latency_ms: float, timeout_ms: float) -> None:
    """[ED51] A lost segment comes later by max(200 ms, two round trips), a round trip being twice the latency."""
    weather = Weather(latency_ms=latency_ms, loss_percent=50)
    assert weather.timeout_ms == timeout_ms
    late = set(lateness(weather, 500))
    assert sorted(late)[1] - latency_ms == timeout_ms
    assert max(late) - latency_ms == timeout_ms * (2**MAX_TIMEOUTS - 1)


def test_what_is_behind_a_lost_segment_waits_for_it() -> None:
    """[ED51] Order: no write arrives before one that was sent ahead of it; those behind a lost one come with it."""
    way = lane(Weather(latency_ms=50, jitter_ms=20, loss_percent=5, seed=3))
    due = [way.travel(10.0 * turn, 100)[0][1] for turn in range(2000)]
    assert due == sorted(due)
    together = max(due.count(each) for each in set(due))
    assert together >= 10, "a segment that is 200 ms late holds up what is sent every 10 ms"
    assert due[-1] < 10 * 2000 + 2000, "it catches up"


def test_a_large_write_is_lost_in_part() -> None:
    """[ED51] Each segment of a write is lost by itself: what is ahead arrives in time, what is behind comes with it; no byte is missing."""
    weather = Weather(latency_ms=50, loss_percent=2, seed=1)
    way, size = lane(weather), 200 * SEGMENT_BYTES + 17
    arrivals = way.travel(0, size)
    assert sum(part for part, _ in arrivals) == size
    assert len(arrivals) == 2
    assert [due for _, due in arrivals] == [50, 250]
    assert arrivals[0][0] % SEGMENT_BYTES == 0


def test_the_end_of_a_connection_travels_too() -> None:
    """[ED51] A write of nothing, the end, is one segment, that can be lost as any."""
    way = lane(Weather(loss_percent=50))
    assert {size for turn in range(50) for size, _ in way.travel(FAR * turn, 0)} == {0}
    assert {len(way.travel(FAR * turn, 0)) for turn in range(50, 100)} == {1}


def test_the_dice_have_a_seed() -> None:
    """[ED52] The same seed, connection and direction: the same moments. Another of any of them: others."""
    weather = Weather(latency_ms=50, jitter_ms=20, loss_percent=10, seed=4)
    assert lateness(weather, 200) == lateness(weather, 200)
    assert lateness(weather, 200) != lateness(weather, 200, number=2)
    assert lateness(weather, 200) != lateness(amend(weather, {"seed": 5}), 200)
    up, down = lane(weather, direction="up"), lane(weather, direction="down")
    assert [up.travel(FAR * turn, 9) for turn in range(99)] != [down.travel(FAR * turn, 9) for turn in range(99)]


def test_who_asked_by_itself_gets_the_same_on_any_connection() -> None:
    """[ED52] Under a sky of its own a client's moments are the same whichever connection of the edge it is."""
    weather = Weather(jitter_ms=20, latency_ms=20, seed=9)
    first, later = lane(weather, 1, is_own=True), lane(weather, 77, is_own=True)
    assert [first.travel(FAR * turn, 9) for turn in range(99)] == [later.travel(FAR * turn, 9) for turn in range(99)]


def test_a_change_keeps_the_order() -> None:
    """[ED55] When the weather clears, what is sent then still arrives after what is under way; soon nothing waits any more."""
    way = lane(Weather(latency_ms=500))
    assert way.travel(0, 10) == [(10, 500)]
    way.sky.change(CLEAR)
    assert way.travel(100, 10) == [(10, 500)]
    assert way.travel(600, 10) == [(10, 600)]


def test_who_listens_hears_of_a_change_once() -> None:
    """[ED55] A change is told; setting what is set already is none."""
    told: list[Weather] = []
    sky = Sky(tell=told.append)
    for weather in (CLEAR, Weather(latency_ms=5), Weather(latency_ms=5), CLEAR):
        sky.change(weather)
    assert told == [Weather(latency_ms=5), CLEAR]


@pytest.mark.parametrize("name", list(BOUNDS))
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 2.0**33, "5", None, True, [], {}])
def test_a_value_out_of_bounds_is_told_in_words(name: str, value: object) -> None:
    """[ED57] What is no number, or none within bounds, is refused by a sentence that has its name and the largest value."""
    with pytest.raises(BadWeather, match=rf"{name} is a (whole )?number from 0 to \d") as error:
        amend(CLEAR, {"latency_ms": 1, name: value})
    assert "\n" not in str(error.value)


def test_what_is_not_named_stays() -> None:
    """[ED57] A change of one value leaves the others; the bounds themselves are within bounds; what is unknown is refused."""
    weather = amend(Weather(10, 20, 3, 4), {"loss_percent": 5})
    assert weather == Weather(10, 20, 5, 4)
    assert amend(weather, dict(BOUNDS)).values() == dict(BOUNDS)
    assert amend(weather, dict.fromkeys(BOUNDS, 0)) == CLEAR
    with pytest.raises(BadWeather, match="no 'lag' in the weather; there are latency_ms"):
        amend(weather, {"lag": 5})


def test_it_is_said_in_a_few_words() -> None:
    """[ED57] People read it as text, clear weather too."""
    assert str(Weather(100, 30, 2.5)) == "100 ms ± 30 ms each way, 2.5% lost"
    assert str(Weather(seed=3)) == "clear"


def test_a_client_can_ask_for_its_own() -> None:
    """[ED56] By a header or by a cookie, the header first; who asks for nothing has the weather of its region."""
    asked = Weather(100, 30, 2, 7)
    assert parse(" latency=100&jitter=30&loss=2&seed=7 ") == parse("latency_ms=100&jitter_ms=30&loss_percent=2&seed=7") == asked
    header, cookie = (b"x-edge-weather", b"latency=5"), (b"cookie", b"player=x; edge-weather=loss=3; a=b")
    assert own([(b"host", b"a"), header]) == own([cookie, header]) == Weather(latency_ms=5)
    assert own([cookie]) == Weather(loss_percent=3)
    assert own([(b"cookie", b"edge-weathers=loss=3"), (b"accept", b"x")]) is None


@pytest.mark.parametrize(
    "text", ["", "fog", "latency=", "latency=x", "latency=5000", "loss=nan", "seed=1.5", "wind=3", "latency=5&jitter=-1"]
)
def test_a_client_that_asks_wrongly_is_told(text: str) -> None:
    """[ED56] A malformed header is refused, or somebody would measure another weather than they think; a malformed cookie is none."""
    with pytest.raises(BadWeather):
        own([(b"x-edge-weather", text.encode())])
    assert own([(b"cookie", b"edge-weather=" + text.encode())]) is None
