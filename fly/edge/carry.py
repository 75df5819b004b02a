"""Carry one request to the Machine that answers it, through as many replays as it takes (ED1 to ED18)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import h11

from fly.arrival import PREFERRED_UNAVAILABLE, ReplayFailed, ReplaySource
from fly.edge.api.states import WrongState
from fly.edge.cables import Cables
from fly.edge.cache import ReplayCache, cache_of_headers
from fly.edge.request import Request, fallen_back, replayed
from fly.edge.rules import (
    MAX_REPLAYS,
    PATIENCE_S,
    WAKE_S,
    Candidate,
    Chosen,
    NoCandidate,
    Problem,
    Switches,
    Wake,
    Want,
    choose,
    first_want,
    replay_want,
)
from fly.edge.trace import Hop, Trace, describe
from fly.edge.troubles import Refusal
from fly.edge.wire import Body, Upstream
from fly.headers import JSON_TYPE, InvalidReplay, ReplayInstruction, Transform, parse_instruction, parse_instruction_json

RETRY_S = 0.05
MAX_INSTRUCTION = 64 * 1024


class Fleet(Protocol):
    """The Machines behind the edge."""

    def candidates(self) -> Sequence[Candidate]:
        """All of them, as they are now."""
        ...

    def port(self, machine: str) -> int:
        """Where one of them listens on loopback. Raises OSError for one that is gone."""
        ...

    def wake(self, machine: str) -> None:
        """Start one that sleeps. Raises WrongState, Refusal."""
        ...


@dataclass(slots=True)
class Sent:
    """The last instruction, who gave it, and the request as that Machine had it: for a fallback."""

    instruction: ReplayInstruction
    by: Candidate
    request: Request
    at: float


@dataclass(slots=True)
class Carrier:
    """What carrying needs to know of the edge it starts from."""

    edge: str
    app: str
    fleet: Fleet
    switches: Switches
    cache: ReplayCache
    delay: Callable[[str, str], float]
    cables: Cables = field(default_factory=Cables)
    apps: Callable[[], Collection[str]] = tuple
    """The apps that there are, also those without a Machine."""
    permit: Callable[[str, str], None] = lambda source, target: None
    """Lets a replay from one app to another pass. Raises Problem."""
    clock: Callable[[], float] = field(default=time.monotonic)

    async def carry(
        self, request: Request, body: Body, host: str, trace: Trace, informational: Callable[[Any], Any]
    ) -> tuple[Upstream, Any, Candidate]:
        """The connection, the answer's head and the Machine that gave it. Raises Problem for what the edge answers itself.

        informational: awaited with each 1xx answer but 101.
        """
        want, request = self._start(request, host)
        sent: Sent | None = None
        replays, came_back = 0, False
        while True:
            try:
                upstream, choice = await self._connect(want, sent, trace, body)
            except Problem as problem:
                if sent is None or not sent.instruction.fallback or came_back or not problem.fallback_reason:
                    raise
                came_back, want, request = True, *self._fall_back(sent, problem, trace)
                continue
            chosen = choice.candidate
            head, instruction = await self._exchange(upstream, choice, request, body, informational)
            if instruction is None:
                return upstream, head, chosen
            await upstream.close()
            replays += 1
            self._check(replays, came_back, body, instruction)
            trace.hops[-1] = Hop(chosen.region, chosen.machine, describe(instruction))
            self.permit(chosen.app, instruction.app or chosen.app)
            sent = Sent(instruction, chosen, request, self.clock())
            request = self._replay(request, sent, head, host)
            want = replay_want(chosen.app, instruction, chosen, request.headers)

    def _start(self, request: Request, host: str) -> tuple[Want, Request]:
        kept = self.cache.find(host, request.path, self.clock())
        if kept is None:
            return first_want(self.app, request.headers), request
        if kept.allow_bypass and request.get("fly-replay-cache-control") == b"skip":
            return first_want(self.app, request.headers), replayed(request, None, Transform(), "bypass")
        request = replayed(request, None, Transform(), "hit")
        nobody = Candidate("", "", self.app, "up")
        return replay_want(self.app, kept.instruction, nobody, request.headers), request

    async def _connect(self, want: Want, sent: Sent | None, trace: Trace, body: Body) -> tuple[Upstream, Chosen]:
        """Open a connection to the Machine that `want` chooses, trying until it can or time is over. Raises Problem."""
        timeout_ms = sent.instruction.timeout_ms if sent else 0
        began = self.clock()
        if want.app not in {self.app, *self.apps(), *(candidate.app for candidate in self.fleet.candidates())}:
            raise Problem(502, "PA04", f"there is no app {want.app[:40]}")
        refused, code, patience_s = "", "", PATIENCE_S
        while True:
            choice = choose(want, self.fleet.candidates(), self.edge)
            if isinstance(choice, Wake):
                machine = choice.candidate.machine
                # Woken for this request already, and asleep again: it will not stay awake for a second try.
                again = ("PM08", f"Machine {machine} was started for this request and does not run")
                code, refused = again if machine == want.woken else self._wake(machine)
                want = replace(want, deep=want.deep | {machine}) if code else replace(want, woken=machine)
                continue
            if isinstance(choice, NoCandidate):
                if not choice.wait:
                    raise Problem(503, code or choice.code, refused if code else choice.reason, "no_candidate")
                refused, patience_s = choice.reason, WAKE_S if choice.patient else patience_s
            else:
                machine = choice.candidate.machine
                try:
                    upstream = await self._open(machine, body)
                    trace.hops.append(Hop(choice.candidate.region, machine))
                    return upstream, choice
                except OSError:
                    refused = f"Machine {machine} refuses connections"
                    want = replace(want, refused=want.refused | {machine})
            if self.clock() >= began + (timeout_ms / 1000 if timeout_ms else patience_s):
                late = "PM03" if patience_s == WAKE_S else "PR04"
                raise Problem(503, late, refused, "timeout" if timeout_ms else "retries_exhausted")
            if body.client.reader.at_eof():
                # Whoever waited for a Machine to wake has gone: nobody is there to be answered.
                raise ConnectionResetError
            await asyncio.sleep(RETRY_S)

    def _wake(self, machine: str) -> tuple[str, str]:
        """Start a Machine that sleeps; Fly's code and the reason if it cannot be (EM21)."""
        try:
            self.fleet.wake(machine)
        except WrongState as error:
            return "PM08", str(error)
        except Refusal as error:
            return "PM07", error.text
        return "", ""

    async def _open(self, machine: str, body: Body) -> Upstream:
        """A connection to a Machine on a cable of its own. Raises OSError, with the cable taken back."""
        cable = self.cables.lay(machine, body.client.writer)
        try:
            return Upstream(*await asyncio.open_connection("127.0.0.1", self.fleet.port(machine)), cable)
        except BaseException:
            cable.release()
            raise

    async def _exchange(
        self, upstream: Upstream, choice: Chosen, request: Request, body: Body, informational: Callable[[Any], Any]
    ) -> tuple[Any, ReplayInstruction | None]:
        """The answer's head and what it orders; whatever goes wrong, nothing of the connection is left."""
        try:
            head = await self._ask(upstream, choice, request, body, informational)
            return head, await self._instruction(upstream, head)
        except BaseException:
            await upstream.close()
            raise

    async def _ask(self, upstream: Upstream, choice: Chosen, request: Request, body: Body, informational: Callable[[Any], Any]) -> Any:
        """Send the request and wait for the answer's head: an h11 Response, or an InformationalResponse with 101."""
        chosen = choice.candidate
        if choice.missed:
            request = request.with_header(PREFERRED_UNAVAILABLE, choice.missed)
        await self._cable(chosen)
        try:
            await upstream.send(request, body)
            while True:
                event = await upstream.next_event()
                if isinstance(event, h11.Response) or (isinstance(event, h11.InformationalResponse) and event.status_code == 101):
                    await self._cable(chosen)
                    return event
                if isinstance(event, h11.ConnectionClosed):
                    raise ConnectionResetError
                if isinstance(event, h11.InformationalResponse):
                    await informational(event)
        except (h11.RemoteProtocolError, ConnectionError) as error:
            await upstream.close()
            if body.gone:
                raise ConnectionResetError from error
            if body.malformed:
                raise Problem(400, "", f"malformed request body: {body.malformed}") from error
            raise Problem(502, "PU02", f"Machine {chosen.machine} did not answer in HTTP") from error

    async def _cable(self, chosen: Candidate) -> None:
        seconds = self.delay(self.edge, chosen.region)
        if seconds:
            await asyncio.sleep(seconds)

    async def _instruction(self, upstream: Upstream, head: Any) -> ReplayInstruction | None:
        """The replay that an answer asks for; None if it is an answer. Raises Problem (PA03)."""
        headers = dict(head.headers)
        if head.status_code == 101 and not self.switches.honour_101:
            return None
        try:
            if headers.get(b"content-type", b"").split(b";")[0].strip() == JSON_TYPE.encode():
                return parse_instruction_json(await upstream.read_body(MAX_INSTRUCTION))
            values = [value for name, value in head.headers if name == b"fly-replay"]
            if not values:
                return None
            if len(values) > 1:
                raise InvalidReplay("more than one fly-replay header")
            return parse_instruction(values[0].decode("latin-1"))
        except InvalidReplay as error:
            raise Problem(502, "PA03", f"invalid replay instruction: {error}") from error

    def _check(self, replays: int, came_back: bool, body: Body, instruction: ReplayInstruction) -> None:
        if replays > MAX_REPLAYS:
            raise Problem(502, "PA02", f"more than {MAX_REPLAYS} replays of one request")
        if came_back:
            raise Problem(502, "PA03", "a request that fell back cannot be replayed again")
        if body.overflow:
            raise Problem(502, "PA01", f"a body over {self.switches.replay_body_limit} bytes cannot be replayed")

    def _replay(self, request: Request, sent: Sent, head: Any, host: str) -> Request:
        """The request for the target; keeps or forgets the replay in the cache. Raises Problem (PA03)."""
        instruction, headers = sent.instruction, dict(head.headers)
        source = ReplaySource(sent.by.machine, sent.by.region, time.time_ns() // 1000, instruction.state)
        try:
            cache = instruction.cache or cache_of_headers(
                headers.get(b"fly-replay-cache", b""),
                headers.get(b"fly-replay-cache-ttl-secs", b""),
                headers.get(b"fly-replay-cache-allow-bypass", b""),
            )
            if cache is None:
                return replayed(request, source, instruction.transform)
            if cache.invalidate:
                self.cache.invalidate(host, request.path, self.clock())
                return replayed(request, source, instruction.transform)
            self.cache.keep(host, request.path, instruction, cache, self.clock())
            return replayed(request, None, instruction.transform, "miss")
        except (InvalidReplay, ValueError) as error:
            raise Problem(502, "PA03", f"invalid replay instruction: {error}") from error

    def _fall_back(self, sent: Sent, problem: Problem, trace: Trace) -> tuple[Want, Request]:
        """Back to the Machine whose replay failed (ED9)."""
        instruction, by = sent.instruction, sent.by
        failed = ReplayFailed(
            instance=instruction.instance,
            app=instruction.app or by.app,
            region=instruction.region[0] if instruction.region else "",
            replay_source=by.machine,
            reason=problem.fallback_reason,
            elapsed_ms=int((self.clock() - sent.at) * 1000),
        )
        trace.hops[-1] = Hop(by.region, by.machine, f"{describe(instruction)} failed: {problem.fallback_reason}")
        forced = instruction.fallback == "force_self"
        want = Want(by.app, instance=by.machine if forced else "", prefer_instance="" if forced else by.machine)
        return want, fallen_back(sent.request, failed)
