"""The search parameters of each resource type, and where in a resource their values are (ROR-API 3.1 to 3.3).

A parameter that the look-alike is to know is one more line here: indexing, chaining, `_filter`, modifiers and the
capability statement follow from it. The paths are those of the profiles; the published FHIRPath expressions have faults
that the real server does not have either (ROR-API 3.3).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rorbridge.lookalike import codes
from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.elements import age_range, codings, extension_codings, extensions
from rorbridge.lookalike.search.near import position

Values = Iterable[Any]


class Kind(StrEnum):
    """Types of parameters, by their FHIR names, and by how they are indexed where FHIR's name says too little."""

    TOKEN = "token"  # noqa: S105  # a FHIR parameter type
    IDENTIFIER = "identifier"
    STRING = "string"
    NUMBER = "number"
    QUANTITY = "quantity"
    AGE = "age"
    DATE = "date"
    PERIOD = "period"
    NEAR = "near"
    NEAR_INSEE = "near-insee"

    @property
    def fhir(self) -> str:
        """The type as a CapabilityStatement names it."""
        return _FHIR_TYPES.get(self, str(self))


_FHIR_TYPES: Final = {
    Kind.IDENTIFIER: "token",
    Kind.AGE: "quantity",
    Kind.PERIOD: "date",
    Kind.NEAR: "special",
    Kind.NEAR_INSEE: "special",
}


@dataclass(frozen=True, slots=True)
class Definition:
    """A parameter: its name, its type, and what reads its values from a resource."""

    name: str
    kind: Kind
    read: Callable[[Json], Values]


def _id(resource: Json) -> Values:
    return (("", resource["id"]),)


def _last_updated(resource: Json) -> Values:
    return (resource["meta"]["lastUpdated"],)


def _tag(resource: Json) -> Values:
    return [(tag.get("system", ""), tag["code"]) for tag in resource["meta"].get("tag", ())]


def _identifiers(resource: Json) -> Values:
    return [one for one in resource.get("identifier", ()) if one.get("value")]


def _name(resource: Json) -> Values:
    return [text for text in (resource.get("name"), *resource.get("alias", ())) if text]


def _concepts(element: str) -> Callable[[Json], Values]:
    """Read the CodeableConcepts of an element that repeats."""

    def read(resource: Json) -> Values:
        return [pair for concept in resource.get(element, ()) for pair in codings(concept)]

    return read


def _competences(resource: Json) -> Values:
    return [pair for pair in _concepts("characteristic")(resource) if pair[0] == codes.COMPETENCE]


def _coded(url: str) -> Callable[[Json], Values]:
    """Read the coded extensions *url*."""
    return lambda resource: extension_codings(resource, url)


def _inner(outer: str, inner: str) -> Callable[[Json], Values]:
    """Read the coded extensions *inner* of every extension *outer*, each by itself (ROR-API 3.2)."""

    def read(resource: Json) -> Iterator[tuple[str, str]]:
        for found in extensions(resource, outer):
            yield from extension_codings(found, inner)

    return read


def _inner_value(outer: str, inner: str, element: str) -> Callable[[Json], Values]:
    """Read the values (element such as ``valueInteger``) of the extensions *inner* of every extension *outer*."""

    def read(resource: Json) -> Iterator[Any]:
        for found in extensions(resource, outer):
            for part in extensions(found, inner):
                if element in part:
                    yield part[element]

    return read


def _age(bound: str) -> Callable[[Json], Values]:
    def read(resource: Json) -> Values:
        found = age_range(resource).get(bound, {})
        return ((found["value"], found.get("code")),) if "value" in found else ()

    return read


def _sectors(resource: Json) -> Values:
    return [one["valueString"] for one in extensions(resource, codes.PSYCHIATRIC_SECTOR) if one.get("valueString")]


def _closings(resource: Json) -> Values:
    """Read the periods of closing; the one entry that the profile allows has its id from there (ROR-API 2.2)."""
    return [one["during"] for one in resource.get("notAvailable", ()) if "during" in one]


def _status(resource: Json) -> Values:
    return (("http://hl7.org/fhir/location-status", resource["status"]),) if "status" in resource else ()


def _address(element: str) -> Callable[[Json], Values]:
    def read(resource: Json) -> Values:
        found = resource.get("address", {}).get(element)
        return (found,) if found else ()

    return read


def _position(resource: Json) -> Values:
    found = position(resource)
    return (found,) if found else ()


def _limits(resource: Json) -> Iterator[Json]:
    for equipment in extensions(resource, codes.EQUIPMENT):
        yield from extensions(equipment, codes.EQUIPMENT_LIMIT)


def _features(resource: Json) -> Values:
    return [pair for limit in _limits(resource) for pair in extension_codings(limit, "equipmentFeature")]


def _limit_values(resource: Json) -> Iterator[tuple[float, str | None]]:
    for limit in _limits(resource):
        for part in extensions(limit, "limitValue"):
            found = part.get("valueQuantity", {})
            if "value" in found:
                yield found["value"], found.get("code")


def _drop_zone(resource: Json) -> Values:
    return [
        ("", "true" if one["valueBoolean"] else "false")
        for one in extensions(resource, codes.DROP_ZONE)
        if "valueBoolean" in one
    ]


_COMMON: Final = (
    Definition("_id", Kind.TOKEN, _id),
    Definition("_lastUpdated", Kind.DATE, _last_updated),
    Definition("_tag", Kind.TOKEN, _tag),
    Definition("identifier", Kind.IDENTIFIER, _identifiers),
)


def _capacity(name: str, inner: str) -> Definition:
    return Definition(name, Kind.TOKEN, _inner(codes.CAPACITY, inner))


DEFINITIONS: Final[dict[str, tuple[Definition, ...]]] = {
    "HealthcareService": (
        *_COMMON,
        Definition("name", Kind.STRING, _name),
        Definition("service-category", Kind.TOKEN, _concepts("category")),
        Definition("service-type", Kind.TOKEN, _concepts("type")),
        Definition("specialty", Kind.TOKEN, _concepts("specialty")),
        Definition("characteristic", Kind.TOKEN, _concepts("characteristic")),
        Definition("specific-competence", Kind.TOKEN, _competences),
        Definition("patient-type", Kind.TOKEN, _inner(codes.PATIENT_TYPE, "supportedPatientInfo")),
        Definition("age-range-low", Kind.AGE, _age("low")),
        Definition("age-range-high", Kind.AGE, _age("high")),
        Definition("intervention-zone", Kind.TOKEN, _inner(codes.TERRITORIAL_DIVISION, "codeTerritorialDivision")),
        Definition("psychiatric-sector", Kind.STRING, _sectors),
        Definition("notavailable-closing-reopeningdate", Kind.PERIOD, _closings),
    ),
    "Location": (
        *_COMMON,
        Definition("type", Kind.TOKEN, _concepts("type")),
        Definition("status", Kind.TOKEN, _status),
        Definition("address-postalcode", Kind.STRING, _address("postalCode")),
        Definition("address-city", Kind.STRING, _address("city")),
        Definition("commune-cog", Kind.TOKEN, _coded(codes.COMMUNE_COG)),
        Definition("near", Kind.NEAR, _position),
        Definition("near-insee-code", Kind.NEAR_INSEE, _position),
        _capacity("capacity-type", "capacityType"),
        _capacity("capacity-status", "capacityStatus"),
        _capacity("capacity-closing-type", "capacityClosingType"),
        _capacity("gender-capacity-available", "genderCapacityAvailable"),
        _capacity("temporality-capacity", "temporalityCapacity"),
        _capacity("temporary-assignement", "temporaryAssignement"),
        _capacity("additional-bed-type", "additionalBedType"),
        _capacity("crisis-type", "crisisType"),
        Definition("nb-capacity", Kind.NUMBER, _inner_value(codes.CAPACITY, "nbCapacity", "valueInteger")),
        Definition(
            "capacity-update-date", Kind.DATE, _inner_value(codes.CAPACITY, "capacityUpdateDate", "valueDateTime")
        ),
        Definition("equipment-type", Kind.TOKEN, _inner(codes.EQUIPMENT, "equipmentType")),
        Definition("equipment-feature", Kind.TOKEN, _features),
        Definition("limit-value", Kind.QUANTITY, _limit_values),
        Definition("residential-type", Kind.TOKEN, _inner(codes.RESIDENTIAL, "residentialType")),
        Definition(
            "residential-number", Kind.NUMBER, _inner_value(codes.RESIDENTIAL, "residentialNumber", "valueInteger")
        ),
    ),
    "Organization": (
        *_COMMON,
        Definition("name", Kind.STRING, _name),
        Definition("type", Kind.TOKEN, _concepts("type")),
        Definition("closing-type", Kind.TOKEN, _coded(codes.ORGANIZATION_CLOSING)),
        Definition("drop-zone", Kind.TOKEN, _drop_zone),
    ),
    "Practitioner": _COMMON,
    "PractitionerRole": _COMMON,
}
"""Parameters by resource type; those of Location and Organization are chained to HealthcareService too."""

ABOVE: Final = frozenset({"_id", "_lastUpdated", "_tag", "identifier", "name", "type", "closing-type", "drop-zone"})
"""Parameters of Organization that production declares as ``organization.X:above`` (ROR-API 3.1)."""
