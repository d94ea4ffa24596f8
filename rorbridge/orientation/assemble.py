"""A verified candidate becomes an offer: the contract's words in place of FHIR's."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Literal

from rorbridge.events import codesystems as cs
from rorbridge.events import offer
from rorbridge.events.contract import CodedValue
from rorbridge.orientation import age, fhir
from rorbridge.orientation.candidate import CandidatePlace
from rorbridge.orientation.capacity import Indicator, equipment_of, indicators
from rorbridge.orientation.closure import place_closed
from rorbridge.orientation.held import ANNUAL_OPENING, CLOSING_TYPE, MANAGEMENT
from rorbridge.orientation.match import Verdict, age_range, psychiatric_sectors
from rorbridge.orientation.opening import kind, validity, weekday
from rorbridge.orientation.territory import commune, served_communes

_IDENTIFIER_KINDS = {"1": "finess", "2": "siren", "3": "siret", "40": "idNatStruct", "42": "oi"}
"""Type codes of identifiers of organisations (TRE_G07, TRE_R345)."""
_INTERNAL = "42"

CONFIDENTIALITY_URLS = (
    "ror-confidentiality-level",
    "ror-contact-confidentiality-level",
    "ror-telecom-confidentiality-level",
)
"""Extensions that name a level of confidentiality, ROR-API 2.8."""
_EXERCISE_URLS = ("ror-practitionerrole-name", "RORPractitionerRoleName")
RESTRICTED = 2
"""What a missing level counts as, ROR-API 4.4."""

Words = Callable[[str, str], str | None]
"""Gives the French words of a code by system and code."""

_MOST_VALUES = 16_384
"""Coded values that are kept to be used again; the nomenclatures have some thousands of codes, most offers the same."""


class Assembler:
    """Builds offers, with words for codes that came without."""

    def __init__(self, words: Words) -> None:
        def value(system: str, code: str, display: str | None) -> CodedValue:
            return CodedValue(system, code, display or words(system, code))

        self._coded_value = lru_cache(_MOST_VALUES)(value)

    def assemble(self, verdict: Verdict, include: Collection[str]) -> offer.Offer:
        """Build the offer of a kept candidate with the optional parts named in *include*."""
        candidate = verdict.candidate
        service = candidate.service
        held = defaultdict(
            tuple[CodedValue, ...],
            {name: tuple(map(self._coded, codings.values())) for name, codings in candidate.held.items()},
        )
        no_consent = fhir.extension(service.extension, "ror-healthcareservice-no-consent-habilitation")
        return offer.Offer(
            reference=f"HealthcareService/{service.id}",
            identifier=next((one.value for one in service.identifier if one.value), None),
            name=service.name,
            comment=service.comment,
            field=next(iter(held["field"]), None),
            offer_type=next(iter(held["offerType"]), None),
            activities=held["activity"],
            families=held["family"],
            care_modes=held["careMode"],
            reception_modalities=held["receptionModality"],
            reception_types=held["receptionType"],
            specific_acts=held["specificAct"],
            outside_office_acts=held["outsideOfficeAct"],
            specialisations=held["specialisation"],
            competences=held["competence"],
            professions=held["profession"],
            expertise_levels=held["expertiseLevel"],
            audiences=held["audience"],
            management=held[MANAGEMENT],
            annual_opening=next(iter(held[ANNUAL_OPENING]), None),
            psychiatric_sectors=psychiatric_sectors(service),
            serves=tuple(served_communes(service)),
            no_consent_care=no_consent.value_boolean if no_consent else None,
            closing=_closing(service, held[CLOSING_TYPE]),
            source_region=next(iter(held["sourceRegion"]), None),
            ages=_ages(age_range(service)),
            distance_km=verdict.distance_km,
            match=verdict.evidence,
            organisations=tuple(self._organisation(one) for one in candidate.organizations),
            places=tuple(self._place(one, include) for one in candidate.places),
            practitioners=tuple(self._practitioner(*one) for one in candidate.roles)
            if "practitioners" in include
            else (),
            contacts=tuple(self._contacts(service)) if "contacts" in include else (),
            opening_hours=tuple(self._hours(one) for one in service.available_time)
            if "openingHours" in include
            else (),
            sensitive=candidate.sensitive,
            last_updated=service.meta.last_updated if service.meta else None,
        )

    def _value(self, coding: fhir.Coding | None) -> CodedValue | None:
        return None if coding is None or coding.code is None else self._coded(coding)

    def _coded(self, coding: fhir.Coding) -> CodedValue:
        return self._coded_value(coding.system or "", coding.code or "", coding.display)

    def _concept(self, concept: fhir.CodeableConcept | None) -> CodedValue | None:
        return self._value(fhir.concept_coding(concept))

    def _part(self, parts: tuple[fhir.Extension, ...], url: str) -> CodedValue | None:
        found = fhir.extension(parts, url)
        return self._concept(found.value_codeable_concept) if found else None

    def _organisation(self, organization: fhir.Organization) -> offer.Organisation:
        types = [fhir.concept_code(one.type) or "" for one in organization.identifier]
        identifiers = tuple(
            offer.Identifier(kind=kind, value=one.value)
            for one, type_ in zip(organization.identifier, types, strict=True)
            if one.value and (kind := _IDENTIFIER_KINDS.get(type_))
        )
        kinds = fhir.by_system(organization.type)
        internal = self._value(kinds.get(cs.INTERNAL_ORGANISATION_TYPE))
        category = self._value(kinds.get(cs.ESTABLISHMENT_CATEGORY) or kinds.get(cs.SECTOR_OF_ACTIVITY))
        return offer.Organisation(
            reference=f"Organization/{organization.id}",
            level=_level(organization, is_internal=internal is not None or _INTERNAL in types),
            name=organization.name,
            finess=next((one.value for one in identifiers if one.kind == "finess"), None),
            identifiers=identifiers,
            kind=internal or category,
        )

    def _place(self, place: CandidatePlace, include: Collection[str]) -> offer.Place:
        location = place.location
        return offer.Place(
            reference=f"Location/{location.id}",
            name=location.name,
            description=location.description,
            function=next((v for concept in location.type if (v := self._concept(concept))), None),
            address=_address(location),
            position=_position(location.position),
            distance_km=place.distance_km,
            open=not place_closed(location),
            capacities=tuple(self._indicator(one) for one in indicators(location)) if "capacities" in include else (),
            equipment=tuple(self._device(one) for one in equipment_of(location)) if "equipment" in include else (),
        )

    def _indicator(self, one: Indicator) -> offer.CapacityIndicator:
        return offer.CapacityIndicator(
            number=one.number,
            kind=self._value(one.kind),
            status=self._value(one.status),
            horizon=self._value(one.horizon),
            gender=self._value(one.gender),
            closing=self._value(one.closing),
            assignment=self._value(one.assignment),
            updated=one.updated,
        )

    def _device(self, device: fhir.Extension) -> offer.Device:
        number = fhir.extension(device.extension, "nbInService")
        return offer.Device(
            type=self._part(device.extension, "equipmentType"),
            number=number.value_integer if number else None,
            limits=tuple(self._limit(one) for one in fhir.extensions(device.extension, "ror-location-equipment-limit")),
        )

    def _limit(self, limit: fhir.Extension) -> offer.EquipmentLimit:
        value = fhir.extension(limit.extension, "limitValue")
        quantity = value.value_quantity if value else None
        return offer.EquipmentLimit(
            feature=self._part(limit.extension, "equipmentFeature"),
            value=quantity.value if quantity else None,
            unit=(quantity.code or quantity.unit) if quantity else None,
        )

    def _contacts(self, service: fhir.HealthcareService) -> Iterator[offer.Contact]:
        for found in fhir.extensions(service.extension, "ror-healthcareservice-contact"):
            parts = found.extension
            level = _confidentiality(parts)
            name = fhir.extension(parts, "name")
            description = fhir.extension(parts, "description")
            yield offer.Contact(
                name=_name(name.value_human_name) if name else None,
                purpose=self._part(parts, "purposeContact"),
                function=self._part(parts, "ror-contact-function-contact"),
                description=description.value_string if description else None,
                telecoms=tuple(
                    self._telecom(one.extension, level)
                    for one in fhir.extensions(parts, "ror-healthcareservice-contact-telecom")
                ),
                confidentiality=level,
            )

    def _telecom(self, parts: tuple[fhir.Extension, ...], contact_level: int) -> offer.Telecom:
        address = fhir.extension(parts, "telecomAddress")
        usage = fhir.extension(parts, "ror-telecom-usage")
        return offer.Telecom(
            value=(address.value_string or "") if address else "",
            channel=self._part(parts, "ror-telecom-communication-channel"),
            usage=usage.value_string if usage else None,
            confidentiality=max(contact_level, _confidentiality(parts)),
        )

    def _practitioner(self, role: fhir.PractitionerRole, person: fhir.Practitioner | None) -> offer.Practitioner:
        exercise = next(fhir.extensions(role.extension, *_EXERCISE_URLS), None)
        parts = exercise.extension if exercise else ()
        first, last = (fhir.extension(parts, url) for url in ("exerciseFirstName", "exerciseLastName"))
        title = self._part(parts, "exerciseTitle")
        civil = _name(person.name[0]) if person and person.name else None
        practised = " ".join(one.value_string for one in (first, last) if one and one.value_string)
        return offer.Practitioner(
            reference=f"PractitionerRole/{role.id}",
            practitioner=f"Practitioner/{person.id}" if person else None,
            rpps=next((one.value for one in person.identifier if one.value), None) if person else None,
            title=(title.display or title.code) if title else None,
            name=practised or civil,
            profession=next((v for concept in role.code if (v := self._concept(concept))), None),
            specialties=tuple(v for concept in role.specialty for c in concept.coding if (v := self._value(c))),
        )

    def _hours(self, slot: fhir.AvailableTime) -> offer.OpeningHours:
        period = validity(slot)
        return offer.OpeningHours(
            day=weekday(slot),
            opens="00:00:00" if slot.all_day else slot.available_start_time,
            closes="23:59:00" if slot.all_day else slot.available_end_time,
            kind=self._value(kind(slot)),
            valid_from=period.start if period else None,
            valid_until=period.end if period else None,
        )


def _closing(service: fhir.HealthcareService, kinds: tuple[CodedValue, ...]) -> offer.Closing | None:
    kind = next(iter(kinds), None)
    period = next((one.during for one in service.not_available if one.during), None)
    if kind is None and period is None:
        return None
    return offer.Closing(kind=kind, since=period.start if period else None, reopening=period.end if period else None)


def _ages(range_: fhir.Range | None) -> offer.AgeRange | None:
    if range_ is None:
        return None
    return offer.AgeRange(
        low=range_.low.value if range_.low else None,
        low_unit=age.unit(range_.low) or age.YEARS,
        high=range_.high.value if range_.high else None,
        high_unit=age.unit(range_.high) or age.YEARS,
    )


def _level(organization: fhir.Organization, *, is_internal: bool) -> Literal["OI", "EG", "EJ"]:
    """Infer the level, which is no field of its own (ROR-API 2.4)."""
    if is_internal:
        return "OI"
    return "EG" if organization.part_of else "EJ"


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


def _confidentiality(parts: tuple[fhir.Extension, ...]) -> int:
    """Give the strictest level that is named; a missing or unknown one counts as restricted."""
    strictest = 0
    for one in parts:
        if one.url.removeprefix(fhir.SD) in CONFIDENTIALITY_URLS:
            code = fhir.concept_code(one.value_codeable_concept)
            strictest = max(strictest, int(code) if code in {"1", "2", "3"} else RESTRICTED)
    return strictest or RESTRICTED


def _name(name: fhir.HumanName | None) -> str | None:
    if name is None:
        return None
    return " ".join((*name.prefix, *name.given, name.family or "")).strip() or name.text
