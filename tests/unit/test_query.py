"""What is asked of the ROR for a need."""

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rorbridge.events.examples import Example, examples
from rorbridge.events.request import OrientationRequest
from rorbridge.orientation.directory import Question
from rorbridge.ror.query import INCLUDES, PARAMETERS, PEOPLE, WHERE_PARAMETERS, Query, build
from tests.support.fhir import official

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
    assert request.where
    found = build(Question(request.need, request.where, request.where.radius_km)).parameters
    includes = [*INCLUDES, *PEOPLE]
    assert found[-len(includes) :] == includes
    return found[: -len(includes)]


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
            [("specialty", f"{R211}|013"), ("location.address-postalcode", "20,974")],
        ),
    ],
)
def test_a_need_is_asked_as_the_ans_documents_it(
    need: dict[str, Any], where: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert asked(need, where) == expected


PRODUCTION = frozenset(
    parameter["name"]
    for resource in official("CapabilityStatement-ror-serveur-prod")["rest"][0]["resource"]
    if resource["type"] == "HealthcareService"
    for parameter in resource["searchParam"]
)


def build_for(content: dict[str, Any], offered: frozenset[str] | None) -> Query:
    request = OrientationRequest.model_validate_json(json.dumps(content))
    radius_km = request.where.radius_km if request.where else None
    return build(Question(request.need, request.where, radius_km), offered)


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.name)
def test_every_example_can_be_asked_of_the_production_server(example: Example) -> None:
    """Every parameter that we send stands in the production's own /metadata of 2024."""
    query = build_for(json.loads(example.data), PRODUCTION)
    sent = {name for name, _ in query.parameters}
    assert sent <= PRODUCTION
    assert query == build_for(json.loads(example.data), None)


def test_a_parameter_that_the_server_lacks_is_left_to_verification() -> None:
    content = {
        "need": {"activity": ["013"], "psychiatricSector": ["44G01"], "capacity": {"gender": "female"}},
        "where": HERE,
    }
    lacking = PRODUCTION - {"psychiatric-sector", "location.gender-capacity-available"}
    query = build_for(content, lacking)
    assert query.verified_only == ("capacity", "psychiatricSector")
    assert [name for name, _ in query.parameters[:2]] == ["specialty", "location.address-postalcode"]


def test_what_the_ror_cannot_search_on_is_left_to_verification() -> None:
    need = {
        "openAt": "2026-11-24T09:00:00+01:00",
        "age": {"value": 3, "unit": "mo"},
        "practitioner": {"specialty": ["SM26"]},
    }
    query = build_for({"need": need, "where": HERE}, None)
    assert query.verified_only == ("age", "openAt", "practitioner")
    assert query.parameters[0] == THERE


@pytest.mark.parametrize(
    ("number", "sent"),
    [(100.0, "100"), (7.5, "7.5"), (100.8125, "100.8125"), (0.00001, "0.00001"), (499.999999, "499.999999")],
)
def test_a_number_is_sent_in_full_without_an_exponent(number: float, sent: str) -> None:
    limit = {"type": "088", "feature": "001", "atLeast": {"value": number, "unit": "kg"}}
    need = {"age": {"value": number}, "equipment": [limit]}
    [age, _, _, least, near] = asked(need, {"commune": "44162", "radiusKm": number})
    assert f"age-range-low le {sent}|" in age[1]
    assert least[1].startswith(f"ge{sent}|")
    assert near == ("location.near-insee-code", f"44162|{sent}|km")


code_texts = st.text(st.sampled_from("0123456789AZaz._-"), min_size=1, max_size=20)


@given(st.lists(code_texts, max_size=5), st.booleans())
def test_no_code_can_change_the_query_it_stands_in(codes: list[str], all_of: bool) -> None:
    """Whatever passes as a code stays one code: no separator, no other parameter, no escape from its system."""
    need = {"activity": ["013"], "specialisation": {"allOf": codes} if all_of and codes else codes}
    try:
        query = build_for({"need": need, "where": HERE}, None)
    except ValidationError:
        return
    values = [value for name, value in query.parameters if name == "characteristic"]
    tokens = [token for value in values for token in value.split(",")]
    assert tokens == [f"{R245}|{code}" for code in dict.fromkeys(codes)]
    assert len(values) == (len(tokens) if all_of else bool(tokens))
    url = httpx.URL("https://ror.example/HealthcareService", params=query.parameters)
    assert sorted(parse_qsl(url.query.decode())) == sorted(query.parameters)


def test_an_age_within_a_year_asks_for_ranges_that_end_with_that_year() -> None:
    [(_, value)] = [one for one in asked({"age": {"value": 17.5}}, HERE) if one[0] == "_filter"]
    assert "age-range-low le 17.5|" in value
    assert "age-range-high ge 17|" in value


def test_every_parameter_that_may_be_sent_is_known_to_the_preflight() -> None:
    for one in examples():
        content = json.loads(one.data)
        need, where = content["need"], content.get("where")
        if not where:
            continue
        known = {parameter for criterion in PARAMETERS.values() for parameter in criterion} | set(
            WHERE_PARAMETERS.values()
        )
        assert {name for name, _ in asked(need, where)} <= known, one.name


def test_who_works_there_is_not_asked_where_nobody_wants_to_know() -> None:
    request = OrientationRequest.model_validate_json(
        '{"need": {"activity": ["437"]}, "where": {"communes": ["71270"]}}'
    )
    told, untold = (
        build(Question(request.need, request.where, None, people=people)).parameters for people in (True, False)
    )
    assert told == [*untold, *PEOPLE]
    assert untold[-len(INCLUDES) :] == INCLUDES
