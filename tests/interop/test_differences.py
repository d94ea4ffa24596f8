"""Where HAPI answers otherwise than the look-alike. Each is a row of docs/interop.md, which says who is right.

A test that fails here may be good news: then the row goes.
"""

import pytest

from rorbridge.events import codesystems as cs
from rorbridge.events.request import OrientationRequest
from rorbridge.orientation.directory import Question
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorRefusedError
from tests.interop.servers import Answer, Servers
from tests.support.oracle import Oracle, codes

OFFER = "HealthcareService"
CARDIOLOGY, GENERAL = f"{cs.ACTIVITY}|013", f"{cs.ACTIVITY}|437"


def both(servers: Servers, path: str, *parameters: tuple[str, str]) -> tuple[Answer, Answer]:
    """Give the answers of HAPI and of the look-alike."""
    return servers.ask("plain", path, *parameters), servers.ask("lookalike", path, *parameters)


def refused(answer: Answer) -> bool:
    return answer.status == 400 and answer.body["resourceType"] == "OperationOutcome"


async def refusal(servers: Servers, base: str, content: str) -> RorRefusedError:
    """Give the error with which a search of the client's ends."""
    request = OrientationRequest.model_validate_json(content)
    radius = request.where.radius_km if request.where else None
    async with RorDirectory(servers.settings(base)) as directory:
        with pytest.raises(RorRefusedError) as caught:
            await directory.search(Question(request.need, request.where, radius))
    return caught.value


# What the ROR has added to FHIR


def test_above_at_the_end_of_a_chain_is_the_ror_s_own(servers: Servers, oracle: Oracle) -> None:
    number = _number_of_a_legal_entity(oracle)
    theirs, ours = both(servers, OFFER, ("organization.identifier:above", number))
    assert refused(theirs)
    assert ours.ids
    # By FHIR it is the provider itself that has the number, and the ROR declares no such parameter.
    theirs, ours = both(servers, OFFER, ("organization.identifier", number))
    assert theirs.status == 200
    assert not ours.ids & theirs.ids
    assert refused(ours)


def test_above_on_a_category_finds_nothing_on_hapi_without_a_word(servers: Servers, oracle: Oracle) -> None:
    code = next(
        code for one in oracle.data.organizations.values() for code in sorted(codes(one.get("type", []), "R66"))
    )
    theirs, ours = both(servers, OFFER, ("organization.type:above", f"{cs.ESTABLISHMENT_CATEGORY}|{code}"))
    assert (theirs.status, theirs.body["total"]) == (200, 0)
    assert ours.ids


def test_a_commune_s_circle_is_the_ror_s_own(servers: Servers) -> None:
    for path, name in (("Location", "near-insee-code"), (OFFER, "location.near-insee-code")):
        theirs, ours = both(servers, path, (name, "69123|30|km"))
        assert refused(theirs)
        assert ours.ids


async def test_the_client_is_told_that_a_commune_s_circle_is_refused(servers: Servers) -> None:
    content = '{"need": {"field": ["04"]}, "where": {"commune": "69123", "radiusKm": 30}}'
    error = await refusal(servers, "chained", content)
    assert error.status == 400
    assert "near-insee-code" in error.issues[0]


def test_a_professional_s_offers_are_found_by_has_on_both(servers: Servers, oracle: Oracle) -> None:
    role = next(iter(oracle.data.practitioner_roles.values()))
    person = oracle.data.practitioners[role["practitioner"]["reference"].split("/")[1]]
    number = person["identifier"][0]["value"]
    theirs, ours = both(servers, OFFER, ("practitioner.identifier", number))
    assert refused(theirs)
    assert ours.ids
    theirs, ours = both(servers, OFFER, ("_has:PractitionerRole:service:practitioner.identifier", number))
    assert theirs.ids == ours.ids != set()


def test_hapi_tells_of_no_chain_in_its_metadata(servers: Servers) -> None:
    theirs, ours = both(servers, "metadata")
    assert not any("." in name for name in _declared(theirs))
    assert any(name.startswith("location.") for name in _declared(ours))


# _filter


def test_filter_takes_tokens_on_both(servers: Servers) -> None:
    theirs, ours = both(servers, OFFER, ("_filter", f"(specialty eq {CARDIOLOGY} or specialty eq {GENERAL})"))
    assert theirs.ids == ours.ids != set()


def test_the_shorthand_or_of_the_ans_is_no_filter_to_hapi(servers: Servers) -> None:
    theirs, ours = both(servers, OFFER, ("_filter", f"(specialty eq {CARDIOLOGY} or {GENERAL})"))
    assert refused(theirs)
    assert ours.ids


def test_a_unit_in_a_filter_is_none_to_hapi(servers: Servers) -> None:
    for unit, is_taken in (("", True), ("|https://unitsofmeasure.org|a", False)):
        theirs, ours = both(servers, OFFER, ("_filter", f"age-range-low le 35{unit}"))
        assert (theirs.status == 200) == is_taken
        assert ours.status == 200


async def test_the_client_is_told_that_its_filter_on_an_age_is_refused(servers: Servers) -> None:
    error = await refusal(servers, "plain", '{"need": {"age": {"value": 35}}, "where": {"departments": ["75"]}}')
    assert error.status == 400
    assert "_filter" in error.issues[0]


def test_a_filter_that_cannot_be_read_is_hapi_s_own_fault(servers: Servers) -> None:
    theirs, ours = both(servers, OFFER, ("_filter", "((("))
    assert theirs.status == 500
    assert refused(ours)


# Values


def test_hapi_compares_the_system_of_a_unit(servers: Servers) -> None:
    theirs, ours = both(servers, "Location", ("limit-value", "ge200|http://unitsofmeasure.org|kg"))
    assert not theirs.ids
    assert ours.ids
    for value in ("ge200", "ge200||kg"):
        theirs, again = both(servers, "Location", ("limit-value", value))
        assert theirs.ids == again.ids == ours.ids


def test_an_age_without_a_unit_is_of_no_unit_to_hapi(servers: Servers) -> None:
    theirs = servers.ask_all("plain", OFFER, ("age-range-high", "ge0||a"))
    ours = servers.ask_all("lookalike", OFFER, ("age-range-high", "ge0||a"))
    assert theirs < ours


def test_a_month_is_compared_by_its_overlap_on_the_lookalike_alone(servers: Servers) -> None:
    asked = ("capacity-update-date", "le2026")
    assert not servers.ask_all("plain", "Location", asked)
    assert servers.ask_all("lookalike", "Location", asked)


# Leniency


def test_hapi_passes_over_a_modifier_that_it_does_not_know(servers: Servers) -> None:
    theirs, ours = both(servers, OFFER, ("specialty:none", CARDIOLOGY))
    assert theirs.status == 200
    assert refused(ours)


def test_hapi_passes_over_an_empty_value(servers: Servers) -> None:
    theirs, ours = both(servers, OFFER, ("specialty", ""))
    assert theirs.status == 200
    assert refused(ours)


@pytest.mark.parametrize("parameter", [("_sort", "_lastUpdated"), ("_elements", "name"), ("_summary", "count")])
def test_result_parameters_that_the_ror_does_not_declare_are_refused_by_the_lookalike(
    servers: Servers, parameter: tuple[str, str]
) -> None:
    theirs, ours = both(servers, OFFER, parameter, ("_count", "1"))
    assert theirs.status == 200
    assert refused(ours)


def test_hapi_takes_no_notice_of_tokens_and_headers(servers: Servers) -> None:
    assert servers.ask("plain", OFFER, ("_count", "1")).status == 200


# Includes


def test_an_include_without_iterate_is_for_matches_alone_on_hapi(servers: Servers, oracle: Oracle) -> None:
    offer = next(one["id"] for one in oracle.data.healthcare_services.values() if len(list(oracle.above(one))) >= 3)
    asked = (("_id", offer), ("_include", "HealthcareService:organization"), ("_include", "Organization:partof"))
    theirs, ours = both(servers, OFFER, *asked)
    assert (len(theirs.included), len(ours.included)) == (1, 2)
    asked = (*asked[:2], ("_include:iterate", "Organization:partof"))
    theirs, ours = both(servers, OFFER, *asked)
    assert theirs.included == ours.included
    assert len(ours.included) >= 3


def test_the_people_of_an_offer_come_along_on_both_without_iterate(servers: Servers, oracle: Oracle) -> None:
    role = next(iter(oracle.data.practitioner_roles.values()))
    offer = role["healthcareService"][0]["reference"].split("/")[1]
    asked = (("_id", offer), ("_revinclude", "PractitionerRole:service"), ("_include", "PractitionerRole:practitioner"))
    theirs, ours = both(servers, OFFER, *asked)
    assert theirs.included == ours.included
    assert role["practitioner"]["reference"] in ours.included


# What both refuse


@pytest.mark.parametrize(
    "parameter",
    [
        ("unknown", "1"),
        ("location.unknown", "1"),
        ("location.nb-capacity", "many"),
        ("location.near", "here|there|15|km"),
        ("_include", "HealthcareService:unknown"),
        ("_count", "some"),
    ],
)
def test_both_refuse_what_is_wrong_with_an_outcome(servers: Servers, parameter: tuple[str, str]) -> None:
    theirs, ours = both(servers, OFFER, parameter)
    assert refused(theirs)
    assert refused(ours)


@pytest.mark.parametrize("path", ["HealthcareService/none", "Nothing"])
def test_both_know_nothing_of_what_is_not_there(servers: Servers, path: str) -> None:
    for answer in both(servers, path):
        assert (answer.status, answer.body["resourceType"]) == (404, "OperationOutcome")


def _number_of_a_legal_entity(oracle: Oracle) -> str:
    """Give the number of an organisation two levels above an offer."""
    for offer in oracle.data.healthcare_services.values():
        levels = list(oracle.above(offer))
        if len(levels) >= 3:
            return str(levels[-1]["identifier"][0]["value"])
    raise AssertionError("no offer is that far below")


def _declared(statement: Answer) -> set[str]:
    [resource] = [one for one in statement.body["rest"][0]["resource"] if one["type"] == OFFER]
    return {one["name"] for one in resource["searchParam"]}
