"""Writes tests/vectors/board/*.json, the cases that Python and JavaScript are both held to: `python -m tests.engine.board.vectors`.

Nothing in it depends on chance or time. What the files mean is in the README beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gameserver.engine.errors import Rejected
from tests.engine.board.boards import PEOPLE, Owner, canonical, followed, through_json
from tests.engine.board.random_commands import Dice
from tests.engine.board.vector_commands import COMMAND_CASES
from tests.engine.board.vector_events import EVENT_CASES

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "board"
SEEDS = 6
RANDOM_COMMANDS = 60
Case = dict[str, Any]


def event_cases() -> list[Case]:
    """Events, and what they lead to."""
    return [case(name, start, events) for name, start, events in EVENT_CASES]


def case(name: str, start: Mapping[str, Any] | None, events: Sequence[Mapping[str, Any]]) -> Case:
    """A case of events."""
    return {"name": name, "start": start, "events": list(events), "end": canonical(followed(start, map(through_json, events)))}


def command_cases() -> list[Case]:
    """Commands, what became of them, and what they lead to."""
    return [played(name, commands) for name, commands in COMMAND_CASES]


def random_cases() -> list[Case]:
    """Commands that dice gave: most of them make sense, some do not."""
    cases = []
    for seed in range(SEEDS):
        dice, owner, lines = Dice(seed), Owner(), []
        for _ in range(RANDOM_COMMANDS):
            lines.append(line(owner, *dice.command(owner.world.scene)))
            if dice.is_lucky(0.2):
                lines.append({"gathered": owner.gather()})
        cases.append({"name": f"random commands {seed}", "start": None, "commands": lines, "end": owner.state})
    return cases


def played(name: str, commands: Sequence[tuple[str, Mapping[str, Any]] | str]) -> Case:
    """A case of commands, each with its player; the word "gather" tells what was noted."""
    owner = Owner()
    lines = [{"gathered": owner.gather()} if isinstance(one, str) else line(owner, *one) for one in commands]
    return {"name": name, "start": None, "commands": lines, "end": owner.state}


def line(owner: Owner, player: str, command: Mapping[str, Any]) -> Case:
    """A command, and what became of it."""
    said = {"player": player, "command": dict(command)}
    seen = len(owner.events)
    try:
        reply = owner.send(PEOPLE[player], command)
    except Rejected as rejected:
        return {**said, "refused": str(rejected.code), "events": []}
    return {**said, **({"reply": reply} if reply else {}), "events": owner.events[seen:]}


def files() -> dict[str, str]:
    """The text of each file, one case a line."""
    groups = {"events": event_cases(), "commands": command_cases(), "random": random_cases()}
    return {f"{name}.json": "[\n" + ",\n".join(map(_text, cases)) + "\n]\n" for name, cases in groups.items()}


def _text(case: Case) -> str:
    return json.dumps(case, ensure_ascii=False, sort_keys=True)


def main() -> None:
    """Write all files."""
    for name, text in files().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
