"""Static files: found when the first one is asked for; in production under hashed names, so that a browser never mixes the modules of
two releases."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from django.conf import settings
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash `.mjs` files too and rewrite what they import; Django does so for `.js` only."""

    support_js_module_import_aggregation = True
    patterns = (*HashedFilesMixin.patterns, ("*.mjs", HashedFilesMixin._js_module_import_aggregation_patterns[1]))  # type: ignore[attr-defined]


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
