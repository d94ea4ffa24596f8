"""A verified candidate becomes an offer: the contract's words in place of FHIR's."""

from collections.abc import Collection, Iterator
from typing import Literal

from rorbridge.events import codesystems, offer
from rorbridge.events.contract import CodedValue
from rorbridge.orientation import age, fhir
from rorbridge.orientation.candidate import CandidatePlace
from rorbridge.orientation.closure import place_closed
from rorbridge.orientation.match import Verdict, age_range, commune, sensitive

_IDENTIFIER_KINDS = {"1": "finess", "2": "siren", "3": "siret", "40": "idNatStruct", "42": "oi"}
"""Type codes of identifiers of organisations (TRE_G07, TRE_R345)."""

_CONFIDENTIALITY_URLS = (
    "ror-confidentiality-level",
    "ror-contact-confidentiality-level",
    "ror-telecom-confidentiality-level",
)
_RESTRICTED = 2
"""What a missing level counts as, ROR-API 4.4."""

_DAYS = {day: number for number, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)}


def assemble(verdict: Verdict, include: Collection[str]) -> offer.Offer:
    """Build the offer of a kept candidate with the optional parts named in *include*."""
    candidate = verdict.candidate
    service = candidate.service
    return offer.Offer(
        reference=f"HealthcareService/{service.id}",
        identifier=next((one.value for one in service.identifier if one.value), None),
        name=service.name,
        field=next(_values(service.type, codesystems.FIELD), None),
        offer_type=next(_values(service.category, codesystems.OFFER_TYPE), None),
        activities=tuple(_values(service.specialty, codesystems.ACTIVITY)),
        care_modes=tuple(_values(service.characteristic, codesystems.CARE_MODE)),
        reception_modalities=tuple(_values(service.characteristic, codesystems.RECEPTION_MODALITY)),
        specialisations=tuple(_values(service.characteristic, codesystems.SPECIALISATION)),
        ages=_ages(age_range(service)),
        distance_km=verdict.distance_km,
        match=verdict.evidence,
        organisations=tuple(_organisation(one) for one in candidate.organizations),
        places=tuple(_place(one) for one in candidate.places),
        practitioners=tuple(_practitioner(*one) for one in candidate.roles) if "practitioners" in include else (),
        contacts=tuple(_contacts(service)) if "contacts" in include else (),
        opening_hours=tuple(_hours(one) for one in service.available_time) if "openingHours" in include else (),
        sensitive=sensitive(service),
        last_updated=service.meta.last_updated if service.meta else None,
    )


def _value(coding: fhir.Coding | None) -> CodedValue | None:
    if coding is None or coding.code is None:
        return None
    return CodedValue(coding.system or "", coding.code, coding.display)


def _values(concepts: tuple[fhir.CodeableConcept, ...], system: str) -> Iterator[CodedValue]:
    for coding in fhir.codings(concepts, system):
        yield CodedValue(system, coding.code or "", coding.display)


def _concept_value(found: fhir.Extension | None) -> CodedValue | None:
    concept = found.value_codeable_concept if found else None
    return _value(next((one for one in concept.coding if one.code), None)) if concept else None


def _ages(range_: fhir.Range | None) -> offer.AgeRange | None:
    if range_ is None:
        return None
    return offer.AgeRange(
        low=range_.low.value if range_.low else None,
        low_unit=age.unit(range_.low) or age.YEARS,
        high=range_.high.value if range_.high else None,
        high_unit=age.unit(range_.high) or age.YEARS,
    )


def _organisation(organization: fhir.Organization) -> offer.Organisation:
    identifiers = tuple(
        offer.Identifier(kind=kind, value=one.value)
        for one in organization.identifier
        if one.value and (kind := _IDENTIFIER_KINDS.get(fhir.concept_code(one.type) or ""))
    )
    internal = next(_values(organization.type, codesystems.INTERNAL_ORGANISATION_TYPE), None)
    return offer.Organisation(
        reference=f"Organization/{organization.id}",
        level=_level(organization, internal),
        name=organization.name,
        finess=next((one.value for one in identifiers if one.kind == "finess"), None),
        identifiers=identifiers,
        kind=internal or next(_values(organization.type, codesystems.ESTABLISHMENT_CATEGORY), None),
    )


def _level(organization: fhir.Organization, internal: CodedValue | None) -> Literal["OI", "EG", "EJ"]:
    """Infer the level, which is no field of its own (ROR-API 2.4)."""
    if internal or any(fhir.concept_code(one.type) == "42" for one in organization.identifier):
        return "OI"
    return "EG" if organization.part_of else "EJ"


def _place(place: CandidatePlace) -> offer.Place:
    location = place.location
    return offer.Place(
        reference=f"Location/{location.id}",
        name=location.name,
        function=_value(next((c for concept in location.type for c in concept.coding if c.code), None)),
        address=_address(location),
        position=_position(location.position),
        distance_km=place.distance_km,
        open=not place_closed(location),
    )


def _address(location: fhir.Location) -> offer.Address | None:
    insee, address = commune(location), location.address
    if address is None:
        return offer.Address(commune=insee) if insee else None
    return offer.Address(
        lines=tuple(line for line in address.line if line),
        postal_code=address.postal_code,
        city=address.city,
        commune=insee,
    )


def _position(position: fhir.LocationPosition | None) -> offer.Position | None:
    if position is None or position.latitude is None or position.longitude is None:
        return None
    reliable = fhir.extension(position.extension, "ror-coordinate-reliability")
    return offer.Position(
        latitude=position.latitude,
        longitude=position.longitude,
        reliable=reliable.value_boolean if reliable else None,
    )


def _contacts(service: fhir.HealthcareService) -> Iterator[offer.Contact]:
    for found in fhir.extensions(service.extension, "ror-healthcareservice-contact"):
        parts = found.extension
        level = _confidentiality(parts)
        name = fhir.extension(parts, "name")
        description = fhir.extension(parts, "description")
        yield offer.Contact(
            name=_name(name.value_human_name) if name else None,
            purpose=_concept_value(fhir.extension(parts, "purposeContact")),
            function=_concept_value(fhir.extension(parts, "ror-contact-function-contact")),
            description=description.value_string if description else None,
            telecoms=tuple(
                _telecom(one.extension, level)
                for one in fhir.extensions(parts, "ror-healthcareservice-contact-telecom")
            ),
            confidentiality=level,
        )


def _telecom(parts: tuple[fhir.Extension, ...], contact_level: int) -> offer.Telecom:
    address = fhir.extension(parts, "telecomAddress")
    usage = fhir.extension(parts, "ror-telecom-usage")
    return offer.Telecom(
        value=(address.value_string or "") if address else "",
        channel=_concept_value(fhir.extension(parts, "ror-telecom-communication-channel")),
        usage=usage.value_string if usage else None,
        confidentiality=max(contact_level, _confidentiality(parts)),
    )


def _confidentiality(parts: tuple[fhir.Extension, ...]) -> int:
    """Give the strictest level that is named; a missing or unknown one counts as restricted."""
    named = [fhir.concept_code(one.value_codeable_concept) for one in fhir.extensions(parts, *_CONFIDENTIALITY_URLS)]
    return max((int(code) if code in {"1", "2", "3"} else _RESTRICTED for code in named), default=_RESTRICTED)


def _practitioner(role: fhir.PractitionerRole, person: fhir.Practitioner | None) -> offer.Practitioner:
    exercise = fhir.extension(role.extension, "ror-practitionerrole-name", "RORPractitionerRoleName")
    parts = exercise.extension if exercise else ()
    first, last = (fhir.extension(parts, url) for url in ("exerciseFirstName", "exerciseLastName"))
    title = _concept_value(fhir.extension(parts, "exerciseTitle"))
    civil = _name(person.name[0]) if person and person.name else None
    practised = " ".join(one.value_string for one in (first, last) if one and one.value_string)
    return offer.Practitioner(
        reference=f"PractitionerRole/{role.id}",
        practitioner=f"Practitioner/{person.id}" if person else None,
        rpps=next((one.value for one in person.identifier if one.value), None) if person else None,
        title=(title.display or title.code) if title else None,
        name=practised or civil,
        profession=_value(next((c for concept in role.code for c in concept.coding if c.code), None)),
        specialties=tuple(
            value for concept in role.specialty for c in concept.coding if (value := _value(c)) is not None
        ),
    )


def _name(name: fhir.HumanName | None) -> str | None:
    if name is None:
        return None
    return " ".join((*name.prefix, *name.given, name.family or "")).strip() or name.text


def _hours(slot: fhir.AvailableTime) -> offer.OpeningHours:
    """Read a slot; the ROR's own extension names the day, the native element is the second choice."""
    number = fhir.extension(slot.extension, "ror-available-time-number-days-of-week")
    valid = fhir.extension(slot.extension, "ror-available-time-effective-opening-closing-date")
    period = valid.value_period if valid else None
    native = _DAYS.get(slot.days_of_week[0]) if slot.days_of_week else None
    return offer.OpeningHours(
        day=number.value_integer if number and number.value_integer else native,
        opens="00:00:00" if slot.all_day else slot.available_start_time,
        closes="23:59:00" if slot.all_day else slot.available_end_time,
        kind=_concept_value(fhir.extension(slot.extension, "ror-available-time-type-of-time")),
        valid_from=period.start if period else None,
        valid_until=period.end if period else None,
    )
