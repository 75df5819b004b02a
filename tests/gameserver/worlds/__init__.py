"""Worlds for tests whose server is a process of its own: tests.gameserver.settings names them."""
