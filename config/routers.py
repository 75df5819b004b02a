"""Which database a model lives in: the gameserver's are close to the gameserver, all others are global."""

from __future__ import annotations

from typing import Any

REGION_APPS = frozenset({"gameserver"})
REGION = "region"


def is_region(alias: str) -> bool:
    """Whether a database is a region's: `region` itself, or another whose alias begins so, such as `region_postgres` in tests."""
    return alias.startswith(REGION)


class RegionRouter:
    """Send the models of `gameserver` to the `region` database and everything else to `default`.

    What was read from another region's database stays there: it is saved to it, and its relations are looked up in it.
    """

    def db_for_read(self, model: type[Any], **hints: Any) -> str:
        if model._meta.app_label not in REGION_APPS:
            return "default"
        instance = hints.get("instance")
        alias: str = (instance._state.db if instance is not None else None) or REGION
        return alias if is_region(alias) else REGION

    def db_for_write(self, model: type[Any], **hints: Any) -> str:
        return self.db_for_read(model, **hints)

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        return self.db_for_read(type(obj1), instance=obj1) == self.db_for_read(type(obj2), instance=obj2)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return is_region(db) == (app_label in REGION_APPS)
