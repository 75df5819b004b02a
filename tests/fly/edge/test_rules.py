"""What the edge decides, as values."""

from __future__ import annotations

from typing import Any

import pytest

from fly.arrival import ReplayFailed, ReplaySource
from fly.edge import latency
from fly.edge.cache import ReplayCache, cache_of_headers, covers
from fly.edge.request import Client, Request, enter, fallen_back, replayed
from fly.edge.rules import Candidate, Chosen, NoCandidate, Switches, Want, choose, expand, first_want, replay_want
from fly.headers import Cache, InvalidReplay, ReplayInstruction, Transform

EWR = Candidate("m-ewr", "ewr", "rooms", "up")
NRT = Candidate("m-nrt", "nrt", "rooms", "up")
CDG = Candidate("m-cdg", "cdg", "rooms", "up")
OTHER = Candidate("m-other", "cdg", "other", "up")
ALL = [EWR, NRT, CDG, OTHER]


def down(candidate: Candidate, state: Any = "stopped") -> Candidate:
    return Candidate(candidate.machine, candidate.region, candidate.app, state)


def chosen(want: Want, candidates: list[Candidate] | None = None, edge: str = "ewr") -> str:
    choice = choose(want, ALL if candidates is None else candidates, edge)
    return choice.candidate.machine if isinstance(choice, Chosen) else choice.code


@pytest.mark.parametrize(
    ("want", "machine"),
    [
        (Want("rooms"), "m-ewr"),
        (Want("rooms", ("cdg",), True), "m-cdg"),
        (Want("rooms", ("gru", "nrt"), True), "m-nrt"),
        (Want("rooms", ("gru",), True), "PR03"),
        (Want("rooms", ("gru", "any"), False), "m-ewr"),
        (Want("rooms", ("eu",), True), "m-cdg"),
        (Want("rooms", ("apac", "eu"), True), "m-nrt"),
        (Want("rooms", ("sa",), True), "PR03"),
        (Want("rooms", instance="m-nrt"), "m-nrt"),
        (Want("rooms", ("cdg",), True, instance="m-nrt"), "m-nrt"),
        (Want("rooms", instance="m-gone"), "PR02"),
        (Want("rooms", instance="m-other"), "PR02"),
        (Want("rooms", prefer_instance="m-cdg"), "m-cdg"),
        (Want("rooms", ("nrt",), True, prefer_instance="m-gone"), "m-nrt"),
        (Want("rooms", without="m-ewr"), "m-cdg"),
        (Want("other"), "m-other"),
    ],
)
def test_the_machine_is_chosen_as_documented(want: Want, machine: str) -> None:
    """[ED1] [ED2] [ED4] [ED5] [ED6] Hard instance, preferred instance, region list in order, aliases, elsewhere, app, else the nearest."""
    assert chosen(want) == machine


def test_the_nearest_healthy_machine_serves_when_the_local_one_is_down() -> None:
    """[ED1] Without a forced region another region's Machine takes over; with one, nobody."""
    candidates = [down(EWR), NRT, CDG]
    assert chosen(Want("rooms"), candidates) == "m-cdg"
    assert chosen(Want("rooms", ("ewr",), True), candidates) == "PR03"


def test_a_starting_machine_is_waited_for() -> None:
    """[ED19] While a candidate starts the edge waits; when all are stopped it does not."""
    starting = choose(Want("rooms", ("cdg",), True), [down(CDG, "starting")], "ewr")
    stopped = choose(Want("rooms", ("cdg",), True), [down(CDG)], "ewr")
    assert isinstance(starting, NoCandidate)
    assert isinstance(stopped, NoCandidate)
    assert (starting.wait, stopped.wait) == (True, False)


def test_a_failing_machine_is_not_chosen() -> None:
    """[ED47] Not as the nearest, not in a forced region, not by name; and it is not waited for."""
    candidates = [down(EWR, "failing"), NRT, CDG]
    assert chosen(Want("rooms"), candidates) == "m-cdg"
    assert chosen(Want("rooms", prefer_instance="m-ewr"), candidates) == "m-cdg"
    for want in (Want("rooms", ("ewr",), True), Want("rooms", instance="m-ewr")):
        nobody = choose(want, candidates, "ewr")
        assert isinstance(nobody, NoCandidate)
        assert (nobody.code, nobody.wait) == ("PR03", False)


@pytest.mark.parametrize(
    ("first", "second", "machine"),
    [
        ((0, 0), (0, 0), "m-1"),
        ((0, 5), (0, 4), "m-2"),
        ((1, 4), (0, 5), "m-2"),
        ((3, 9), (4, 1), "m-1"),
    ],
    ids=["both new", "in turn", "less loaded", "less loaded though it had the last turn"],
)
def test_the_least_loaded_of_the_nearest_region_is_chosen(first: tuple[int, int], second: tuple[int, int], machine: str) -> None:
    """[ED48] In a region the Machine with fewer connections, ties in turn; a nearer region before a less loaded one."""
    pair = [Candidate("m-1", "ewr", "rooms", "up", *first), Candidate("m-2", "ewr", "rooms", "up", *second)]
    assert chosen(Want("rooms"), [*pair, CDG]) == machine
    assert chosen(Want("rooms", ("ewr", "cdg"), True), [CDG, *pair]) == machine
    assert chosen(Want("rooms", ("cdg", "ewr"), True), [*pair, CDG]) == "m-cdg"


def test_a_machine_that_refused_comes_last_in_its_region() -> None:
    """[ED48] Who refused this request's connection is tried again only after the others of its region, and before other regions."""
    pair = [Candidate("m-1", "ewr", "rooms", "up"), Candidate("m-2", "ewr", "rooms", "up", 99, 99)]
    assert chosen(Want("rooms", refused=frozenset({"m-1"})), [*pair, CDG]) == "m-2"
    assert chosen(Want("rooms", refused=frozenset({"m-1", "m-2"})), [*pair, CDG]) == "m-1"


def test_a_missed_preference_is_told() -> None:
    """[ED11] A preferred Machine that cannot take the request is named to the one that does."""
    choice = choose(Want("rooms", prefer_instance="m-gone"), ALL, "ewr")
    assert isinstance(choice, Chosen)
    assert choice.missed == "m-gone"


def test_aliases_stand_for_continents() -> None:
    """[ED2] apac, eu, na, sa, us, usa and any stand for their regions."""
    codes = ["ams", "nrt", "ewr", "gru", "jnb", "qro"]
    assert [expand(name, codes) for name in ("eu", "apac", "na", "us", "usa", "sa", "any", "jnb", "xyz")] == [
        ["ams"],
        ["nrt"],
        ["ewr", "qro"],
        ["ewr"],
        ["ewr"],
        ["gru"],
        codes,
        ["jnb"],
        [],
    ]


def test_a_clients_own_headers_aim_the_first_hop() -> None:
    """[ED10] [ED11] [ED12] [ED13] fly-prefer-region, fly-force-region, fly-prefer-instance-id and fly-force-instance-id are read."""
    assert first_want("rooms", [(b"fly-prefer-region", b"cdg,eu")]) == Want("rooms", ("cdg", "eu"))
    assert first_want("rooms", [(b"fly-force-region", b"cdg")]) == Want("rooms", ("cdg",), True)
    assert first_want("rooms", [(b"fly-force-instance-id", b"x"), (b"fly-prefer-instance-id", b"y")]) == Want("rooms", (), False, "x", "y")


def test_an_aim_at_an_instance_survives_a_replay_and_wins() -> None:
    """[ED13] The harsher position: a client's fly-force-instance-id defeats a replay's region, unless the replay deletes it."""
    want = replay_want("rooms", ReplayInstruction(region=("cdg",)), EWR, [(b"fly-force-instance-id", b"m-ewr")])
    assert chosen(want) == "m-ewr"
    assert chosen(replay_want("rooms", ReplayInstruction(region=("cdg",)), EWR, [])) == "m-cdg"


def client() -> Client:
    return Client("10.0.0.9", 8000, "ewr", "ID-ewr", 1_700_000_000_000_000)


def request(*headers: tuple[str, str]) -> Request:
    return Request(b"GET", b"/x?y=1", ((b"host", b"cdg.play.localhost"), *((name.encode(), value.encode()) for name, value in headers)))


def test_the_edge_adds_and_overwrites() -> None:
    """[ED20] [ED21] [ED22] [ED23] Fly's own headers are overwritten, X-Forwarded-For is appended to, X-Forwarded-Port kept."""
    forged = [("fly-client-ip", "6.6.6.6"), ("fly-region", "nrt"), ("fly-forwarded-port", "1"), ("fly-request-id", "x")]
    honest = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-port", "99"), ("connection", "keep-alive")]
    entered = enter(request(*forged, *honest), client(), Switches())
    seen = {name.decode(): value.decode() for name, value in entered.headers}
    own = ("fly-client-ip", "fly-region", "fly-forwarded-port", "fly-request-id")
    assert [seen[name] for name in own] == ["10.0.0.9", "ewr", "8000", "ID-ewr"]
    assert seen["x-forwarded-for"] == "6.6.6.6, 10.0.0.9"
    assert (seen["x-forwarded-port"], seen["x-forwarded-proto"], seen["x-forwarded-ssl"]) == ("99", "http", "off")
    assert "connection" not in seen


@pytest.mark.parametrize("strip", [True, False])
def test_what_fly_leaves_open_is_a_switch(strip: bool) -> None:
    """[ED24] Whether a client's own fly-replay-src and X-Forwarded-Proto get through is a switch; they do by default."""
    switches = Switches(strip_replay_src=strip, pass_forwarded_proto=not strip)
    entered = enter(request(("fly-replay-src", "forged"), ("x-forwarded-proto", "https")), client(), switches)
    assert entered.get("fly-replay-src") == (b"" if strip else b"forged")
    assert entered.get("x-forwarded-proto") == (b"http" if strip else b"https")


def test_a_replayed_request_carries_its_source_only() -> None:
    """[ED7] The target gets fly-replay-src of the real replay, in place of whatever the client sent."""
    source = ReplaySource("m-ewr", "ewr", 1_700_000_000_123_456, "abc")
    carried = replayed(request(("fly-replay-src", "forged"), ("fly-replay-failed", "forged")), source, Transform())
    assert carried.get("fly-replay-src") == b"instance=m-ewr;region=ewr;t=1700000000123456;state=abc"
    assert carried.get("fly-replay-failed") == b""


def test_a_transform_changes_the_request() -> None:
    """[ED8] transform replaces the path with its query, hides headers, and sets headers."""
    carried = replayed(request(("x-a", "1"), ("x-b", "2")), None, Transform("/new?z=3", ("x-a",), (("x-b", "9"),)))
    assert (carried.target, carried.get("x-a"), carried.get("x-b")) == (b"/new?z=3", b"", b"9")


def test_a_failed_replay_comes_back_and_says_so() -> None:
    """[ED9] A request that falls back carries fly-replay-failed and no fly-replay-src."""
    back = fallen_back(request(("fly-replay-src", "x")), ReplayFailed("", "rooms", "cdg", "m-ewr", "timeout", 12))
    assert b"reason=timeout" in back.get("fly-replay-failed")
    assert back.get("fly-replay-src") == b""


def test_a_kept_replay_is_found_until_it_expires() -> None:
    """[ED14] [ED15] A replay is kept for its host and path prefix, for its time; the longest prefix wins; it can be forgotten."""
    cache, paris, tokyo = ReplayCache(), ReplayInstruction(region=("cdg",)), ReplayInstruction(region=("nrt",))
    cache.keep("h", "/a/b", paris, Cache("/*", 10), now=0)
    cache.keep("h", "/a/b", tokyo, Cache("h/a/*", 20), now=0)

    def kept(host: str, path: str, now: float) -> ReplayInstruction | None:
        found = cache.find(host, path, now)
        return found.instruction if found else None

    assert kept("h", "/a/x", 5) == tokyo
    assert kept("h", "/ab", 5) == paris
    assert kept("other", "/a/x", 5) is None
    assert kept("h", "/ab", 11) is None
    cache.invalidate("h", "/a/x", 12)
    assert kept("h", "/a/x", 12) is None


@pytest.mark.parametrize(
    ("instruction", "cache", "named"),
    [
        (ReplayInstruction(region=("cdg",), state="s"), Cache("/*", 10), "state"),
        (ReplayInstruction(region=("cdg",), timeout_ms=5), Cache("/*", 10), "timeout"),
        (ReplayInstruction(region=("cdg",), fallback="force_self"), Cache("/*", 10), "fallback"),
        (ReplayInstruction(region=("cdg",), transform=Transform("/x")), Cache("/*", 10), "transform"),
        (ReplayInstruction(region=("cdg",)), Cache("/*", 9), "ttl"),
        (ReplayInstruction(region=("cdg",)), Cache("/other/*", 10), "prefix"),
        (ReplayInstruction(region=("cdg",)), Cache("evil.com/*", 10), "prefix"),
    ],
)
def test_what_cannot_be_kept_is_named(instruction: ReplayInstruction, cache: Cache, named: str) -> None:
    """[ED16] State, timeout, fallback, transforms, short times and foreign prefixes are refused in a cached replay."""
    with pytest.raises(InvalidReplay, match=named):
        ReplayCache().keep("h", "/a", instruction, cache, now=0)


def test_cache_orders_in_headers_are_read() -> None:
    """[ED17] fly-replay-cache, its time and its bypass are read from the headers beside fly-replay."""
    assert cache_of_headers(b"/a/*", b"30", b"yes") == Cache("/a/*", 30, False, True)
    assert cache_of_headers(b"invalidate", b"", b"") == Cache(invalidate=True)
    assert cache_of_headers(b"", b"", b"") is None
    with pytest.raises(InvalidReplay, match="ttl"):
        cache_of_headers(b"/a/*", b"soon", b"")


def test_a_prefix_covers_whole_segments() -> None:
    """[ED15] /a covers /a and /a/b, not /ab."""
    assert [covers("/a", path) for path in ("/a", "/a/b", "/ab", "/")] == [True, True, False, False]
    assert covers("/", "/anything")


def test_latency_follows_the_distance() -> None:
    """[ED27] Crossing regions takes longer the farther they lie apart, the same both ways; off, nothing does."""
    assert latency.one_way_s("ewr", "cdg") == latency.one_way_s("cdg", "ewr")
    assert 0.03 < latency.one_way_s("ewr", "cdg") < latency.one_way_s("ewr", "nrt") < 0.12
    assert latency.one_way_s("ewr", "ewr") < 0.001
    assert latency.none("ewr", "nrt") == 0
