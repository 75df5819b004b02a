"""Names, keys, packages and files of this project, as its settings have them. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError

from fly.doctor.finding import Finding, error, ok, skipped, warning

MOST_LABELS = 3
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,]+\])?==([^\s;]+)", re.MULTILINE)


def judge_parent(parent: str, scheme: str, resolves: Callable[[str], bool], codes: Iterable[str]) -> Iterator[Finding]:
    """One wildcard certificate and one wildcard record cover the lobby and every region."""
    wildcard = f"*.{parent}"
    if parent.endswith("fly.dev"):
        fix = "Use a domain of your own: <app>.fly.dev has no names below it, and fly.dev is Fly's."
        yield error("PARENT_HOST", f"Regions cannot be names below {parent}.", fix)
        return
    if len(parent.split(".")) > MOST_LABELS:
        fix = f"It works with `fly certs add {wildcard}`: a wildcard covers one label. A shorter name has fewer records to get wrong."
        yield warning("PARENT_HOST", f"{parent} has more labels than are needed.", fix)
    else:
        yield ok("PARENT_HOST", f"{parent}; certificates for {parent} and {wildcard}, which covers one label.")
    if scheme != "https":
        yield skipped("DNS", f"Browsers come by {scheme}: a laptop's names are its own.")
        return
    # A label that nobody wrote a record for shows whether the wildcard is there.
    lost = [host for host in (parent, f"no-such-region.{parent}", *(f"{code}.{parent}" for code in codes)) if not resolves(host)]
    if lost:
        fix = f"Point {parent} and {wildcard} at the app's addresses (`fly ips list`): A and AAAA, or CNAME for the wildcard."
        yield error("DNS", f"No address for {', '.join(lost)}.", fix)
    else:
        yield ok("DNS", f"{parent} and all names below it have an address.")


def fingerprint(key: str) -> str:
    """Eight characters by which two apps can be seen to have the same key; nothing leads back from them."""
    return hashlib.sha256(b"rooms-on-fly doctor\0" + key.encode()).hexdigest()[:8]


def judge_keys(identity_key: str, secret_key: str, *, is_split: bool, gameserver_app: str) -> Iterator[Finding]:
    """The keys: long, different where they must be, and comparable without being shown."""
    for name, key in (("SECRET_KEY", secret_key), ("IDENTITY_KEY", identity_key)):
        if len(key) < 50 or len(set(key)) < 5 or key.startswith("django-insecure-"):
            fix = f"fly secrets set {name}=$(openssl rand -base64 48)"
            yield error(name, "It is too short, too plain, or Django's example.", fix)
        else:
            yield ok(name, "Long enough.")
    if (is_split or gameserver_app) and identity_key == secret_key:
        fix = "Set an IDENTITY_KEY of its own in both apps: every gameserver could make the lobby's sessions else."
        yield error("IDENTITY_KEY of two apps", "It is the SECRET_KEY.", fix)
    how = "Each Machine has to show the same one."
    if gameserver_app:
        how = f"Compare: `fly ssh console -a {gameserver_app} -C 'python manage.py doctor --only keys'` has to show the same."
    yield ok("IDENTITY_KEY fingerprint", f"{fingerprint(identity_key)}. {how}")


def read_pins(text: str) -> dict[str, str]:
    """Package to version, of a requirements file."""
    return {name.lower(): version for name, version in _PIN.findall(text)}


def judge_packages(pins: Mapping[str, str], tested: str | None, installed: Callable[[str], str]) -> Iterator[Finding]:
    """Packages are those that were tested. tested: what `fly.server.versions.untested` says."""
    if tested:
        yield error("fly.server", tested, "pip install --require-hashes -r requirements/base.txt")
    else:
        yield ok("fly.server", "Daphne, Twisted, autobahn and websockets are those it was tested with.")
    if not pins:
        yield skipped("requirements", "requirements/base.txt is not here.")
        return
    wrong = []
    for name, wanted in pins.items():
        try:
            found = installed(name)
        except PackageNotFoundError:
            found = "missing"
        if found != wanted:
            wrong.append(f"{name} {found} instead of {wanted}")
    if wrong:
        fix = "pip install --require-hashes -r requirements/base.txt"
        yield warning("requirements", f"Not as locked: {', '.join(wrong)}.", fix)
    else:
        yield ok("requirements", f"All {len(pins)} packages are as locked.")


def judge_static(is_hashed: bool, collected: Mapping[str, str] | None, wanted: Iterable[str]) -> Iterator[Finding]:
    """What pages ask for was collected. collected: the manifest's paths; None without a manifest."""
    fix = "Run `manage.py collectstatic --noinput`; the Dockerfile does so."
    if not is_hashed:
        yield skipped("static files", "Served where they lie; https serves collected ones.")
    elif collected is None:
        yield error("static files", "Nothing was collected: pages fail for want of the manifest.", fix)
    elif missing := sorted(set(wanted) - set(collected)):
        some = ", ".join(missing[:3])
        yield error("static files", f"{len(missing)} files are newer than what was collected: {some}.", fix)
    else:
        yield ok("static files", f"{len(collected)} files, hashed.")


def judge_hosts(allowed: Iterable[str], parent: str) -> Finding:
    """Django lets no other host through than the host table knows."""
    others = [host for host in allowed if host not in (parent, f".{parent}")]
    if others:
        fix = f"Set ALLOWED_HOSTS to {parent} and .{parent}: a longer name that begins like ours matches a pattern of django-hosts."
        return error("ALLOWED_HOSTS", f"It lets {', '.join(others)} in.", fix)
    return ok("ALLOWED_HOSTS", f"{parent} and what is below it.")
