"""Bots that play as anybody does, by the public protocol: what they see, what they want, what they send. No sockets, no clock.

`gameserver.fillers` has them fill empty places in rooms; `gameserver.loadtest` has them come from outside, by the hundred.
"""
