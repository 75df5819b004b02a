"""Which release's files browsers get from this process: a page compares it with its own, and knows when a new one is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage


@cache
def build_id() -> str:
    """`<number>.<name>`: the number rises with every release, the name differs where the files do; "" on a laptop, whose files stay new.

    It is BUILD, or else of the collected files: when they were collected, and their hash. Not Fly's version of the Machine, which differs
    from Machine to Machine, nor the image's name, which changes with every release, even when no file of the browser does.
    """
    if settings.BUILD:
        return str(settings.BUILD)
    # Of the class that STORAGES names; on a laptop one that has no manifest.
    storage: Any = staticfiles_storage
    digest = getattr(storage, "manifest_hash", "")
    if not digest:
        return ""
    manifest = Path(storage.manifest_storage.path(storage.manifest_name))
    return f"{int(manifest.stat().st_mtime)}.{digest}"
