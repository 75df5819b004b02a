"""The network between a client and its edge: latency, jitter and loss as rules; bytes and a moment in, moments out. Pure (ED50, ED51)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import parse_qsl

SEGMENT_BYTES = 1460
"""What a TCP segment carries on Ethernet: 1500 bytes without 40 of headers."""
RTO_MIN_MS = 200.0
"""No retransmission timeout is shorter on Linux (TCP_RTO_MIN, HZ / 5, in its net/tcp.h); RFC 6298, 2.4 would even have a second."""
RTO_ROUND_TRIPS = 2.0
"""RFC 6298, 2.2 begins with three round trips and approaches one when all take equally long; between the two."""
MAX_TIMEOUTS = 3
"""In a row, for one segment: at 50% more of them would look like a broken cable, and that is what `cut` is for."""
BOUNDS: Mapping[str, float] = {"latency_ms": 2000, "jitter_ms": 1000, "loss_percent": 50, "seed": 2**32 - 1}
"""The largest value of each; the least is 0."""
SHORT: Mapping[str, str] = {"latency": "latency_ms", "jitter": "jitter_ms", "loss": "loss_percent", "seed": "seed"}
HEADER = "x-edge-weather"
COOKIE = "edge-weather"


class BadWeather(ValueError):
    """A value that cannot be; the message is a sentence for whoever set it."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What each way adds. `jitter_ms`: how far the latency strays to both sides. `loss_percent`: of the segments. `seed`: of the dice."""

    latency_ms: float = 0
    jitter_ms: float = 0
    loss_percent: float = 0
    seed: int = 0

    @property
    def is_clear(self) -> bool:
        """Whether bytes pass as they come."""
        return not (self.latency_ms or self.jitter_ms or self.loss_percent)

    @property
    def timeout_ms(self) -> float:
        """How much later a lost segment comes: max(200 ms, two round trips)."""
        return max(RTO_MIN_MS, RTO_ROUND_TRIPS * 2 * self.latency_ms)

    def values(self) -> dict[str, float]:
        """By name, as they are told and set from outside."""
        return asdict(self)

    def __str__(self) -> str:
        return "clear" if self.is_clear else f"{self.latency_ms:g} ms ± {self.jitter_ms:g} ms each way, {self.loss_percent:g}% lost"


CLEAR = Weather()


def amend(weather: Weather, values: Mapping[str, object]) -> Weather:
    """The same with other values; what is not named stays. Raises BadWeather."""
    for name, value in values.items():
        if name not in BOUNDS:
            raise BadWeather(f"There is no {name[:40]!r} in the weather; there are {', '.join(BOUNDS)}.")
        whole = " whole" if name == "seed" else ""
        is_number = isinstance(value, int) if whole else isinstance(value, int | float)
        if isinstance(value, bool) or not is_number or not 0 <= value <= BOUNDS[name]:  # type: ignore[operator]
            raise BadWeather(f"{name} is a{whole} number from 0 to {BOUNDS[name]:g}, not {str(value)[:40]}.")
    return replace(weather, **values)  # type: ignore[arg-type]


def parse(text: str) -> Weather:
    """The weather that a client asks for itself: `latency=100&jitter=30&loss=2&seed=7`. Raises BadWeather."""
    values: dict[str, object] = {}
    for name, value in parse_qsl(text.strip(), keep_blank_values=True):
        try:
            values[SHORT.get(name, name)] = int(value) if name == "seed" else float(value)
        except ValueError:
            raise BadWeather(f"{name[:40]} is a number, not {value[:40]!r}.") from None
    if not values:
        raise BadWeather("Weather is asked for as latency=100&jitter=30&loss=2.")
    return amend(CLEAR, values)


def own(headers: Iterable[tuple[bytes, bytes]]) -> Weather | None:
    """What a request asks for itself by its header, else by its cookie; None if it does not.

    Raises BadWeather for a malformed header. A malformed cookie is none: who has an old one could not load the page that mends it.
    """
    crumbs: list[str] = []
    for name, value in headers:
        if name == HEADER.encode():
            return parse(value.decode("latin-1"))
        if name == b"cookie":
            crumbs += value.decode("latin-1").split(";")
    for crumb in crumbs:
        name_of, _, text = crumb.strip().partition("=")
        if name_of == COOKIE:
            try:
                return parse(text)
            except BadWeather:
                return None
    return None


@dataclass(eq=False, slots=True)
class Sky:
    """The weather over many connections, which can change under them, or over one that asked for its own (`is_own`)."""

    weather: Weather = CLEAR
    is_own: bool = False
    tell: Callable[[Weather], object] = lambda weather: None
    is_clear: bool = field(init=False)
    """As the weather's own; kept, because it is asked for every chunk that passes."""

    def __post_init__(self) -> None:
        self.is_clear = self.weather.is_clear

    def change(self, weather: Weather) -> None:
        """Another weather, for all bytes that are sent from now on; `tell` hears of it if it is another."""
        if weather != self.weather:
            self.weather, self.is_clear = weather, weather.is_clear
            self.tell(weather)


@dataclass(eq=False, slots=True)
class Lane:
    """One direction of a connection: order is kept, as TCP keeps it. `number`: which connection of its edge; `direction`: up or down.

    The same seed, number, direction and writes give the same moments. Under a sky of its own the number does not count.
    """

    sky: Sky
    number: int
    direction: str
    _last_ms: float = -math.inf
    _key: tuple[int, int] | None = None
    _dice: random.Random = field(default_factory=random.Random)

    def travel(self, now_ms: float, size_bytes: int) -> list[tuple[int, float]]:
        """When the bytes of one write arrive: their number and the moment, in order, none before what was sent ahead of them.

        The latency strays once for a write, evenly to both sides; loss strikes each segment by itself, and holds up all behind it.
        """
        weather = self.sky.weather
        dice = self._shaken(weather)
        due_ms = now_ms + max(0.0, weather.latency_ms + weather.jitter_ms * (2 * dice.random() - 1))
        if not weather.loss_percent:
            self._last_ms = max(self._last_ms, due_ms)
            return [(size_bytes, self._last_ms)]
        arrivals: list[tuple[int, float]] = []
        for start in range(0, max(size_bytes, 1), SEGMENT_BYTES):
            size = min(SEGMENT_BYTES, size_bytes - start)
            before_ms, self._last_ms = self._last_ms, max(self._last_ms, due_ms + _repair_ms(weather, dice))
            if arrivals and before_ms == self._last_ms:
                size += arrivals.pop()[0]
            arrivals.append((size, self._last_ms))
        return arrivals

    def _shaken(self, weather: Weather) -> random.Random:
        key = (weather.seed, 0 if self.sky.is_own else self.number)
        if key != self._key:
            self._key = key
            self._dice.seed(f"{key[0]} {key[1]} {self.direction}")
        return self._dice


def _repair_ms(weather: Weather, dice: random.Random) -> float:
    """How much later one segment comes for being lost; each further time its timeout is twice as long (RFC 6298, 5.5)."""
    late_ms, timeout_ms = 0.0, weather.timeout_ms
    for _ in range(MAX_TIMEOUTS):
        if dice.random() * 100 >= weather.loss_percent:
            break
        late_ms += timeout_ms
        timeout_ms *= 2
    return late_ms
