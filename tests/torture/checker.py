"""Whether nothing that anybody has seen was lost, reordered or shown twice. Pure: histories and journals in, violations out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.torture.chain import Chain, brief
from tests.torture.history import Data, Event, History, Record

Row = dict[str, Any]
"""One row of a final journal: seq, epoch, ref, event, and session where it is told."""


def check(histories: Sequence[History], journals: Mapping[str, Sequence[Row]]) -> list[str]:
    """Every broken promise as `promise: who: what`. `journals`: by room, oldest first, read after everything came to rest."""
    found: list[str] = []
    for room, journal in journals.items():
        chains = [(history, Chain(history)) for history in histories if history.room == room]
        found += [f"journal: {room}: {text}" for text in _log(journal)]
        for history, chain in chains:
            found += chain.violations
            found += _shown(history, journal)
            found += _applied(chain, journal)
            found += _rest(chain, journal)
        found += _agree(chains)
        found += _origin(room, chains, journal)
        found += _time(chains, journal)
        found += _fenced(chains, journal)
    return found


def _log(journal: Sequence[Row]) -> Iterator[str]:
    """The journal is one log: seqs from 1 without a gap, epochs that never fall, no command and no text twice."""
    if [row["seq"] for row in journal] != list(range(1, len(journal) + 1)):
        yield f"its seqs are not 1 to {len(journal)}"
    for earlier, later in pairwise(journal):
        if later["epoch"] < earlier["epoch"]:
            yield f"epoch falls from {earlier['epoch']} to {later['epoch']} at seq {later['seq']}"
    for row in journal:
        if row["event"]["seq"] != row["seq"]:
            yield f"seq {row['seq']} holds event {row['event']['seq']}"
    for what in ("text", "command"):
        known: dict[Any, int] = {}
        for row in journal:
            author = row.get("session") or row["event"]["player"]["id"]
            key = row["event"].get("text") if what == "text" else (author, row["ref"])
            if key is not None and known.setdefault(key, row["seq"]) != row["seq"]:
                yield f"the {what} of seq {known[key]} is there again as {row['seq']}"


def _events(history: History) -> Iterator[tuple[Record, Event]]:
    """Every event that a client was shown, however it came to it."""
    for record in history.of("welcome", "events", "reply"):
        for event in record.data["message"].get("events", ()):
            yield record, event


def _shown(history: History, journal: Sequence[Row]) -> Iterator[str]:
    """What anybody was shown is in the journal, the same in every value; what came live was not shown before its epoch; pages are whole."""
    name = f"{history.room}/{history.client}"
    for record, event in _events(history):
        seq = event["seq"]
        where = f"{name} socket {record.link}: {record.kind}"
        if not 1 <= seq <= len(journal):
            yield f"lost: {where} showed {event}, and the journal ends at {len(journal)}"
        elif not same(journal[seq - 1]["event"], event):
            yield f"changed: {where} showed {event}, and the journal has {journal[seq - 1]['event']}"
        elif record.kind == "events" and record.data["message"]["epoch"] < journal[seq - 1]["epoch"]:
            yield f"epoch: {where} showed seq {seq} in {record.data['message']['epoch']}, journalled in {journal[seq - 1]['epoch']}"
    asked = {record.data["message"]["ref"]: record.data["message"] for record in history.of("command")}
    for record in history.of("reply"):
        command, reply = asked.get(record.data["message"]["ref"]), record.data["message"]
        if command is not None and command["cmd"] == "chat.history" and reply["ok"]:
            yield from (f"page: {name} socket {record.link}: {text}" for text in _page(command, reply, journal))


def _page(command: Data, reply: Data, journal: Sequence[Row]) -> Iterator[str]:
    wanted = [row["event"] for row in journal[: command["before"] - 1]][-command.get("limit", 100) :]
    got = [event["seq"] for event in reply["events"]]
    if not same(reply["events"], wanted):
        yield f"{command} got {brief(got)}, and the journal has {brief([event['seq'] for event in wanted])}"
    if reply["more"] != (bool(got) and got[0] > 1):
        yield f"{command} got {brief(got)} and more: {reply['more']}"


def _agree(chains: Sequence[tuple[History, Chain]]) -> Iterator[str]:
    """One total order: for one seq everybody was shown the same event."""
    first: dict[int, tuple[str, Event]] = {}
    for history, _ in chains:
        for record, event in _events(history):
            who = f"{history.client} socket {record.link}"
            known, shown = first.setdefault(event["seq"], (who, event))
            if not same(shown, event):
                yield f"disagree: {history.room}: seq {event['seq']} is {shown} for {known} and {event} for {who}"


def _applied(chain: Chain, journal: Sequence[Row]) -> Iterator[str]:
    """What was answered with ok is in the journal once, at that seq, with its text; what was refused for good is not there."""
    texts: dict[str, list[Row]] = {}
    for row in journal:
        texts.setdefault(row["event"].get("text", ""), []).append(row)
    sessions = set()
    for ref, record in chain.commands.items():
        message = record.data["message"]
        if message["cmd"] != "chat.say":
            continue
        rows = texts.get(message["text"], [])
        sessions |= {row.get("session") for row in rows}
        where = f"{chain.name}: ref {ref}"
        if ref in chain.refusals and rows:
            yield f"refusal: {where} was refused as {chain.refusals[ref]}, and is there as seq {rows[0]['seq']}"
        if len(rows) > 1:
            yield f"twice: {where} is there as seqs {[row['seq'] for row in rows]}"
        if ref in chain.oks and chain.oks[ref]["seq"] not in [row["seq"] for row in rows]:
            yield f"lost: {where} was applied as seq {chain.oks[ref]['seq']}, and is there as {[row['seq'] for row in rows]}"
        for row in rows:
            if row["ref"] != ref or row["event"]["player"]["id"] != chain.you:
                yield f"author: {where} of {chain.you} is seq {row['seq']} of {row['event']['player']['id']}, ref {row['ref']}"
    if len(sessions) > 1:
        yield f"author: {chain.name}: one session is {len(sessions)} in the journal"


def _origin(room: str, chains: Sequence[tuple[History, Chain]], journal: Sequence[Row]) -> Iterator[str]:
    """Nothing is in the journal that nobody said."""
    said = {record.data["message"].get("text") for _, chain in chains for record in chain.commands.values()}
    for row in journal:
        if row["event"]["ev"] != "chat.said" or row["event"]["text"] not in said:
            yield f"origin: {room}: nobody said {row['event']}"


def _time(chains: Sequence[tuple[History, Chain]], journal: Sequence[Row]) -> Iterator[str]:
    """What somebody has seen comes before what is said later, and is there for whoever comes later. All records have one clock."""
    at = {row["event"].get("text"): row["seq"] for row in journal}
    seen = 0
    joins: dict[tuple[str, int], int] = {}
    said: set[tuple[str, int]] = set()
    records = [(record, history) for history, _ in chains for record in history.of("join", "welcome", "events", "command")]
    for record, history in sorted(records, key=lambda pair: pair[0].at):
        socket, message = (history.client, record.link), record.data.get("message", {})
        where = f"{history.room}/{history.client} socket {record.link}"
        if record.kind == "join":
            joins[socket] = seen
        elif record.kind == "welcome":
            if message["position"][1] < joins[socket]:
                yield f"stale: {where}: welcomed at {message['position']} after seq {joins[socket]} was seen by somebody"
            seen = max(seen, message["position"][1])
        elif record.kind == "events":
            seen = max(seen, message["events"][-1]["seq"])
        elif message["cmd"] == "chat.say" and (history.client, message["ref"]) not in said:
            said.add((history.client, message["ref"]))
            if at.get(message["text"], seen + 1) <= seen:
                yield f"reordered: {where}: ref {message['ref']} is seq {at[message['text']]}, said after seq {seen} was seen by somebody"


def _fenced(chains: Sequence[tuple[History, Chain]], journal: Sequence[Row]) -> Iterator[str]:
    """Once a newer owner was heard of at a seq, no older one has journalled anything behind it (R6)."""
    oldest_behind: list[tuple[int, int]] = [(row["epoch"], row["seq"]) for row in journal]
    for index in range(len(journal) - 2, -1, -1):
        oldest_behind[index] = min(oldest_behind[index], oldest_behind[index + 1])
    for history, _ in chains:
        for record in history.of("welcome", "events"):
            message = record.data["message"]
            epoch, seq = message["position"] if record.kind == "welcome" else (message["epoch"], message["events"][-1]["seq"])
            if seq < len(journal) and oldest_behind[seq][0] < epoch:
                late = oldest_behind[seq]
                who = f"{history.room}/{history.client} socket {record.link}"
                yield f"fence: {who}: heard epoch {epoch} at seq {seq}, and seq {late[1]} was journalled in {late[0]}"


def _rest(chain: Chain, journal: Sequence[Row]) -> Iterator[str]:
    """When all is at rest every command has its reply, and everybody is where the journal ends."""
    if chain.unanswered:
        yield f"stuck: {chain.name}: no reply to refs {chain.unanswered[:20]}"
    end = [journal[-1]["epoch"], journal[-1]["seq"]] if journal else [0, 0]
    position = chain.position or [0, 0]
    if position[1] != end[1] or position[0] < end[0]:
        yield f"stuck: {chain.name}: is at {chain.position}, and the journal ends at {end}"


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same one: 1, 1.0 and true are three."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
