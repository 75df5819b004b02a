"""Worlds that only benchmarks know."""
