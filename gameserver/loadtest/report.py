"""The report of a run: facts for programs, a table for people, and whether anything was lost. Pure."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gameserver.loadtest.orders import Plan
from gameserver.loadtest.run import Outcome
from gameserver.loadtest.scenarios import BaseScenario, Found, find
from gameserver.loadtest.tally import LATENCIES, LOSSES, Tally, losses
from gameserver.loadtest.wire import Message

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
BUSY = 0.85
"""Part of a core from which on a process of bots adds to what it measures."""
LATE_MS = 20.0
"""So does one whose turns come this late: others have its core."""
MEANING = {
    "delivery": "due to its event at each bot",
    "reply": "due to its reply",
    "waking": "due to its bot's turn: no doing of the server's",
    "joining": "connecting to the welcome",
}


def facts_of(plan: Plan, room: Message[Any], outcome: Outcome, pid: int | None) -> dict[str, Any]:
    """The report as values that JSON can hold: times in ms, rates in 1/s; None for what is not known."""
    tally, counts, scenario = outcome.tally, outcome.tally.counts, find(plan.scenario)
    lost = losses(counts)
    measured = scenario.measured(Found(counts, plan.bots, outcome.talked_s, outcome.cpu_s))
    return {
        **_asked(plan, room),
        "talked_s": round(outcome.talked_s, 3),
        "interrupted": outcome.is_interrupted,
        "commands": {
            "due": plan.count if scenario.is_marked else None,
            "sent": counts["sent"],
            "ok": counts["ok"],
            "resent": counts["resent"],
            "waiting": outcome.waiting,
            "refused": tally.under("refused"),
        },
        "deliveries": {
            "count": tally.delivery.count,
            "per_s": round(tally.delivery.count / outcome.talked_s, 1) if outcome.talked_s else None,
            "messages": counts["messages"],
        },
        "latency_ms": {name: _latency(tally, name) for name in _meaning(scenario)},
        "losses": {**lost, "total": sum(lost.values())},
        "entered": counts["entered"],
        "away": outcome.away,
        "stopped": outcome.stopped,
        "reconnects": counts["reconnects"],
        "closed": tally.under("closed"),
        "handshakes_refused": tally.under("handshake"),
        "fresh_starts": counts["fresh"],
        "skipped": counts["skipped"],
        "cpu": _cpu(outcome, pid, tally.delivery.count),
        "bots_busy": round(outcome.busy, 3),
        **({"measured": measured} if measured else {}),
    }


def _meaning(scenario: type[BaseScenario]) -> dict[str, str]:
    """The latencies of a scenario, and what they are."""
    return {name: MEANING[name] for name in LATENCIES if scenario.is_marked or name != "delivery"} | scenario.latencies


def _asked(plan: Plan, room: Message[Any]) -> dict[str, Any]:
    return {
        "url": plan.target.url,
        "scenario": plan.scenario,
        "region": room.region,
        "machine": room.machine,
        "room": room.room,
        "bots": plan.bots,
        "talkers": plan.talkers,
        "processes": plan.processes,
        "rate": plan.rate,
        "ramp_s": plan.ramp_s,
        "duration_s": plan.count / plan.rate,
    }


def _latency(tally: Tally, name: str) -> dict[str, float | int | None]:
    histogram = tally.latency(name)
    times = {key: histogram.percentile(part) for key, part in PERCENTILES.items()}
    times["max"] = histogram.longest_us if histogram.count else None
    return {"count": histogram.count, **{key: None if time is None else time / 1000 for key, time in times.items()}}


def _cpu(outcome: Outcome, pid: int | None, deliveries: int) -> dict[str, Any] | None:
    if pid is None:
        return None
    if outcome.cpu_s is None:
        return {"pid": pid, "used_s": None, "of_a_core": None, "us_per_delivery": None}
    share = outcome.cpu_s / outcome.talked_s if outcome.talked_s else None
    each_us = outcome.cpu_s * 1e6 / deliveries if deliveries else None
    return {
        "pid": pid,
        "used_s": round(outcome.cpu_s, 3),
        "of_a_core": None if share is None else round(share, 3),
        "us_per_delivery": None if each_us is None else round(each_us, 2),
    }


def wrongs_of(facts: dict[str, Any], failure: str) -> list[str]:
    """Why the run did not go well, a sentence each; none if nothing was lost and everybody stayed."""
    wrongs = [failure] if failure else []
    if facts["losses"]["total"]:
        found = ", ".join(f"{facts['losses'][name]} {name} ({meaning})" for name, meaning in LOSSES.items() if facts["losses"][name])
        wrongs.append(f"Lost: {found}.")
    if facts["away"] and not failure and not facts["interrupted"]:
        wrongs.append(f"{facts['away']} of {facts['bots']} bots were not in the room at the end.")
    return wrongs


def drawing_of(facts: dict[str, Any], failure: str) -> Group:
    """The report for people."""
    processes = f"{facts['processes']} {'process' if facts['processes'] == 1 else 'processes'}"
    heading = (
        f"{facts['scenario']} in {facts['region']}/{facts['room']} on {facts['machine']}: {facts['bots']} bots in {processes}, "
        f"{facts['rate']:g} {find(facts['scenario']).turn} a second by {facts['talkers']} of them for {facts['duration_s']:g} s"
    )
    ended = ["ended early: interrupted"] if facts["interrupted"] else []
    return Group(Text(heading), *map(Text, ended), Text(), _latencies(facts), Text(), _lines(facts, failure))


def _latencies(facts: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("latency, ms", "count", *PERCENTILES, "max", ""):
        table.add_column(name, justify="left" if name in ("latency, ms", "") else "right", style="dim" if not name else None)
    meaning = _meaning(find(facts["scenario"]))
    for name, times in facts["latency_ms"].items():
        shown = ("-" if times[key] is None else f"{times[key]:.1f}" for key in (*PERCENTILES, "max"))
        table.add_row(name, str(times["count"]), *shown, meaning[name])
    return table


def _lines(facts: dict[str, Any], failure: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    commands, lost = facts["commands"], facts["losses"]
    waiting = f", {commands['waiting']} still waiting" if commands["waiting"] else ""
    due = "" if commands["due"] is None else f" of {commands['due']}"
    said = f"{commands['sent']}{due} sent, {commands['ok']} ok, {commands['resent']} sent again{waiting}"
    table.add_row("commands", f"{said}; refused: {_each(commands['refused'])}")
    for name, sentence in _rows(facts):
        table.add_row(name, sentence)
    table.add_row("losses", _each({name: lost[name] for name in LOSSES if lost[name]}), style="red" if lost["total"] else None)
    table.add_row("bots", f"{facts['entered']} came in, {facts['away']} away at the end, {facts['stopped']} told not to come back")
    skipped = f"; {facts['fresh_starts']} fresh starts skipped {facts['skipped']} events" if facts["fresh_starts"] else ""
    refused = f"; handshakes refused: {_each(facts['handshakes_refused'])}" if facts["handshakes_refused"] else ""
    table.add_row("reconnects", f"{facts['reconnects']}; closed: {_each(facts['closed'])}{refused}{skipped}")
    if "measured" not in facts:
        table.add_row("CPU per delivery", _spent(facts["cpu"]))
    slow = " (it adds to what it measures: take more --processes, fewer bots, or another machine)" if _is_slow(facts) else ""
    table.add_row("CPU of the bots", f"{facts['bots_busy']:.0%} of a core in the busiest process{slow}", style="yellow" if slow else None)
    if failure:
        table.add_row("failed", failure, style="red")
    return table


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured: by the scenario, or of events."""
    if "measured" in facts:
        return find(facts["scenario"]).rows(facts["measured"])
    deliveries = facts["deliveries"]
    speed = "-" if deliveries["per_s"] is None else f"{deliveries['per_s']:.0f}"
    return [("deliveries", f"{deliveries['count']}, {speed} a second, {deliveries['messages']} messages of all kinds")]


def _is_slow(facts: dict[str, Any]) -> bool:
    late_ms = facts["latency_ms"]["waking"]["p99"]
    return facts["bots_busy"] > BUSY or (late_ms is not None and late_ms > LATE_MS)


def _spent(cpu: dict[str, Any] | None) -> str:
    if cpu is None:
        return "n/a (see --server-pid)"
    if cpu["us_per_delivery"] is None:
        return f"n/a: process {cpu['pid']} ended" if cpu["used_s"] is None else "n/a"
    return f"{cpu['us_per_delivery']:.1f} µs: process {cpu['pid']} used {cpu['used_s']:.2f} s, {cpu['of_a_core']:.0%} of a core"


def _each(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in counts.items()) or "none"
