"""The versions this server was tested with. It reaches into Daphne, Twisted and autobahn, so it refuses any other.

To move on: change the pins in requirements/base.in and the table here, run `make lock test bench`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version

TESTED: Mapping[str, str] = {"daphne": "4.2.3", "twisted": "26.10.0", "autobahn": "26.10.2", "websockets": "17.4"}


def untested(installed: Callable[[str], str] = version) -> str | None:
    """One line naming each package whose version was not tested, or None if all were."""
    wrong = []
    for package, wanted in TESTED.items():
        try:
            found = installed(package)
        except PackageNotFoundError:
            found = "nothing"
        if found != wanted:
            wrong.append(f"{package} {found} (tested with {wanted})")
    return f"fly.server was not tested with {', '.join(wrong)}. Install requirements/base.txt." if wrong else None
