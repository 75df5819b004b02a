"""`manage.py playstaff`: an account for the admin on a laptop."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

NAME = "staff"


class Command(BaseCommand):
    """Makes the account `staff` with a random password and prints it; called again, gives it another password."""

    help = "Make a staff account for the admin, on a laptop only, and print its random password."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account. Fails where browsers come by https: there use createsuperuser."""
        if settings.PUBLIC_SCHEME != "http":
            raise CommandError("This is not a laptop; use `manage.py createsuperuser`.")
        password = secrets.token_urlsafe(9)
        user, _ = get_user_model().objects.get_or_create(username=NAME, defaults={"is_staff": True, "is_superuser": True})
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(password)
        user.save()
        self.stdout.write(f"admin: {NAME} / {password}")
