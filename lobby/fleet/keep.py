"""How many Machines of a region run even when nobody plays: what the planner keeps, and what a gameserver asks before it stops itself."""

from __future__ import annotations

from django.conf import settings

from lobby.models import Region


def least(region: str, minimum: int, *, is_one_app: bool) -> int:
    """The `minimum` that staff set; but one at least in the primary region where every Machine is the lobby as well.

    Without it the first page of the day would wait for a start, and nobody would plan.
    """
    return max(minimum, int(is_one_app and region == settings.HERE.primary))


def wanted(region: str) -> int:
    """The least there may be, and the warm ones (GAMESERVER_KEEP)."""
    row = Region.objects.filter(code=region).values_list("min_machines", "warm").first()
    minimum, warm = row or (0, 0)
    return least(region, minimum, is_one_app=not settings.GAMESERVER_APP) + warm
