"""Conditions of one search: which rows a parameter, or a whole `_filter`, leaves."""

from dataclasses import dataclass, field

from rorbridge.lookalike.outcome import InvalidParameterError
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.indexes import Index, complement
from rorbridge.lookalike.search.near import Circle, NearIndex
from rorbridge.lookalike.search.rows import NONE, Rows
from rorbridge.lookalike.search.tables import ChainedIndex
from rorbridge.lookalike.search.values import split_or


@dataclass(slots=True)
class Conditions:
    """Asks the parameters of one resource type, and remembers the circles that were searched in."""

    catalog: Catalog
    resource_type: str
    circles: list[Circle] = field(default_factory=list)
    """Circles of `near` and `near-insee-code`, in the order of the query; distances are told from the first."""

    def rows(self, name: str, value: str) -> Rows:
        """Give the rows that parameter *name* (its modifier after a colon) leaves; commas in *value* mean "or"."""
        index, modifier = self._resolve(name)
        found = NONE
        for one in _alternatives(name, value):
            found |= self._find(index, name, one, "" if modifier == "not" else modifier)
        if modifier == "not":
            return complement(found, self.catalog.tables[self.resource_type].size)
        return found

    def compare(self, name: str, operator: str, value: str) -> Rows:
        """Give the rows that a comparison of `_filter` leaves; a comma in *value* is part of it."""
        index, modifier = self._resolve(name)
        if operator != "eq" and not index.ordered:
            message = f"Opérateur « {operator} » impossible pour le paramètre « {name} »"
            raise InvalidParameterError(message, "_filter")
        return self._find(index, name, f"{operator}{value}" if index.ordered else value, modifier)

    def _resolve(self, name: str) -> tuple[Index, str]:
        known = self.catalog.parameters[self.resource_type]
        if index := known.get(name):
            return index, ""
        bare, colon, modifier = name.rpartition(":")
        index = known.get(bare)
        if not colon or index is None:
            message = (
                f"Paramètre de recherche inconnu « {name} » pour le type de ressource « {self.resource_type} ». "
                f"Paramètres connus : {', '.join(sorted(known))}"
            )
            raise InvalidParameterError(message, name)
        if modifier not in index.modifiers:
            message = f"Modificateur « :{modifier} » impossible pour le paramètre « {bare} »"
            raise InvalidParameterError(message, name)
        return index, modifier

    def _find(self, index: Index, name: str, value: str, modifier: str) -> Rows:
        inner = index.index if isinstance(index, ChainedIndex) else index
        try:
            if isinstance(inner, NearIndex):
                self.circles.append(inner.read(value))
            return index.find(value, modifier)
        except InvalidParameterError as error:
            raise _invalid(name, error) from error


def _alternatives(name: str, value: str) -> list[str]:
    try:
        return split_or(value)
    except InvalidParameterError as error:
        raise _invalid(name, error) from error


def _invalid(name: str, error: InvalidParameterError) -> InvalidParameterError:
    """Say which parameter has the value that could not be read."""
    return InvalidParameterError(f"Valeur invalide pour le paramètre « {name} » : {error.diagnostics}", name)
