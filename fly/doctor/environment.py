"""What fly.toml puts into a Machine: variables, volumes, migrations, regions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fly.doctor.deployment import Deployment
from fly.doctor.finding import Finding, error, ok, skipped, warning
from fly.regions import REGIONS

SECRETS = ("SECRET_KEY", "IDENTITY_KEY", "MACHINES_API_TOKEN", "DATABASE_URL")
LOBBY_ONLY = ("DATABASE_URL", "MACHINES_API_TOKEN")
SQLITE = "sqlite:///"


def variables(app: Deployment) -> Iterator[Finding]:
    """Names that Fly keeps for itself, values that belong into secrets."""
    taken = sorted(name for name in app.environ if name.startswith("FLY_"))
    if taken:
        yield error("[env] names", f"{', '.join(taken)}: Fly refuses names that begin with FLY_.", "Rename them, or leave them to Fly.")
    else:
        yield ok("[env] names", "None begins with FLY_.")
    open_ = [name for name in SECRETS if app.environ.get(name)] + [name for name, value in app.environ.items() if _has_password(value)]
    if open_:
        fix = f"Set them with `fly secrets set`, make new ones, and take them out of {app.file} and its history."
        yield error("[env] secrets", f"{', '.join(dict.fromkeys(open_))}: a secret in a file that is committed.", fix)
    else:
        yield ok("[env] secrets", "None is in the file.")
    if app.said("DEBUG").lower() in ("1", "true", "yes", "on"):
        yield error("[env] DEBUG", "DEBUG is on: pages of errors show settings to strangers.", 'Set DEBUG = "0".')
    else:
        yield ok("[env] DEBUG", "Off.")


def storage(app: Deployment) -> Iterator[Finding]:
    """A region's SQLite file is on a volume, and a volume belongs to one Machine."""
    url = app.environ.get("REGION_DATABASE_URL", "")
    if not url:
        yield skipped("volume", f"REGION_DATABASE_URL is not in {app.file}: a secret, then; the database's own check sees it.")
        return
    path = url.removeprefix(SQLITE) if url.startswith(SQLITE) else ""
    if path and not any(path.startswith(f"{mount}/") for mount in app.mounts if mount):
        fix = 'Mount a volume ([[mounts]] destination = "/data") and put the file on it: what is elsewhere is gone after each stop.'
        yield error("volume", f"The region's file {path} is on no volume.", fix)
    elif path:
        says = f"{path} is on a volume: one Machine in each region, because another one would have a file, and rooms, of its own."
        yield ok("volume", says)
    else:
        yield ok("volume", "The region's database is a server: Machines of a region share it.")
    strategy = str(app.table("deploy").get("strategy", "rolling"))
    if app.mounts and strategy in ("bluegreen", "canary"):
        fix = 'Set strategy = "rolling": a second Machine beside the first would need its volume.'
        yield error("strategy", f"{strategy} does not work with volumes.", fix)
    else:
        yield ok("strategy", f"{strategy}.")


def migrations(app: Deployment) -> Iterator[Finding]:
    """The global database is migrated once a release, by the app that has it."""
    command = str(app.table("deploy").get("release_command", ""))
    if app.is_gameserver:
        if command:
            fix = "Remove release_command: this app has no global database, and each gameserver migrates its region's."
            yield error("release_command", "The gameservers' app migrates.", fix)
        else:
            yield ok("release_command", "None, for there is nothing global here.")
    elif "migrate" not in command:
        fix = 'Set release_command = "python manage.py migrate --noinput": a new release meets old tables else.'
        yield error("release_command", "Nothing migrates the global database.", fix)
    else:
        yield ok("release_command", "The global database is migrated before a release starts.")


def regions(app: Deployment) -> Iterator[Finding]:
    """Regions in which Fly still starts Machines."""
    codes = [code.strip().lower() for code in app.said("REGIONS").split(",")]
    primary = str(app.toml.get("primary_region", ""))
    yield judge_regions([*codes, *([primary] if primary else [])], f"REGIONS and primary_region of {app.file}")
    if primary and primary not in codes:
        fix = "Take one of REGIONS: the Machine there would serve the lobby only."
        yield warning("primary_region", f"{primary} is none of REGIONS.", fix)
    else:
        yield ok("primary_region", primary or "not set")


def judge_regions(codes: Iterable[str], where: str) -> Finding:
    """Whether Machines can be started in all of them."""
    wrong = [f"{code} (unknown)" for code in codes if code not in REGIONS]
    wrong += [f"{code} (deprecated)" for code in codes if code in REGIONS and REGIONS[code].deprecated]
    if wrong:
        current = ", ".join(code for code, region in REGIONS.items() if not region.deprecated)
        return error("regions", f"{where}: {', '.join(dict.fromkeys(wrong))}.", f"Fly starts no Machines there. Take some of {current}.")
    return ok("regions", f"{where}: Fly starts Machines in all of them.")


def pair(apps: Iterable[Deployment]) -> Iterator[Finding]:
    """Lobby and gameservers as two apps know each other."""
    apps = tuple(apps)
    for lobby in [app for app in apps if app.gameserver_app]:
        name = f"two apps ({lobby.file})"
        other = next((app for app in apps if app.app == lobby.gameserver_app), None)
        if other is None:
            yield error(name, f"No file here is of the app {lobby.gameserver_app}.", "Write its fly.toml, or unset GAMESERVER_APP.")
        elif not other.is_gameserver:
            yield error(name, f"{other.file} does not set GAMESERVER_APP.", f'Set GAMESERVER_APP = "{other.app}" in both files.')
        elif different := [key for key in ("PARENT_HOST", "REGIONS", "PUBLIC_SCHEME") if lobby.environ.get(key) != other.environ.get(key)]:
            yield error(name, f"{', '.join(different)} differ in {other.file}.", "Set the same in both files.")
        elif lowered := [key for key in LOBBY_ONLY if other.environ.get(key)]:
            yield error(name, f"{', '.join(lowered)} in {other.file}.", "A gameserver has none of the lobby's secrets: take them out.")
        else:
            yield ok(name, f"{lobby.file} and {other.file} fit.")


def _has_password(value: str) -> bool:
    head, separator, tail = value.partition("://")
    return bool(separator and head.isalpha() and "@" in tail.split("/")[0] and ":" in tail.split("@")[0])


CHECKS = (variables, storage, migrations, regions)
