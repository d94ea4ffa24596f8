"""From a question to the parameters of a HealthcareService search (ROR-API 3.1 to 3.6)."""

from typing import Final

from rorbridge.events import codesystems
from rorbridge.events.request import Age, AllOf, Codes, Need, Where
from rorbridge.orientation.directory import Question

Parameters = list[tuple[str, str]]
"""Names and values in the order in which they are sent; a name may come more than once."""

INCLUDES: Final[Parameters] = [
    ("_include", "HealthcareService:organization"),
    ("_include:iterate", "Organization:partof"),
    ("_include", "HealthcareService:location"),
    ("_revinclude", "PractitionerRole:service"),
    ("_include", "PractitionerRole:practitioner"),
]
"""The block of includes that the ANS documents (ROR-API 3.4)."""

_CODED: Final = (
    ("activity", "specialty", codesystems.ACTIVITY),
    ("offer_type", "service-category", codesystems.OFFER_TYPE),
    ("care_mode", "characteristic", codesystems.CARE_MODE),
    ("reception_modality", "characteristic", codesystems.RECEPTION_MODALITY),
    ("specialisation", "characteristic", codesystems.SPECIALISATION),
)
"""Criterion of the need, search parameter, code system."""

_AGE_UNIT_SYSTEM: Final = "https://unitsofmeasure.org"
"""How the ANS documents the unit of an age, with https (ROR-API 3.5)."""

_CORSICA: Final = {"2A": ("200", "201"), "2B": ("202", "206")}
"""Postal codes do not know the letters of the two Corsican departments."""


def parameters(question: Question) -> Parameters:
    """Give the search parameters of *question*, includes and all."""
    return [*_need(question.need), _where(question.where, question.radius_km), *INCLUDES]


def _need(need: Need) -> Parameters:
    found: Parameters = []
    for field, parameter, system in _CODED:
        found += [(parameter, value) for value in _tokens(getattr(need, field), system)]
    if need.age:
        found.append(("_filter", _age(need.age)))
    return found


def _tokens(codes: Codes, system: str) -> list[str]:
    """Any of several codes is one value with commas, all of them are a value each."""
    if isinstance(codes, AllOf):
        return [f"{system}|{code}" for code in dict.fromkeys(codes.all_of)]
    return [",".join(f"{system}|{code}" for code in dict.fromkeys(codes))] if codes else []


def _age(age: Age) -> str:
    value = f"{age.value:g}|{_AGE_UNIT_SYSTEM}|{age.unit}"
    return f"(age-range-low le {value} and age-range-high ge {value})"


def _where(where: Where, radius_km: float | None) -> tuple[str, str]:
    if where.near:
        point = where.near
        return "location.near", f"{point.latitude:.6f}|{point.longitude:.6f}|{radius_km:g}|km"
    if where.commune:
        return "location.near-insee-code", f"{where.commune}|{radius_km:g}|km"
    if where.communes:
        codes = ",".join(f"{codesystems.COMMUNE}|{code}" for code in where.communes)
        return "location.commune-cog", codes
    if where.postal_codes:
        return "location.address-postalcode", ",".join(where.postal_codes)
    prefixes = [prefix for one in where.departments or () for prefix in _CORSICA.get(one, (one,))]
    return "location.address-postalcode", ",".join(prefixes)
