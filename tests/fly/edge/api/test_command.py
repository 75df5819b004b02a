"""`manage.py flyedge` with Machines that sleep, room for them, and things to break: the real command, tiny applications."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import BaseCommand

from fly.edge import control
from tests.support.emulator import PARENT, ROOT, Running, running, wait_until
from tests.support.raw import Raw

OPTIONS = ("--regions", "ewr,nrt", "--asleep", "nrt", "--capacity", "1", "--soft", "5", "--hard", "6", "--autostop", "suspend")
TINY = ("--application", "tests.fly.edge.asgi:application", "--autostop-every", "3600")


@pytest.fixture(scope="module")
def fly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """ewr is awake, nrt asleep; one Machine can run in each."""
    with running(tmp_path_factory.mktemp("asleep"), *OPTIONS, *TINY) as emulator:
        yield emulator


def steer(fly: Running, *arguments: str) -> str:
    """What the command says to an order, as it does in another terminal."""
    stdout = StringIO()
    call_command("flyedge", "--dir", str(fly.folder), *arguments, stdout=stdout)
    return stdout.getvalue()


def page(fly: Running, headers: str = "") -> int:
    with Raw(fly.port("ewr")) as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: {PARENT}\r\n{headers}\r\n".encode())
        return raw.answer().status


def test_a_region_sleeps_until_it_is_wanted(fly: Running) -> None:
    """[EM24] [EM34] --asleep: the table and `status` say so; a request wakes it; the loop's pass by order puts it to sleep again."""
    assert (fly.machine("nrt")["state"], fly.machine("nrt")["fly"], fly.machine("nrt")["pid"]) == ("stopped", "stopped", None)
    assert "asleep" in (fly.folder / "emulator.log").read_text()
    assert page(fly, "fly-force-region: nrt\r\n") == 200
    assert fly.machine("nrt")["state"] == "up"
    assert "put to sleep: nrt" in steer(fly, "autostop")
    wait_until(lambda: fly.machine("nrt")["state"] == "suspended", "it sleeps")
    # The primary region keeps one.
    assert fly.machine("ewr")["state"] == "up"


def test_commands_find_the_api(fly: Running) -> None:
    """[EM19] Address and token of the API are in a file that only its owner can read, and nothing that is printed has the token."""
    path = fly.folder / "api.env"
    found = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert (stat.S_IMODE(path.stat().st_mode), found["GAMESERVER_APP"]) == (0o600, "rooms")
    assert found["MACHINES_API_URL"] == fly.status()["api"]
    assert (found["REGIONS"], found["PRIMARY_REGION"]) == (",".join(fly.status()["edges"]), "ewr")
    assert found["MACHINES_API_TOKEN"] not in (fly.folder / "emulator.log").read_text()


def test_things_break_by_order(fly: Running) -> None:
    """[EM46] From another terminal: break, look, mend; `status` says what is wrong; what cannot be is one line with exit code 2."""
    assert fly.status()["troubles"] == {"ewr": ["capacity 1"], "nrt": ["capacity 1"]}
    assert "nrt: outage, capacity 1" in steer(fly, "outage", "nrt")
    assert "host unreachable" in steer(fly, "status")
    assert page(fly, "fly-force-region: nrt\r\n") == 503
    assert "outage" not in steer(fly, "outage", "nrt", "--over")
    stderr = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("flyedge", "--dir", str(fly.folder), "boot", "atlantis", "--slow", "5", stderr=stderr)
    assert (ended.value.code, stderr.getvalue().count("\n"), "atlantis" in stderr.getvalue()) == (2, 1, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--asleep", "cdg"), "cdg"),
        (("--asleep", "ewr,nrt"), "awake"),
        (("--soft", "10", "--hard", "5"), "--soft"),
        (("--soft", "0", "--hard", "0"), "--soft"),
        (("--autostop-every", "0"), "--autostop-every"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    """[EM24] [EM46] An option that cannot be is one line with exit code 2, and nothing is started."""
    stderr = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("flyedge", "--regions", "ewr,nrt", "--dir", str(tmp_path), *options, stderr=stderr)
    assert (ended.value.code, says in stderr.getvalue(), stderr.getvalue().count("\n")) == (2, True, 1)
    assert not list(tmp_path.iterdir())


def test_a_folder_whose_name_is_too_long(tmp_path: Path) -> None:
    """[ED40] A folder in which no socket can have a name is one line with exit code 2, before anything is started."""
    stderr = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("flyedge", "--dir", str(tmp_path / ("x" * 120)), stderr=stderr)
    assert (ended.value.code, "--dir" in stderr.getvalue(), stderr.getvalue().count("\n")) == (2, True, 1)
    assert not list(tmp_path.iterdir())


def test_orders_and_options_are_documented() -> None:
    """[EM48] docs/edge.md names every order and every option."""
    page = (ROOT / "docs" / "edge.md").read_text()
    parser = load_command_class("fly", "flyedge").create_parser("manage.py", "flyedge")
    inherited = {option for action in BaseCommand().create_parser("manage.py", "x")._actions for option in action.option_strings}
    options = {option for action in parser._actions for option in action.option_strings} - inherited
    assert {"--asleep", "--apps", "--loss"} <= options
    assert not sorted(option for option in options if not re.search(rf"(?<![\w-]){option}(?![\w-])", page))
    assert not sorted(verb for verb in control.VERBS if not re.search(rf"flyedge {verb}\b", page))
    assert not sorted(set(re.findall(r"^manage\.py flyedge ([a-z]+)\b", page, re.MULTILINE)) - set(control.VERBS))


def test_modules_are_documented() -> None:
    """[EM48] docs/architecture.md names every module of the emulator."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    told = page[page.index("  edge/ ") : page.index("templates/    pages")]
    folder = ROOT / "fly" / "edge"
    modules = {path.stem for path in (*folder.glob("*.py"), *folder.glob("api/*.py"))} - {"__init__"}
    assert not sorted(name for name in modules if not re.search(rf"\b{name}\b", told))
