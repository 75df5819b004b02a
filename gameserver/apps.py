"""The gameserver as a Django application; its models live in the `region` database."""

from django.apps import AppConfig


class GameserverConfig(AppConfig):
    """Label `gameserver`: the router sends it to the region's database."""

    name = "gameserver"
    verbose_name = "Rooms"
    default_auto_field = "django.db.models.BigAutoField"
