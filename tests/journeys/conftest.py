"""Two emulators for all journeys, three regions and two with pairs; tests that stop or restart a Machine leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.deploy import OLD
from tests.support.emulator import Running, running


@pytest.fixture(scope="session")
def fly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """ewr, nrt and cdg, in the harsher position of every switch."""
    with running(tmp_path_factory.mktemp("fly"), "--regions", "ewr,nrt,cdg") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two regions with two Machines each, of an old release."""
    with running(tmp_path_factory.mktemp("pair"), "--regions", "ewr,cdg", "--machines", "2", env={"BUILD": OLD}) as emulator:
        yield emulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts the emulator."""
    for item in items:
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.timeout(300))
