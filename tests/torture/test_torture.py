"""One bounded run of the torture test. `make torture SECONDS=600` is the long one."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from tests.torture.run import Plan, torture

SECONDS = 60.0
"""Long enough for each kind of fault about three times and a frozen Machine's lease to run out; short enough for every `make test`."""


@pytest.mark.journey
@pytest.mark.timeout(600)
def test_nothing_that_anybody_has_seen_is_lost_reordered_or_shown_twice(tmp_path: Path) -> None:
    """[GS7] Six clients in two rooms keep every promise of docs/protocol.md while Machines are killed, frozen, restarted and cut off."""
    seed = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(10**6))
    plan = Plan(seed, float(os.environ.get("TORTURE_SECONDS") or SECONDS), os.environ.get("TORTURE_DATABASE", ""))
    print(f"torture: seed {seed}, everything is kept in {tmp_path}")
    result = torture(plan, tmp_path / "run")
    print(json.dumps(result.summary))
    assert result.is_good, result.report()
