"""The codes that an offer holds, by what they tell; read once, since an offer has many and is asked about many."""

from collections.abc import Callable, Mapping
from typing import Final

from rorbridge.events import codesystems as cs
from rorbridge.orientation import fhir
from rorbridge.orientation.criteria import CODED, Concepts, characteristics

MANAGEMENT: Final = "management"
ANNUAL_OPENING: Final = "annualOpening"
CLOSING_TYPE: Final = "closingType"
"""What is told beside the criteria."""

_SPECIFIC_ACT: Final = "specificAct"
_OUTSIDE_OFFICE_ACT: Final = "outsideOfficeAct"

Held = Mapping[str, Mapping[str, fhir.Coding]]
"""Codings by SYSTEM|CODE, under the name of the criterion that they count for or of what else they tell; a name is
missing where there are none."""

NONE: Final[Mapping[str, fhir.Coding]] = {}
"""What is held under a name that is missing."""


def held(service: fhir.HealthcareService) -> Held:
    """Give the codings that an offer holds."""
    found: dict[str, dict[str, fhir.Coding]] = {}
    for concepts, names in _ELEMENTS:
        for concept in concepts(service):
            for coding in concept.coding:
                system, code = coding.system, coding.code
                if not system or not code or system not in names:
                    continue
                name = _act_kind(concept) if system == cs.ACT else names[system]
                if name:
                    found.setdefault(name, {})[f"{system}|{code}"] = coding
    return found


def _act_kind(concept: fhir.CodeableConcept) -> str | None:
    """Tell acts apart by their extension; one that does not say is done in the unit (ROR-API 2.2)."""
    found = fhir.extension(concept.extension, "ror-act-type")
    kind = (found.value_code if found else None) or _SPECIFIC_ACT
    return kind if kind in {_SPECIFIC_ACT, _OUTSIDE_OFFICE_ACT} else None


def _elements() -> dict[Callable[[fhir.HealthcareService], Concepts], dict[str, str]]:
    """Give what each nomenclature tells, by the elements of an offer that hold its codes."""
    found: dict[Callable[[fhir.HealthcareService], Concepts], dict[str, str]] = {
        characteristics: {
            cs.MANAGEMENT: MANAGEMENT,
            cs.ANNUAL_OPENING: ANNUAL_OPENING,
            cs.CLOSING_TYPE: CLOSING_TYPE,
        }
    }
    for criterion in CODED:
        found.setdefault(criterion.concepts, {}).update(dict.fromkeys(criterion.systems, criterion.name))
    return found


_ELEMENTS: Final = tuple(_elements().items())
