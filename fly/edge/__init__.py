"""Fly's edge on a laptop: a real proxy in front of real server processes, one for each pretend Machine (docs/edge.md)."""
