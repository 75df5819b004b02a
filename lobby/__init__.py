"""The lobby: which regions there are, who is alive in them, and the way in."""
