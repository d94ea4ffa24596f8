"""What is asked of the ROR for a need."""

import json
from typing import Any

import pytest

from rorbridge.events.request import OrientationRequest
from rorbridge.orientation.directory import Question
from rorbridge.ror.query import INCLUDES, parameters

R211 = "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle"
R213 = "https://mos.esante.gouv.fr/NOS/TRE_R213-ModePriseEnCharge/FHIR/TRE-R213-ModePriseEnCharge"
R244 = "https://mos.esante.gouv.fr/NOS/TRE_R244-CategorieOrganisation/FHIR/TRE-R244-CategorieOrganisation"
R245 = (
    "https://mos.esante.gouv.fr/NOS/TRE_R245-SpecialisationDePriseEnCharge/FHIR/TRE-R245-SpecialisationDePriseEnCharge"
)
R338 = "https://mos.esante.gouv.fr/NOS/TRE_R338-ModaliteAccueil/FHIR/TRE-R338-ModaliteAccueil"
R13 = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"


def asked(need: dict[str, Any], where: dict[str, Any]) -> list[tuple[str, str]]:
    request = OrientationRequest.model_validate_json(json.dumps({"need": need, "where": where}))
    found = parameters(Question(request.need, request.where, request.where.radius_km))
    assert found[-len(INCLUDES) :] == INCLUDES
    return found[: -len(INCLUDES)]


HERE = {"departments": ["71"]}
THERE = ("location.address-postalcode", "71")


@pytest.mark.parametrize(
    ("need", "where", "expected"),
    [
        ({"activity": ["437"]}, HERE, [("specialty", f"{R211}|437"), THERE]),
        ({"activity": ["005", "481"]}, HERE, [("specialty", f"{R211}|005,{R211}|481"), THERE]),
        (
            {"offerType": ["50"], "receptionModality": ["01"]},
            HERE,
            [("service-category", f"{R244}|50"), ("characteristic", f"{R338}|01"), THERE],
        ),
        (
            {"careMode": {"allOf": ["46", "47"]}, "specialisation": ["24"]},
            HERE,
            [
                ("characteristic", f"{R213}|46"),
                ("characteristic", f"{R213}|47"),
                ("characteristic", f"{R245}|24"),
                THERE,
            ],
        ),
        (
            {"age": {"value": 35}},
            HERE,
            [
                (
                    "_filter",
                    "(age-range-low le 35|https://unitsofmeasure.org|a and age-range-high ge 35|https://unitsofmeasure.org|a)",
                ),
                THERE,
            ],
        ),
        (
            {"activity": ["013"]},
            {"near": {"latitude": 47.2183, "longitude": -1.6370}, "radiusKm": 15},
            [("specialty", f"{R211}|013"), ("location.near", "47.218300|-1.637000|15|km")],
        ),
        (
            {"activity": ["013"]},
            {"commune": "44162", "radiusKm": 7.5},
            [("specialty", f"{R211}|013"), ("location.near-insee-code", "44162|7.5|km")],
        ),
        (
            {"activity": ["013"]},
            {"communes": ["18033", "13055"]},
            [("specialty", f"{R211}|013"), ("location.commune-cog", f"{R13}|18033,{R13}|13055")],
        ),
        (
            {"activity": ["013"]},
            {"postalCodes": ["60000", "76620"]},
            [("specialty", f"{R211}|013"), ("location.address-postalcode", "60000,76620")],
        ),
        (
            {"activity": ["013"]},
            {"departments": ["2A", "974"]},
            [("specialty", f"{R211}|013"), ("location.address-postalcode", "200,201,974")],
        ),
    ],
)
def test_a_need_is_asked_as_the_ans_documents_it(
    need: dict[str, Any], where: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert asked(need, where) == expected
