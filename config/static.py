"""Static files of production: hashed names, so that a browser never mixes the modules of two releases."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash `.mjs` files too and rewrite what they import; Django does so for `.js` only."""

    support_js_module_import_aggregation = True
    patterns = (*HashedFilesMixin.patterns, ("*.mjs", HashedFilesMixin._js_module_import_aggregation_patterns[1]))  # type: ignore[attr-defined]
