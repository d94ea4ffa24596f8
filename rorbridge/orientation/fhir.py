"""The FHIR R4 elements that we read from the ROR, as partial structs.

Everything is optional: under most access profiles the ROR leaves out even what its profiles require (ROR-API 4.3).
Unknown elements are skipped. Extensions are found by URL, coded values by their system.
Source: FHIR R4, https://hl7.org/fhir/R4/datatypes.html and the page of each resource; the extensions are the ROR's.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

SD: Final = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
"""Where the ROR's own extensions have their URLs."""


class _Element(msgspec.Struct, rename="camel", frozen=True, gc=False):
    pass


class _Resource(_Element, frozen=True, tag_field="resourceType", tag=str):
    """Told apart by its type, which is the class's name, where it may be one of several."""

    id: str


class Coding(_Element, frozen=True):
    """A coded value."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(_Element, frozen=True):
    """A concept with its codings."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None
    extension: "tuple[Extension, ...]" = ()


class Quantity(_Element, frozen=True):
    """A number with its unit."""

    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(_Element, frozen=True):
    """A low and a high quantity, both included."""

    low: Quantity | None = None
    high: Quantity | None = None


class Period(_Element, frozen=True):
    """Start and end, as FHIR dates or date times; both included."""

    start: str | None = None
    end: str | None = None


class Reference(_Element, frozen=True):
    """A reference to another resource, relative or absolute."""

    reference: str | None = None


class HumanName(_Element, frozen=True):
    """A person's name."""

    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    text: str | None = None


class Extension(_Element, frozen=True):
    """An extension with the values that the ROR's profiles use."""

    url: str = ""
    extension: "tuple[Extension, ...]" = ()
    value_boolean: bool | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_integer: int | None = None
    value_date_time: str | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_human_name: HumanName | None = None
    value_range: Range | None = None
    value_period: Period | None = None
    value_distance: Quantity | None = None
    value_quantity: Quantity | None = None


class Identifier(_Element, frozen=True):
    """A business identifier."""

    system: str | None = None
    value: str | None = None
    type: CodeableConcept | None = None


class Meta(_Element, frozen=True):
    """When the resource last changed, and the region it comes from."""

    last_updated: str | None = None
    tag: tuple[Coding, ...] = ()


class AvailableTime(_Element, frozen=True):
    """One slot of opening hours."""

    extension: tuple[Extension, ...] = ()
    days_of_week: tuple[str, ...] = ()
    all_day: bool | None = None
    available_start_time: str | None = None
    available_end_time: str | None = None


class NotAvailable(_Element, frozen=True):
    """When the offer is closed."""

    during: Period | None = None


class HealthcareService(_Resource, frozen=True):
    """The offer (offre opérationnelle), ROR-API 2.2."""

    meta: Meta | None = None
    extension: tuple[Extension, ...] = ()
    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    provided_by: Reference | None = None
    category: tuple[CodeableConcept, ...] = ()
    type: tuple[CodeableConcept, ...] = ()
    specialty: tuple[CodeableConcept, ...] = ()
    location: tuple[Reference, ...] = ()
    name: str | None = None
    comment: str | None = None
    characteristic: tuple[CodeableConcept, ...] = ()
    available_time: tuple[AvailableTime, ...] = ()
    not_available: tuple[NotAvailable, ...] = ()


class AddressValue(_Element, frozen=True):
    """A postal address."""

    line: tuple[str | None, ...] = ()
    city: str | None = None
    postal_code: str | None = None


class LocationPosition(_Element, frozen=True):
    """WGS84, decimal degrees."""

    latitude: float | None = None
    longitude: float | None = None
    extension: tuple[Extension, ...] = ()


class Location(_Resource, frozen=True):
    """The place (lieu de réalisation de l'offre), ROR-API 2.3."""

    extension: tuple[Extension, ...] = ()
    status: str | None = None
    operational_status: Coding | None = None
    name: str | None = None
    description: str | None = None
    type: tuple[CodeableConcept, ...] = ()
    address: AddressValue | None = None
    position: LocationPosition | None = None


class Organization(_Resource, frozen=True):
    """EJ, EG or OI, ROR-API 2.4."""

    identifier: tuple[Identifier, ...] = ()
    type: tuple[CodeableConcept, ...] = ()
    name: str | None = None
    part_of: Reference | None = None


class PractitionerRole(_Resource, frozen=True):
    """A professional's work for an offer, ROR-API 2.5."""

    extension: tuple[Extension, ...] = ()
    practitioner: Reference | None = None
    healthcare_service: tuple[Reference, ...] = ()
    code: tuple[CodeableConcept, ...] = ()
    specialty: tuple[CodeableConcept, ...] = ()


class Practitioner(_Resource, frozen=True):
    """A professional, ROR-API 2.6."""

    identifier: tuple[Identifier, ...] = ()
    name: tuple[HumanName, ...] = ()


class Searchset(msgspec.Struct):
    """The answer to one search: all its pages together, resources by id."""

    services: dict[str, HealthcareService] = {}
    """The matches, in the order in which they came."""
    locations: dict[str, Location] = {}
    organizations: dict[str, Organization] = {}
    roles: dict[str, PractitionerRole] = {}
    practitioners: dict[str, Practitioner] = {}
    distances: dict[str, float] = {}
    """Kilometres by Location id, from the extension location-distance of the included entries."""
    total: int | None = None
    """Matches on all pages, as the server counts them; None when it does not say."""
    raw: dict[str, msgspec.Raw] = {}
    """Each resource as it came, where that was asked for, by its reference, such as ``Location/1``."""
    broken: list[str] = []
    """What could not be read, one text an entry: where and why."""


def extensions(found: tuple[Extension, ...], *urls: str) -> Iterator[Extension]:
    """Go through the extensions with one of *urls*, which are full or, for the ROR's own, what follows SD."""
    wanted = _both_forms(urls)
    for one in found:  # a plain loop: the busiest of all, and a generator expression takes half as long again
        if one.url in wanted:
            yield one


def extension(found: tuple[Extension, ...], url: str) -> Extension | None:
    """Give the first extension with *url*, which is full or, for the ROR's own, what follows SD; or None."""
    full = _full(url)
    for one in found:
        if one.url == full or one.url == url:  # noqa: PLR1714 - a tuple would be made each time
            return one
    return None


@cache
def _both_forms(urls: tuple[str, ...]) -> frozenset[str]:
    return frozenset((*urls, *map(_full, urls)))


@cache
def _full(url: str) -> str:
    return SD + url


def codings(concepts: tuple[CodeableConcept, ...], *systems: str) -> Iterator[Coding]:
    """Go through the codings of *systems* that have a code."""
    for concept in concepts:
        for coding in concept.coding:
            if coding.code and coding.system in systems:
                yield coding


def by_system(concepts: tuple[CodeableConcept, ...]) -> dict[str, Coding]:
    """Give the first coding of each system that has a code."""
    found: dict[str, Coding] = {}
    for concept in concepts:
        for coding in concept.coding:
            if coding.code and coding.system and coding.system not in found:
                found[coding.system] = coding
    return found


def parts(found: tuple[Extension, ...]) -> dict[str, Extension]:
    """Give extensions by URL, the ROR's own by what follows SD; the first of several. For many parts of a whole."""
    named: dict[str, Extension] = {}
    for one in reversed(found):
        named[one.url.removeprefix(SD)] = one
    return named


def concept_coding(concept: CodeableConcept | None) -> Coding | None:
    """Give the first coding of a concept that has a code, whatever its system."""
    if concept:
        for coding in concept.coding:
            if coding.code:
                return coding
    return None


def concept_code(concept: CodeableConcept | None) -> str | None:
    """Give the first code of a concept, whatever its system."""
    coding = concept_coding(concept)
    return coding.code if coding else None


def reference_id(reference: Reference | None, resource_type: str) -> str | None:
    """Give the id that a reference names, if it names one of *resource_type*.

    Relative, absolute and versioned references are read: ``Location/1``, ``https://…/Location/1/_history/2``.
    """
    if reference is None or reference.reference is None:
        return None
    kind, _, id_ = reference.reference.partition("/")
    if kind == resource_type and id_ and "/" not in id_:
        return id_  # as the ROR writes them
    steps = reference.reference.split("/_history/")[0].split("/")
    if len(steps) >= 2 and steps[-2] == resource_type and steps[-1]:
        return steps[-1]
    return None
