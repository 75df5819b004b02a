"""The table of regions follows the code: every region of fly/regions.csv has a row, and REGIONS says which are enabled."""

from __future__ import annotations

from collections.abc import Sequence

from fly.regions import REGIONS
from lobby.models import Region


def seed(enabled: Sequence[str]) -> list[str]:
    """Make the table say that `enabled`, in this order, are the enabled regions. Returns a line for each change; idempotent.

    Raises KeyError for a code that Fly does not have.
    """
    for code in enabled:
        if code not in REGIONS:
            raise KeyError(code)
    rows = {row.code: row for row in Region.objects.all()}
    lines: list[str] = []
    for place, region in enumerate(REGIONS.values()):
        wanted = {
            "name": region.name,
            "country": region.country,
            "lat": region.lat,
            "lon": region.lon,
            "deprecated": region.deprecated,
            "enabled": region.code in enabled,
            "position": enabled.index(region.code) if region.code in enabled else 100 + place,
        }
        row = rows.get(region.code)
        before = {key: getattr(row, key) for key in wanted} if row else {}
        if before == wanted:
            continue
        Region.objects.update_or_create(code=region.code, defaults=wanted)
        if before.get("enabled", False) != wanted["enabled"]:
            lines.append(f"{'enabled ' if wanted['enabled'] else 'disabled'} {region.code} {region.name}")
    return lines
