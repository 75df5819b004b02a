"""Which database a model lives in: the gameserver's are close to the gameserver, all others are global."""

from __future__ import annotations

from typing import Any

REGION_APPS = frozenset({"gameserver"})


class RegionRouter:
    """Send the models of `gameserver` to the `region` database and everything else to `default`."""

    def db_for_read(self, model: type[Any], **hints: Any) -> str:
        return "region" if model._meta.app_label in REGION_APPS else "default"

    def db_for_write(self, model: type[Any], **hints: Any) -> str:
        return self.db_for_read(model)

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        return self.db_for_read(type(obj1)) == self.db_for_read(type(obj2))

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "region") == (app_label in REGION_APPS)
