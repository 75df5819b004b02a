"""Our ASGI server: Daphne, subclassed, with what it lacks.

`python -m fly.server module:application` runs it; docs/server.md says what it promises. Daphne and Twisted do HTTP, and the
opening handshake; an open socket moves to asyncio and is framed by the `websockets` package.
"""
