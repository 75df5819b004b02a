"""Fly's regions: code, city, country, place on the globe. Data in regions.csv; pure."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

EARTH_RADIUS_KM = 6371.0
_CURRENT = frozenset(("ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad"))
_CURRENT |= {"jnb", "lax", "lhr", "nrt", "ord", "sin", "sjc", "syd", "yyz"}
_ISO = {
    "Argentina": "AR", "Australia": "AU", "Brazil": "BR", "Canada": "CA", "Chile": "CL", "Colombia": "CO", "France": "FR",
    "Germany": "DE", "Hong Kong": "HK", "India": "IN", "Japan": "JP", "Mexico": "MX", "Netherlands": "NL", "Poland": "PL",
    "Romania": "RO", "Singapore": "SG", "South Africa": "ZA", "Spain": "ES", "Sweden": "SE", "United Kingdom": "GB",
    "United States": "US",
}  # fmt: skip

_CITIES = {
    "ewr": "New York",
    "iad": "Washington",
    "eze": "Buenos Aires",
    "gru": "São Paulo",
    "bog": "Bogotá",
    "qro": "Querétaro",
    "yul": "Montréal",
}


@dataclass(frozen=True, slots=True)
class Region:
    """One region as Fly lists it; `lat` and `lon` in degrees; `deprecated` ones take no new Machines."""

    code: str
    name: str
    country: str
    lat: float
    lon: float
    deprecated: bool

    @property
    def city(self) -> str:
        """What people call it: the city that the place belongs to, without the state."""
        return _CITIES.get(self.code) or self.name.split(",")[0].split(" (")[0]

    @property
    def flag(self) -> str:
        """The country's flag as two regional indicator symbols."""
        return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in _ISO[self.country])


def _load(path: Path) -> Mapping[str, Region]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    regions = [
        Region(row["code"], row["name"], row["country"], float(row["lat"]), float(row["lon"]), row["code"] not in _CURRENT) for row in rows
    ]
    return MappingProxyType({region.code: region for region in regions})


REGIONS: Mapping[str, Region] = _load(Path(__file__).with_name("regions.csv"))


def distance_km(a: Region, b: Region) -> float:
    """The great-circle distance of two regions in kilometres (haversine)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def by_distance(code: str, among: Iterable[str]) -> list[str]:
    """The known codes of `among`, nearest to `code` first; in their given order if `code` is unknown."""
    known = [other for other in among if other in REGIONS]
    if code not in REGIONS:
        return known
    return sorted(known, key=lambda other: distance_km(REGIONS[code], REGIONS[other]))


def nearest(code: str, among: Iterable[str]) -> str | None:
    """The code of `among` nearest to `code`, itself left out; None if there is no other."""
    return next((other for other in by_distance(code, among) if other != code), None)
