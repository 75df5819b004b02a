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

from fly.regions import REGIONS

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

T = TypeVar("T")

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
    region_database_url: dict[str, Any]
    redis_url: str
    """Empty: channel layers in memory."""
    drain_budget_s: float
    replay_cache_ttl_s: int
    """Seconds Fly may keep a replay; 0: never."""
    max_sockets: int
    """Sockets that one process takes; beyond it others of the region serve its rooms, where Redis connects them."""
    log_level: str


def read_env(environ_: Mapping[str, str] = os.environ, *, on_fly: bool = False, region: str = "local") -> Env:
    """Read and check every variable; `on_fly` turns the laptop's defaults off. `region`: where this process runs.

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
    return Env(
        debug=debug,
        secret_key=_secret_key(env, debug=debug),
        parent_host=_read(
            "PARENT_HOST", "a host name of two labels or more, such as example.dev", lambda: _parent_host(env, on_fly=on_fly)
        ),
        regions=_read("REGIONS", "region codes with commas between, such as ewr,nrt,cdg", lambda: _regions(env)),
        public_scheme=scheme,
        database_url=_database(env, "DATABASE_URL", VAR_DIR / "lobby.sqlite3"),
        region_database_url=_database(env, "REGION_DATABASE_URL", VAR_DIR / "region.sqlite3", region),
        redis_url=_read("REDIS_URL", "redis://host:port/number", lambda: _redis_url(env)),
        drain_budget_s=_read("DRAIN_BUDGET_S", "seconds, 1 to 280", lambda: _in_range(env.float("DRAIN_BUDGET_S", default=20.0), 1, 280)),
        replay_cache_ttl_s=_read("REPLAY_CACHE_TTL_S", "0, or seconds from 10", lambda: _cache_ttl(env)),
        max_sockets=_read("MAX_SOCKETS", "1 to 100000", lambda: int(_in_range(env.int("MAX_SOCKETS", default=10_000), 1, 100_000))),
        log_level=_read(
            "LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", lambda: _one_of(env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
        ),
    )


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
