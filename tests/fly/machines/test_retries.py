"""What is asked again, how often, how long; and what a Machine's state says is done already."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fly.machines import MachinesError
from fly.machines.retries import ACTIONS, MOST_TRIES, ROWS, SETTLED, TOTAL_S, pause_s, read_retry_after
from tests.fly.machines.far import APP, ID, MACHINE, Far, refused, reply
from tests.fly.machines.test_answers import CALLS

LOST = httpx.ReadTimeout("")
NOT_SENT = httpx.ConnectError("")
NEVER = (400, 401, 403, 404, 405, 418, 422, 501)
TABLE = {
    # case: actions that are not asked again
    NOT_SENT: set(),
    LOST: {"lease"},
    408: {"lease"},
    429: set(),
    500: {"lease"},
    502: {"lease"},
    503: set(),
    504: {"lease"},
    409: {"list", "get", "wait", "metadata", "create", "lease", "release"},
    412: {"list", "get", "wait", "metadata", "create", "lease", "suspend", "destroy", "cordon", "uncordon"}
    | {"set_metadata", "delete_metadata", "release"},
}
ALREADY_SO = {(408, "wait"), (404, "destroy"), (404, "release")}
"""What these say is no trouble."""


def far_of(case: Any, call: str, *, state: str = "hibernating") -> Far:
    """First the case, then what is right."""
    good = {"list": reply(200, []), "get": reply(200, {**MACHINE, "state": state}), "metadata": reply(200, {})}
    first = case if isinstance(case, Exception) else refused(case, "no")
    fine = reply(200, {**MACHINE, "nonce": "n", "expires_at": 1})
    scripts: dict[str, Any] = {name: [first, answer] if call == name else [answer] for name, answer in good.items()}
    return Far(first, fine, **scripts)


def tries_of(far: Far, call: str) -> int:
    """How often the action itself was sent."""
    looks = () if call in ("get", "list") else (f"GET /{ID}", "GET ")
    return len([one for one in far.calls() if one not in looks or (call == "list" and one == "GET ")])


@pytest.mark.parametrize("case", [*TABLE, *NEVER], ids=lambda case: str(case) or type(case).__name__)
async def test_the_table(case: Any) -> None:
    """[MC10] Each action is asked again after those statuses that the table has for it, and after no other."""
    for call in sorted(ACTIONS):
        if (case, call) in ALREADY_SO:
            continue
        again = case in TABLE and call not in TABLE[case]
        far = far_of(case, call)
        async with far.client() as fly:
            try:
                await CALLS[call](fly)
                done = True
            except MachinesError:
                done = False
        assert (call, done, tries_of(far, call), bool(far.slept)) == (call, again, 2 if again else 1, again)


def test_every_row_has_a_reason() -> None:
    """[MC10] Every row of the table says why, and names actions that exist."""
    assert all(len(row.why) > 20 and row.actions <= ACTIONS and row.first_s > 0 for row in ROWS)


@pytest.mark.parametrize("case", [NOT_SENT, LOST, 429, 500, 503])
async def test_tries_end(case: Any) -> None:
    """[MC11] A call ends after ten tries or 30 s, whichever comes first, with the last error."""
    far = Far(case if isinstance(case, Exception) else refused(case))
    async with far.client() as fly:
        with pytest.raises(MachinesError) as caught:
            await fly.get(ID)
    assert 2 < len(far.requests) <= MOST_TRIES
    assert far.now - 1000 <= TOTAL_S
    assert caught.value.status == (0 if isinstance(case, Exception) else case)


@pytest.mark.parametrize(("value", "pause"), [("7", 7.0), ("0", 1.0), ("soon", 1.0), ("", 1.0)])
async def test_retry_after(value: str, pause: float) -> None:
    """[MC11] Retry-After is waited out, in seconds or as a date by the answer's own clock; a shorter one is not believed."""
    far = Far(refused(429, retry_after=value), reply(200, MACHINE))
    async with far.client() as fly:
        await fly.get(ID)
    assert far.slept == [pause]


async def test_a_retry_after_that_is_too_long() -> None:
    """[MC11] One that asks for more than the call may take ends it at once."""
    far = Far(refused(503, retry_after="3600"))
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await fly.get(ID)
    assert (len(far.requests), far.slept) == (1, [])


def test_a_date_of_retry_after() -> None:
    """[MC11] A date counts from the answer's Date; without one, or malformed, it says nothing."""
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert read_retry_after("Wed, 21 Oct 2026 07:28:09 GMT", date) == 9.0
    assert read_retry_after("Wed, 21 Oct 2026 07:27:00 GMT", date) == 0.0
    assert read_retry_after("Wed, 21 Oct 2026 07:28:09 GMT", None) is None
    assert read_retry_after("9" * 400, None) == 999999.0
    assert read_retry_after("-5", date) is None


@pytest.mark.parametrize("status", [400, 409, 412, 422])
@pytest.mark.parametrize(
    ("call", "state"),
    [(call, state) for call, states in SETTLED.items() for state in sorted(states)],
)
async def test_what_is_done_already_is_no_error(call: str, state: str, status: int) -> None:
    """[MC12] Starting what runs, stopping what stands, suspending what sleeps, destroying what is gone succeed, whatever the refusal is."""
    far = Far(refused(status, "failed_precondition"), get=[reply(200, {**MACHINE, "state": state})])
    async with far.client() as fly:
        await CALLS[call](fly)
    assert tries_of(far, call) == 1


@pytest.mark.parametrize("call", ["destroy", "release"])
async def test_what_is_not_there_is_gone(call: str) -> None:
    """[MC12] Destroying a Machine that is not there, or giving back a lease that has run out, succeeds."""
    far = Far(refused(404))
    async with far.client() as fly:
        await CALLS[call](fly)
    assert len(far.requests) == 1


@pytest.mark.parametrize("state", ["created", "stopping", "replacing", "stopped", "suspending", "hibernating"])
async def test_a_start_waits_out_a_passing_state(state: str) -> None:
    """[MC13] A start that a passing state refuses is repeated, once a second: a fresh Machine is in `created` for some seconds."""
    text = f"failed_precondition: unable to start machine from current state: '{state}'"
    far = Far(*[refused(412, text)] * 6, reply(200, {"previous_state": "stopped"}), get=[reply(200, {**MACHINE, "state": state})])
    async with far.client() as fly:
        await fly.start(ID)
    assert tries_of(far, "start") == 7
    assert 6 <= far.now - 1000 <= 8


@pytest.mark.parametrize(("call", "state"), [("start", "failed"), ("start", "destroyed"), ("suspend", "started"), ("destroy", "started")])
async def test_a_lasting_state_is_not_waited_out(call: str, state: str) -> None:
    """[MC13] A state that ends by nothing is an error at once."""
    far = Far(refused(412, "failed_precondition"), get=[reply(200, {**MACHINE, "state": state})])
    async with far.client() as fly:
        with pytest.raises(MachinesError):
            await CALLS[call](fly)
    assert tries_of(far, call) == 1


async def test_nobody_can_say_the_state() -> None:
    """[MC13] Where the state cannot be read the refusal itself is what is raised, after the tries."""
    far = Far(refused(412, "the refusal"), get=[refused(404)])
    async with far.client() as fly:
        with pytest.raises(MachinesError, match="the refusal"):
            await fly.start(ID)
    assert tries_of(far, "start") == MOST_TRIES


@pytest.mark.parametrize(
    "answer",
    [
        refused(503, "no", "insufficient_capacity"),
        refused(422, "no", "volume_placement_capacity"),
        refused(409, "aborted: could not reserve resource for machine: insufficient memory available to fulfill request"),
        refused(412, "insufficient resources available"),
        refused(500, "region is out of capacity"),
    ],
)
@pytest.mark.parametrize("call", ["create", "start"])
async def test_no_room_is_not_asked_again(call: str, answer: httpx.Response) -> None:
    """[MC14] A region without room is an error that says so, at once: whoever asked tries another one."""
    far = Far(answer, list=[reply(200, [])], get=[reply(200, {**MACHINE, "state": "stopped"})])
    async with far.client() as fly:
        with pytest.raises(MachinesError) as caught:
            await CALLS[call](fly)
    assert caught.value.no_room
    assert far.slept == []
    assert not MachinesError(422, "", "insufficient funds").no_room


def test_the_pause_grows_and_is_bounded() -> None:
    """[MC11] Pauses double up to 8 s, so that an API that is down is not kept down."""
    error = MachinesError(500)
    assert [pause_s("get", error, tries) for tries in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert pause_s("get", error, MOST_TRIES) is None


def test_the_app_is_in_every_path() -> None:
    """[MC1] The client speaks of one app."""
    assert repr(Far().client()) == f"<Machines of {APP}>"
