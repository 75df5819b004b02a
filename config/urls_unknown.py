"""Hosts that are not ours have no pages (R11); `fly.middleware` answers them before any pattern is looked at."""

urlpatterns: list[object] = []
