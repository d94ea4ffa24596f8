"""Searching around a point (`near`, `near-insee-code`; ROR-API 3.2)."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.communes import communes
from rorbridge.lookalike.outcome import InvalidParameterError
from rorbridge.lookalike.search import values
from rorbridge.lookalike.search.rows import Rows, from_numbers

_EARTH_KM: Final = 6371.0088
"""Mean radius of the Earth (IUGG)."""
_CELL: Final = 0.1
"""Side of a cell of the grid, in degrees: about 11 km from north to south."""
_KM_PER_DEGREE: Final = math.pi * _EARTH_KM / 180
_UNITS: Final = {"km": 1.0, "": 1.0, "m": 0.001}


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre in WGS84 degrees and a radius in km."""

    latitude: float
    longitude: float
    radius: float


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Give the great-circle distance of two points in km (haversine)."""
    lat, other = math.radians(latitude), math.radians(other_latitude)
    across = math.sin((other - lat) / 2) ** 2
    along = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, across + math.cos(lat) * math.cos(other) * along)))


def position(location: Json) -> tuple[float, float] | None:
    """Give latitude and longitude of a Location, or None when it has no position."""
    found = location.get("position")
    if not found or "latitude" not in found or "longitude" not in found:
        return None
    return found["latitude"], found["longitude"]


def circle(value: str) -> Circle:
    """Read ``latitude|longitude|distance|unit``; the unit may be left out and is km then."""
    parts = value.split("|")
    if len(parts) not in {3, 4}:
        message = f"Position illisible : « {value} » (attendu : latitude|longitude|distance|km)"
        raise InvalidParameterError(message)
    latitude, longitude = values.number(parts[0]), values.number(parts[1])
    if abs(latitude) > 90 or abs(longitude) > 180:
        message = f"Coordonnées hors limites : « {value} »"
        raise InvalidParameterError(message)
    return Circle(latitude, longitude, _radius(parts[2], parts[3] if len(parts) == 4 else ""))


def circle_of_commune(value: str) -> Circle:
    """Read ``INSEE code|distance|unit``, a circle around the commune's point."""
    parts = value.split("|")
    if len(parts) not in {2, 3}:
        message = f"Commune et distance illisibles : « {value} » (attendu : code INSEE|distance|km)"
        raise InvalidParameterError(message)
    commune = communes().get(parts[0])
    if commune is None:
        message = f"Code INSEE inconnu : « {parts[0]} »"
        raise InvalidParameterError(message)
    return Circle(commune.latitude, commune.longitude, _radius(parts[1], parts[2] if len(parts) == 3 else ""))


def _radius(text: str, unit: str) -> float:
    if unit not in _UNITS:
        message = f"Unité de distance inconnue : « {unit} » (attendu : km)"
        raise InvalidParameterError(message)
    radius = values.number(text) * _UNITS[unit]
    if radius < 0:
        message = f"Distance négative : « {text} »"
        raise InvalidParameterError(message)
    return radius


class PositionIndex:
    """Positions in a grid, so that a search measures only what is near its circle."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._cells: defaultdict[tuple[int, int], list[tuple[int, float, float]]] = defaultdict(list)

    def add(self, row: int, value: tuple[float, float]) -> None:
        """Note the latitude and longitude of *row*."""
        latitude, longitude = value
        self._cells[_cell(latitude), _cell(longitude)].append((row, latitude, longitude))

    def within(self, wanted: Circle) -> Rows:
        """Give the rows inside a circle, its edge included."""
        found = (
            row
            for row, latitude, longitude in self._candidates(wanted)
            if distance(wanted.latitude, wanted.longitude, latitude, longitude) <= wanted.radius
        )
        return from_numbers(found, self._size)

    def _candidates(self, wanted: Circle) -> Iterator[tuple[int, float, float]]:
        """Give what lies in the cells that the circle's bounding box touches."""
        tall = wanted.radius / _KM_PER_DEGREE
        southern, northern = _cell(wanted.latitude - tall), _cell(wanted.latitude + tall)
        # A circle is widest, in degrees, at its edge nearest to a pole.
        edge = min(89.9, abs(wanted.latitude) + tall)
        wide = tall / math.cos(math.radians(edge))
        western, eastern = _cell(wanted.longitude - wide), _cell(wanted.longitude + wide)
        over_the_date_line = wanted.longitude - wide < -180 or wanted.longitude + wide > 180
        if over_the_date_line or (northern - southern + 1) * (eastern - western + 1) > len(self._cells):
            for (lat, lon), content in self._cells.items():
                if southern <= lat <= northern and (over_the_date_line or western <= lon <= eastern):
                    yield from content
            return
        for lat in range(southern, northern + 1):
            for lon in range(western, eastern + 1):
                yield from self._cells.get((lat, lon), ())


class NearIndex:
    """The parameter `near` or `near-insee-code` over positions; *insee* chooses which."""

    modifiers: frozenset[str] = frozenset()
    ordered = False

    def __init__(self, positions: PositionIndex, insee: bool) -> None:
        self._positions = positions
        self.read = circle_of_commune if insee else circle
        """Reads a value as a circle."""

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows inside the circle that *value* describes."""
        del modifier
        return self._positions.within(self.read(value))


def _cell(degrees: float) -> int:
    return math.floor(degrees / _CELL)
