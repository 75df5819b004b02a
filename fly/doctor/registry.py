"""Which checks there are, and running them: one that breaks is a finding like others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fly.doctor.finding import Finding, error

Check = Callable[[], Iterable[Finding]]

AREAS: dict[str, list[Check]] = {}
"""Checks by area, in the order in which they were registered."""


def check(area: str) -> Callable[[Check], Check]:
    """Register what gathers facts and judges them."""

    def keep(found: Check) -> Check:
        if found not in AREAS.setdefault(area, []):
            AREAS[area].append(found)
        return found

    return keep


def examine(only: Iterable[str] = ()) -> Iterator[tuple[str, Finding]]:
    """Run the checks of these areas, of all if none is named; (area, finding). Raises nothing."""
    wanted = set(only) or set(AREAS)
    for area in [area for area in AREAS if area in wanted]:
        for found in AREAS[area]:
            yield from ((area, one) for one in _run(found))


def _run(found: Check) -> list[Finding]:
    try:
        return list(found())
    except Exception as broken:  # noqa: BLE001 (whatever is wrong with a deployment, the other checks are wanted)
        # Its text is not repeated: it may hold an address with a password.
        name = found.__name__.strip("_").replace("_", " ")
        return [error(name, f"The check itself failed: {type(broken).__name__}.", "Mend what the findings above say, then look again.")]
