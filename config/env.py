"""The one reader of the environment besides `fly.here`.

Every variable this project understands is a field of `Env`. A missing or malformed value stops the start with a line
that names the variable and says what would be right; no value is ever repeated in an error, it may be a secret.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from fly.here import Here
from fly.regions import REGIONS
from fly.role import BOTH, Role, role_of

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

T = TypeVar("T")

LOBBY_SECRETS = ("DATABASE_URL", "MACHINES_API_TOKEN")
"""What a gameserver of an app of its own has no use for, and should not have."""
_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class Env:
    """What the environment says, checked. Field names are the variables' names in lower case."""

    debug: bool
    secret_key: str
    parent_host: str
    """The lobby's host name, without a port; regions are one label below it."""
    regions: tuple[str, ...]
    """Enabled region codes, in the order of the lobby."""
    public_scheme: str
    """What browsers use: http on a laptop, https behind Fly's edge."""
    database_url: dict[str, Any]
    """The global database; empty in a gameserver of an app of its own, whatever the environment says."""
    region_database_url: dict[str, Any]
    """The region's; empty in a lobby of its own."""
    redis_url: str
    """Empty: channel layers in memory."""
    drain_budget_s: float
    replay_cache_ttl_s: int
    """Seconds Fly may keep a replay; 0: never."""
    max_sockets: int
    """Sockets that one process takes; beyond it others of the region serve its rooms, where Redis connects them."""
    log_level: str
    identity_key: str
    """Signs what lobby and gameservers show each other: players, tickets, beats. SECRET_KEY unless they are two apps."""
    gameserver_app: str
    """The Fly app of the gameservers; empty: this one, and every Machine is lobby and gameserver."""
    lobby_url: str
    """Where gameservers of an app of their own tell the lobby that they live."""
    machines_api_url: str
    machines_api_token: str
    """For Fly's Machines API; empty: nobody starts or stops Machines. Always empty in a gameserver of an app of its own."""
    idle_stop_s: float
    """Seconds without a socket after which a gameserver stops itself; 0: never."""
    idle_stop: str
    """How: stop, or suspend."""
    idle_keep: int
    """Machines of each region that never stop themselves, beside what staff want of the region."""
    build: str
    """The release whose files browsers get, `<number>.<name>`: the number rises. Empty: known by the collected files."""
    room_places: int
    """Players that a room takes; 0: no limit but MAX_SOCKETS."""


def read_env(environ_: Mapping[str, str] = os.environ, *, on_fly: bool = False, region: str = "local", app: str = "") -> Env:
    """Read and check every variable; `on_fly` turns the laptop's defaults off. `region`, `app`: where this process runs.

    Raises ImproperlyConfigured that names the first variable that is missing or malformed.
    """
    env = environ.Env()
    env.ENVIRON = environ_
    debug = _read("DEBUG", "1 or 0", lambda: _flag(env, "DEBUG", default=not on_fly))
    scheme = _read(
        "PUBLIC_SCHEME", "http or https", lambda: _one_of(env, "PUBLIC_SCHEME", "https" if on_fly else "http", ("http", "https"))
    )
    if debug and on_fly and scheme == "https":
        raise ImproperlyConfigured("DEBUG: must be 0 on Fly, error pages would show settings to strangers.")
    secret_key = _secret_key(env, debug=debug)
    gameserver_app = _read("GAMESERVER_APP", "the name of a Fly app", lambda: _app(env))
    role = role_of(Here(app, "", region), gameserver_app) if on_fly else BOTH
    parent_host = _read("PARENT_HOST", "a host name of two labels or more, such as example.dev", lambda: _parent_host(env, on_fly=on_fly))
    return Env(
        debug=debug,
        secret_key=secret_key,
        identity_key=_identity_key(env, secret_key, role),
        gameserver_app=gameserver_app,
        lobby_url=_http_url(env, "LOBBY_URL", f"{scheme}://{parent_host}"),
        machines_api_url=_http_url(env, "MACHINES_API_URL", "https://api.machines.dev"),
        machines_api_token=str(env.str("MACHINES_API_TOKEN", default="")) if role.lobby else "",
        **_rest(env),
        build=_read("BUILD", "a number that rises, a dot and a name, such as 12.spring", lambda: _build(env)),
        parent_host=parent_host,
        regions=_read("REGIONS", "region codes with commas between, such as ewr,nrt,cdg", lambda: _regions(env)),
        public_scheme=scheme,
        database_url=_database(env, "DATABASE_URL", VAR_DIR / "lobby.sqlite3") if role.lobby else {},
        region_database_url=_database(env, "REGION_DATABASE_URL", VAR_DIR / "region.sqlite3", region) if role.gameserver else {},
        redis_url=_read("REDIS_URL", "redis://host:port/number", lambda: _redis_url(env)),
        drain_budget_s=_read("DRAIN_BUDGET_S", "seconds, 1 to 280", lambda: _in_range(env.float("DRAIN_BUDGET_S", default=20.0), 1, 280)),
        replay_cache_ttl_s=_read("REPLAY_CACHE_TTL_S", "0, or seconds from 10", lambda: _cache_ttl(env)),
        max_sockets=_read("MAX_SOCKETS", "1 to 100000", lambda: int(_in_range(env.int("MAX_SOCKETS", default=10_000), 1, 100_000))),
        log_level=_read(
            "LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", lambda: _one_of(env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
        ),
    )


def _rest(env: environ.Env) -> dict[str, Any]:
    """How full a room gets, and when and how a gameserver stops by itself."""
    return {
        "idle_stop_s": _read(
            "IDLE_STOP_S", "0, or seconds up to 86400", lambda: _in_range(env.float("IDLE_STOP_S", default=0.0), 0, 86_400)
        ),
        "idle_stop": _read("IDLE_STOP", "stop or suspend", lambda: _one_of(env, "IDLE_STOP", "stop", ("stop", "suspend"))),
        "room_places": _read("ROOM_PLACES", "0 to 100000", lambda: int(_in_range(env.int("ROOM_PLACES", default=0), 0, 100_000))),
        "idle_keep": _read("IDLE_KEEP", "0 to 100", lambda: int(_in_range(env.int("IDLE_KEEP", default=0), 0, 100))),
    }


def _read(name: str, wanted: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, LookupError, ImproperlyConfigured):
        # The cause would repeat the value, which may be a secret.
        raise ImproperlyConfigured(f"{name}: wanted {wanted}.") from None


def _flag(env: environ.Env, name: str, *, default: bool) -> bool:
    text = env.str(name, default="1" if default else "0").lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError


def _one_of(env: environ.Env, name: str, default: str, choices: tuple[str, ...]) -> str:
    value = str(env.str(name, default=default))
    if value not in choices:
        raise ValueError
    return value


def _in_range(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError
    return value


def _secret_key(env: environ.Env, *, debug: bool) -> str:
    key = str(env.str("SECRET_KEY", default=""))
    if key:
        # Django's own check calls anything shorter insecure; here it stops the start.
        if len(key) < 50:
            raise ImproperlyConfigured("SECRET_KEY: wanted 50 characters or more.")
        return key
    if debug:
        return _laptop_key(VAR_DIR / "secret_key")
    raise ImproperlyConfigured("SECRET_KEY: missing; wanted 50 random characters, the same on every Machine.")


def _identity_key(env: environ.Env, secret_key: str, role: Role) -> str:
    key = str(env.str("IDENTITY_KEY", default=""))
    if role.is_split and (not key or key == secret_key):
        # One key for both would be the lobby's secret key in every gameserver.
        raise ImproperlyConfigured("IDENTITY_KEY: wanted where GAMESERVER_APP is set: the same in both apps, and not the SECRET_KEY.")
    if key and len(key) < 50:
        raise ImproperlyConfigured("IDENTITY_KEY: wanted 50 characters or more.")
    return key or secret_key


def lobby_secrets(environ_: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names of the lobby's own variables that are set here."""
    return tuple(name for name in LOBBY_SECRETS if environ_.get(name))


def _app(env: environ.Env) -> str:
    name = str(env.str("GAMESERVER_APP", default=""))
    if name and not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", name):
        raise ValueError
    return name


def _build(env: environ.Env) -> str:
    text = str(env.str("BUILD", default=""))
    if text and not re.fullmatch(r"\d{1,12}\.[A-Za-z0-9-]{1,40}", text):
        raise ValueError
    return text


def _http_url(env: environ.Env, name: str, default: str) -> str:
    url = str(env.str(name, default=default)).rstrip("/")
    if not re.match(r"https?://[^/@\s]+\Z", url):
        raise ImproperlyConfigured(f"{name}: wanted http:// or https:// and a host, such as {default}.")
    return url


def _laptop_key(path: Path) -> str:
    """The key of this clone: made at first use, so that cookies survive a restart and no two laptops share one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(get_random_secret_key())
        # A link appears whole or not at all, and only one of two processes that start together makes it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text()


def _parent_host(env: environ.Env, *, on_fly: bool) -> str:
    text = str(env.str("PARENT_HOST") if on_fly else env.str("PARENT_HOST", default="play.localhost"))
    host = re.sub(r":\d{1,5}\Z", "", text.strip().lower())
    if not _HOST_NAME.match(host):
        raise ValueError
    return host


def _regions(env: environ.Env) -> tuple[str, ...]:
    codes = tuple(code.strip().lower() for code in env.list("REGIONS", default=["ewr", "nrt", "cdg"]))
    unknown = [code for code in codes if code not in REGIONS]
    if not codes or unknown or len(set(codes)) != len(codes):
        raise ValueError
    return codes


def _database(env: environ.Env, name: str, default: Path, region: str = "") -> dict[str, Any]:
    """A database by its URL; `{region}` in it stands for a region's code, so that one variable serves the Machines of all regions."""
    text = str(env.str(name, default=f"sqlite:///{default}"))

    def read() -> dict[str, Any]:
        with warnings.catch_warnings():
            # The library warns of a scheme it does not know, and repeats the password; the check below stops the start.
            warnings.simplefilter("ignore")
            database = dict(env.db_url_config(text.replace("{region}", region) if region else text))
        if database.get("ENGINE") not in _ENGINES or not database.get("NAME"):
            raise ValueError
        return database

    return _read(name, "sqlite:////path/to/file or postgres://user:password@host:port/name", read)


def _redis_url(env: environ.Env) -> str:
    url = str(env.str("REDIS_URL", default=""))
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError
    return url


def _cache_ttl(env: environ.Env) -> int:
    # Fly refuses shorter ones (dynamic request routing, replay cache).
    seconds = int(env.int("REPLAY_CACHE_TTL_S", default=0))
    if seconds and not 10 <= seconds <= 86_400:
        raise ValueError
    return seconds
