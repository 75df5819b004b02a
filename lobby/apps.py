"""The lobby as a Django application; its models live in the global database."""

from django.apps import AppConfig


class LobbyConfig(AppConfig):
    """Label `lobby`."""

    name = "lobby"
    verbose_name = "Fleet"
    default_auto_field = "django.db.models.BigAutoField"
