"""The way of one request as text: `ewr edge -> ewr machine 148e (replay region=cdg) -> cdg machine 90ab, 84 ms`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from fly.headers import ReplayInstruction


@dataclass(frozen=True, slots=True)
class Hop:
    """One Machine that had the request, and what it or the edge made of it."""

    region: str
    machine: str
    said: str = ""


@dataclass(slots=True)
class Trace:
    """Collected while a request is carried."""

    edge: str
    hops: list[Hop] = field(default_factory=list)

    def text(self, elapsed_ms: float, arrow: str = "->") -> str:
        """One line; ASCII with the default arrow, as it goes into a header."""
        parts = [f"{self.edge} edge"]
        for hop in self.hops:
            parts.append(f"{hop.region} machine {hop.machine[:4]}" + (f" ({hop.said})" if hop.said else ""))
        return f" {arrow} ".join(parts) + f", {elapsed_ms:.0f} ms"

    def headers(self, elapsed_ms: float) -> list[tuple[bytes, bytes]]:
        """`fly-edge-trace` for people, `server-timing` for the browser's network panel."""
        replays = sum(1 for hop in self.hops if hop.said)
        timing = f'edge;desc="{self.edge}";dur={elapsed_ms:.1f}, replays;desc="{replays}"'
        return [(b"fly-edge-trace", self.text(elapsed_ms).encode("ascii", "replace")), (b"server-timing", timing.encode())]


def describe(instruction: ReplayInstruction) -> str:
    """What a replay asks for, in a few words."""
    fields = {
        "region": ",".join(instruction.region),
        "instance": instruction.instance[:4],
        "prefer_instance": instruction.prefer_instance[:4],
        "app": instruction.app,
        "elsewhere": "true" if instruction.elsewhere else "",
    }
    return "replay " + " ".join(f"{name}={value}" for name, value in fields.items() if value)
