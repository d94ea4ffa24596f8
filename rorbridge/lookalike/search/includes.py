"""Which resources come along with the matches (`_include`, `_revinclude`; ROR-API 3.4)."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.elements import target, targets
from rorbridge.lookalike.outcome import InvalidParameterError
from rorbridge.lookalike.search.catalog import Catalog

Key = tuple[str, str]
"""Type and id of a resource."""

_FORWARD: Final[dict[str, tuple[str, str]]] = {
    "HealthcareService:organization": ("providedBy", "Organization"),
    "HealthcareService:location": ("location", "Location"),
    "Organization:partof": ("partOf", "Organization"),
    "PractitionerRole:practitioner": ("practitioner", "Practitioner"),
    "PractitionerRole:organization": ("organization", "Organization"),
    "PractitionerRole:service": ("healthcareService", "HealthcareService"),
    "Location:organization": ("managingOrganization", "Organization"),
}
"""Element and target type of each reference that `_include` follows."""

_REVERSE: Final[dict[str, tuple[str, str]]] = {
    "PractitionerRole:service": ("HealthcareService", "PractitionerRole"),
    "HealthcareService:location": ("Location", "HealthcareService"),
    "HealthcareService:organization": ("Organization", "HealthcareService"),
}
"""Type that is referred to, and type that refers to it, of each reference that `_revinclude` follows back."""

INCLUDES: Final = tuple(_FORWARD)
"""Values of `_include`."""
REVERSE_INCLUDES: Final = tuple(_REVERSE)
"""Values of `_revinclude`."""


@dataclass(frozen=True, slots=True)
class Include:
    """One `_include` or `_revinclude`; *iterate* applies it to what it brought along, too."""

    name: str
    reverse: bool
    iterate: bool

    @property
    def source(self) -> str:
        """Type of the resources that it starts from."""
        return _REVERSE[self.name][0] if self.reverse else self.name.partition(":")[0]


_SEVERAL: Final = Include("", reverse=False, iterate=False)
"""Stands for "more than one include" where it is noted what brought a resource."""


def read_include(parameter: str, value: str) -> Include | None:
    """Read a parameter as an include; None when it is no include. InvalidParameterError for an unknown reference."""
    name, _, modifier = parameter.partition(":")
    if name not in {"_include", "_revinclude"}:
        return None
    known = _REVERSE if name == "_revinclude" else _FORWARD
    if modifier not in {"", "iterate", "recurse"}:
        message = f"Modificateur « :{modifier} » inconnu pour « {name} »"
        raise InvalidParameterError(message, parameter)
    if value not in known:
        message = f"Valeur inconnue pour « {parameter} » : « {value} ». Valeurs connues : {', '.join(known)}"
        raise InvalidParameterError(message, parameter)
    return Include(value, name == "_revinclude", bool(modifier))


def included(catalog: Catalog, matches: Iterable[Key], includes: tuple[Include, ...]) -> list[Key]:
    """Give what comes along with the *matches* of one page, each once, without the matches themselves.

    A plain `_include` is applied to the matches and to what other includes brought, so that the block of includes that
    the ANS documents works, but not to what it brought itself: `Organization:partof` climbs one level without
    ``:iterate``. A plain `_revinclude` is applied to the matches alone.
    """
    brought: dict[Key, Include | None] = dict.fromkeys(matches)
    found: list[Key] = []
    waiting = deque(brought)
    while waiting:
        key = waiting.popleft()
        by = brought[key]
        for include in includes:
            if include.source != key[0] or not _applies(include, by):
                continue
            for other in _follow(catalog, key, include):
                if other not in brought:
                    brought[other] = include
                    found.append(other)
                    waiting.append(other)
                elif brought[other] not in {None, _SEVERAL, include}:
                    # A second include brings it: what did not apply after the first alone may apply now.
                    brought[other] = _SEVERAL
                    waiting.append(other)
    return found


def _applies(include: Include, by: Include | None) -> bool:
    """Whether *include* is applied to a resource that *by* brought, None for a match."""
    if include.iterate or by is None:
        return True
    return not include.reverse and by != include


def _follow(catalog: Catalog, key: Key, include: Include) -> Iterator[Key]:
    resource_type, resource_id = key
    if include.reverse:
        yield from _referring(catalog, resource_type, resource_id, include.name)
        return
    element, target_type = _FORWARD[include.name]
    known = catalog.dataset.of_type(target_type)
    for one in _references(catalog.dataset.of_type(resource_type)[resource_id], element):
        if one in known:
            yield target_type, one


def _references(resource: Json, element: str) -> list[str]:
    value = resource.get(element)
    if isinstance(value, list):
        return list(targets(value))
    found = target(value)
    return [found] if found else []


def _referring(catalog: Catalog, resource_type: str, resource_id: str, name: str) -> Iterator[Key]:
    row = catalog.tables[resource_type].row_of[resource_id]
    join = {
        "PractitionerRole:service": catalog.roles_of_offer,
        "HealthcareService:location": catalog.offers_at_location,
        "HealthcareService:organization": catalog.offers_of_organization,
    }[name]
    source = _REVERSE[name][1]
    ids = catalog.tables[source].ids
    for other in join.of(row):
        yield source, ids[other]
