"""Relays: gameservers that serve sockets of a room owned by another Machine of their region.

relay: the relay's side, a copy of the room. far: the owner's side, sessions that are elsewhere. exchange: what one process says to
others and hears from them. A relay decides nothing: commands go to the owner, and what it shows is what the owner showed.
"""
