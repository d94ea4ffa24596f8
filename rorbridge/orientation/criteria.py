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
    element: Element = Element.OFFER
    required: bool = False
    """Whether the ROR's profile requires it, so that absence can only mean that it was hidden."""

    def readings(self, code: str) -> list[tuple[str, str]]:
        """Give what *code* stands for, as (system, code): one for each nomenclature that it may be of."""
        short, _, bare = code.rpartition("|")
        if short:
            return [(cs.PROFESSION[short], bare)]
        return [(system, code) for system in self.systems]

    def held(self, service: fhir.HealthcareService) -> dict[tuple[str, str], fhir.Coding]:
        """Give the codings that an offer holds, by (system, code)."""
        return {(c.system or "", c.code or ""): c for c in fhir.codings(self.concepts(service), *self.systems)}


def asked(criterion: CodedCriterion, need: Need) -> tuple[tuple[str, ...], bool]:
    """Give the codes that *need* asks for under a criterion, and whether all of them must be met."""
    codes = getattr(need, criterion.field)
    if isinstance(codes, AllOf | AllOfProfessions):
        return tuple(dict.fromkeys(codes.all_of)), True
    return tuple(dict.fromkeys(codes)), False


def _characteristics(service: fhir.HealthcareService) -> Concepts:
    return service.characteristic


def _acts(kind: str) -> Callable[[fhir.HealthcareService], Concepts]:
    """Tell acts apart by their extension; one that does not say is done in the unit (ROR-API 2.2)."""

    def concepts(service: fhir.HealthcareService) -> Concepts:
        return tuple(one for one in service.characteristic if _act_type(one) == kind)

    return concepts


def _act_type(concept: fhir.CodeableConcept) -> str:
    found = fhir.extension(concept.extension, "ror-act-type")
    return (found.value_code if found else None) or "specificAct"


def _audiences(service: fhir.HealthcareService) -> Concepts:
    patient = fhir.extension(service.extension, "ror-healthcareservice-patient-type")
    found = fhir.extensions(patient.extension, "supportedPatientInfo") if patient else ()
    return tuple(one.value_codeable_concept for one in found if one.value_codeable_concept)


def _tags(service: fhir.HealthcareService) -> Concepts:
    return (fhir.CodeableConcept(coding=service.meta.tag),) if service.meta else ()


CODED = (
    CodedCriterion("activity", "activity", (cs.ACTIVITY,), lambda service: service.specialty, required=True),
    CodedCriterion("family", "family", (cs.FAMILY_SERAFIN, cs.FAMILY_OTHER), lambda service: service.specialty),
    CodedCriterion("offer_type", "offerType", (cs.OFFER_TYPE,), lambda service: service.category),
    CodedCriterion("field", "field", (cs.FIELD,), lambda service: service.type, required=True),
    CodedCriterion("care_mode", "careMode", (cs.CARE_MODE,), _characteristics, required=True),
    CodedCriterion("reception_modality", "receptionModality", (cs.RECEPTION_MODALITY,), _characteristics),
    CodedCriterion("reception_type", "receptionType", (cs.RECEPTION_TYPE,), _characteristics),
    CodedCriterion("specific_act", "specificAct", (cs.ACT,), _acts("specificAct"), Element.OFFER_DETAIL),
    CodedCriterion(
        "outside_office_act", "outsideOfficeAct", (cs.ACT,), _acts("outsideOfficeAct"), Element.OFFER_DETAIL
    ),
    CodedCriterion("specialisation", "specialisation", (cs.SPECIALISATION,), _characteristics, Element.OFFER_DETAIL),
    CodedCriterion("competence", "competence", (cs.COMPETENCE,), _characteristics, Element.OFFER_DETAIL),
    CodedCriterion("profession", "profession", tuple(cs.PROFESSION.values()), _characteristics, Element.OFFER_DETAIL),
    CodedCriterion("expertise_level", "expertiseLevel", (cs.MATERNITY_TYPE, cs.EXPERTISE), _characteristics),
    CodedCriterion("audience", "audience", (cs.AUDIENCE,), _audiences),
    CodedCriterion("source_region", "sourceRegion", (cs.REGION,), _tags),
)
"""Every coded criterion, in the order in which they are verified."""
