"""The state of the fleet for operators: plain values for --json, tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.table import Table

from lobby.fleet import memory
from lobby.fleet.apply import line_of
from lobby.fleet.demand import usually_s
from lobby.fleet.look import View
from lobby.fleet.model import HOUR_S, Action, Machine
from lobby.fleet.plan import plan
from lobby.fleet.situation import Situation, situations

Facts = dict[str, Any]


def report(view: View, app: str) -> Facts:
    """Everything an operator asks first: who plans, what it costs, each region, each Machine, and what would be done next."""
    found = situations(view.wanted, view.seen, view.now)
    limits, planned = view.wanted.limits, plan(view.wanted, view.seen, view.now)
    return {
        "app": app,
        "planner": _planner(),
        "here": view.seen.here,
        "hour": {
            "spent": round(view.seen.spent_s / HOUR_S * limits.price, 4),
            "cap": limits.cap,
            "price": limits.price,
            "machine_hours": round(view.seen.spent_s / HOUR_S, 4),
        },
        "regions": [_region(one, view) for one in found.values()],
        "machines": [_machine(one, view.now) for one in sorted(view.seen.machines, key=lambda one: (one.region, one.name, one.id))],
        "next": [facts(one) for one in planned],
        "says": [line_of(one) for one in planned],
    }


def facts(action: Action) -> Facts:
    """An action as plain values."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def tables(state: Facts) -> Group:
    """The report as it is drawn on a terminal of 80 columns."""
    planner, hour = state["planner"], state["hour"]
    who = f"{planner['holder']} plans, looked {planner['looked_s']:.0f} s ago" if planner["holder"] else "nobody plans"
    head = f"{state['app']}: {who}; this hour {hour['spent']:g} of {hour['cap']:g}"
    trouble = [f"trouble: {planner['trouble']}"] if planner["trouble"] else []
    error = [f"{state['error']}; below is what was seen before"] if state.get("error") else []
    words = [line for row in state["regions"] if (line := _refused(row))]
    following = [f"next: {said}" for said in state["says"]]
    lines = ["", *words, *following] if words or following else []
    return Group(*error, head, *trouble, "", _regions(state["regions"]), "", _machines(state["machines"], state["here"]), *lines)


def _planner() -> Facts:
    row: Any = memory.planner()
    if row is None:
        return {"holder": "", "looked_s": None, "trouble": ""}
    looked_s = (row.now - row.looked_at).total_seconds() if row.looked_at else 0.0
    return {"holder": row.holder, "looked_s": round(looked_s, 1), "trouble": row.trouble}


def _region(one: Situation, view: View) -> Facts:
    refusal, backoff = view.seen.refusals.get(one.region), view.seen.backoffs.get(one.region)
    usual = usually_s(one.region)
    return {
        "region": one.region,
        "state": "up" if one.serving else "starting" if one.booting else "asleep",
        "serving": len(one.serving),
        "running": one.costing,
        "machines": len(one.machines),
        "minimum": one.policy.minimum,
        "maximum": one.policy.maximum,
        "warm": one.policy.warm,
        "players": sum(machine.players for machine in one.machines),
        "waiting": one.waiting,
        "starts_take_s": None if usual is None else round(usual, 1),
        "refusal": str(refusal.why) if refusal else "",
        "nearest": refusal.nearest if refusal else "",
        "tried_again_in_s": round(backoff.until - view.now, 1) if backoff and backoff.until > view.now else 0,
    }


def _machine(one: Machine, now: float) -> Facts:
    return {
        "id": one.id,
        "name": one.name,
        "region": one.region,
        "state": one.state,
        "since_s": round(now - one.since),
        "players": one.players,
        "sockets": one.sockets,
        "rooms": one.rooms,
        "heard_s": round(now - one.heard_at, 1) if one.heard_at else None,
        "empty_s": round(now - one.empty_since) if one.empty_since else 0,
        "cordoned": one.cordoned,
        "draining": one.draining,
        "mark": str(one.mark),
    }


def _regions(rows: Sequence[Facts]) -> Table:
    table = _table("region", "state", "serving", "running", "min", "max", "warm", "players", "waiting", "start takes")
    for row in rows:
        numbers = [str(row[key]) for key in ("serving", "running", "minimum", "maximum", "warm", "players", "waiting")]
        takes = "-" if row["starts_take_s"] is None else f"{row['starts_take_s']} s"
        table.add_row(row["region"], row["state"], *numbers, takes)
    return table


def _refused(row: Facts) -> str:
    """A sentence for a region where nothing starts just now."""
    again = f" It is tried again in {row['tried_again_in_s']:.0f} s." if row["tried_again_in_s"] else ""
    nearest = f" Players are offered {row['nearest']}." if row["nearest"] else ""
    return f"{row['region']}: nothing starts there ({row['refusal']}).{again}{nearest}" if row["refusal"] else ""


def _machines(rows: Sequence[Facts], here: str) -> Table:
    table = _table("machine", "region", "state", "for", "players", "sockets", "rooms", "heard", "service")
    for row in rows:
        heard = "-" if row["heard_s"] is None else _age(row["heard_s"])
        numbers = [str(row[key]) for key in ("players", "sockets", "rooms")]
        table.add_row(row["id"], row["region"], row["state"], _age(row["since_s"]), *numbers, heard, _service(row, here))
    return table


def _service(row: Facts, here: str) -> str:
    if row["state"] != "started":
        # The mark of a life that is over.
        return "cordoned" if row["cordoned"] else "-"
    if row["mark"] or row["cordoned"]:
        return str(row["mark"] or "cordoned")
    return "draining" if row["draining"] else "plans" if row["id"] == here else "yes"


def _age(seconds: float) -> str:
    """A time in two or three characters and its unit."""
    for limit, size, unit in ((99.5, 1, "s"), (99.5 * 60, 60, "m"), (99.5 * HOUR_S, HOUR_S, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / (24 * HOUR_S):.0f} d"


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    right = ("serving", "running", "min", "max", "warm", "players", "waiting", "sockets", "rooms", "for", "heard", "start takes")
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table
