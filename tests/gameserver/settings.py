"""The settings, and the worlds of the tests."""

from config.settings import *  # noqa: F403
from config.settings import GAMESERVER_WORLDS as _WORLDS

GAMESERVER_WORLDS = (*_WORLDS, "tests.gameserver.worlds")
