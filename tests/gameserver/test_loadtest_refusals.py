"""What `manage.py loadtest` will not do: one line, exit code 2, and no bot has moved."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from gameserver.loadtest.scenarios import names
from gameserver.management.commands import loadtest as command
from tests.gameserver.loadtests import finish
from tests.gameserver.machine import ROOT


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of open files of this process stays what it is."""
    monkeypatch.setattr(command, "raise_limit", lambda: 1024)


def refusal(*arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("loadtest", *arguments, stdout=out, stderr=out)
    assert (raised.value.returncode, out.getvalue()) == (2, "")
    return str(raised.value)


def test_a_foreign_host() -> None:
    """[LT1] A host that is not this machine is refused."""
    said = refusal("wss://cdg.example.dev/ws/r/load/")
    assert (
        said == "'cdg.example.dev' is not this machine. Bots go to loopback, or to an own host that is named: --allow-host cdg.example.dev"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "golf"], f"There is no scenario 'golf'. There are: {', '.join(names())}"),
        (["--bots", "0"], "--bots is from 1 to 1000000, not 0."),
        (["--bots", "5", "--processes", "6"], "--processes is from 1 to 5, not 6."),
        (["--bots", "5", "--talkers", "6"], "--talkers is from 1 to 5, not 6."),
        (["--rate", "0"], "--rate is from 0.01 to 1000000, not 0."),
        (["--duration", "nan"], "--duration is from 0.1 to 86400, not nan."),
        (["--server-pid", "4194305"], "There is no process 4194305 on this machine."),
        (["ws://localhost/ws/r/a/", "--room", "b"], "The URL says it all: leave out --room."),
        (["--room", "B"], "'/ws/r/B/' is no room's socket; it looks like /ws/r/main/"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense(arguments: list[str], said: str) -> None:
    """[LT10] An option out of its range is refused."""
    assert refusal(*arguments) == said


@pytest.mark.parametrize("options", [[], ["--region", "cdg", "--room", "tea", "--port", "9000"]])
def test_a_room_without_a_url(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """[LT10] Without a URL it is the room `load` of the first region, where `make play` listens; each part may be another."""
    urls: list[str] = []

    async def look(target: command.Target, scenario: command.BaseScenario) -> None:
        urls.append(target.url)
        raise command.NoRoom("not today")

    monkeypatch.setattr(command, "look", look)
    assert refusal(*options) == "not today"
    assert urls == ["ws://cdg.play.localhost:9000/ws/r/tea/" if options else "ws://ewr.play.localhost:8000/ws/r/load/"]


async def test_more_bots_than_fit() -> None:
    """[LT10] Bots for whose sockets there are not enough files are refused, with how many fit."""
    shell = f"ulimit -n 132 && exec {sys.executable} manage.py loadtest --bots 201 --processes 2"
    process = await asyncio.create_subprocess_exec("bash", "-c", shell, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    done = await finish(process)
    said = "200 bots fit, not 201: 2 processes with 100 sockets each. Raise the limit of open files (ulimit -Hn)."
    assert (done.code, done.out, done.err) == (2, "", f"CommandError: {said}\n")
