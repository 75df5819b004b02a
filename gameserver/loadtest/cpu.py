"""What a process of this machine has used of its processors, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path


class NoProcess(Exception):
    """There is no such process, or nothing that tells of it; the message is one line."""


class Meter:
    """One process, by its number. It is the same one as long as it began at the same moment."""

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self.pid = pid
        self._file = proc / str(pid) / "stat"
        self._began, self._from_s = self._read()

    def start(self) -> None:
        """Measure from now on. Raises NoProcess."""
        self._began, self._from_s = self._read()

    def used_s(self) -> float | None:
        """Seconds of processor time of all its threads since `start`; None if it has ended."""
        try:
            began, used_s = self._read()
        except NoProcess:
            return None
        return used_s - self._from_s if began == self._began else None

    def _read(self) -> tuple[int, float]:
        try:
            text = self._file.read_text()
        except OSError:
            raise NoProcess(f"There is no process {self.pid} on this machine.") from None
        # The name in brackets may have spaces and brackets of its own. The fields are counted from 3 behind it: proc(5).
        fields = text.rpartition(")")[2].split()
        utime, stime, began = int(fields[11]), int(fields[12]), int(fields[19])
        return began, (utime + stime) / os.sysconf("SC_CLK_TCK")
