"""One table for each resource type: its rows in the order of their ids, and an index for each parameter."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.search.indexes import (
    DateIndex,
    IdentifierIndex,
    Index,
    NumberIndex,
    PeriodIndex,
    QuantityIndex,
    StringIndex,
    TokenIndex,
)
from rorbridge.lookalike.search.near import NearIndex, PositionIndex
from rorbridge.lookalike.search.parameters import Definition, Kind
from rorbridge.lookalike.search.rows import Rows, from_numbers, to_numbers

_Filled = TokenIndex | IdentifierIndex | StringIndex | NumberIndex | DateIndex | PeriodIndex | QuantityIndex


class Table:
    """The resources of one type, in a fixed order, indexed by the parameters of *definitions*."""

    def __init__(self, resources: dict[str, Json], definitions: Iterable[Definition]) -> None:
        self.ids = sorted(resources, key=_order)
        """Ids by row."""
        self.row_of = {one: row for row, one in enumerate(self.ids)}
        """Rows by id."""
        self.size = len(self.ids)
        """How many rows there are."""
        self.indexes = _build([resources[one] for one in self.ids], definitions)
        """Indexes by parameter."""


def _order(resource_id: str) -> tuple[bool, int, str]:
    """Put numeric ids in the order of numbers, and the others behind them."""
    numeric = resource_id.isdecimal()
    return not numeric, int(resource_id) if numeric else 0, resource_id


def _build(resources: list[Json], definitions: Iterable[Definition]) -> dict[str, Index]:
    size = len(resources)
    # Both near parameters ask the same positions, so they share one grid.
    positions = PositionIndex(size)
    built: dict[str, Index] = {}
    steps: list[tuple[Callable[[Json], Iterable[Any]], Callable[[int, Any], None]]] = []
    for definition in definitions:
        if definition.kind in {Kind.NEAR, Kind.NEAR_INSEE}:
            built[definition.name] = NearIndex(positions, insee=definition.kind is Kind.NEAR_INSEE)
            if definition.kind is Kind.NEAR:
                steps.append((definition.read, positions.add))
        else:
            index = _empty(definition.kind, size)
            built[definition.name] = index
            steps.append((definition.read, index.add))
    # Resource by resource, not parameter by parameter: a large data set does not fit into the processor's caches.
    for row, resource in enumerate(resources):
        for read, add in steps:
            for value in read(resource):
                add(row, value)
    return built


def _empty(kind: Kind, size: int) -> _Filled:
    # Older data have ages without a unit, which are years (ROR-API 2.2).
    makers: dict[Kind, Callable[[int], _Filled]] = {
        Kind.IDENTIFIER: IdentifierIndex,
        Kind.TOKEN: TokenIndex,
        Kind.STRING: StringIndex,
        Kind.NUMBER: NumberIndex,
        Kind.DATE: DateIndex,
        Kind.PERIOD: PeriodIndex,
        Kind.QUANTITY: QuantityIndex,
        Kind.AGE: lambda size: QuantityIndex(size, default_unit="a"),
    }
    return makers[kind](size)


class Join:
    """Which rows of one table belong to which rows of another."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._targets: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, row: int, target: int) -> None:
        """Note that row *row* of the first table belongs to row *target* of the second, which has the join's size."""
        self._targets[row].append(target)

    def of(self, row: int) -> list[int]:
        """Give the rows of the second table that belong to one row of the first, in the order of their ids."""
        return self._targets.get(row, [])

    def follow(self, rows: Rows) -> Rows:
        """Give the rows of the second table that belong to any of *rows* of the first."""
        return from_numbers((target for row in to_numbers(rows) for target in self.of(row)), self._size)


class ChainedIndex:
    """A parameter of one type asked through another: which offers have a place, an owner, a professional that...

    Each chained condition stands by itself, so two of them may be met by two different places of an offer, as on the
    real server (ROR-API 3.2).
    """

    def __init__(self, index: Index, join: Join) -> None:
        self.index = index
        """The index of the parameter on its own type."""
        self._join = join

    @property
    def modifiers(self) -> frozenset[str]:
        """What the parameter takes on its own type; ``not`` would mean two things at the end of a chain."""
        return self.index.modifiers - {"not"}

    @property
    def ordered(self) -> bool:
        """As on its own type."""
        return self.index.ordered

    def find(self, value: str, modifier: str = "") -> Rows:
        """Give the rows of the second table that belong to a row with *value*."""
        return self._join.follow(self.index.find(value, modifier))
