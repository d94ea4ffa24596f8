"""The coded criteria: which elements of a HealthcareService hold their codes, in which nomenclatures."""

from collections.abc import Callable
from dataclasses import dataclass

from rorbridge.events import codesystems as cs
from rorbridge.events.codes import AllOf, AllOfProfessions
from rorbridge.events.need import Need
from rorbridge.orientation import fhir
from rorbridge.orientation.policy import Element

Concepts = tuple[fhir.CodeableConcept, ...]


@dataclass(frozen=True, slots=True)
class CodedCriterion:
    """A criterion on coded elements of the offer."""

    field: str
    """Attribute of Need."""
    name: str
    """Name in the request."""
    systems: tuple[str, ...]
    """Nomenclatures whose codes count; where there are several, their codes do not overlap or name theirs."""
    concepts: Callable[[fhir.HealthcareService], Concepts]
    """The elements of an offer that hold them."""
    element: Element = Element.OFFER
    required: bool = False
    """Whether the ROR's profile requires it, so that absence can only mean that it was hidden."""

    def readings(self, code: str) -> list[tuple[str, str]]:
        """Give what *code* stands for, as system and code: one for each nomenclature that it may be of."""
        short, _, bare = code.rpartition("|")
        if short:
            return [(cs.PROFESSION[short], bare)]
        return [(system, code) for system in self.systems]


def _activities(service: fhir.HealthcareService) -> Concepts:
    return service.specialty


def characteristics(service: fhir.HealthcareService) -> Concepts:
    """Give the characteristics of an offer, which tell most."""
    return service.characteristic


def _audiences(service: fhir.HealthcareService) -> Concepts:
    patient = fhir.extension(service.extension, "ror-healthcareservice-patient-type")
    found = fhir.extensions(patient.extension, "supportedPatientInfo") if patient else ()
    return tuple(one.value_codeable_concept for one in found if one.value_codeable_concept)


def _tags(service: fhir.HealthcareService) -> Concepts:
    return (fhir.CodeableConcept(coding=service.meta.tag),) if service.meta else ()


CODED = (
    CodedCriterion("activity", "activity", (cs.ACTIVITY,), _activities, required=True),
    CodedCriterion("family", "family", (cs.FAMILY_SERAFIN, cs.FAMILY_OTHER), _activities),
    CodedCriterion("offer_type", "offerType", (cs.OFFER_TYPE,), lambda service: service.category),
    CodedCriterion("field", "field", (cs.FIELD,), lambda service: service.type, required=True),
    CodedCriterion("care_mode", "careMode", (cs.CARE_MODE,), characteristics, required=True),
    CodedCriterion("reception_modality", "receptionModality", (cs.RECEPTION_MODALITY,), characteristics),
    CodedCriterion("reception_type", "receptionType", (cs.RECEPTION_TYPE,), characteristics),
    CodedCriterion("specific_act", "specificAct", (cs.ACT,), characteristics, Element.OFFER_DETAIL),
    CodedCriterion("outside_office_act", "outsideOfficeAct", (cs.ACT,), characteristics, Element.OFFER_DETAIL),
    CodedCriterion("specialisation", "specialisation", (cs.SPECIALISATION,), characteristics, Element.OFFER_DETAIL),
    CodedCriterion("competence", "competence", (cs.COMPETENCE,), characteristics, Element.OFFER_DETAIL),
    CodedCriterion("profession", "profession", tuple(cs.PROFESSION.values()), characteristics, Element.OFFER_DETAIL),
    CodedCriterion("expertise_level", "expertiseLevel", (cs.MATERNITY_TYPE, cs.EXPERTISE), characteristics),
    CodedCriterion("audience", "audience", (cs.AUDIENCE,), _audiences),
    CodedCriterion("source_region", "sourceRegion", (cs.REGION,), _tags),
)
"""Every coded criterion, in the order in which they are verified."""


@dataclass(frozen=True, slots=True)
class AskedCodes:
    """What is asked under one coded criterion."""

    criterion: CodedCriterion
    codes: tuple[str, ...]
    all_of: bool
    """Whether all of them must be met."""
    text: str
    """What is asked in short."""
    tokens: tuple[list[str], ...]
    """What each code stands for, as SYSTEM|CODE, which is how FHIR searches for it."""


def asked(need: Need) -> tuple[AskedCodes, ...]:
    """Give what *need* asks under the coded criteria, in their order."""
    found = []
    for criterion in CODED:
        wanted = getattr(need, criterion.field)
        if wanted:
            all_of = isinstance(wanted, AllOf | AllOfProfessions)
            codes = tuple(dict.fromkeys(wanted.all_of if all_of else wanted))
            text = (" and " if all_of else " or ").join(codes)
            tokens = tuple(["|".join(reading) for reading in criterion.readings(one)] for one in codes)
            found.append(AskedCodes(criterion, codes, all_of, text, tokens))
    return tuple(found)
