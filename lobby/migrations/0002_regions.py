"""Give every region of fly/regions.csv a row; those of the REGIONS setting are enabled."""

from django.conf import settings
from django.db import migrations

from fly.regions import REGIONS


def fill(apps, schema_editor):
    """One row for each region; run again by `manage.py regions --sync` when REGIONS changes."""
    model = apps.get_model("lobby", "Region")
    enabled = list(settings.REGIONS)
    model.objects.bulk_create(
        model(
            code=region.code,
            name=region.name,
            country=region.country,
            lat=region.lat,
            lon=region.lon,
            deprecated=region.deprecated,
            enabled=region.code in enabled,
            position=enabled.index(region.code) if region.code in enabled else 100 + place,
        )
        for place, region in enumerate(REGIONS.values())
    )


class Migration(migrations.Migration):
    dependencies = [("lobby", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
