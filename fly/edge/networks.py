"""Who may replay to whom, and who reaches whom directly: apps, their private networks and their organisations. Pure.

Source: Fly docs, networking/custom-private-networks (2026-05) and monitoring/error-codes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from fly.edge.rules import Problem


class Member(Protocol):
    """An app of an organisation, on one private network for ever."""

    @property
    def name(self) -> str:
        """Of the app."""
        ...

    @property
    def network(self) -> str:
        """Its private network: "default" unless it was made with another."""
        ...

    @property
    def org(self) -> str:
        """Its organisation."""
        ...


@dataclass(frozen=True, slots=True)
class Borders:
    """What organisations allow. `cross_network`: those whose replays may cross networks; off is Fly's default. `sources`: for an
    organisation the others that may replay to it, whatever their networks."""

    cross_network: Collection[str] = ()
    sources: Mapping[str, Collection[str]] | None = None


def may_replay(source: Member, target: Member, borders: Borders) -> str:
    """Empty if Machines of `source` may replay to `target`; else one sentence that says why not (AP30)."""
    if source.org != target.org:
        allowed = source.org in (borders.sources or {}).get(target.org, ())
        return "" if allowed else f"the organisation of {target.name} does not let that of {source.name} replay to it"
    if source.network != target.network and source.org not in borders.cross_network:
        return (
            f"{source.name} is on the network {source.network}, {target.name} on {target.network}, and the organisation does not allow "
            f"replays across networks (fly orgs cross-network-replays enable --org {source.org})"
        )
    return ""


def reaches(source: Member, target: Member) -> bool:
    """Whether a Machine of `source` can open a connection to one of `target` without the proxy: on the same private network only."""
    return (source.org, source.network) == (target.org, target.network)


def check_replay(apps: Mapping[str, Member], source: str, target: str, borders: Borders) -> None:
    """Let a replay from one app to another pass. Raises Problem: PA04 for an app there is not, PA05 for one that may not be replayed to.

    Neither is a reason for a fallback. Fly does not say the status; 502 is ours.
    """
    if target not in apps:
        raise Problem(502, "PA04", f"there is no app {target[:40]}")
    why = may_replay(apps[source], apps[target], borders) if source in apps else ""
    if why:
        raise Problem(502, "PA05", f"a replay to {target[:40]} is not allowed: {why}")
