"""The emulator as a program: what it prints, how it ends, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from fly.edge.control import order
from fly.management.commands import flyedge
from tests.support.emulator import PARENT, ROOT, Running, environment, running, wait_until
from tests.support.raw import Raw

TINY = ("--application", "tests.fly.edge.asgi:application")
DATABASE = "postgres://rooms:s3cr3t-word@db.example/rooms_{region}"


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not fetched yet does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def pids(emulator: Running) -> list[int]:
    return [machine["pid"] for machine in emulator.status()["machines"].values()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "SIGTERM", "kill -9"])
def test_no_machine_outlives_the_emulator(tmp_path: Path, number: signal.Signals) -> None:
    """[ED37] However the emulator ends, all its Machines end too."""
    with running(tmp_path, "--regions", "ams,sin", *TINY) as emulator:
        machines = pids(emulator)
        assert all(alive(pid) for pid in machines)
        emulator.process.send_signal(number)
        emulator.process.wait(60)
        wait_until(lambda: not any(alive(pid) for pid in machines), "all Machines have ended")
    if number is not signal.SIGKILL:
        assert emulator.process.returncode == 0
        assert not (tmp_path / "control").exists()


def test_a_table_says_where_to_click(fly: Running) -> None:
    """[ED38] The table names each vantage point with its city and its address."""
    text = (fly.folder / "emulator.log").read_text()
    for words in ("New York", "Tokyo", "Paris", *(f"http://play.localhost:{fly.port(region)}/" for region in ("ewr", "nrt", "cdg"))):
        assert words in text


def test_a_machine_that_dies_is_started_again_and_says_so(fly: Running) -> None:
    """[ED39] A killed Machine comes back by itself, after 0.2 s the first time, with the same id and a visible line."""
    before = fly.machine("nrt")
    os.kill(before["pid"], signal.SIGKILL)

    def back() -> bool:
        now = fly.machine("nrt")
        return bool(now["state"] == "up" and now["pid"] != before["pid"])

    wait_until(back, "nrt is up again")
    assert fly.machine("nrt")["id"] == before["id"]
    text = (fly.folder / "emulator.log").read_text()
    assert "nrt machine" in text
    assert "died" in text
    assert "starting again in 0.2 s" in text
    assert "is up again" in text


def refused(tmp_path: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run the command, expect exit code 2 and one line; returns it."""
    command = [sys.executable, "manage.py", "flyedge", "--dir", str(tmp_path), *arguments]
    environ = environment(tmp_path) | (env or {})
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


Refusal = Callable[..., str]


@pytest.fixture
def declined(monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """Run the command in this process, expect exit code 2 and one line, before anything is started; returns it."""

    def never(*_: object) -> None:
        raise AssertionError("the command was to refuse, and goes on")

    monkeypatch.setattr(flyedge, "_prepare", never)

    def run(folder: Path, *arguments: str) -> str:
        stderr = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("flyedge", "--dir", str(folder), *arguments, stderr=stderr)
        line = stderr.getvalue()
        assert (ended.value.code, line.count("\n")) == (2, 1), line
        return line

    return run


def test_an_unknown_region_is_one_line(tmp_path: Path, declined: Refusal) -> None:
    """[ED40] An unknown region ends in one line that names it, exit code 2."""
    assert "atlantis" in declined(tmp_path, "--regions", "ewr,atlantis")


def test_a_port_in_use_is_one_line(tmp_path: Path, fly: Running, declined: Refusal) -> None:
    """[ED40] A port in use ends in one line that names it, exit code 2."""
    port = fly.port("ewr")
    assert str(port) in declined(tmp_path, "--port", str(port), "--regions", "ewr")


def test_a_second_emulator_in_one_folder_is_one_line(fly: Running, declined: Refusal) -> None:
    """[ED40] An emulator beside another on the same databases is refused, also on other ports; the first goes on."""
    before = fly.status()
    assert str(fly.folder) in declined(fly.folder, "--port", "0", "--regions", "ewr")
    assert fly.status() == before


def test_a_machine_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    """[ED40] A Machine that cannot start ends in one line with its last words, exit code 2, and the others ended."""
    line = refused(tmp_path, "--port", "0", "--application", "no.such:application")
    assert "did not start" in line
    assert "no.such:application" in line


def test_an_order_to_nobody_is_one_line(tmp_path: Path, declined: Refusal) -> None:
    """[ED41] An order without a running emulator, or to an unknown region, ends in one line, exit code 2."""
    assert "No emulator answers" in declined(tmp_path, "status")


def test_orders_steer_a_running_emulator(fly: Running) -> None:
    """[ED41] status, stop and start steer one Machine from outside; an unknown region is refused by name."""
    assert fly.order("stop", "nrt")["machines"]["nrt"]["state"] == "stopped"
    assert fly.order("start", "nrt")["machines"]["nrt"]["state"] == "up"
    assert "atlantis" in order(fly.folder / "control", "stop", "atlantis")["error"]


def test_each_region_has_a_database_of_its_own(fly: Running) -> None:
    """[ED42] Every Machine has its region's own database file."""
    assert {path.name for path in fly.folder.glob("???.sqlite3")} == {"ewr.sqlite3", "nrt.sqlite3", "cdg.sqlite3"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two Machines in each of two regions, on databases of a template's, with an application that says what it was given."""
    arguments = ("--regions", "ewr,cdg", "--machines", "2", "--region-database", DATABASE, *TINY)
    with running(tmp_path_factory.mktemp("pairs"), *arguments, env={"PYTHONDONTWRITEBYTECODE": "1"}) as emulator:
        yield emulator


def steer(emulator: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Give an order as from another terminal."""
    command = [sys.executable, "manage.py", "flyedge", "--dir", str(emulator.folder), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(emulator.folder), capture_output=True, text=True, timeout=120, check=False)


def said(emulator: Running, *arguments: str) -> str:
    """What the command says to an order that it gives."""
    stdout = StringIO()
    call_command("flyedge", "--dir", str(emulator.folder), *arguments, stdout=stdout)
    return stdout.getvalue()


def told(emulator: Running, name: str) -> dict[str, str]:
    """What the application says on a Machine."""
    with Raw(emulator.machine(name)["port"]) as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: {PARENT}\r\n\r\n".encode())
        found: dict[str, str] = json.loads(raw.answer().body)
        return found


def test_a_region_can_have_several_machines(pairs: Running) -> None:
    """[ED43] --machines 2: each with an id, a port, a log and a process of its own, under names such as cdg/2; the table has them all."""
    machines = pairs.machines()
    assert list(machines) == ["ewr/1", "ewr/2", "cdg/1", "cdg/2"]
    assert {name: told(pairs, name)["machine"] for name in machines} == {name: one["id"] for name, one in machines.items()}
    assert {path.name for path in pairs.folder.glob("???*.log")} == {"emulator.log", "ewr-1.log", "ewr-2.log", "cdg-1.log", "cdg-2.log"}
    text = (pairs.folder / "emulator.log").read_text()
    assert all(f"{name} {one['id'][:4]} · pid" in text for name, one in machines.items())


def test_the_regions_databases_can_be_others(pairs: Running) -> None:
    """[ED49] --region-database gives every Machine of a region that region's URL, and nothing that is printed has it."""
    for name, one in pairs.machines().items():
        assert told(pairs, name)["database"] == DATABASE.replace("{region}", one["region"])
    assert not list(pairs.folder.glob("???.sqlite3"))
    assert "s3cr3t-word" not in (pairs.folder / "emulator.log").read_text()


def test_a_database_without_a_region_is_one_line_without_it(tmp_path: Path, declined: Refusal) -> None:
    """[ED49] [ED40] A template that lacks {region} is refused in one line that does not repeat it."""
    line = declined(tmp_path, "--port", "0", "--region-database", "postgres://rooms:s3cr3t-word@db/rooms")
    assert "{region}" in line
    assert "s3cr3t-word" not in line


def test_the_last_words_of_a_machine_have_no_password(tmp_path: Path) -> None:
    """[ED49] A Machine that ends with its database's URL on its lips is quoted without it."""
    arguments = ("--port", "0", "--regions", "ewr", "--region-database", DATABASE, *TINY)
    line = refused(tmp_path, *arguments, env={"TINY_REFUSES": "1"})
    assert "did not start" in line
    assert "cannot reach … at all" in line


@pytest.mark.parametrize("number", ["0", "10", "-1"])
def test_a_number_of_machines_that_cannot_be_is_one_line(tmp_path: Path, number: str, declined: Refusal) -> None:
    """[ED43] [ED40] A region has 1 to 9 Machines."""
    assert number in declined(tmp_path, "--machines", number)


def test_orders_are_given_by_name_id_or_region(pairs: Running, declined: Refusal) -> None:
    """[ED41] [ED44] [ED45] [ED46] From another terminal: freeze and thaw a Machine by its id, cut a region; an unknown one is one line."""
    one = pairs.machine("cdg/2")
    assert steer(pairs, "freeze", one["id"][:6]).returncode == 0
    wait_until(lambda: pairs.machine("cdg/2")["state"] == "failing", "the frozen Machine fails")
    assert "cdg/2" in (status := said(pairs, "status"))
    assert f"{one['id']} failing" in status
    said(pairs, "thaw", "cdg/2")
    wait_until(lambda: pairs.machine("cdg/2")["state"] == "up", "the thawed Machine is well")
    assert "connections reset: 0" in said(pairs, "cut", "ewr")
    assert "ewr/1, ewr/2, cdg/1, cdg/2" in declined(pairs.folder, "restart", "atlantis")


def test_a_region_is_killed_and_comes_back(pairs: Running) -> None:
    """[ED39] [ED44] kill of a region kills every Machine of it; each comes back with its id, and says so by its name."""
    before = pairs.machines()
    pairs.order("kill", "ewr")

    def back() -> bool:
        now = pairs.machines()
        return all(now[name]["state"] == "up" and now[name]["pid"] != before[name]["pid"] for name in ("ewr/1", "ewr/2"))

    wait_until(back, "both are up again")
    after = pairs.machines()
    assert {name: one["id"] for name, one in after.items()} == {name: one["id"] for name, one in before.items()}
    assert (after["cdg/1"], after["cdg/2"]) == (before["cdg/1"], before["cdg/2"])
    text = (pairs.folder / "emulator.log").read_text()
    assert all(f"{name} machine {after[name]['id'][:4]} is up again" in text for name in ("ewr/1", "ewr/2"))
