"""The routing decision: every row of its table, and that no forged header makes it go round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fly.arrival import UNCLEAR, Arrival, Proof, ReplaySource, read_arrival, write_source
from fly.here import Here
from fly.regions import REGIONS
from fly.replay import INSTANCE_STEP, MAX_REPLAY_BODY, REGION_STEP, Decision, Refuse, Replay, Serve, Target, decide

Headers = list[tuple[bytes, bytes]]

EWR = Here("rooms", "aaaa", "ewr")
CDG = Here("rooms", "bbbb", "cdg")
LAPTOP = Here("local", "local", "")
PARIS = Target("cdg")
OWNER = Target("cdg", "cccc")
FROM_EWR = ReplaySource("aaaa", "ewr", 1, "x")
BARE = ReplaySource("aaaa", "ewr", 1, "")
REGION_DONE = Proof(REGION_STEP, "cdg", "aaaa")
INSTANCE_DONE = Proof(INSTANCE_STEP, "cdg", "aaaa")


def row(rule: str, here: Here, target: Target | None, wanted: Any, **arrival: Any) -> Any:
    return pytest.param(rule, here, target, Arrival(**arrival), wanted, id=f"{rule}-{here.region or 'laptop'}-{target}-{'-'.join(arrival)}")


TABLE = [
    row("FR1", EWR, None, "serve"),
    row("FR1", EWR, None, "serve", replayed=True, failed=True, body_bytes=None),
    row("FR2", LAPTOP, PARIS, "serve"),
    row("FR2", LAPTOP, OWNER, "serve", replayed=True),
    row("FR3", EWR, Target("zzz"), (404, "not_found")),
    row("FR4", CDG, PARIS, "serve"),
    row("FR4", CDG, PARIS, "serve", replayed=True, source=FROM_EWR, proof=REGION_DONE),
    row("FR4", CDG, PARIS, "serve", replayed=True),
    row("FR4", CDG, PARIS, "serve", failed=True),
    row("FR4", CDG, PARIS, "serve", body_bytes=None),
    row("FR4", CDG, PARIS, "serve", cache_status="hit"),
    row("FR4", CDG, Target("cdg", "bbbb"), "serve"),
    row("FR5", EWR, PARIS, (503, "not_answering"), failed=True),
    row("FR5", EWR, OWNER, (503, "not_answering"), failed=True),
    row("FR6", EWR, PARIS, (503, "not_answering"), replayed=True),
    row("FR6", EWR, PARIS, (503, "not_answering"), replayed=True, source=FROM_EWR, proof=REGION_DONE),
    row("FR6", EWR, PARIS, (503, "not_answering"), replayed=True, source=FROM_EWR, proof=INSTANCE_DONE),
    row("FR6", EWR, PARIS, (503, "not_answering"), cache_status="hit"),
    row("FR6", EWR, PARIS, (503, "not_answering"), cache_status="miss"),
    row("FR6", EWR, PARIS, (503, "not_answering"), cache_status=UNCLEAR),
    row("FR9", CDG, OWNER, "serve", replayed=True),
    row("FR9", CDG, OWNER, "serve", replayed=True, source=FROM_EWR, proof=INSTANCE_DONE),
    row("FR9", CDG, OWNER, "serve", replayed=True, source=FROM_EWR, proof=Proof(REGION_STEP, "nrt", "aaaa")),
    row("FR9", CDG, OWNER, "serve", cache_status="hit", replayed=True),
    row("FR9", CDG, OWNER, "serve", cache_status="hit", replayed=True, source=FROM_EWR),
    row("FR9", CDG, OWNER, "serve", cache_status="miss", replayed=True, source=FROM_EWR, proof=INSTANCE_DONE),
    row("FR9", CDG, OWNER, "serve", cache_status="bypass", replayed=True, source=BARE),
    row("FR7", EWR, PARIS, (413, "too_large"), body_bytes=None),
    row("FR7", EWR, PARIS, (413, "too_large"), body_bytes=MAX_REPLAY_BODY + 1),
    row("FR8", EWR, PARIS, ("region", "cdg", "")),
    row("FR8", EWR, PARIS, ("region", "cdg", ""), body_bytes=MAX_REPLAY_BODY),
    row("FR8", EWR, PARIS, ("region", "cdg", ""), cache_status="bypass"),
    row("FR8", EWR, OWNER, ("region", "cdg", "")),
    row("FR6", EWR, OWNER, (503, "not_answering"), replayed=True),
    row("FR6", EWR, OWNER, (503, "not_answering"), replayed=True, source=FROM_EWR, proof=INSTANCE_DONE),
    row("FR9", CDG, OWNER, "serve", failed=True),
    row("FR9", CDG, OWNER, "serve", failed=True, replayed=True, source=FROM_EWR, proof=REGION_DONE),
    row("FR9", CDG, OWNER, "serve", failed=True, body_bytes=None),
    row("FR7", CDG, OWNER, (413, "too_large"), body_bytes=None),
    row("FR9", CDG, OWNER, ("instance", "cdg", "cccc")),
    row("FR9", CDG, OWNER, ("instance", "cdg", "cccc"), replayed=True, source=FROM_EWR, proof=REGION_DONE),
    row("FR9", CDG, OWNER, ("instance", "cdg", "cccc"), cache_status="hit"),
    row("FR9", CDG, OWNER, ("instance", "cdg", "cccc"), cache_status="miss", replayed=True, source=BARE),
]


def seen(decision: Decision) -> Any:
    match decision:
        case Serve():
            return "serve"
        case Replay():
            return decision.step, decision.region, decision.instance
        case Refuse():
            return decision.status, decision.code


@pytest.mark.parametrize(("rule", "here", "target", "arrival", "wanted"), TABLE)
def test_every_row_of_the_table(rule: str, here: Here, target: Target | None, arrival: Arrival, wanted: Any) -> None:
    """[FR1] [FR2] [FR3] [FR4] [FR5] [FR6] [FR7] [FR8] [FR9] Each row is decided as written, and the reason names its rule."""
    decision = decide(here, target, arrival)
    assert seen(decision) == wanted
    assert decision.reason.startswith(f"{rule} ")


def test_a_client_that_aims_is_told_to_the_edge() -> None:
    """[FR10] A replay hides the headers by which the client aimed the request itself."""
    decision = decide(EWR, PARIS, Arrival(aims=("fly-force-instance-id",)))
    assert isinstance(decision, Replay)
    assert decision.hide == ("fly-force-instance-id",)


NAMES = st.sampled_from(
    [
        *(b"fly-replay-src", b"fly-replay-failed", b"fly-replay-cache-status", b"fly-force-instance-id", b"fly-region"),
        *(b"content-length", b"transfer-encoding", b"fly-preferred-instance-unavailable", b"Fly-Replay-Src", b"host"),
    ]
)
SHAPES = st.sampled_from(
    [b"instance=aaaa;region=cdg;t=1;state=", b"instance=;;=", b"t=99999999999999999999999", b"hit", b"5", b"-1", b"\xff\xfe", b"region=ewr"]
)
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=30), SHAPES | st.binary(max_size=200)), max_size=12)


@given(HEADERS, st.sampled_from([EWR, CDG, LAPTOP]), st.sampled_from([None, PARIS, OWNER, Target("nope")]))
def test_arbitrary_headers_raise_nothing(headers: Any, here: Here, target: Target | None) -> None:
    """[FR6] [FR14] Whatever a request carries, reading and deciding raise nothing; a replayed one is not sent to the region again."""
    arrival = read_arrival(headers, lambda state: None)
    decision = decide(here, target, arrival)
    if any(name.lower() == b"fly-replay-src" for name, _ in headers):
        assert arrival.replayed
        assert not (isinstance(decision, Replay) and decision.step == REGION_STEP)


@dataclass(frozen=True)
class Edge:
    """An edge at its worst: what it leaves standing of a client's own headers, whether it caches, and where it brings a replay."""

    keeps: bool
    caches: bool
    obeys: bool


def carry(edge: Edge, headers: Headers, decision: Replay, by: Here) -> Headers:
    """The headers of a request after a replay, as Fly documents them; a cached one leaves no source."""
    ours = (b"fly-replay-src", b"fly-replay-cache-status")
    kept = [pair for pair in headers if edge.keeps or pair[0] not in ours]
    if edge.caches and decision.step == REGION_STEP:
        return [*kept, (b"fly-replay-cache-status", b"miss")]
    state = f"{decision.step}.{decision.region}.{by.machine}"
    source = write_source(ReplaySource(by.machine, by.region, 1, state)).encode()
    return [*(pair for pair in kept if pair[0] != b"fly-replay-src"), (b"fly-replay-src", source)]


def signed(state: str) -> Proof | None:
    """Stands for the signature: whoever writes three words in this form has signed them."""
    words = state.split(".")
    return Proof(*words) if len(words) == 3 and words[0] in (REGION_STEP, INSTANCE_STEP) else None


@given(
    st.builds(Edge, st.booleans(), st.booleans(), st.booleans()),
    st.lists(st.tuples(NAMES, SHAPES), max_size=4),
    st.lists(st.sampled_from(["cccc", "dddd", "eeee"]), min_size=12, max_size=12),
    st.sampled_from([EWR, CDG]),
)
@example(Edge(keeps=True, caches=True, obeys=False), [(b"fly-replay-cache-status", b"bypass")], ["cccc"] * 12, EWR)
@example(Edge(keeps=True, caches=True, obeys=True), [], ["cccc", "dddd"] * 6, EWR)
@example(Edge(keeps=True, caches=False, obeys=True), [(b"fly-replay-cache-status", b"hit")], ["cccc", "dddd"] * 6, CDG)
def test_no_step_is_taken_twice(edge: Edge, headers: Headers, owners: list[str], here: Here) -> None:
    """[FR6] Whatever a client forges and the edge makes of it, though the owner changes at every hop, no step is taken twice."""
    steps: list[str] = []
    for owner in owners:
        decision = decide(here, Target("cdg", owner), read_arrival(headers, signed))
        if not isinstance(decision, Replay):
            break
        steps.append(decision.step)
        headers = carry(edge, headers, decision, here)
        if edge.obeys:
            here = Here("rooms", decision.instance or "bbbb", decision.region)
    assert len(set(steps)) == len(steps)
    assert not isinstance(decision, Replay)


@given(st.sampled_from(sorted(REGIONS)), st.sampled_from(sorted(REGIONS)), st.booleans(), st.booleans())
def test_replays_narrow_and_arrive(start: str, wanted: str, owned_elsewhere: bool, cached: bool) -> None:
    """[FR6] [FR9] From any Machine, by cache or without, a request reaches its target in at most two replays: region, then instance."""
    target = Target(wanted, "owner" if owned_elsewhere else "")
    here, headers, steps = Here("rooms", "m-start", start), [], []
    edge = Edge(keeps=True, caches=cached, obeys=True)
    while isinstance(decision := decide(here, target, read_arrival(headers, signed)), Replay):
        steps.append(decision.step)
        headers = carry(edge, headers, decision, here)
        here = Here("rooms", decision.instance or f"m-{decision.region}", decision.region)
    assert isinstance(decision, Serve)
    assert steps == [REGION_STEP] * (start != wanted) + [INSTANCE_STEP] * owned_elsewhere
