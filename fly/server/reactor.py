"""Twisted's reactor on a loop of ours. Imported before anything of Daphne's: whoever installs a reactor first decides which one it is."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import asyncioreactor

from fly.server.gather import make_loop

if "twisted.internet.reactor" not in sys.modules:
    asyncioreactor.install(make_loop())

from twisted.internet import reactor as _installed

reactor: Any = _installed
