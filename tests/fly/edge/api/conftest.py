"""One run for each module of contract tests: two regions of tiny Machines, the API beside them, no rate but where a test asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fly.edge import health
from tests.fly.edge.api.run import Run


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """ewr (a Machine that runs), nrt (one that sleeps); everything else a test makes itself, in a region of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "EVERY_S", 0.2)
        patch.setattr(health, "LIMIT_S", 0.5)
        made = Run(Path(tmp_path_factory.mktemp("run")))
        await made.start()
        yield made
        await made.stop()
