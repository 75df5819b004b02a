"""Static files: found when the first one is asked for; in production under hashed names, so that a browser never mixes the modules of
two releases. Files of packages from npm are those that BROWSER_PACKAGES names, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder, searched_locations
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import FileSystemStorage, Storage
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash `.mjs` files too and rewrite what they import; Django does so for `.js` only."""

    support_js_module_import_aggregation = True
    # A module's name is known when those it imports have theirs: as many rounds as the longest chain has links, when the order is bad.
    max_post_process_passes = 50
    patterns = (*HashedFilesMixin.patterns, ("*.mjs", HashedFilesMixin._js_module_import_aggregation_patterns[1]))  # type: ignore[attr-defined]


class PackageStorage(FileSystemStorage):
    """Files of `node_modules` under other names: those by which the pages know them."""

    def __init__(self, names: dict[str, str], root: Path) -> None:
        """names: {name on the pages: path below `root`}."""
        super().__init__(location=root)
        self.names = names

    def path(self, name: str) -> str:
        """Where the file lies. Raises KeyError for a name that is not in the list."""
        return super().path(self.names[name])


class PackageFinder(BaseFinder):
    """Finds what BROWSER_PACKAGES names in BROWSER_PACKAGES_ROOT: for runserver, for WhiteNoise, and for collectstatic."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = PackageStorage(dict(settings.BROWSER_PACKAGES), Path(settings.BROWSER_PACKAGES_ROOT))

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Name each file that is not installed. A laptop can do without; a release is stopped before it is collected."""
        kind = Warning if settings.DEBUG else Error
        missing = [name for name in self.storage.names if not self.storage.exists(name)]
        hint = "Run `make play`, or `npm ci`. Until then the worlds that need it are not shown."
        return [kind(f"{name} is not installed: there is no {self.storage.path(name)}.", hint=hint, id="static.E001") for name in missing]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's path, or [] if it is none of ours; with `find_all` always a list."""
        searched_locations.append(self.storage.location)
        if path not in self.storage.names or not self.storage.exists(path):
            return []
        found = self.storage.path(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        """Those that are installed."""
        for name in self.storage.names:
            if self.storage.exists(name) and not matches_patterns(name, ignore_patterns):
                yield name, self.storage


class StaticMiddleware:
    """WhiteNoise, made at the first request for a file: it then looks at every file there is, which a start need not wait for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    @cached_property
    def _files(self) -> Callable[[HttpRequest], HttpResponseBase]:
        files: Callable[[HttpRequest], HttpResponseBase] = WhiteNoiseMiddleware(self.get_response)
        return files

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The file, or what stands behind."""
        if request.path_info.startswith(settings.STATIC_URL):
            return self._files(request)
        return self.get_response(request)
