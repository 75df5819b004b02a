"""What can go wrong with a client, by name. docs/protocol.md sections 6 and 7 list the same; a test compares them."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Code(StrEnum):
    """Codes of refused commands."""

    RATE = "rate"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_COMMAND = "unknown_command"
    NOT_JOINED = "not_joined"
    UNAVAILABLE = "unavailable"
    READ_ONLY = "read_only"
    FORGOTTEN = "forgotten"


class Close(IntEnum):
    """Codes that sockets are closed with: 4000 to 4499 mean reconnect, 4500 to 4999 mean stop."""

    MOVED = 4001
    TOO_SLOW = 4002
    OWNER_LOST = 4003
    NOT_ANSWERING = 4004
    FULL = 4005
    NO_JOIN = 4006
    NO_PLACE = 4007
    BAD_TICKET = 4008
    BAD_MESSAGES = 4500
    VERSION = 4501
    FORBIDDEN = 4502
    NO_SUCH_ROOM = 4503
    FLOOD = 4504
    TAKEN_OVER = 4505


class Rejected(Exception):
    """A command that is refused: the client's doing, answered to its session alone, the room unchanged.

    code: one of Code, or a world's own. text: one sentence for the person. wait_ms: when to try again, with `rate`.
    ref: the command's, when it could be read.
    """

    def __init__(self, code: StrEnum, text: str, *, wait_ms: int = 0, ref: int | None = None) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.wait_ms = wait_ms
        self.ref = ref


class Closed(Exception):
    """A socket that must be closed, with its code and one sentence for the person. retry_ms: when to come back, 0 if that is open.

    why: the code's reason in one word, where it has several.
    """

    def __init__(self, code: Close, text: str, *, retry_ms: int = 0, why: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.retry_ms = retry_ms
        self.why = why
