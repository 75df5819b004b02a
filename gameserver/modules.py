"""Which browser modules a module needs, so that a page has all of them asked for at once, not one level of imports after the other."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

_imported = re.compile(r'^(?:import|export) ?(?:[^"=;]* from )?"([^"]+)";$', re.MULTILINE)


def needed(path: str) -> list[str]:
    """The names of a static module and of all that it imports, itself first; those that there are. Looked for anew while DEBUG."""
    return list(_needed.__wrapped__(path) if settings.DEBUG else _needed(path))


@cache
def _needed(path: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = [path]
    while waiting:
        name = waiting.pop(0)
        file = None if name in found else finders.find(name)
        if file is not None:
            found[name] = None
            waiting += _imports(name, Path(file).read_text(encoding="utf-8")) if name.endswith(".mjs") else []
    return tuple(found)


def _imports(name: str, text: str) -> list[str]:
    """Names of what a module imports: beside it, or under a name of the import map."""
    known: dict[str, str] = settings.BROWSER_IMPORTS
    asked = _imported.findall(text)
    beside = [posixpath.normpath(posixpath.join(posixpath.dirname(name), one)) for one in asked if one.startswith(".")]
    return [*beside, *(known[one] for one in asked if one in known)]
