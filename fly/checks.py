"""System checks: settings that would send players to the wrong place, found before the first request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from fly.hosts import LOBBY, MACHINE, REGION, UNKNOWN, resolve
from fly.regions import REGIONS

HTTPS_ONLY = (".app", ".dev", ".page")
"""Top-level names that browsers open by https only (their HSTS preload list)."""
FIRST = "fly.middleware.ReplayMiddleware"
HOSTS = "django_hosts.middleware.HostsRequestMiddleware"


@register()
def check_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The host table knows the lobby and every enabled region, and lets nothing else through."""
    parent = settings.PARENT_HOST
    wanted = {parent: (LOBBY, None)} | {f"{code}.{parent}": (REGION, code) for code in settings.REGIONS}
    wanted |= {f"{code}-148e21ea7e1e89.{parent}": (MACHINE, code) for code in settings.REGIONS}
    wanted |= {f"{parent}.evil.example": (UNKNOWN, None), f"no-such-region.{parent}": (UNKNOWN, None)}
    errors: list[CheckMessage] = []
    for host, meant in wanted.items():
        found = resolve(host)
        if (found.name, found.region) != meant:
            errors.append(Error(f"{host} resolves to {found}.", hint="Mend the table in ROOT_HOSTCONF.", id="fly.E001"))
    if settings.DEFAULT_HOST != UNKNOWN:
        hint = "django-hosts falls back to it for whatever matches nothing."
        errors.append(Error(f"DEFAULT_HOST is {settings.DEFAULT_HOST!r}, not {UNKNOWN!r}.", hint=hint, id="fly.E007"))
    return errors


@register()
def check_regions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Enabled regions exist, and a Machine on Fly runs in one of them."""
    errors: list[CheckMessage] = [
        Error(f"Unknown region {code!r} in REGIONS.", id="fly.E002") for code in settings.REGIONS if code not in REGIONS
    ]
    here = settings.HERE
    if here.is_fly and here.region not in settings.REGIONS:
        hint = "It serves the lobby only; add the region to REGIONS to give it rooms."
        errors.append(Warning(f"This Machine runs in {here.region}, which is not in REGIONS.", hint=hint, id="fly.W003"))
    return errors


@register()
def check_apps(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A gameserver of an app of its own has nothing of the lobby's."""
    hint = "A gameserver needs its region's database, a SECRET_KEY of its own and IDENTITY_KEY: `fly secrets unset` it in this app."
    return [Warning(f"{name} is set in a gameserver's app.", hint=hint, id="fly.W010") for name in settings.MISPLACED_SECRETS]


@register()
def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Replays come before everything that touches a session or a database."""
    middleware = list(settings.MIDDLEWARE)
    if middleware[:2] != [FIRST, HOSTS]:
        return [Error(f"MIDDLEWARE must begin with {FIRST} and {HOSTS}.", hint="A replay must not touch a session.", id="fly.E004")]
    return []


@register()
def check_parent_host(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Browsers can use the parent host and the cookies the way the settings say."""
    errors: list[CheckMessage] = []
    if settings.PARENT_HOST.endswith(HTTPS_ONLY) and settings.PUBLIC_SCHEME == "http":
        hint = "Browsers open such names by https only; use a name under .localhost on a laptop."
        errors.append(Error(f"{settings.PARENT_HOST} cannot be reached by http.", hint=hint, id="fly.E005"))
    if settings.PARENT_HOST.count(".") < 1:
        hint = "Use two labels, such as play.localhost."
        errors.append(Error("Browsers share no cookie under a name of one label.", hint=hint, id="fly.E006"))
    if settings.CSRF_COOKIE_DOMAIN not in (settings.PARENT_HOST, f".{settings.PARENT_HOST}"):
        hint = "A form of the lobby that is sent to a region would be refused."
        errors.append(Error("CSRF_COOKIE_DOMAIN is not PARENT_HOST.", hint=hint, id="fly.E008"))
    if settings.SESSION_COOKIE_DOMAIN:
        hint = "Leave it empty: a staff session shared by all hosts lets every region act for staff of another."
        errors.append(Warning("SESSION_COOKIE_DOMAIN is set.", hint=hint, id="fly.W009"))
    return errors
