"""The load test's report and what it shows on the way, by values."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from gameserver.loadtest.orders import Plan, Status
from gameserver.loadtest.report import drawing_of, facts_of, wrongs_of
from gameserver.loadtest.run import Outcome, Run
from gameserver.loadtest.screen import line_of, part_of, shown
from gameserver.loadtest.tally import Tally
from gameserver.loadtest.target import target_of
from gameserver.loadtest.wire import Message
from tests.gameserver.rooms import until

PLAN = Plan(target_of("ws://localhost:8000/ws/r/load/"), "chat", "run", 4, 2, 2, 1.0, 10.0, 50)
ROOM: Message[Any] = Message("welcome", region="cdg", machine="m1", room="load")


class Terminal(StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


def outcome(*, latencies_us: tuple[int, ...] = (), **more: Any) -> Outcome:
    tally = Tally()
    tally.counts.update(more.pop("counts", {}))
    for latency_us in latencies_us:
        tally.delivery.record(latency_us)
    return Outcome(tally, **{"away": 0, "stopped": 0, "talked_s": 5.0, "busy": 0.1, **more})


def facts(pid: int | None = None, **more: Any) -> dict[str, Any]:
    return facts_of(PLAN, ROOM, outcome(**more), pid)


def drawn(facts: dict[str, Any], failure: str = "") -> str:
    text = StringIO()
    Console(file=text, width=240).print(drawing_of(facts, failure))
    return text.getvalue()


def row(name: str, found: dict[str, Any]) -> str:
    return next(line.rstrip() for line in drawn(found).splitlines() if line.startswith(name))


def test_processor_time_of_a_delivery() -> None:
    """[LT9] What the server's process used is shared out among the deliveries, and told as a part of a core."""
    found = facts(pid=42, cpu_s=0.01, latencies_us=(1,) * 100)
    assert found["cpu"] == {"pid": 42, "used_s": 0.01, "of_a_core": 0.002, "us_per_delivery": 100.0}
    assert row("CPU per delivery", found).endswith("100.0 µs: process 42 used 0.01 s, 0% of a core")


def test_processor_time_that_is_not_known() -> None:
    """[LT9] Without a process, with one that ended, or without a delivery there is no such number, and the report says why."""
    assert facts()["cpu"] is None
    assert row("CPU per delivery", facts()).endswith("n/a (see --server-pid)")
    assert row("CPU per delivery", facts(pid=42)).endswith("n/a: process 42 ended")
    assert row("CPU per delivery", facts(pid=42, cpu_s=1.0)).endswith("n/a")


def test_a_run_in_which_nothing_was_said() -> None:
    """[LT6] What was not measured is not known, rather than nothing."""
    found = facts(talked_s=0.0)
    assert found["latency_ms"]["delivery"] == {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    assert found["deliveries"]["per_s"] is None
    assert row("delivery", found).split()[1:6] == ["0", "-", "-", "-", "-"]


def test_what_is_told_by_its_code() -> None:
    """[LT6] Refusals, closes and refused handshakes are told each by its code, and nothing where there are none."""
    counts = {"refused.rate": 2, "closed.4001": 3, "closed.1006": 1, "handshake.503": 4, "fresh": 1, "skipped": 3200}
    found = facts(counts=counts)
    assert (found["commands"]["refused"], found["closed"], found["handshakes_refused"]) == ({"rate": 2}, {"1006": 1, "4001": 3}, {"503": 4})
    assert row("commands", found).endswith("refused: 2 × rate")
    assert "closed: 1 × 1006, 3 × 4001; handshakes refused: 4 × 503; 1 fresh starts skipped 3200 events" in row("reconnects", found)
    assert row("reconnects", facts()).endswith("0; closed: none")


def test_bots_that_are_too_slow() -> None:
    """[LT6] When the bots themselves are behind, by their own processor or because others have it, the report says so."""
    assert "adds to what it measures" not in drawn(facts())
    assert "adds to what it measures" in row("CPU of the bots", facts(busy=0.9))
    late = outcome()
    late.tally.waking.record(50_000)
    assert "adds to what it measures" in row("CPU of the bots", facts_of(PLAN, ROOM, late, None))


def test_what_went_wrong() -> None:
    """[LT3] Losses, bots that stayed away and a process that died are a sentence each; after an interrupt nobody has to be there."""
    assert wrongs_of(facts(), "") == []
    (lost,) = wrongs_of(facts(counts={"gap": 2, "unasked": 1, "ok": 5}), "")
    assert lost == "Lost: 2 gap (events that were left out of a stream), 1 unasked (replies to no command, or second ones)."
    assert wrongs_of(facts(away=3), "") == ["3 of 4 bots were not in the room at the end."]
    assert wrongs_of(facts(away=3), "It died.") == ["It died."]
    assert wrongs_of(facts(away=3, is_interrupted=True), "") == []
    assert "ended early: interrupted" in drawn(facts(is_interrupted=True))
    assert "3 still waiting" in drawn(facts(waiting=3))
    assert "It died." in drawn(facts(), "It died.")


# On the way


def status(**more: Any) -> Status:
    fields = {"inside": 1, "stopped": 0, "unanswered": 0, "lowest": 0, "promised": 0, "last_us": 0, "busy": 0.0, "is_done": False}
    return Status(step=Tally().take(), **{**fields, **more})


def test_how_far_it_is() -> None:
    """[LT6] While bots come in it is as far as they are; while they talk, as the commands that are due."""
    run = Run(PLAN, 1.0, None)
    assert part_of(run, 0.0) == 0.0
    run.phase, run.crew.statuses = "coming in", {0: status(inside=1), 1: status(inside=2)}
    assert part_of(run, 0.0) == 0.75
    run.phase, run.talk_s = "talking", 100.0
    assert [part_of(run, now_s) for now_s in (99.0, 101.0, 109.0)] == [0.0, 0.2, 1.0]
    run.phase = "settling"
    assert part_of(run, 200.0) == 1.0


def test_how_it_goes() -> None:
    """[LT6] The line has bots, commands, the last second's deliveries with their p99, losses, and reconnects where there are any."""
    run = Run(PLAN, 1.0, None)
    assert line_of(run) == "bots 0/4 · sent 0 · 0 deliveries/s · p99 - · losses 0"
    run.crew.tally.counts.update({"sent": 9, "gap": 2, "missing": 1, "reconnects": 4})
    run.crew.statuses = {0: status(inside=3)}
    assert line_of(run) == "bots 3/4 · sent 9 · 0 deliveries/s · p99 - · losses 3 · reconnects 4"


async def test_progress_is_for_terminals() -> None:
    """[LT6] A terminal is shown how it goes, and nothing of it stays; a file is shown nothing."""
    run, file, terminal = Run(PLAN, 1.0, None), StringIO(), Terminal()
    with shown(run, file):
        pass
    assert file.getvalue() == ""
    with shown(run, terminal):
        await until(lambda: "bots 0/4" in terminal.getvalue(), "the progress")


@pytest.mark.parametrize("missing", [{"unanswered": 1}, {"inside": 0}, {"lowest": 6}, {"is_done": False}])
def test_when_all_has_arrived(missing: dict[str, Any]) -> None:
    """[LT3] It is over when nobody waits for a reply, everybody is there, and the highest promise has arrived everywhere."""
    run = Run(PLAN, 1.0, None)
    there = {"inside": 2, "lowest": 7, "promised": 7, "is_done": True}
    run.crew.statuses = {0: status(**there), 1: status(**{**there, "promised": 3})}
    assert run.is_settled
    run.crew.statuses[1] = status(**{**there, **missing})
    assert not run.is_settled
    run.crew.statuses[1] = status(**{**there, "inside": 0, "stopped": 2, "lowest": 0})
    assert run.is_settled
