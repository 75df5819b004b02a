"""Benchmarks: each prints one JSON line, with the limit or the peer measured in the same run, and quotes ratios."""
