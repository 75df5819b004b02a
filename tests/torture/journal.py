"""The truth at the end: what the region's database holds after everything came to rest, as an operator gets it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support.emulator import ROOT

LIMIT_S = 300.0


def final_journal(environ: dict[str, str], region: str, slug: str) -> list[dict[str, Any]]:
    """All of a room's journal, oldest first, as dicts of seq, epoch, ref and event, and session where it is told."""
    done = rooms(environ, "export", f"{region}/{slug}")
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def verify(environ: dict[str, str]) -> list[str]:
    """What `manage.py rooms verify` finds wrong in all rooms of the region: nothing, or one violation."""
    done = rooms(environ, "verify", "--all")
    return [] if done.returncode == 0 else [f"verify: exit code {done.returncode}: {done.stdout}{done.stderr}"]


def rooms(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py rooms` on the databases of `environ`."""
    command = [sys.executable, "manage.py", "rooms", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=LIMIT_S)
