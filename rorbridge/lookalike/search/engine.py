"""One search from its parameters to the ids that match (ROR-API 3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rorbridge.lookalike.outcome import FhirError, InvalidParameterError
from rorbridge.lookalike.search import filter as filters
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.criteria import Conditions
from rorbridge.lookalike.search.includes import Include, read_include
from rorbridge.lookalike.search.near import Circle
from rorbridge.lookalike.search.rows import Rows, every, to_numbers

LARGEST_PAGE: Final = 200
"""Matches on a page, by default and at most."""
TRUNCATED_AT: Final = 10_000
"""Matches of a search at most; what comes after is not given, and not counted either."""

_JSON: Final = frozenset({"json", "application/json", "application/fhir+json"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the ids that match, in their order, and how they are to be shown.

    *circle* is the one that distances are told from, None when the search has none.
    """

    resource_type: str
    ids: tuple[str, ...]
    count: int
    includes: tuple[Include, ...]
    circle: Circle | None


class Engine:
    """Searches a catalog. *visible* holds the rows of each type that may be found at all."""

    def __init__(self, catalog: Catalog, visible: dict[str, Rows] | None = None) -> None:
        self._catalog = catalog
        self._visible = visible or {one: every(table.size) for one, table in catalog.tables.items()}

    def search(self, resource_type: str, parameters: Iterable[tuple[str, str]]) -> Found:
        """Search one type by the parameters of a query, in its order; repeated parameters must all be met.

        Raises InvalidParameterError for what is unknown or unreadable, FhirError for a format that is not served.
        """
        conditions = Conditions(self._catalog, resource_type)
        rows = self._visible[resource_type]
        count, includes = LARGEST_PAGE, dict[Include, None]()
        for name, value in parameters:
            if name == "_count":
                count = _count(value)
            elif name == "_format":
                _check_format(value)
            elif include := read_include(name, value):
                includes[include] = None
            elif not value:
                message = f"Valeur absente pour le paramètre « {name} »"
                raise InvalidParameterError(message, name)
            elif name == "_filter":
                rows &= filters.evaluate(value, conditions.compare)
            else:
                rows &= conditions.rows(name, value)
        ids = self._catalog.tables[resource_type].ids
        found = tuple(ids[row] for row, _ in zip(to_numbers(rows), range(TRUNCATED_AT), strict=False))
        circle = conditions.circles[0] if conditions.circles else None
        return Found(resource_type, found, count, tuple(includes), circle)


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        message = f"Valeur invalide pour le paramètre « _count » : « {value} »"
        raise InvalidParameterError(message, "_count")
    return min(int(value), LARGEST_PAGE)


def _check_format(value: str) -> None:
    # A plus sign that was not encoded arrives as a space; the formats are too well known to insist.
    if value.replace(" ", "+").partition(";")[0].lower() not in _JSON:
        raise FhirError(406, "not-supported", f"Format non pris en charge : « {value} »", "_format")
