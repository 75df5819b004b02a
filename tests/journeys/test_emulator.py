"""The emulator as a program: what it prints, how it ends, what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fly.edge.control import order
from tests.support.emulator import ROOT, Running, environment, running, wait_until


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
    with running(tmp_path, "--regions", "ams,sin") as emulator:
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
    """[ED39] A killed Machine comes back by itself, with the same id and a visible line."""
    before = fly.machine("nrt")
    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: fly.machine("nrt")["state"] == "up" and fly.machine("nrt")["pid"] != before["pid"], "nrt is up again")
    assert fly.machine("nrt")["id"] == before["id"]
    text = (fly.folder / "emulator.log").read_text()
    assert "nrt machine" in text
    assert "died" in text
    assert "is up again" in text


def refused(tmp_path: Path, *arguments: str) -> str:
    """Run the command, expect exit code 2 and one line; returns it."""
    command = [sys.executable, "manage.py", "flyedge", "--dir", str(tmp_path), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_an_unknown_region_is_one_line(tmp_path: Path) -> None:
    """[ED40] An unknown region ends in one line that names it, exit code 2."""
    assert "atlantis" in refused(tmp_path, "--regions", "ewr,atlantis")


def test_a_port_in_use_is_one_line(tmp_path: Path, fly: Running) -> None:
    """[ED40] A port in use ends in one line that names it, exit code 2."""
    port = fly.port("ewr")
    assert str(port) in refused(tmp_path, "--port", str(port), "--regions", "ewr")


def test_a_second_emulator_in_one_folder_is_one_line(fly: Running) -> None:
    """[ED40] An emulator beside another on the same databases is refused, also on other ports; the first goes on."""
    before = fly.status()
    assert str(fly.folder) in refused(fly.folder, "--port", "0", "--regions", "ewr")
    assert fly.status() == before


def test_a_machine_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    """[ED40] A Machine that cannot start ends in one line with its last words, exit code 2, and the others ended."""
    line = refused(tmp_path, "--port", "0", "--application", "no.such:application")
    assert "did not start" in line
    assert "no.such:application" in line


def test_an_order_to_nobody_is_one_line(tmp_path: Path) -> None:
    """[ED41] An order without a running emulator, or to an unknown region, ends in one line, exit code 2."""
    assert "No emulator answers" in refused(tmp_path, "status")


def test_orders_steer_a_running_emulator(fly: Running) -> None:
    """[ED41] status, stop and start steer one Machine from outside; an unknown region is refused by name."""
    assert fly.order("stop", "nrt")["machines"]["nrt"]["state"] == "stopped"
    assert fly.order("start", "nrt")["machines"]["nrt"]["state"] == "up"
    assert "atlantis" in order(fly.folder / "control", "stop", "atlantis")["error"]


def test_each_region_has_a_database_of_its_own(fly: Running) -> None:
    """[ED42] Every Machine has its region's own database file."""
    assert {path.name for path in fly.folder.glob("???.sqlite3")} == {"ewr.sqlite3", "nrt.sqlite3", "cdg.sqlite3"}
