"""`python -m gameserver.loadtest`: a process of bots, started by `manage.py loadtest`, which it takes its orders from."""

from __future__ import annotations

import asyncio
import sys

from gameserver.loadtest.worker import main

sys.exit(asyncio.run(main()))
