"""The example of docs/worlds.md, unpacked: its Python in a package, its browser module in a folder for static files."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gameserver.engine.registry import HOME
from tests.support.emulator import ROOT

DOC = ROOT / "docs" / "worlds.md"
PACKAGE = "tally_of_the_docs"
SETTINGS = "worlds_settings"


@contextlib.contextmanager
def unpacked(folder: Path) -> Iterator[Path]:
    """A folder that can be imported from, with the package, `static/` and a module of settings that names both."""
    package, static = folder / PACKAGE, folder / "static" / "gameserver" / "worlds"
    static.mkdir(parents=True)
    package.mkdir()
    (package / "__init__.py").touch()
    blocks = re.findall(r"^```(?:python|js) (\S+)\n(.*?)^```$", DOC.read_text(), re.MULTILINE | re.DOTALL)
    for name, text in blocks:
        (package if name.endswith(".py") else static).joinpath(name).write_text(text)
    assert sorted(name for name, _ in blocks) == ["tally.mjs", "tally.py", "test_tally.py"]
    lines = [
        "from config.settings import *",
        f"GAMESERVER_WORLDS = {(HOME, PACKAGE)!r}",
        f"STATICFILES_DIRS = [{str(folder / 'static')!r}]",
    ]
    (folder / f"{SETTINGS}.py").write_text("\n".join(lines) + "\n")
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]
