"""Django's settings, made from `config.env` and `fly.here`; nothing here reads the environment itself."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from csp.constants import NONCE

from config.env import BASE_DIR, lobby_secrets, read_env
from fly.here import read_here
from fly.role import role_of

HERE = read_here()
ENV = read_env(on_fly=HERE.is_fly, region=HERE.region or "local", app=HERE.app)
# What this process is for: the lobby, a gameserver, or both. What it is not for it has not: pages, tables, accounts, secrets.
ROLE = role_of(HERE, ENV.gameserver_app)

DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key

# Where this process runs and who it serves (fly, lobby, gameserver)
REGIONS = ENV.regions
PARENT_HOST = ENV.parent_host
PUBLIC_SCHEME = ENV.public_scheme
DRAIN_BUDGET_S = ENV.drain_budget_s
MAX_SOCKETS = ENV.max_sockets
IDENTITY_KEY = ENV.identity_key
GAMESERVER_APP = ENV.gameserver_app
MACHINES_API_URL = ENV.machines_api_url
MACHINES_API_TOKEN = ENV.machines_api_token
IDLE_STOP_S = ENV.idle_stop_s
IDLE_STOP = ENV.idle_stop
IDLE_KEEP = ENV.idle_keep
BUILD = ENV.build
ROOM_PLACES = ENV.room_places
REPLAY_CACHE_TTL_S = ENV.replay_cache_ttl_s
LOBBY_URL = ENV.lobby_url
MISPLACED_SECRETS = () if ROLE.lobby else lobby_secrets()
GAMESERVER_HEARTBEAT = "lobby.heartbeats.record" if ROLE.lobby else "gameserver.far_lobby.record"
GAMESERVER_RETIRE = "lobby.heartbeats.retire" if ROLE.lobby else "gameserver.far_lobby.retire"
# How many Machines staff want in a region; asked before a gameserver that nobody needs stops itself. Empty: nobody is asked.
GAMESERVER_KEEP = "lobby.fleet.keep.wanted" if ROLE.lobby else ""
# Packages whose modules are worlds; docs/worlds.md.
GAMESERVER_WORLDS = ("gameserver.engine.worlds",)
PLAYER_COOKIE = "player"

ROOT_HOSTCONF = "config.hosts"
DEFAULT_HOST = "unknown"
ROOT_URLCONF = "config.urls_lobby" if ROLE.lobby else "config.urls_region"
ALLOWED_HOSTS = [PARENT_HOST, f".{PARENT_HOST}"]
ASGI_APPLICATION = "config.asgi.application"


def _staff(*names: str) -> tuple[str, ...]:
    """Staff's accounts are in the global database: where that is not, there is nobody to log in."""
    return names if ROLE.lobby else ()


INSTALLED_APPS = [
    "fly",
    "gameserver",
    *(("lobby",) if ROLE.lobby else ()),
    "channels",
    "django_hosts",
    "csp",
    *_staff("lobby.site.StaffAdminConfig", "django.contrib.auth", "django.contrib.contenttypes"),
    *_staff("django.contrib.sessions", "django.contrib.messages"),
    "django.contrib.staticfiles",
]

# Without django-hosts' response middleware: it only helps templates rendered after the view, and costs every page a thread hop.
MIDDLEWARE = [
    "fly.middleware.ReplayMiddleware",
    "django_hosts.middleware.HostsRequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.static.StaticMiddleware",
    "csp.middleware.CSPMiddleware",
    *_staff("django.contrib.sessions.middleware.SessionMiddleware"),
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    *_staff("django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"),
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gameserver.players.PlayerMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                *_staff("django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"),
            ],
        },
    },
]


# Databases. SQLite: WAL lets readers go on while the one writer writes; IMMEDIATE takes the write lock at BEGIN, so that a
# busy database waits instead of failing in the middle. FULL makes a commit durable before it returns (R2).
def _database(database: dict[str, Any], alias: str, synchronous: str, wait_s: int) -> dict[str, Any]:
    """wait_s: how long one statement may wait for another one's lock."""
    if database["ENGINE"].endswith("sqlite3"):
        Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA wal_autocheckpoint=1000;"
        database["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": wait_s, "init_command": pragmas}
        # Always a file: in-memory databases are not seen by the server processes that tests start.
        database["TEST"] = {"NAME": Path(tempfile.gettempdir()) / f"rooms-test-{os.getpid()}-{alias}.sqlite3", "DEPENDENCIES": []}
    else:
        # Django's pool, because persistent connections do not work under ASGI.
        database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 10}, "connect_timeout": 5, "options": f"-c lock_timeout={wait_s}s"}
        database["TEST"] = {"NAME": f"test_{database['NAME']}", "DEPENDENCIES": []}
    return database


# An empty `default` is Django's own word for none: whoever asks it for anything fails.
DATABASES: dict[str, dict[str, Any]] = {"default": _database(ENV.database_url, "default", "NORMAL", 20) if ROLE.lobby else {}}
if ROLE.gameserver:
    # A room that waits longer than its lease runs waits for nothing.
    DATABASES["region"] = _database(ENV.region_database_url, "region", "FULL", 5)
DATABASE_ROUTERS = ["config.routers.RegionRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Channel layers. They carry what gameservers of a region say to each other (gameserver.link); sockets are written directly.
def _channel_layer(redis_url: str) -> dict[str, Any]:
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    # An idle receiver dies with redis-py 8's own read timeout of 5 s; this dict is the one verified to live.
    host = {"address": redis_url, "socket_timeout": None, "socket_connect_timeout": 5, "health_check_interval": 30}
    limits = {
        # Members renew every 10 s. Those of a process that died get messages no longer than this; channels-redis' own is a day.
        "group_expiry": 60,
        # A message is worth nothing after some seconds: gaps are filled from the journal, and a client has asked again.
        "expiry": 10,
        # Parcels that wait for one process; under load each other one sends it about 200 a second. channels-redis' own 100 are lost
        # in the blink that a receiver takes to read a room; what would lie behind more than this is older than it is worth.
        "capacity": 1000,
    }
    return {"BACKEND": "gameserver.layer.RedisLayer", "CONFIG": {"hosts": [host], **limits}}


CHANNEL_LAYERS = {"default": _channel_layer(ENV.redis_url)}

# Cookies. The player's and the CSRF cookie are shared by all regions; the staff session stays on the host it was made on,
# so that no region can act for staff of another.
_HTTPS = PUBLIC_SCHEME == "https"
CSRF_COOKIE_DOMAIN = PARENT_HOST
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"

SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
# Fly's edge sets it on every request; a Machine that strangers reach directly is not on Fly.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HERE.is_fly else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_WS = "wss" if _HTTPS else "ws"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        # The nonce is in the header of those pages only that ask for one: a room's has an import map.
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        # The lobby measures the round trip to every region.
        "connect-src": ["'self'", f"{PUBLIC_SCHEME}://*.{PARENT_HOST}:*", f"{_WS}://{PARENT_HOST}:*", f"{_WS}://*.{PARENT_HOST}:*"],
        "form-action": ["'self'", f"{PUBLIC_SCHEME}://{PARENT_HOST}:*", f"{PUBLIC_SCHEME}://*.{PARENT_HOST}:*"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static_root"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.static.PackageFinder",
]
# Files of packages from npm that pages may have, by the names under which they have them; package-lock.json pins the packages. Modules
# import some of them by the names in BROWSER_IMPORTS.
BROWSER_PACKAGES_ROOT = BASE_DIR / "node_modules"
BROWSER_IMPORTS = {"konva": "packages/konva.min.js"}
BROWSER_PACKAGES = {"packages/konva.min.js": "konva/konva.min.js", "packages/konva.LICENSE.txt": "konva/LICENSE"}
# A laptop serves the files where they lie; production collects, hashes and compresses them once.
WHITENOISE_USE_FINDERS = not _HTTPS
WHITENOISE_AUTOREFRESH = not _HTTPS
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.static.ModuleManifestStorage" if _HTTPS else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": f"%(asctime)s %(levelname)s {HERE.region or 'local'}/{HERE.machine or 'local'} %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    # A hostile Host header is the sender's fault and answered with 404 or 400: not a line each.
    # httpx writes a line with the whole URL for each request.
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}, "httpx": {"level": "WARNING"}},
}
