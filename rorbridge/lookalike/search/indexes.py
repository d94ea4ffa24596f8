"""Indexes over the values of one search parameter: each answers which rows have a value (FHIR R4 search).

Built from what the resources say, never from how they were invented, so that what is found can be trusted to be what a
client sees.
"""

import math
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from functools import lru_cache
from typing import Final, Protocol

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.outcome import InvalidParameterError
from rorbridge.lookalike.search import values
from rorbridge.lookalike.search.rows import NONE, Rows, every, from_numbers

Pair = tuple[str, str]


class Index(Protocol):
    """What every index can do."""

    @property
    def modifiers(self) -> frozenset[str]:
        """Modifiers that `find` takes, besides none (the empty string)."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether values may carry a comparison prefix such as ``ge``."""
        ...

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with *value*, one alternative of a parameter. InvalidParameterError when it is unreadable."""
        ...


class TokenIndex:
    """Coded values: system and code. Codes are told apart by case."""

    modifiers: frozenset[str] = frozenset({"not"})
    ordered = False

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: defaultdict[Pair, list[int]] = defaultdict(list)
        self._systems: set[str] = set()

    def add(self, row: int, value: Pair) -> None:
        """Note that *row* has the token *value*."""
        self._systems.add(value[0])
        self._rows[value].append(row)

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a token; the modifier ``not`` is turned round by whoever joins the alternatives."""
        del modifier
        system, code = values.token(value)
        if system is None:
            # There are a handful of systems to a parameter, so asking each is quicker than a second index.
            return self._union([(known, code) for known in self._systems])
        if not code:
            return self._union([key for key in self._rows if key[0] == system])
        return self._union([(system, code)])

    def _union(self, keys: list[Pair]) -> Rows:
        return from_numbers((row for key in keys for row in self._rows.get(key, ())), self._size)


class IdentifierIndex:
    """Identifiers: tokens of system and value, which can also be asked for by their type (``:of-type``)."""

    modifiers = frozenset({"not", "of-type"})
    ordered = False

    def __init__(self, size: int) -> None:
        self._size = size
        self._tokens = TokenIndex(size)
        self._typed: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)

    def add(self, row: int, value: Json) -> None:
        """Note that *row* has the Identifier *value*."""
        number = value["value"]
        self._tokens.add(row, (value.get("system", ""), number))
        for coding in value.get("type", {}).get("coding", ()):
            self._typed[coding.get("system", ""), coding.get("code", ""), number].append(row)

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with an identifier; with ``of-type`` the value is ``type system|type code|value``."""
        if modifier != "of-type":
            return self._tokens.find(value, modifier)
        parts = value.split("|")
        if len(parts) != 3 or not all(parts):
            message = f"Identifiant typé illisible : « {value} » (attendu : système|code|valeur)"
            raise InvalidParameterError(message)
        system, code, text = (values.unescape(part) for part in parts)
        return from_numbers(self._typed.get((system, code, text), ()), self._size)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Give *text* without case and accents, as strings are compared."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


class StringIndex:
    """Texts, found by how they begin, without regard to case and accents; ``:contains`` and ``:exact`` too."""

    modifiers: frozenset[str] = frozenset({"contains", "exact"})
    ordered = False

    def __init__(self, size: int) -> None:
        self._size = size
        self._texts: list[tuple[str, int, str]] = []
        self._sorted = True

    def add(self, row: int, value: str) -> None:
        """Note that *row* has the text *value*."""
        self._texts.append((fold(value), row, value))
        self._sorted = False

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a text that begins with, contains or is *value*."""
        wanted = values.unescape(value)
        if modifier == "exact":
            return from_numbers((row for _, row, text in self._texts if text == wanted), self._size)
        wanted = fold(wanted)
        if modifier == "contains":
            return from_numbers((row for text, row, _ in self._texts if wanted in text), self._size)
        if not self._sorted:
            self._texts.sort()
            self._sorted = True
        start = bisect_left(self._texts, (wanted,))
        end = bisect_left(self._texts, (wanted + "\U0010ffff",))
        return from_numbers((row for _, row, _ in self._texts[start:end]), self._size)


class OrderedIndex:
    """Values on a line, asked for by comparison with a stretch of it. A row matches when any of its values does."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pairs: list[tuple[float, int]] = []
        self._sorted = True

    def add(self, row: int, value: float) -> None:
        """Note that *row* has *value*."""
        self._pairs.append((value, row))
        self._sorted = False

    def compare(self, prefix: str, wanted: values.Interval) -> Rows:
        """Give the rows with a value that compares with *wanted* as *prefix* says; values are points."""
        if not self._sorted:
            self._pairs.sort()
            self._sorted = True
        below = bisect_left(self._pairs, (wanted.low,))
        if wanted.low == wanted.high:
            up_to = bisect_right(self._pairs, (wanted.high, self._size))
        else:
            up_to = bisect_left(self._pairs, (wanted.high,))
        match prefix:
            case "eq":
                pieces = [self._pairs[below:up_to]]
            case "ne":
                pieces = [self._pairs[:below], self._pairs[up_to:]]
            case "lt" | "eb":
                pieces = [self._pairs[:below]]
            case "le":
                pieces = [self._pairs[:up_to]]
            case "gt" | "sa":
                pieces = [self._pairs[up_to:]]
            case _:
                pieces = [self._pairs[below:]]
        return from_numbers((row for piece in pieces for _, row in piece), self._size)


@lru_cache(maxsize=8192)
def _moment(text: str) -> float:
    """Give the first second of a date; many resources share theirs."""
    return values.date(text).low


class DateIndex:
    """Moments, compared with a date of any precision; the data's own moments count as points."""

    modifiers: frozenset[str] = frozenset()
    ordered = True

    def __init__(self, size: int) -> None:
        self._moments = OrderedIndex(size)

    def add(self, row: int, value: str) -> None:
        """Note that *row* has the moment *value*, an instant or a date."""
        self._moments.add(row, _moment(value))

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a moment that compares with the date *value* as its prefix says."""
        del modifier
        prefix, text = values.prefixed(value)
        wanted = values.date(text)
        if prefix == "ap":
            # Near a day: the FHIR specification leaves it to the server; a tenth of the stretch is its own proposal.
            slack = (wanted.high - wanted.low) * 0.1
            prefix, wanted = "eq", values.Interval(wanted.low - slack, wanted.high + slack)
        return self._moments.compare(prefix, wanted)


class PeriodIndex:
    """Periods, compared with a date of any precision by how the two overlap; a side left open reaches for ever."""

    modifiers: frozenset[str] = frozenset()
    ordered = True

    def __init__(self, size: int) -> None:
        self._size = size
        self._periods: list[tuple[int, values.Interval]] = []

    def add(self, row: int, value: Json) -> None:
        """Note that *row* has the Period *value*."""
        low = values.date(value["start"]).low if "start" in value else -math.inf
        high = values.date(value["end"]).high if "end" in value else math.inf
        self._periods.append((row, values.Interval(low, high)))

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a period that compares with the date *value* as its prefix says (FHIR R4 search)."""
        del modifier
        prefix, text = values.prefixed(value)
        wanted = values.date(text)
        return from_numbers((row for row, one in self._periods if _compares(prefix, one, wanted)), self._size)


def _compares(prefix: str, one: values.Interval, wanted: values.Interval) -> bool:
    within = wanted.low <= one.low and one.high <= wanted.high
    overlaps = one.low < wanted.high and wanted.low < one.high
    found = {
        "eq": within,
        "ne": not within,
        "gt": one.high > wanted.high,
        "ge": one.high > wanted.high or within,
        "lt": one.low < wanted.low,
        "le": one.low < wanted.low or within,
        "sa": one.low >= wanted.high,
        "eb": one.high <= wanted.low,
    }
    return found.get(prefix, overlaps)


def _around(prefix: str, wanted: float) -> tuple[str, values.Interval]:
    if prefix == "ap":
        slack = abs(wanted) * 0.1
        return "eq", values.Interval(wanted - slack, wanted + slack)
    return prefix, values.Interval(wanted, wanted)


class NumberIndex:
    """Numbers, compared exactly."""

    modifiers: frozenset[str] = frozenset()
    ordered = True

    def __init__(self, size: int) -> None:
        self._numbers = OrderedIndex(size)

    def add(self, row: int, value: float) -> None:
        """Note that *row* has the number *value*."""
        self._numbers.add(row, value)

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a number that compares with *value* as its prefix says."""
        del modifier
        prefix, text = values.prefixed(value)
        return self._numbers.compare(*_around(prefix, values.number(text)))


_UNITS: Final[dict[str, tuple[str, float]]] = {
    "a": ("time", 365.25), "mo": ("time", 30.4375), "wk": ("time", 7.0), "d": ("time", 1.0),
    "kg": ("mass", 1.0), "g": ("mass", 0.001), "m": ("length", 100.0), "cm": ("length", 1.0), "mm": ("length", 0.1),
}  # fmt: skip
"""Dimension and size of the UCUM units that can be converted; a UCUM year has 365.25 days and twelve months."""


class QuantityIndex:
    """Quantities: a number with a unit compares across units (years, months, days), a bare one as it is written."""

    modifiers: frozenset[str] = frozenset()
    ordered = True

    def __init__(self, size: int, default_unit: str | None = None) -> None:
        self._written = OrderedIndex(size)
        self._measured: dict[str, OrderedIndex] = {
            dimension: OrderedIndex(size) for dimension, _ in dict(_UNITS).values()
        }
        self._default_unit = default_unit

    def add(self, row: int, value: tuple[float, str | None]) -> None:
        """Note that *row* has a number and its unit code, None when the data give no unit."""
        number, unit = value
        self._written.add(row, number)
        if known := _UNITS.get(unit or self._default_unit or ""):
            dimension, size = known
            self._measured[dimension].add(row, round(number * size, 6))

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows with a quantity that compares with *value*; an unknown unit is found nowhere."""
        del modifier
        prefix, text = values.prefixed(value)
        number, unit = values.quantity(text)
        if unit is None:
            return self._written.compare(*_around(prefix, number))
        if not (known := _UNITS.get(unit)):
            return NONE
        dimension, size = known
        return self._measured[dimension].compare(*_around(prefix, round(number * size, 6)))


def complement(rows: Rows, size: int) -> Rows:
    """Give all rows of a table of *size* rows that are not in *rows*."""
    return every(size) & ~rows
