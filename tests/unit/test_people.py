"""What is asked of a professional, where several things are asked at once."""

import pytest

from rorbridge.events import codesystems as cs
from tests.support.fhir import concept, location, service
from tests.unit.test_match import verdict


@pytest.mark.parametrize(
    ("held", "met"), [((("SM26",), ("SM54",)), False), ((("SM26", "SM54"),), True), ((("SM26",),), False), ((), False)]
)
def test_all_the_specialties_that_are_asked_for_are_those_of_one_professional(
    held: tuple[tuple[str, ...], ...], met: bool
) -> None:
    people = [
        {
            "resourceType": "PractitionerRole",
            "id": f"7{number}",
            "healthcareService": [{"reference": "HealthcareService/1"}],
            "specialty": [concept(cs.SPECIALTY, code) for code in specialties],
        }
        for number, specialties in enumerate(held)
    ]
    asked = {"practitioner": {"specialty": {"allOf": ["SM26", "SM54"]}}}
    found = verdict(service(), location(), *people, need=asked, profile=1)
    assert (found.left_out is None and not found.unverified) is met
