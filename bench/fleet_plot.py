"""Draws a simulated day as one SVG: players and Machines over the hours, and who had to wait. No library: lines and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP = 960, 560, 70, 70, 82
PANEL_H, GAP = 250, 50
LOW_H = HEIGHT - TOP - PANEL_H - GAP - 40
COLOURS = {"players": "#2563eb", "machines": "#d97706", "ideal": "#6b7280", "waited": "#dc2626"}


@dataclass(frozen=True, slots=True)
class Point:
    """One moment: hours since midnight UTC, players in, Machines that run, those that an ideal fleet needs, joins that waited or moved."""

    hour: float
    players: int
    machines: int
    ideal: int
    waited: int


def draw(points: Sequence[Point], title: str, outage: tuple[str, float, float], path: Path) -> None:
    """Write the picture. outage: region, first and last hour."""
    players = max(max(point.players for point in points), 1)
    machines = max(max(max(point.machines, point.ideal) for point in points), 1)
    waited = max(max(point.waited for point in points), 1)
    low = TOP + PANEL_H + GAP
    body = [
        _band(outage),
        *_axis(TOP, PANEL_H, players, "players", LEFT, "end"),
        *_axis(TOP, PANEL_H, machines, "Machines", WIDTH - RIGHT, "start"),
        *_axis(low, LOW_H, waited, "joins that waited, in 5 minutes", LEFT, "end"),
        *_hours(low + LOW_H),
        _line([(point.hour, point.players / players) for point in points], TOP, PANEL_H, "players"),
        _line([(point.hour, point.ideal / machines) for point in points], TOP, PANEL_H, "ideal", dashed=True),
        _line([(point.hour, point.machines / machines) for point in points], TOP, PANEL_H, "machines"),
        *(_bar(point, waited, low) for point in points if point.waited),
        *_legend(),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12" '
        f'role="img" aria-label="{title}"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{LEFT}" y="22" font-size="15" fill="#111827">{title}</text>'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(body) + "</svg>\n", encoding="utf-8")


def _x(hour: float) -> float:
    return LEFT + hour / 24 * (WIDTH - LEFT - RIGHT)


def _line(values: Sequence[tuple[float, float]], top: float, height: float, name: str, *, dashed: bool = False) -> str:
    dots = " ".join(f"{_x(hour):.1f},{top + height * (1 - value):.1f}" for hour, value in values)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{dots}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"{dash}/>'


def _bar(point: Point, most: int, top: float) -> str:
    height = LOW_H * point.waited / most
    return f'<rect x="{_x(point.hour):.1f}" y="{top + LOW_H - height:.1f}" width="2.8" height="{height:.1f}" fill="{COLOURS["waited"]}"/>'


def _band(outage: tuple[str, float, float]) -> str:
    region, first, last = outage
    return (
        f'<rect x="{_x(first):.1f}" y="{TOP}" width="{_x(last) - _x(first):.1f}" height="{HEIGHT - TOP - 40}" fill="#fee2e2"/>'
        f'<text x="{_x(last) + 4:.1f}" y="{TOP + PANEL_H + 24}" fill="#991b1b">{region} is out</text>'
    )


def _axis(top: float, height: float, most: int, name: str, x: float, anchor: str) -> list[str]:
    shift = -6 if anchor == "end" else 6
    marks = []
    for part in (0, 0.5, 1):
        y = top + height * (1 - part)
        marks += [
            f'<text x="{x + shift}" y="{y + 4:.1f}" text-anchor="{anchor}" fill="#6b7280">{_short(most * part)}</text>',
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>',
        ]
    place = LEFT if anchor == "end" else WIDTH - RIGHT
    side = "start" if anchor == "end" else "end"
    return [*marks, f'<text x="{place}" y="{top - 6}" text-anchor="{side}" fill="#374151">{name}</text>']


def _hours(y: float) -> list[str]:
    return [f'<text x="{_x(hour):.1f}" y="{y + 18:.1f}" text-anchor="middle" fill="#6b7280">{hour}:00</text>' for hour in range(0, 25, 3)]


def _legend() -> list[str]:
    words = {"players": "players in", "machines": "Machines that run", "ideal": "Machines that an ideal fleet needs"}
    return [
        f'<rect x="{LEFT + 170 * place}" y="42" width="12" height="3" fill="{COLOURS[name]}"/>'
        f'<text x="{LEFT + 18 + 170 * place}" y="47" fill="#374151">{text}</text>'
        for place, (name, text) in enumerate(words.items())
    ]


def _short(number: float) -> str:
    for limit, letter in ((1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{letter}"
    return f"{number:.3g}"
