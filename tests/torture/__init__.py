"""Torture: clients written from docs/protocol.md alone, a nemesis that breaks Machines under them, and a checker that reads it all."""
