"""Packages of the browser: locked without an address, served by name, found by the import map of a room's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from config.static import PackageFinder

ROOT = Path(__file__).resolve().parent.parent
KONVA = "packages/konva.min.js"
HASHED = re.compile(r"\.[0-9a-f]{12}\.mjs$")
IMPORTED = re.compile(r'^(?:import|export) ?(?:[^"=;]* from )?"([^"]+)";$', re.MULTILINE)
REGION = {"host": "cdg.play.localhost:8002"}


@pytest.fixture
def packages(tmp_path: Path, settings: SettingsWrapper) -> Iterator[Path]:
    """A folder of packages that has Konva, with a secret beside it."""
    (tmp_path / "konva").mkdir()
    (tmp_path / "konva" / "konva.min.js").write_text("globalThis.Konva = {};")
    (tmp_path / "konva" / "secret.js").write_text("secret")
    settings.BROWSER_PACKAGES_ROOT = tmp_path
    settings.BROWSER_PACKAGES = {KONVA: "konva/konva.min.js"}
    finders.get_finder.cache_clear()
    yield tmp_path
    finders.get_finder.cache_clear()


@pytest.fixture
def collected(packages: Path, tmp_path_factory: pytest.TempPathFactory, settings: SettingsWrapper) -> Path:
    """What production serves: everything collected, under hashed names."""
    root = tmp_path_factory.mktemp("static")
    settings.STATIC_ROOT = root
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    return root


def scripts(page: HttpResponse) -> list[tuple[dict[str, str], str]]:
    """The scripts of a page in their order: attributes and text."""
    found = re.findall(r"<script([^>]*)>(.*?)</script>", page.content.decode(), re.DOTALL)
    return [(dict(re.findall(r'([\w-]+)="([^"]*)"', attributes)), text) for attributes, text in found]


def test_the_lock_file_has_hashes_and_no_address() -> None:
    """[BD100] Packages of the browser are pinned to one version and locked with a hash; the lock file has no address of any kind."""
    text = (ROOT / "package-lock.json").read_text()
    lock = json.loads(text)["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert "://" not in text
    assert '"resolved"' not in text
    assert lock[""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert lock[f"node_modules/{name}"]["version"] == version
    assert all(package["integrity"].startswith("sha512-") for name, package in lock.items() if name)


def test_an_install_writes_no_address_and_runs_no_script() -> None:
    """[BD100] npm is told to leave addresses out, and never to run what a package brings."""
    said = dict(line.split("=") for line in (ROOT / ".npmrc").read_text().splitlines() if not line.startswith("#"))
    assert said == {"omit-lockfile-registry-resolved": "true", "save-exact": "true", "ignore-scripts": "true"}
    for name in ("Makefile", "Dockerfile"):
        assert "npm ci --ignore-scripts" in (ROOT / name).read_text()


def test_the_image_has_what_the_pages_have() -> None:
    """[BD100] The image takes over each file of a package that pages may have, and no other."""
    (copied,) = re.findall(r"^COPY --from=packages (.+) node_modules/konva/$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied.split()) == sorted(f"/packages/node_modules/{path}" for path in configured.BROWSER_PACKAGES.values())


@pytest.mark.django_db(databases="__all__")
def test_the_import_map_has_the_nonce_of_the_header() -> None:
    """[BD101] A room's page has an import map before its first module, allowed by a nonce that is another each time."""
    nonces = set()
    for _ in range(2):
        page = Client(headers=REGION).get("/r/tea/")
        kinds = [attributes.get("type") for attributes, _ in scripts(page)]
        assert kinds.index("importmap") < kinds.index("module")
        (imports,) = (one for one in scripts(page) if one[0].get("type") == "importmap")
        assert json.loads(imports[1]) == {"imports": {"konva": f"/static/{KONVA}"}}
        (allowed,) = re.findall(r"script-src ([^;]+)", page["Content-Security-Policy"])
        assert allowed.split() == ["'self'", f"'nonce-{imports[0]['nonce']}'"]
        nonces.add(imports[0]["nonce"])
    assert len(nonces) == 2


@pytest.mark.django_db(databases="__all__")
def test_pages_without_an_import_map_have_no_nonce() -> None:
    """[BD101] Pages that have no script of their own allow none."""
    policy = Client(headers=REGION).get("/")["Content-Security-Policy"]
    assert re.findall(r"script-src ([^;]+)", policy) == ["'self'"]
    assert "unsafe" not in policy


def test_a_page_gets_the_named_file_and_nothing_beside_it(packages: Path) -> None:
    """[BD102] A file of a package is found by its name on the pages; what else lies in the package is not."""
    path = str(packages / "konva" / "konva.min.js")
    assert finders.find(KONVA) == path
    assert finders.find(KONVA, find_all=True) == [path]
    for name in ("packages/secret.js", "konva/secret.js", "packages/konva/secret.js", "packages/../konva/secret.js"):
        assert finders.find(name) is None


def test_a_laptop_serves_the_file(packages: Path, settings: SettingsWrapper) -> None:
    """[BD102] WhiteNoise, with finders as on a laptop, answers with the file and with nothing else of the package."""
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    client = Client(headers=REGION)
    answer: Any = client.get(f"/static/{KONVA}")
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"globalThis.Konva = {};")
    assert answer["Content-Type"].startswith("text/javascript")
    assert client.get("/static/packages/secret.js").status_code == 404


@pytest.mark.parametrize(("debug", "level"), [(True, "WARNING"), (False, "ERROR")])
def test_a_missing_package_is_named(packages: Path, settings: SettingsWrapper, debug: bool, level: str) -> None:
    """[BD103] A file that is not installed is named with what to do; a laptop is warned, a release is stopped."""
    (packages / "konva" / "konva.min.js").unlink()
    settings.DEBUG = debug
    (message,) = PackageFinder().check()
    assert str(message).startswith(f"?: (static.E001) {KONVA} is not installed")
    assert "make play" in str(message.hint)
    assert message.is_serious() is (level == "ERROR")
    assert finders.find(KONVA) is None
    with pytest.raises((SystemCheckError, CommandError), match="konva"):
        call_command("check", tags=["staticfiles"], fail_level=level)


def test_a_release_without_a_package_is_not_collected(packages: Path, tmp_path: Path, settings: SettingsWrapper) -> None:
    """[BD103] `collectstatic` ends before it writes anything."""
    (packages / "konva" / "konva.min.js").unlink()
    settings.DEBUG, settings.STATIC_ROOT = False, tmp_path / "root"
    with pytest.raises(SystemCheckError, match="konva"):
        call_command("collectstatic", interactive=False, verbosity=0, skip_checks=False)
    assert not (tmp_path / "root").exists()


@pytest.mark.django_db(databases="__all__")
def test_production_has_the_package_under_a_hashed_name(collected: Path) -> None:
    """[BD104] In production the file is collected as it is, under a hashed name, which the import map has."""
    url = staticfiles_storage.url(KONVA)
    assert re.fullmatch(r"/static/packages/konva\.min\.[0-9a-f]{12}\.js", url)
    assert (collected / url.removeprefix("/static/")).read_text() == "globalThis.Konva = {};"
    (imports,) = (text for attributes, text in scripts(Client(headers=REGION).get("/r/tea/")) if attributes.get("type") == "importmap")
    assert json.loads(imports) == {"imports": {"konva": url}}


def test_modules_keep_the_bare_name(collected: Path) -> None:
    """[BD104] Hashing rewrites what modules import by a path, and leaves the name that the import map explains."""
    hashed = [path for path in (collected / "gameserver").rglob("*.mjs") if HASHED.search(path.name)]
    imports = [name for path in hashed for name in IMPORTED.findall(path.read_text())]
    assert len(imports) > 100
    assert {name for name in imports if not HASHED.search(name)} <= {"konva"}


@pytest.mark.parametrize("order", [1, -1])
def test_long_chains_of_modules_are_hashed(tmp_path: Path, settings: SettingsWrapper, order: int) -> None:
    """[BD104] However long a chain of imports is, in whatever order it is read, each module has the hashed name of the next."""
    names = [f"m{number:02}.mjs" for number in range(20)][::order]
    (tmp_path / "chain").mkdir()
    for name, following in pairwise([*names, ""]):
        text = f'import "./{following}";\n' if following else "export {};\n"
        (tmp_path / "chain" / name).write_text(text)
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [tmp_path / "chain"], tmp_path / "root"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"}}
    finders.get_finder.cache_clear()
    call_command("collectstatic", interactive=False, verbosity=0)
    finders.get_finder.cache_clear()
    path, seen = tmp_path / "root" / staticfiles_storage.stored_name(names[0]), 1  # type: ignore[attr-defined]
    while found := IMPORTED.findall(path.read_text()):
        path, seen = path.parent / found[0], seen + 1
    assert seen == len(names)
