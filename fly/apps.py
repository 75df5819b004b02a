"""The platform layer as a Django application: its checks, commands and templates."""

from django.apps import AppConfig


class FlyConfig(AppConfig):
    """Registers the system checks."""

    name = "fly"
    verbose_name = "Fly"

    def ready(self) -> None:
        """Import the checks, which registers them."""
        from fly import checks  # noqa: F401
