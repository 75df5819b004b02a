"""What a check says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. An error makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result: `says` what is so, `fix` what to do about it; neither repeats a secret."""

    name: str
    level: Level
    says: str
    fix: str = ""


def ok(name: str, says: str) -> Finding:
    """In order."""
    return Finding(name, Level.OK, says)


def skipped(name: str, why: str) -> Finding:
    """Not to be judged here, and why."""
    return Finding(name, Level.SKIPPED, why)


def warning(name: str, says: str, fix: str) -> Finding:
    """It works, and will surprise somebody."""
    return Finding(name, Level.WARNING, says, fix)


def error(name: str, says: str, fix: str) -> Finding:
    """It will not work, or loses something."""
    return Finding(name, Level.ERROR, says, fix)
