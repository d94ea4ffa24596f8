"""The ROR's search parameters, with what has to be put right before a server can evaluate them.

The published FHIRPath has faults, and the ROR implements the parameters in code (ROR-API 3.3); HAPI evaluates it.
"""

import json
from pathlib import Path
from typing import Any, Final

Resource = dict[str, Any]

FOLDER: Final = Path(__file__).parent / "data" / "searchparameters"

LEFT_OUT: Final = {
    "ror-sp-location-near-insee-code": "of type special, which HAPI takes for its own parameters alone",
    "ror-sp-healthcareservice-equipment-type": "reads an extension of an older profile, on the wrong resource",
}
"""Parameters that are not loaded, and why."""

_PLAIN_CODE: Final = (".value.as(code)", ".value.as(CodeableConcept)")
"""The values of capacities are CodeableConcepts."""
_NESTED_LIMIT: Final = (
    "Location.extension.where(",
    "Location.extension.where(url='https://interop.esante.gouv.fr/ig/fhir/ror/"
    "StructureDefinition/ror-location-equipment').extension.where(",
)
"""The limit lies in the equipment, not beside it."""

CORRECTED: Final = {
    "ror-sp-additional-bed-type": (_PLAIN_CODE,),
    "ror-sp-capacity-closing-type": (_PLAIN_CODE,),
    "ror-sp-capacity-status": (_PLAIN_CODE,),
    "ror-sp-capacity-type": (_PLAIN_CODE,),
    "ror-sp-crisis-type": (_PLAIN_CODE,),
    "ror-sp-gender-capacity-available": (_PLAIN_CODE,),
    "ror-sp-temporality-capacity": (_PLAIN_CODE,),
    "ror-sp-equipment-feature": (_NESTED_LIMIT,),
    "ror-sp-limit-value": (_NESTED_LIMIT,),
    "ror-sp-organization-special-price": (("url='dependencyLevel'", "url='specialPrice'"),),
    "ror-sp-organization-price-validity-start-date": (
        ("StructureDefinition/ror-organization')", "StructureDefinition/ror-organization-price')"),
        (".value.as(date)", ".value.as(dateTime)"),
    ),
}
"""What is replaced in a published expression, and by what."""


def published() -> list[Resource]:
    """Give the search parameters as the ANS publishes them."""
    return [json.loads(file.read_bytes()) for file in sorted(FOLDER.glob("*.json"))]


def corrected() -> list[Resource]:
    """Give those that a server can evaluate, put right."""
    found = [one for one in published() if _name(one) not in LEFT_OUT]
    for one in found:
        for wrong, right in CORRECTED.get(_name(one), ()):
            assert wrong in one["expression"], f"{_name(one)} no longer has {wrong}: a correction less"
            one["expression"] = one["expression"].replace(wrong, right)
    return found


def _name(resource: Resource) -> str:
    return str(resource["url"]).rsplit("/", maxsplit=1)[-1]
