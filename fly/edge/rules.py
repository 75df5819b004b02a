"""What Fly's proxy decides, as values: which Machine gets a request, and what a replay makes of it. Pure.

Rule numbers (ED…) are those of docs/spec.md, each with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fly.headers import ReplayInstruction
from fly.regions import REGIONS, by_distance

MAX_REPLAYS = 10
REPLAY_BODY_LIMIT = 1_000_000
PATIENCE_S = 5.0
"""How long the edge tries a target that does not come up, when the instruction sets no timeout. Fly does not say its own figure."""
WAKE_S = 60.0
"""The same for a Machine that was started by order, or is woken by the request. Fly's figure is not published either; a laptop is slow."""

_CONTINENTS: Mapping[str, frozenset[str]] = {
    "eu": frozenset({"France", "Germany", "Netherlands", "Poland", "Romania", "Spain", "Sweden", "United Kingdom"}),
    "na": frozenset({"Canada", "Mexico", "United States"}),
    "sa": frozenset({"Argentina", "Brazil", "Chile", "Colombia"}),
    "us": frozenset({"United States"}),
    "usa": frozenset({"United States"}),
    "apac": frozenset({"Australia", "Hong Kong", "India", "Japan", "Singapore"}),
}
ANY = "any"

View = Literal["starting", "up", "failing", "stopping", "stopped", "suspended"]
"""A Machine as the proxy sees it. `failing`: it runs and does not answer its health check; it gets nothing until it does (ED47)."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What Fly leaves open. The defaults are the harsher position: what would hurt an application most."""

    strip_replay_src: bool = False
    """Remove a client's own fly-replay-src, -failed, -cache-status and fly-preferred-instance-unavailable."""
    honour_101: bool = False
    """Obey fly-replay on a 101 answer; off: the upgrade goes through and the header is ignored."""
    pass_forwarded_proto: bool = True
    """Let a client's X-Forwarded-Proto through; off: overwrite it."""
    replay_body_limit: int = REPLAY_BODY_LIMIT


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Machine as the edge sees it. `load`: its open connections. `turn`: the higher, the later it got its last one.

    `cordoned`: it gets nothing new. `soft`, `hard`: its limits of connections, 0 for none. `autostart`: it sleeps, or is about to, and
    may be woken. `booting`: it was started by order and is not up yet.
    """

    machine: str
    region: str
    app: str
    state: View
    load: int = 0
    turn: int = 0
    cordoned: bool = False
    soft: int = 0
    hard: int = 0
    autostart: bool = False
    booting: bool = False

    @property
    def takes(self) -> bool:
        """Whether it can be given one more connection."""
        return self.state == "up" and not self.cordoned and not (self.hard and self.load >= self.hard)

    @property
    def is_busy(self) -> bool:
        """Whether it is at its soft limit, or over it."""
        return bool(self.soft) and self.load >= self.soft


@dataclass(frozen=True, slots=True)
class Want:
    """Where the next attempt may go. `regions` in order, codes or aliases; `forced`: nowhere else."""

    app: str
    regions: tuple[str, ...] = ()
    forced: bool = False
    instance: str = ""
    prefer_instance: str = ""
    without: str = ""
    """A Machine left out (`elsewhere`)."""
    refused: frozenset[str] = frozenset()
    """Machines that refused this request's connection: the last ones of their region to be tried."""
    woken: str = ""
    """The Machine that was started for this request, which waits for it."""
    deep: frozenset[str] = frozenset()
    """Machines that could not be woken for this request."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The Machine that gets the request. `missed`: the preferred one that did not."""

    candidate: Candidate
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Wake:
    """A Machine that sleeps is to be started, and the request waits for it (EM20)."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class NoCandidate:
    """Nobody can take it. `wait`: one may soon. `patient`: because it was started by order, which may take long. `code` is Fly's."""

    code: str
    reason: str
    wait: bool
    patient: bool = False


class Problem(Exception):
    """An answer of the edge's own: `status`, Fly's error `code`, one sentence; `fallback_reason` if a fallback may mend it."""

    def __init__(self, status: int, code: str, text: str, fallback_reason: str = "") -> None:
        super().__init__(status, code, text)
        self.status = status
        self.code = code
        self.text = text
        self.fallback_reason = fallback_reason


def first_want(app: str, headers: Iterable[tuple[bytes, bytes]]) -> Want:
    """Where a client's own routing headers aim (ED10 to ED13)."""
    values = {name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, value in headers}
    forced_region = values.get("fly-force-region", "")
    regions = forced_region or values.get("fly-prefer-region", "")
    return Want(
        app=app,
        regions=tuple(code.strip().lower() for code in regions.strip('"').split(",") if code.strip()),
        forced=bool(forced_region),
        instance=values.get("fly-force-instance-id", ""),
        prefer_instance=values.get("fly-prefer-instance-id", ""),
    )


def replay_want(app: str, instruction: ReplayInstruction, by: Candidate, headers: Sequence[tuple[bytes, bytes]]) -> Want:
    """Where a replay goes (ED1 to ED6). A client's own instance headers survive it and win (ED13)."""
    aim = first_want(app, headers)
    regions = instruction.region
    return Want(
        app=instruction.app or app,
        regions=regions,
        forced=bool(regions) and ANY not in regions,
        instance=aim.instance or instruction.instance,
        prefer_instance=aim.prefer_instance or instruction.prefer_instance,
        without=by.machine if instruction.elsewhere else "",
    )


def expand(name: str, available: Iterable[str]) -> list[str]:
    """The regions that a code or an alias stands for, of those available."""
    if name == ANY:
        return list(available)
    if name in _CONTINENTS:
        return [code for code in available if code in REGIONS and REGIONS[code].country in _CONTINENTS[name]]
    return [code for code in available if code == name]


def choose(want: Want, candidates: Sequence[Candidate], edge: str) -> Chosen | Wake | NoCandidate:
    """The Machine that gets the request: hard instance, preferred instance, listed regions in order, else the nearest; or whom to wake."""
    pool = [candidate for candidate in candidates if candidate.app == want.app and candidate.machine != want.without]
    if want.instance:
        hit = next((candidate for candidate in pool if candidate.machine == want.instance), None)
        return NoCandidate("PR02", f"there is no Machine {want.instance[:20]}", wait=False) if hit is None else _only(hit, want)
    if any(one.machine == want.woken and one.booting for one in pool):
        return NoCandidate("PR03", f"Machine {want.woken} starts", wait=True, patient=True)
    missed = ""
    if want.prefer_instance:
        preferred = next((candidate for candidate in pool if candidate.machine == want.prefer_instance), None)
        if preferred is not None and preferred.takes:
            return Chosen(preferred)
        missed = want.prefer_instance
    ordered = _in_order(want, pool, edge)
    first = next((candidate for candidate in ordered if candidate.takes), None)
    if first is not None and not first.is_busy:
        return Chosen(first, missed)
    # None runs, or the region's turn it is has none below its soft limit: the nearest that sleeps is woken, in that region if one runs.
    near = [candidate for candidate in ordered if first is None or candidate.region == first.region]
    if not any(candidate.booting for candidate in near):
        asleep = next((candidate for candidate in near if _can_wake(candidate, want)), None)
        if asleep is not None:
            return Wake(asleep)
    if first is not None:
        return Chosen(first, missed)
    return _nobody(want, ordered)


def _only(hit: Candidate, want: Want) -> Chosen | Wake | NoCandidate:
    """The one Machine that a request may go to, if it can take it."""
    if hit.takes:
        return Chosen(hit)
    if _can_wake(hit, want):
        return Wake(hit)
    why = "cordoned" if hit.cordoned else "at its hard limit" if hit.state == "up" else hit.state
    waits = not hit.cordoned and (hit.state in ("starting", "up") or (hit.state == "stopping" and hit.autostart))
    return NoCandidate("PR03", f"Machine {hit.machine} is {why}", waits, waits and (hit.booting or hit.autostart))


def _can_wake(candidate: Candidate, want: Want) -> bool:
    asleep = candidate.state in ("stopped", "suspended") and candidate.autostart
    return asleep and not candidate.cordoned and candidate.machine not in want.deep


def _nobody(want: Want, ordered: Sequence[Candidate]) -> NoCandidate:
    """Nobody can take it: whether to wait, and for how long."""
    hopeful = [one for one in ordered if not one.cordoned and one.machine not in want.deep]
    coming = [one for one in hopeful if one.state == "starting" or (one.state == "stopping" and one.autostart)]
    full = any(one.state == "up" for one in hopeful)
    where = ",".join(want.regions) if want.forced else "any region"
    says = "takes one more" if full else "answers"
    patient = any(one.booting or one.state == "stopping" for one in coming)
    return NoCandidate("PR03", f"no Machine of {want.app} {says} in {where}", bool(coming) or full, patient)


def _in_order(want: Want, pool: Sequence[Candidate], edge: str) -> list[Candidate]:
    """The pool as the edge would try it: region by region, in each the least loaded first, ties in turn (ED48)."""
    by_region: dict[str, list[Candidate]] = {}
    for candidate in sorted(pool, key=lambda one: (one.machine in want.refused, one.load, one.turn)):
        by_region.setdefault(candidate.region, []).append(candidate)
    near = by_distance(edge, by_region)
    order = [code for name in want.regions for code in expand(name, near)]
    if not want.forced:
        order += near
    return [candidate for code in dict.fromkeys(order) for candidate in by_region[code]]
