"""From a question to the parameters of a HealthcareService search (ROR-API 3.1 to 3.6)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rorbridge.events import codesystems as cs
from rorbridge.events.codes import AllOf, Codes
from rorbridge.events.need import Age, Capacity, Equipment, Establishment, Need
from rorbridge.events.where import Where
from rorbridge.orientation import capacity
from rorbridge.orientation.criteria import CODED, asked
from rorbridge.orientation.directory import Question

Parameters = list[tuple[str, str]]
"""Names and values in the order in which they are sent; a name may come more than once."""

INCLUDES: Final[Parameters] = [
    ("_include", "HealthcareService:organization"),
    ("_include:iterate", "Organization:partof"),
    ("_include", "HealthcareService:location"),
]
PEOPLE: Final[Parameters] = [
    ("_revinclude", "PractitionerRole:service"),
    ("_include", "PractitionerRole:practitioner"),
]
"""The block of includes that the ANS documents (ROR-API 3.4). Who works for an offer is asked where that is wanted."""

CHECK: Final[Parameters] = [
    ("specialty", f"{cs.ACTIVITY}|437"),
    ("location.near", "48.856600|2.352200|1|km"),
    ("_count", "1"),
    *INCLUDES,
    *PEOPLE,
]
"""A search for one general practice in the midst of Paris, with all that belongs to it."""

CODED_PARAMETERS: Final = {
    "activity": "specialty",
    "family": "specialty",
    "offerType": "service-category",
    "field": "service-type",
    "audience": "patient-type",
    "sourceRegion": "_tag",
}
"""Search parameters of coded criteria; all others are characteristics."""

PARAMETERS: Final = {
    **{one.name: (CODED_PARAMETERS.get(one.name, "characteristic"),) for one in CODED},
    "age": ("_filter",),
    "psychiatricSector": ("psychiatric-sector",),
    "equipment": ("location.equipment-type", "location.equipment-feature", "location.limit-value"),
    "capacity": (
        "location.capacity-type",
        "location.capacity-status",
        "location.temporality-capacity",
        "location.nb-capacity",
        "location.gender-capacity-available",
        "location.capacity-closing-type",
        "location.temporary-assignement",
        "location.capacity-update-date",
    ),
    "establishment": ("organization.identifier:above", "organization.type:above"),
    "practitioner": ("practitioner.identifier",),
}
"""Search parameters by criterion of the need: all that ``build`` may send for it."""

WHERE_PARAMETERS: Final = {
    "near": "location.near",
    "commune": "location.near-insee-code",
    "communes": "location.commune-cog",
    "postalCodes": "location.address-postalcode",
    "departments": "location.address-postalcode",
    "region": "location.address-postalcode",
    "serves": "intervention-zone",
}
"""Search parameter by the way to say where. These are sent whether the server offers them or not."""

_AGE_UNIT_SYSTEM: Final = "https://unitsofmeasure.org"
"""How the ANS documents the unit of an age, with https (ROR-API 3.5)."""
_LIMIT_UNIT_SYSTEM: Final = "http://unitsofmeasure.org"
"""And that of an equipment's limit, with http."""

_CORSICA: Final = {"2A": "20", "2B": "20"}
"""Postal codes do not know the letters of the two Corsican departments, and CEDEX codes do not tell them apart."""

_RPPS_PREFIX: Final = "8"


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter of a search, and the criterion that it asks about."""

    criterion: str
    """Name in the request."""
    parameter: str
    """Name of the search parameter, chained where it is one of another resource."""
    value: str
    """As FHIR writes it, not yet encoded for a URL."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search, and the criteria that it does not ask about."""

    parameters: Parameters
    verified_only: tuple[str, ...]
    """Names of those criteria in the request."""


def build(question: Question, offered: frozenset[str] | None = None) -> Query:
    """Build the search for *question* from the parameters that the server has *offered*; None means all.

    A criterion whose parameters are not all there is left to verification. Where the care is to be given is always
    asked: without it the answer would be the whole country.
    """
    criteria = list(_need(question.need))
    lacking = {one.criterion for one in criteria if offered is not None and one.parameter not in offered}
    sent = [(one.parameter, one.value) for one in criteria if one.criterion not in lacking]
    where = [_where(question.where, question.radius_km)] if question.where else []
    includes = [*INCLUDES, *PEOPLE] if question.people else INCLUDES
    return Query([*sent, *where, *includes], tuple(sorted(lacking | _unsearchable(question.need))))


def _need(need: Need) -> Iterator[Asked]:
    for one in asked(need):
        name = one.criterion.name
        values = [",".join(tokens) for tokens in one.tokens]
        for value in values if one.all_of else [",".join(values)]:
            yield Asked(name, PARAMETERS[name][0], value)
    if need.age and need.age.unit == "a":
        yield Asked("age", "_filter", _age(need.age))
    if need.psychiatric_sector:
        yield Asked("psychiatricSector", "psychiatric-sector", ",".join(need.psychiatric_sector))
    for device in need.equipment:
        yield from _equipment(device)
    if need.capacity:
        yield from _capacity(need.capacity)
    if need.establishment:
        yield from _establishment(need.establishment)
    if need.practitioner and need.practitioner.rpps:
        rpps = need.practitioner.rpps
        yield Asked("practitioner", "practitioner.identifier", f"{rpps},{_RPPS_PREFIX}{rpps}")


def _unsearchable(need: Need) -> set[str]:
    """Give the criteria that have no parameter at all, or none for what is asked of them."""
    found: set[str] = {"openAt"} if need.open_at else set()
    if need.practitioner and (
        need.practitioner.profession or need.practitioner.specialty or need.practitioner.convention
    ):
        found.add("practitioner")
    if need.age and need.age.unit != "a":
        # Nobody says that the server converts units; a wider answer is verified, a narrower one would miss offers.
        found.add("age")
    return found


def _age(age: Age) -> str:
    """Ask for ranges that take in *age*: one up to 17 years does until the 18th birthday, so 17.5 asks from 17 on."""
    low, high = (f"{_number(one)}|{_AGE_UNIT_SYSTEM}|{age.unit}" for one in (age.value, math.floor(age.value)))
    return f"(age-range-low le {low} and age-range-high ge {high})"


def _equipment(device: Equipment) -> Iterator[Asked]:
    yield Asked("equipment", "location.equipment-type", f"{cs.EQUIPMENT}|{device.type}")
    if device.feature and device.at_least:
        limit = device.at_least
        yield Asked("equipment", "location.equipment-feature", f"{cs.EQUIPMENT_FEATURE}|{device.feature}")
        yield Asked("equipment", "location.limit-value", f"ge{_number(limit.value)}|{_LIMIT_UNIT_SYSTEM}|{limit.unit}")


def _capacity(wanted: Capacity) -> Iterator[Asked]:
    """Ask for capacity; each condition is a wider net, since the server ANDs them over different indicators."""
    yield Asked("capacity", "location.capacity-type", f"{cs.CAPACITY_KIND}|{capacity.KINDS[wanted.kind]}")
    status = capacity.STATUSES[wanted.status]
    yield Asked("capacity", "location.capacity-status", f"{cs.CAPACITY_STATUS}|{status}")
    horizon = capacity.HORIZONS[wanted.horizon]
    yield Asked("capacity", "location.temporality-capacity", f"{cs.CAPACITY_HORIZON}|{horizon}")
    yield Asked("capacity", "location.nb-capacity", f"ge{wanted.at_least}")
    if wanted.gender:
        genders = ",".join(f"{cs.CAPACITY_GENDER}|{code}" for code in capacity.GENDERS[wanted.gender])
        yield Asked("capacity", "location.gender-capacity-available", genders)
    if wanted.closing:
        closing = capacity.CLOSINGS[wanted.closing]
        yield Asked("capacity", "location.capacity-closing-type", f"{cs.CAPACITY_CLOSING}|{closing}")
    if wanted.assignment:
        assignment = capacity.ASSIGNMENTS[wanted.assignment]
        yield Asked("capacity", "location.temporary-assignement", f"{cs.TEMPORARY_ASSIGNMENT}|{assignment}")
    if wanted.updated_since:
        yield Asked("capacity", "location.capacity-update-date", f"ge{wanted.updated_since.isoformat()}")


def _establishment(wanted: Establishment) -> Iterator[Asked]:
    numbers = [f"1{wanted.finess}", wanted.finess] if wanted.finess else []
    numbers += [wanted.id_nat_struct] if wanted.id_nat_struct else []
    if numbers:
        yield Asked("establishment", "organization.identifier:above", ",".join(dict.fromkeys(numbers)))
    for value in _category_values(wanted.category):
        yield Asked("establishment", "organization.type:above", value)


def _category_values(codes: Codes) -> list[str]:
    systems = (cs.ESTABLISHMENT_CATEGORY, cs.SECTOR_OF_ACTIVITY)
    values = [
        ",".join(f"{system}|{code}" for system in systems)
        for code in (codes.all_of if isinstance(codes, AllOf) else codes)
    ]
    return values if isinstance(codes, AllOf) else [",".join(values)] * bool(values)


def _number(value: float) -> str:
    """Write a number in full: rounded to fewer digits, or with an exponent, it would ask for something else."""
    return f"{Decimal(repr(value)).normalize():f}"


def _where(where: Where, radius_km: float | None) -> tuple[str, str]:
    radius = _number(radius_km or 0.0)
    if where.near:
        point = where.near
        return "location.near", f"{point.latitude:.6f}|{point.longitude:.6f}|{radius}|km"
    if where.commune:
        return "location.near-insee-code", f"{where.commune}|{radius}|km"
    if where.communes:
        return "location.commune-cog", ",".join(f"{cs.COMMUNE}|{code}" for code in where.communes)
    if where.serves:
        return "intervention-zone", ",".join(f"{cs.COMMUNE}|{code}" for code in where.serves)
    if where.postal_codes:
        return "location.address-postalcode", ",".join(where.postal_codes)
    prefixes = dict.fromkeys(_CORSICA.get(one, one) for one in where.wanted_departments)
    return "location.address-postalcode", ",".join(prefixes)
